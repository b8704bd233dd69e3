"""Where the design bends: what grows, until where it is fine, and what then.

Each is a property of the code as it is; docs/capacity.md says what would be changed.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rally.capacity import measured
from rally.capacity.inputs import Inputs
from rally.capacity.model import Stored
from rally.retention.limits import Limits

_GIB = 1024**3
_DAY_HOURS = 24.0


class Limit(NamedTuple):
    """One that is looked at.

    Attributes:
        what: grows.
        value: of the plan.
        fine: up to there.
        then: what happens beyond.
    """

    what: str
    value: float
    fine: float
    then: str


def crossed(
    inputs: Inputs, kept: Stored, hours: Mapping[str, float]
) -> Iterator[Limit]:
    """Those that a plan is beyond, by how far, the farthest first."""
    found = [each for each in limits(inputs, kept, hours) if each.value > each.fine]
    yield from sorted(found, key=lambda each: each.fine / each.value)


def limits(inputs: Inputs, kept: Stored, hours: Mapping[str, float]) -> Iterator[Limit]:
    """All of them."""
    yield Limit(
        "objects of the event log",
        kept.event_objects,
        100_000,
        "launchers and workers read it one by one, from its beginning, in each job",
    )
    yield Limit(
        "GiB of the withdrawal list in the launching process of delete",
        inputs.left * measured.LIST_ENTRY_MEMORY / _GIB,
        1.0,
        "it holds all of it as records; a worker takes 70 bytes for each",
    )
    yield Limit(
        "GiB of enrolments in each worker of purge and audit",
        inputs.known * measured.ENROLLED_MEMORY / _GIB,
        1.0,
        "a worker keeps those of every study of which it meets rows",
    )
    yield Limit(
        "GiB of known people in each worker of the audit",
        inputs.known * measured.SOUGHT_MEMORY / _GIB,
        1.0,
        "it looks for everybody's id in every row",
    )
    yield Limit(
        "GiB of receipts",
        kept.receipt_bytes / _GIB,
        10.0,
        "each names every file that it is about, and each audit reads all of them",
    )
    yield Limit(
        "objects that expire in a day",
        kept.daily_expired,
        Limits().max_objects,
        "purge leaves them for a confirmation each day: raise --max_objects",
    )
    yield Limit(
        "GiB of files to deal out in the launching process",
        kept.objects * measured.FILE_MEMORY / _GIB,
        1.0,
        "delete, purge and audit hold the names of all, and as works of a step too",
    )
    yield Limit(
        "files of ingest in a partition and day",
        kept.new_objects / inputs.partitions_per_day,
        10_000,
        "compaction opens each, and merges them by way of the worker's disk",
    )
    yield Limit(
        "MiB of a compacted file",
        kept.file_bytes / 1024**2,
        256,
        "raise the document's buckets",
    )
    yield Limit(
        "compacted files in a MiB",
        1024**2 / max(kept.file_bytes, 1),
        10,
        "requests cost more than bytes: lower the document's buckets",
    )
    yield Limit(
        "seconds of a flush",
        inputs.flush_seconds,
        540,
        "messages come again before they are written: ingest refuses it",
    )
    for job, each in hours.items():
        yield Limit(
            f"hours of {job}",
            each,
            _DAY_HOURS,
            "it is not done when the next one begins; more cores help but for what goes"
            " one by one",
        )
    yield Limit(
        "hours of the day's jobs together",
        sum(hours.values()),
        _DAY_HOURS,
        "one follows the other, and the next day begins before the last is done",
    )
