"""Results of compaction, for a partition and for a file of it."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple

from rally.storage.failures import FailureKind, failure_of
from rally.storage.layout import Partition


class CompactionOutcome(StrEnum):
    """Outcome of compacting a partition, or what is wrong with one of its files.

    COMPACTED: its files were merged, or a duplicate was removed from one.
    UNCHANGED: there was nothing to do.
    NOT_INDEXED: a file has no block index, or its rows are not in order; the file
        stays as it is.
    SCHEMAS_DIFFER: files of one fingerprint have schemas whose canonical forms differ,
        or there are more schemas than one merge takes.
    DAMAGED: a file is truncated, or differs from its header.
    HELD: a hold or a retention policy forbids replacing or deleting a file.
    BUSY: another run holds the lease.
    CHANGED: another writer changed it during every attempt.
    UNREACHABLE: the store refused to read an object.
    STRAY: a symbolic link or another object that is no file; it is not followed.
    """

    COMPACTED = "compacted"
    UNCHANGED = "unchanged"
    NOT_INDEXED = "not indexed"
    SCHEMAS_DIFFER = "schemas differ"
    DAMAGED = "damaged"
    HELD = "held"
    BUSY = "busy"
    CHANGED = "changed meanwhile"
    UNREACHABLE = "unreachable"
    STRAY = "not followed"

    @property
    def is_good(self) -> bool:
        """Whether nobody has to act on it."""
        return self in (CompactionOutcome.COMPACTED, CompactionOutcome.UNCHANGED)


class Trouble(NamedTuple):
    """One problem that a person has to look into.

    Attributes:
        outcome: The kind of problem; never a good outcome.
        name: Name of the object, or folder of the partition.
        reason: A few words for a person, without ids.
    """

    outcome: CompactionOutcome
    name: str
    reason: str


_OUTCOMES = {
    FailureKind.CODEC: CompactionOutcome.DAMAGED,
    FailureKind.DAMAGED: CompactionOutcome.DAMAGED,
    FailureKind.BUSY: CompactionOutcome.BUSY,
    FailureKind.GONE: CompactionOutcome.CHANGED,
    FailureKind.CHANGED: CompactionOutcome.CHANGED,
    FailureKind.HELD: CompactionOutcome.HELD,
    FailureKind.REFUSED: CompactionOutcome.UNREACHABLE,
}


def describe_failure(name: str, error: Exception) -> Trouble:
    """Returns the problem to report for an object of which a store raised an error."""
    kind, detail, until = failure_of(error)
    if kind is FailureKind.HELD:
        end = f"{until:%Y-%m-%d}" if until else "somebody lifts it"
        detail = f"it is kept by its bucket until {end}"
    elif kind is FailureKind.REFUSED:
        detail = f"it cannot be read ({detail})"
    return Trouble(_OUTCOMES[kind], name, detail)


@dataclass(frozen=True, slots=True)
class LeftOutRows:
    """Numbers of rows that compaction left out, by reason.

    Attributes:
        duplicates: Copies of a row that stays.
        withdrawn: Rows of people who withdrew.
        superseded: Rows older than the one that a `keep: latest` document keeps.
    """

    duplicates: int = 0
    withdrawn: int = 0
    superseded: int = 0

    @property
    def total(self) -> int:
        """Total number of rows left out."""
        return self.duplicates + self.withdrawn + self.superseded

    def __add__(self, other: "LeftOutRows") -> "LeftOutRows":
        return LeftOutRows(
            *(getattr(self, each.name) + getattr(other, each.name) for each in _COUNTS)
        )


_COUNTS = fields(LeftOutRows)


@dataclass(frozen=True, slots=True)
class CompactionResult:
    """Result of compacting one partition.

    Attributes:
        partition: The partition.
        outcome: Outcome of the partition as a whole.
        files_before: Number of files before.
        files_after: Number of files after.
        rows_after: Number of rows in its sorted and indexed files after.
        counts: Rows that were left out.
        troubles: Problems of its files.
        at: Time of the result, seconds since 1970; orders results of one partition.
    """

    partition: Partition
    outcome: CompactionOutcome
    files_before: int = 0
    files_after: int = 0
    rows_after: int = 0
    counts: LeftOutRows = LeftOutRows()
    troubles: tuple[Trouble, ...] = ()
    at: float = field(default_factory=time.time, compare=False)

    @property
    def rows_before(self) -> int:
        """Number of rows before."""
        return self.rows_after + self.counts.total

    def followed_by(self, later: "CompactionResult") -> "CompactionResult":
        """Combines this result with a later one of the same partition."""
        return replace(
            later,
            files_before=self.files_before,
            counts=self.counts + later.counts,
            troubles=self.troubles + later.troubles,
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "CompactionResult":
        """Reads a result back from JSON values.

        Raises:
            LookupError, TypeError, ValueError: The values are no result.
        """
        rest = dict(value)
        return cls(
            Partition(*rest.pop("partition")),
            CompactionOutcome(rest.pop("outcome")),
            counts=LeftOutRows(**rest.pop("counts")),
            troubles=tuple(
                Trouble(CompactionOutcome(outcome), name, reason)
                for outcome, name, reason in rest.pop("troubles")
            ),
            **rest,
        )
