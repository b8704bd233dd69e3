"""What compaction can come to, for a partition and for a file."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple

from rally.storage.layout import Partition


class Outcome(StrEnum):
    """What became of a partition, or what is the matter with a file of it.

    COMPACTED: its files are compacted, or a duplicate was taken out of one.
    UNCHANGED: there was nothing to do.
    NOT_INDEXED: a file has no block index, or is not sorted as it says; it stays as it
        is, and its rows with it.
    SCHEMAS_DIFFER: its files were written with schemas that differ in more than words.
    DAMAGED: a file is not whole, or not what its header says.
    HELD: a hold or a retention policy forbids to replace or remove a file.
    BUSY: another run works there.
    CHANGED: somebody wrote to it again and again meanwhile.
    UNREACHABLE: the store refuses an object.
    STRAY: a link, or the like, that is not followed.
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
        """Whether nobody has to look into it."""
        return self in (Outcome.COMPACTED, Outcome.UNCHANGED)


class Trouble(NamedTuple):
    """What somebody has to look into.

    Attributes:
        outcome: none that is good.
        name: the object, or the partition's folder.
        why: a few words; no id.
    """

    outcome: Outcome
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that were left out, by why."""

    duplicates: int = 0
    withdrawn: int = 0
    superseded: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.duplicates + self.withdrawn + self.superseded

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            *(getattr(self, each.name) + getattr(other, each.name) for each in _COUNTS)
        )


_COUNTS = fields(Counts)


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of one partition.

    Attributes:
        partition: which.
        outcome: of the whole.
        files_before: how many there were.
        files_after: how many there are.
        rows_after: of the files that are sorted and indexed.
        counts: rows that were left out; there were so many more before.
        troubles: of its files.
        at: when, seconds since 1970; only tells results of one partition apart.
    """

    partition: Partition
    outcome: Outcome
    files_before: int = 0
    files_after: int = 0
    rows_after: int = 0
    counts: Counts = Counts()
    troubles: tuple[Trouble, ...] = ()
    at: float = field(default_factory=time.time, compare=False)

    @property
    def rows_before(self) -> int:
        """Rows that there were."""
        return self.rows_after + self.counts.total

    def then(self, later: "Compacted") -> "Compacted":
        """What became of the partition by this and something later."""
        return replace(
            later,
            files_before=self.files_before,
            counts=self.counts + later.counts,
            troubles=self.troubles + later.troubles,
        )

    def to_json(self) -> dict[str, Any]:
        """A value that JSON can tell."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Compacted":
        """The record again."""
        given = dict(value)
        return cls(
            Partition(*given.pop("partition")),
            Outcome(given.pop("outcome")),
            counts=Counts(**given.pop("counts")),
            troubles=tuple(
                Trouble(Outcome(outcome), name, why)
                for outcome, name, why in given.pop("troubles")
            ),
            **given,
        )
