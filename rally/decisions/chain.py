"""The chain of decisions: who decided what, and which of it counts.

Every entry is verified by the public keys that the entries before it made known, from
the first one on, whose hash stands in every place's marker and beside the platform's
keys. What does not verify is void: it is named, decides nothing and stops nobody
(design: "Who decided: the chain").
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from rally.decisions.contents import AcceptedLoss, Founding, JobKey, Kind, Person
from rally.decisions.entry import START, Entry, extend
from rally.keys.names import Job
from rally.keys.signing import Verifier


class Status(StrEnum):
    """What an entry is worth.

    WAITING: for a second owner, and decides nothing until then.
    """

    COUNTS = "counts"
    WAITING = "waits for a second owner"
    VOID = "void"
    MISSING = "missing"


class Head(NamedTuple):
    """How far a chain goes; what the withdrawal list names of it.

    Attributes:
        number: of its last entry; 0 of none.
        digest: of all entries up to there; see rally.decisions.entry.extend.
    """

    number: int = 0
    digest: str = START


@dataclass(frozen=True, slots=True)
class Record:
    """One number of the chain.

    Attributes:
        number: of the entry.
        status: what it is worth.
        why: it is void; "" where it is not.
        entry: as it was read; None where nothing legible is there.
        digest: SHA-256 of its bytes, in hex.
    """

    number: int
    status: Status
    why: str
    entry: Entry | None
    digest: str


class KeyInForce(NamedTuple):
    """A job's public key, and up to where what it signed counts.

    Attributes:
        key: of the job.
        verifier: of its signatures.
        lists: counter of the last withdrawal list that it may have signed; None is
            without end, as of the key that is in use.
        receipts: number of the last receipt, likewise.
    """

    key: JobKey
    verifier: Verifier
    lists: int | None = None
    receipts: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """All decisions of a platform, verified.

    Attributes:
        platform: its id.
        founding: its first decision.
        records: one for each number.
        digests: of the chain up to each number, from 0.
        people: who may sign now, by name.
        keys: of each job, the one in use last.
        why_void: says why an entry would decide nothing as the next one; "" if it does.
        losses: that two owners accepted.
        foreign: names of objects in its folder that are no entries, sorted.
        has_loss: whether an entry that a published head covers is missing or changed,
            and no two owners have accepted that; see `against`.
    """

    platform: str
    founding: Founding
    records: tuple[Record, ...]
    digests: tuple[str, ...]
    people: Mapping[str, Person]
    keys: Mapping[Job, tuple[KeyInForce, ...]]
    why_void: Callable[[Entry], str]
    losses: tuple[AcceptedLoss, ...] = ()
    foreign: tuple[str, ...] = ()
    has_loss: bool = False

    @property
    def development(self) -> bool:
        """Whether one human may play everybody."""
        return self.founding.development

    @property
    def founder(self) -> str:
        """Who signed the first decision."""
        return next(self.of(Kind.FOUND)).by

    @property
    def head(self) -> Head:
        """How far it goes."""
        return Head(len(self.records), self.digests[-1])

    def of(self, *kinds: Kind) -> Iterator[Entry]:
        """The entries of these kinds that count, in their order."""
        for record in self.records:
            entry = record.entry
            if record.status is Status.COUNTS and entry and entry.kind in kinds:
                yield entry

    def faulty(self) -> list[Record]:
        """Entries that are void or missing."""
        bad = (Status.VOID, Status.MISSING)
        return [each for each in self.records if each.status in bad]

    def against(self, head: Head) -> "Chain":
        """The same, held against the head that was published last."""
        records, digests = list(self.records), list(self.digests)
        while len(records) < head.number:
            records.append(missing(len(records) + 1))
            digests.append(extend(digests[-1], b""))
        has_loss = digests[head.number] != head.digest and not any(
            head.number <= loss.through < len(digests)
            and digests[loss.through] == loss.digest
            for loss in self.losses
        )
        return replace(
            self, records=tuple(records), digests=tuple(digests), has_loss=has_loss
        )


def missing(number: int) -> Record:
    """The record of a number at which nothing is."""
    return Record(number, Status.MISSING, "is not there", None, "")
