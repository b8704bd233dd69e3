"""Cases: requests of people for a copy of their data, and how far each of them is.

A case is opened, verified and approved by entries of the chain, by two people at least;
the rest is told by records that the copying job signs (rally.access.records). Neither
an id nor a pseudonym stands in a case: only who has the pseudonym key, and is given the
person's id, can tell whose it is, or who tries each pseudonym of the log.

Two people, exactly: who opened a case does not approve it; and somebody else than who
approves has verified it. An attestation counts once two people gave one, each with a
reason.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from rally.access.records import (
    AllRecords,
    Built,
    CaseRecords,
    Destroyed,
    Fetched,
    read_records,
)
from rally.decisions.access_contents import (
    AccessDecision,
    AccessOpening,
    AccessVerification,
    VerificationMeans,
)
from rally.decisions.chain import Chain
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import Entry
from rally.errors import ConfigurationError
from rally.storage.objectstore.interface import ObjectStore

DEADLINE = timedelta(days=30)
"""Time from its receipt within which a request is answered (GDPR 12(3): a month)."""

OVERDUE_AFTER = timedelta(days=20)
"""Time from its receipt after which an open request is told everywhere."""

_FEWEST_ATTESTERS = 2
_FEWEST_DIGITS = 4
_KINDS = (
    DecisionKind.OPEN_CASE,
    DecisionKind.VERIFY_CASE,
    DecisionKind.APPROVE_CASE,
    DecisionKind.REFUSE_CASE,
)


class CaseState(StrEnum):
    """How far a case is.

    EXPIRED: the copy was not fetched in time. DESTROYED: it is gone. REFUSED: nothing
    of the case counts any more, and a copy that was made is handed to nobody.
    """

    OPENED = "opened"
    VERIFIED = "verified"
    APPROVED = "approved"
    BUILT = "built"
    FETCHED = "fetched"
    EXPIRED = "expired"
    DESTROYED = "destroyed"
    REFUSED = "refused"


_OPEN = (CaseState.OPENED, CaseState.VERIFIED, CaseState.APPROVED, CaseState.BUILT)


class Decided(NamedTuple):
    """Somebody's decision on a case.

    Attributes:
        by: Name of who signed.
        at: Time at which it was signed, UTC.
        note: Reason, for the record.
    """

    by: str
    at: datetime
    note: str = ""


class Verification(NamedTuple):
    """That somebody saw that a request is the person's own.

    Attributes:
        by: Name of who signed.
        at: Time at which it was signed, UTC.
        means: What showed it.
        evidence: SHA-256 in hex of what was looked at.
        note: Reason.
    """

    by: str
    at: datetime
    means: VerificationMeans
    evidence: str
    note: str


@dataclass(frozen=True, slots=True)
class Case:
    """A person's request for a copy of their data.

    Attributes:
        id: Its id, of hexadecimal digits.
        subject: Stands for the person in this case; see `subject_of`.
        wants_leaving: Whether they leave once they have their copy.
        recipient: The age public key that alone opens the copy; None where generated
            words do.
        opened: Who opened it.
        verified: What showed that it is the person's own, in the order of the chain.
        approved: Who approved it.
        refused: Who refused it.
        built: That its copy was made.
        fetched: That the copy was handed out.
        destroyed: That the copy was removed.
        asked: Time at which a ping of its person asked, where that was before it was
            opened and somebody looked for it, UTC; see rally.access.asks.
        state: How far it is, at the time for which the cases were read.
    """

    id: str
    subject: str
    wants_leaving: bool
    recipient: str | None
    opened: Decided
    verified: tuple[Verification, ...] = ()
    approved: Decided | None = None
    refused: Decided | None = None
    built: Built | None = None
    fetched: Fetched | None = None
    destroyed: Destroyed | None = None
    asked: datetime | None = None
    state: CaseState = CaseState.OPENED

    @property
    def received(self) -> datetime:
        """Time from which on its person waits, UTC."""
        return self.asked or self.opened.at

    @property
    def over(self) -> datetime | None:
        """Time at which it was over, UTC; None of one that waits for somebody."""
        ends = [
            each.at for each in (self.refused, self.fetched, self.destroyed) if each
        ]
        if self.built is not None and self.state is CaseState.EXPIRED:
            ends.append(self.built.expires)
        return min(ends, default=None)

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.state in _OPEN

    @property
    def has_archive(self) -> bool:
        """Whether an encrypted copy of it may lie in the platform."""
        return self.built is not None and self.destroyed is None

    @property
    def verifiers(self) -> frozenset[str]:
        """Names of whose verifications count; none of a case that is not verified."""
        attesters = {
            each.by
            for each in self.verified
            if each.means is VerificationMeans.ATTESTATION
        }
        names = {
            each.by
            for each in self.verified
            if each.means is not VerificationMeans.ATTESTATION
        }
        if len(attesters) >= _FEWEST_ATTESTERS:
            names |= attesters
        return frozenset(names)

    @property
    def rests_on_ping(self) -> bool:
        """Whether it is verified, and by nothing else than a ping."""
        others = tuple(
            e for e in self.verified if e.means is not VerificationMeans.PING
        )
        return bool(self.verifiers) and not replace(self, verified=others).verifiers

    def is_of(self, participant: str) -> bool:
        """Whether a case is a person's, by their platform pseudonym."""
        return self.subject == subject_of(self.id, participant)

    def is_overdue(self, now: datetime) -> bool:
        """Whether its person has waited for longer than OVERDUE_AFTER."""
        return self.is_open and now - self.received > OVERDUE_AFTER


