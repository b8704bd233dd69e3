"""Searches of partitions: dealt out to workers, and what they found put together."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from rally.registry.registry import Registry
from rally.results import WrongResults, read_strictly
from rally.retention.plan_entry import (
    STUDY,
    Phase,
    PlanEntry,
    Reason,
    join_scopes,
    split_scopes,
)
from rally.retention.row_search import Found, Search
from rally.retention.survey import SurveyResult
from rally.storage.layout import Partition

_BYTES, _PARTITIONS = 64 * 1024 * 1024, 200
"""What one worker searches at once."""


def make_tasks(
    partitions: Mapping[Partition, int], about: str, *, event_only: bool = False
) -> Iterator[Search]:
    """Works of bounded size.

    Args:
        partitions: with the bytes of their files.
        about: see Search.
        event_only: see Search.
    """
    held, size = list[Partition](), 0
    for partition, length in partitions.items():
        if held and (size + length > _BYTES or len(held) >= _PARTITIONS):
            yield Search(tuple(held), about, event_only)
            held, size = [], 0
        held.append(partition)
        size += length
    if held:
        yield Search(tuple(held), about, event_only)


def merge_sizes(
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
        found.setdefault(join_scopes(abouts), {})[partition] = size
    return dict(sorted(found.items()))


def lines_of(work: Search, found: Found) -> list[PlanEntry]:
    """The lines that a worker found.

    Raises:
        WrongResults: they are none, or of other partitions than it was to search.
    """
    with read_strictly("search"):
        lines = list(map(PlanEntry.from_json, found["lines"]))
    why, phase = Reason.UNENROLLED, Phase.ROWS
    if work.about:
        why, phase = Reason.CONCLUDED, Phase.ENROLMENTS
    wanted = (phase, STUDY, why, work.about)
    for line in lines:
        partition = Partition(line.study, line.document, line.day)
        of_line = (line.phase, line.where, line.why, line.about)
        if of_line != wanted or partition not in work.partitions:
            raise WrongResults("step search: a result is about another partition")
    return lines


def add_found(found: Found, about: str, notes: SurveyResult) -> None:
    """Adds to the notes what a worker found beside lines."""
    for study, rows in found["rows"] if not about else ():
        notes.rows[study] += rows
    notes.faults += [(name, what) for name, what in found["faults"]]
    if found["faults"]:
        notes.waiting |= split_scopes(about)


def joins_of(
    registry: Registry, studies: Collection[str], joins: Mapping[Partition, int]
) -> dict[Partition, int]:
    """The partitions that say who joined one of some studies."""
    return {
        partition: size
        for partition, size in joins.items()
        if _told_of(registry, partition, studies)
    }


def add_event_only(
    registry: Registry, studies: Collection[str], found: Found, notes: SurveyResult
) -> None:
    """Adds to the notes which enrolments have no event, and of which studies.

    A document that joins several studies may be about any of them: what a row says
    of that is not read here.
    """
    with read_strictly("search"):
        lines = list(map(PlanEntry.from_json, found["lines"]))
    for line in lines:
        partition = Partition(line.study, line.document, line.day)
        for study in _told_of(registry, partition, studies):
            lost = notes.event_only.setdefault(study, Counter())
            lost[f"{line.study}/{line.document}"] += line.removes
    notes.faults += [(name, what) for name, what in found["faults"]]


def _told_of(
    registry: Registry, partition: Partition, studies: Collection[str]
) -> list[str]:
    """The studies of which the rows of a partition may say who joined them."""
    study = registry.studies[partition.study]
    has_scope = registry.documents(study)[partition.document].scope
    return [each for each in studies if has_scope or each == partition.study]
