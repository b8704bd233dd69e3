"""Searches of partitions: dealt out to workers, and what they found put together."""

from collections.abc import Iterator, Mapping

from rally.purging.line import joined, parted
from rally.purging.notes import Notes
from rally.purging.searching import Found, Search
from rally.storing.layout import Partition

_BYTES, _PARTITIONS = 64 * 1024 * 1024, 200
"""What one worker searches at once."""


def deal(partitions: Mapping[Partition, int], about: str) -> Iterator[Search]:
    """Works of bounded size.

    Args:
        partitions: with the bytes of their files.
        about: see Search.
    """
    held, size = list[Partition](), 0
    for partition, length in partitions.items():
        if held and (size + length > _BYTES or len(held) >= _PARTITIONS):
            yield Search(tuple(held), about)
            held, size = [], 0
        held.append(partition)
        size += length
    if held:
        yield Search(tuple(held), about)


def together(
    enrolments: Mapping[str, Mapping[Partition, int]],
) -> dict[str, dict[Partition, int]]:
    """Partitions by all the studies that they tell of: a file is rewritten once.

    Args:
        enrolments: the same by each study.
    """
    studies = dict[Partition, set[str]]()
    for study, partitions in enrolments.items():
        for partition in partitions:
            studies.setdefault(partition, set()).add(study)
    found: dict[str, dict[Partition, int]] = {}
    for partition, abouts in studies.items():
        size = enrolments[min(abouts)][partition]
        found.setdefault(joined(abouts), {})[partition] = size
    return dict(sorted(found.items()))


def note(found: Found, about: str, notes: Notes) -> None:
    """Adds to the notes what a worker found beside lines."""
    for study, rows in found["rows"] if not about else ():
        notes.rows[study] += rows
    notes.faults += [(name, what) for name, what in found["faults"]]
    if found["faults"]:
        notes.waiting |= parted(about)