def subject_of(case: str, participant: str) -> str:
    """Computes what stands for a person in one case; in each case it is another.

    Args:
        case: Id of the case.
        participant: Platform pseudonym.
    """
    return hashlib.sha256(
        f"rally access case:{case}:{participant}".encode()
    ).hexdigest()


def read_cases(
    chain: Chain, platform: ObjectStore, now: datetime
) -> Mapping[str, Case]:
    """Reads all cases of a platform, by id, in the order in which they were opened.

    Args:
        chain: Decisions of the platform.
        platform: Its store.
        now: Time for which each state is told, UTC.

    Raises:
        OSError: the platform cannot be read.
    """
    return join_records(fold_cases(chain), read_records(platform, chain), now)


def fold_cases(chain: Chain) -> dict[str, Case]:
    """Makes the cases out of a chain's entries; what breaks a rule counts nothing."""
    return fold_entries(chain.of(*_KINDS))


def fold_entries(entries: Iterable[Entry]) -> dict[str, Case]:
    """Makes the cases out of entries that count, in the order of the chain."""
    cases = dict[str, Case]()
    for entry in entries:
        _take(cases, entry)
    return cases


def find_ignored(chain: Chain) -> list[Entry]:
    """Finds entries on cases that somebody might sign and that break a rule."""
    cases = dict[str, Case]()
    return [entry for entry in chain.of(*_KINDS) if not _take(cases, entry)]


def _take(cases: dict[str, Case], entry: Entry) -> bool:
    """Takes an entry into the cases; whether it counts for something."""
    match entry.content:
        case AccessOpening(case=id_) as opening if id_ not in cases:
            cases[id_] = _open(entry, opening)
            return True
        case AccessVerification(case=id_) | AccessDecision(case=id_) if id_ in cases:
            before, cases[id_] = cases[id_], _decide(cases[id_], entry)
            return cases[id_] is not before
    return False


def join_records(
    cases: Mapping[str, Case], records: AllRecords, now: datetime
) -> dict[str, Case]:
    """Adds to cases what became of their copies, and says how far each of them is.

    A copy that was made of a case that nobody approved counts for nothing; the audit
    names it.
    """
    found = dict[str, Case]()
    for id_, case in cases.items():
        known = records.of(id_) if case.approved else CaseRecords()
        if known.built is not None:
            case = replace(
                case,
                built=known.built,
                fetched=known.fetched,
                destroyed=known.destroyed,
            )
        found[id_] = replace(case, state=_state_of(case, now))
    return found


