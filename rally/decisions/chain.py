"""The chain of decisions: who decided what, and which of it counts.

Every entry is verified by the public keys that the entries before it made known, from
the first one on, whose hash stands in every place's marker and beside the platform's
keys. What does not verify is void: it is named, decides nothing and stops nobody
(design: "Who decided: the chain").
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from rally.decisions.contents import (
    DecisionKind,
    Founding,
    JobKey,
    Person,
)
from rally.decisions.entry import START, Entry, extend
from rally.decisions.platform_contents import AcceptedLoss, PlatformConclusion
from rally.errors import ConfigurationError
from rally.keys.names import Job, signing
from rally.keys.signing import SigningKey, Verifier, verifier_of

LOSS = (
    "decisions/: some that the withdrawal list names are missing or changed, so that"
    " nothing is rewritten, purged or released; restore them from a backup, or have two"
    " owners accept it by `rally decisions accept-loss`"
)
"""What a job says that stops there."""


class PlatformConcluded(ConfigurationError):
    """The platform is concluded, and nothing begins there any more."""


class EntryStatus(StrEnum):
    """Status of an entry, which says whether it counts.

    WAITING: for the signature of a second person, and decides nothing until then.
    """

    COUNTS = "counts"
    WAITING = "waits for a second signature"
    VOID = "void"
    MISSING = "missing"


class Head(NamedTuple):
    """End of a chain, as the withdrawal list names it.

    Attributes:
        number: Number of its last entry; 0 of none.
        digest: Digest of all entries up to there; see rally.decisions.entry.extend.
    """

    number: int = 0
    digest: str = START


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """One number of the chain.

    Attributes:
        number: Number of the entry.
        status: What it is worth.
        why: Reason for which it is void; "" where it is not.
        entry: The entry as it was read; None where nothing readable is there.
        digest: SHA-256 of its bytes, in hex.
    """

    number: int
    status: EntryStatus
    why: str
    entry: Entry | None
    digest: str


class KeyInForce(NamedTuple):
    """A job's public key, and up to where what it signed counts.

    Attributes:
        key: Key of the job.
        verifier: Verifier of its signatures.
        lists: Counter of the last withdrawal list that it may have signed; None is
            without end, as of the key that is in use.
        receipts: Number of the last receipt, likewise.
    """

    key: JobKey
    verifier: Verifier
    lists: int | None = None
    receipts: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """All decisions of a platform, verified.

    Attributes:
        platform: Its id.
        founding: Its first decision.
        records: A record for each number.
        digests: Digests of the chain up to each number, from 0.
        people: People who may sign now, by name.
        keys: Keys of each job, the one in use last.
        why_void: Says why an entry would decide nothing as the next one; "" if it does.
        losses: Losses that two owners accepted.
        foreign: Names of objects in its folder that are no entries, sorted.
        has_loss: Whether an entry that a published head covers is missing or changed,
            and no two owners have accepted that; see `against`.
    """

    platform: str
    founding: Founding
    records: tuple[ChainRecord, ...]
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
        return next(self.of(DecisionKind.FOUND)).by

    @property
    def conclusion(self) -> Entry | None:
        """The decision that concludes the platform; None while that goes on."""
        return next(self.of(DecisionKind.CONCLUDE_PLATFORM), None)

    def is_concluded(self, time: datetime) -> bool:
        """Tells whether all that the platform holds goes, or is gone, at a time."""
        content = self.conclusion.content if self.conclusion else None
        return isinstance(content, PlatformConclusion) and content.at <= time

    def is_list(self, counter: int, signature: str, data: bytes) -> bool:
        """Tells whether deletion signed a withdrawal list of this counter.

        List 0 is older than any run of deletion: who founded the platform signs it.

        Args:
            counter: Counter of the list.
            signature: The signature in hex; anything else is nobody's.
            data: The data that is signed.
        """
        if counter == 0:
            people = {each.name: each.public for each in self.founding.people}
            return _is_signed([verifier_of(people[self.founder])], signature, data)
        known = (each for each in self.keys[Job.DELETE] if _covers(each.lists, counter))
        return _is_signed([each.verifier for each in known], signature, data)

    def is_receipt(self, number: int, signature: str, data: bytes) -> bool:
        """Tells whether deletion signed a receipt of this number; see `is_list`."""
        return _is_signed(self._of_receipts(Job.DELETE, number), signature, data)

    def is_anchor(self, through: int, signature: str, data: bytes) -> bool:
        """Tells whether the purge signed an anchor of all receipts up to a number."""
        return _is_signed(self._of_receipts(Job.PURGE, through), signature, data)

    def is_signed_as(self, job: Job, signature: str, data: bytes) -> bool:
        """Tells whether a job signed this, by its key or one before; see `is_list`."""
        return _is_signed([each.verifier for each in self.keys[job]], signature, data)

    def _of_receipts(self, job: Job, number: int) -> list[Verifier]:
        known = (each for each in self.keys[job] if _covers(each.receipts, number))
        return [each.verifier for each in known]

    def check_key(self, job: Job, key: SigningKey) -> SigningKey:
        """The key by which a job is about to sign.

        Raises:
            ConfigurationError: what it signs would not count.
        """
        if self.keys[job][-1].verifier.material != verifier_of(key.public).material:
            raise ConfigurationError(
                f"{signing(job)}: is not the key that the platform's decisions name;"
                " after a rotation two owners put it in force, by `rally people"
                " replace-key` and `rally decisions approve`; else restore it, or"
                " correct --platform_keys"
            )
        return key

    @property
    def head(self) -> Head:
        """How far it goes."""
        return Head(len(self.records), self.digests[-1])

    def of(self, *kinds: DecisionKind) -> Iterator[Entry]:
        """The entries of these kinds that count, in their order."""
        for record in self.records:
            entry = record.entry
            if record.status is EntryStatus.COUNTS and entry and entry.kind in kinds:
                yield entry

    @property
    def accepted(self) -> int:
        """Number up to which two owners took the chain as it is; 0 is none."""
        return max(
            (
                each.through
                for each in self.losses
                if each.through < len(self.digests)
                and self.digests[each.through] == each.digest
            ),
            default=0,
        )

    def faulty(self) -> list[ChainRecord]:
        """Entries that are void or missing, and that no two owners have accepted."""
        bad, later = (
            (EntryStatus.VOID, EntryStatus.MISSING),
            self.records[self.accepted :],
        )
        return [each for each in later if each.status in bad]

    def against(self, head: Head) -> "Chain":
        """The same, held against the head that was published last."""
        records, digests = list(self.records), list(self.digests)
        while len(records) < head.number:
            records.append(missing(len(records) + 1))
            digests.append(extend(digests[-1], b""))
        held = replace(self, records=tuple(records), digests=tuple(digests))
        is_other = digests[head.number] != head.digest
        return replace(held, has_loss=is_other and head.number > held.accepted)


def refuse_concluded(chain: Chain, uri: str) -> None:
    """Refuses to begin anything on a platform that is concluded.

    Args:
        chain: Decisions of the platform.
        uri: URI of the platform, for the message.

    Raises:
        PlatformConcluded: It is.
    """
    if found := chain.conclusion:
        raise PlatformConcluded(
            f"{uri}: the platform is concluded, by decision {found.number}, and nothing"
            " begins there any more; `rally status` says what is left of it"
        )


def missing(number: int) -> ChainRecord:
    """The record of a number at which nothing is."""
    return ChainRecord(number, EntryStatus.MISSING, "is not there", None, "")


def _covers(last: int | None, number: int) -> bool:
    """Tells whether a key counts for a number: up to `last`, with None for all."""
    return last is None or number <= last


def _is_signed(keys: Iterable[Verifier], signature: str, data: bytes) -> bool:
    """Tells whether the holder of one of the keys signed this."""
    try:
        signed = bytes.fromhex(signature)
    except ValueError:
        return False
    return any(each.is_signed(signed, data) for each in keys)