def find_case(cases: Mapping[str, Case], word: str) -> Case:
    """Finds a case by its id, or by the first digits of it, four at least.

    Raises:
        ConfigurationError: no case begins so, or several do. The word is not repeated,
            since it may be anything that somebody typed, the id of a person too.
    """
    found = [each for each in cases.values() if each.id.startswith(word)]
    if len(word) < _FEWEST_DIGITS or not found:
        raise ConfigurationError("CASE: is no case; `rally person cases` shows them")
    if len(found) > 1:
        raise ConfigurationError("CASE: begins several cases; give more of its digits")
    return found[0]


def check_verified(case: Case) -> None:
    """Raises ConfigurationError of a case that nobody verified, or that was refused."""
    if not case.verifiers or case.refused is not None:
        raise ConfigurationError(
            f"case {case.id}: is {case.state}, and must be verified before anybody "
            "looks at what is held"
        )


def check_none_is_open(cases: Iterable[Case], participant: str) -> None:
    """Raises ConfigurationError where a case of a person waits for somebody."""
    for each in cases:
        if each.is_open and each.is_of(participant):
            raise ConfigurationError(
                f"{each.id}: is a case of the same person, and is {each.state} since"
                f" {each.opened.at.date()}; go on with it, or refuse it first"
            )


def why_not_verified(case: Case, by: str, verification: AccessVerification) -> str:
    """Says why a verification would count for nothing; "" if it counts."""
    if why := _why_closed(case):
        return why
    if case.approved is not None:
        return "is approved already"
    is_attestation = verification.means is VerificationMeans.ATTESTATION
    if is_attestation and not verification.note:
        return "is attested with a reason only; give --note"
    if any((each.by, each.means) == (by, verification.means) for each in case.verified):
        return f"was verified so by {by} already"
    return ""


def why_not_approved(case: Case, by: str) -> str:
    """Says why somebody's approval would count for nothing; "" if it counts."""
    if why := _why_closed(case):
        return why
    if case.approved is not None:
        return "is approved already"
    if case.opened.by == by:
        return f"was opened by {by}; somebody else approves it"
    if not case.verifiers:
        return "is not verified; `rally person verify` says how it can be"
    if case.verifiers == {by}:
        return f"was verified by {by} alone; somebody else approves it"
    return ""


def why_not_refused(case: Case) -> str:
    """Says why a refusal would count for nothing; "" if it counts."""
    return _why_closed(case)


def _why_closed(case: Case) -> str:
    if case.refused is not None:
        return f"was refused by {case.refused.by} on {case.refused.at.date()}"
    if case.fetched is not None or case.destroyed is not None:
        return f"is over; its copy was {case.state}"
    return ""


def _open(entry: Entry, opening: AccessOpening) -> Case:
    return Case(
        id=opening.case,
        subject=opening.subject,
        wants_leaving=opening.wants_leaving,
        recipient=opening.recipient,
        opened=Decided(entry.by, entry.when),
    )


def _decide(case: Case, entry: Entry) -> Case:
    content, by = entry.content, entry.by
    if isinstance(content, AccessVerification):
        if why_not_verified(case, by, content):
            return case
        verification = Verification(
            by, entry.when, content.means, content.evidence, content.note
        )
        return replace(case, verified=(*case.verified, verification))
    assert isinstance(content, AccessDecision)
    decided = Decided(by, entry.when, content.note)
    if entry.kind is DecisionKind.APPROVE_CASE:
        return case if why_not_approved(case, by) else replace(case, approved=decided)
    return case if why_not_refused(case) else replace(case, refused=decided)


def _state_of(case: Case, now: datetime) -> CaseState:
    """How far a case is; what comes later in a case's life is asked first."""
    if case.refused is not None:
        return CaseState.REFUSED
    if case.destroyed is not None:
        return CaseState.DESTROYED
    if case.fetched is not None:
        return CaseState.FETCHED
    if case.built is not None:
        return CaseState.EXPIRED if now >= case.built.expires else CaseState.BUILT
    if case.approved is not None:
        return CaseState.APPROVED
    return CaseState.VERIFIED if case.verifiers else CaseState.OPENED
