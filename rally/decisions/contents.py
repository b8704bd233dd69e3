"""What people decide, as typed records: one for each kind of entry of the chain."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from rally.keys.names import Job


class DecisionKind(StrEnum):
    """What an entry decides."""

    FOUND = "platform.found"
    APPROVE = "decision.approve"
    ACCEPT_LOSS = "decision.accept-loss"
    ADD_PERSON = "person.add"
    REVOKE_PERSON = "person.revoke"
    REPLACE_KEY = "job.replace-key"
    PAUSE = "study.pause"
    RESUME = "study.resume"
    END = "study.end"
    CONCLUDE = "study.conclude"
    PLACE_HOLD = "hold.place"
    RELEASE_HOLD = "hold.release"
    CONFIRM = "withdrawal.confirm"
    REJECT = "withdrawal.reject"
    EXPEDITE = "withdrawal.expedite"
    SETTLE = "withdrawal.settle"
    RECORD_LETTERS = "withdrawal.record-letters"


class Role(StrEnum):
    """What a person may decide.

    OWNER: who the people are, always with a second owner. STOP: to pause a study and to
    hold its rows, which needs no announcement. DECIDE: all else of an operator.
    STEWARD, PRIVACY, DATA, LEGAL and SECURITY sign reviews, REGISTRAR imports them,
    AUTHOR asks for them, SERVICE attests accounts.
    """

    OWNER = "owner"
    STOP = "stop"
    DECIDE = "decide"
    STEWARD = "steward"
    PRIVACY = "privacy"
    DATA = "data"
    LEGAL = "legal"
    SECURITY = "security"
    REGISTRAR = "registrar"
    AUTHOR = "author"
    SERVICE = "service"


MAY: Mapping[DecisionKind, frozenset[Role]] = {
    DecisionKind.FOUND: frozenset({Role.OWNER}),
    DecisionKind.APPROVE: frozenset({Role.OWNER}),
    DecisionKind.ACCEPT_LOSS: frozenset({Role.OWNER}),
    DecisionKind.ADD_PERSON: frozenset({Role.OWNER}),
    DecisionKind.REVOKE_PERSON: frozenset({Role.OWNER}),
    DecisionKind.REPLACE_KEY: frozenset({Role.OWNER}),
    DecisionKind.PAUSE: frozenset({Role.STOP, Role.DECIDE}),
    DecisionKind.PLACE_HOLD: frozenset({Role.STOP, Role.DECIDE}),
    DecisionKind.RESUME: frozenset({Role.DECIDE}),
    DecisionKind.END: frozenset({Role.DECIDE}),
    DecisionKind.CONCLUDE: frozenset({Role.DECIDE}),
    DecisionKind.RELEASE_HOLD: frozenset({Role.DECIDE}),
    DecisionKind.CONFIRM: frozenset({Role.DECIDE}),
    DecisionKind.REJECT: frozenset({Role.DECIDE}),
    DecisionKind.EXPEDITE: frozenset({Role.DECIDE}),
    DecisionKind.SETTLE: frozenset({Role.DECIDE}),
    DecisionKind.RECORD_LETTERS: frozenset({Role.DECIDE}),
}
"""The roles of which a signer needs one."""

NEEDS_TWO = frozenset(
    {
        DecisionKind.ACCEPT_LOSS,
        DecisionKind.ADD_PERSON,
        DecisionKind.REVOKE_PERSON,
        DecisionKind.REPLACE_KEY,
    }
)
"""What counts only once a second owner has approved it."""


class Person(NamedTuple):
    """Somebody who signs.

    Attributes:
        name: of lower-case letters, digits and hyphens.
        roles: sorted, at least one.
        public: Tink public keyset, JSON, by which their signatures are verified.
    """

    name: str
    roles: tuple[Role, ...]
    public: str


class JobKey(NamedTuple):
    """By what a job's signatures are verified.

    Attributes:
        job: whose they are.
        public: Tink public keyset, JSON.
        receipts: number of the last receipt before it; later ones that the key before
            it signed count for nothing.
    """

    job: Job
    public: str
    receipts: int = 0


class Founding(NamedTuple):
    """The first entry: who may decide who the people are.

    Attributes:
        development: whether one human may play everybody. It never changes.
        people: two owners or more, and others.
        keys: of each job.
    """

    development: bool
    people: tuple[Person, ...]
    keys: tuple[JobKey, ...]


class Approval(NamedTuple):
    """A second owner's signature on an entry.

    Attributes:
        entry: its number.
        digest: SHA-256 of its object's bytes, in hex.
    """

    entry: int
    digest: str


class AcceptedLoss(NamedTuple):
    """Two owners go on from a chain that lost entries, as it is.

    Attributes:
        through: number of the last entry that was looked at.
        digest: of the chain up to there, as it is now.
        note: what happened.
    """

    through: int
    digest: str
    note: str


class Revocation(NamedTuple):
    """A person signs no more; what they signed before stays."""

    name: str
    note: str


class StudyDecision(NamedTuple):
    """A study is paused, resumed, ended or concluded.

    Attributes:
        namespace: of the study.
        at: from when it holds, UTC.
        note: why.
    """

    namespace: str
    at: datetime
    note: str


class HoldPlacement(NamedTuple):
    """Rows of a study must stay, whoever leaves and whatever expires.

    Attributes:
        namespace: of the study.
        first: submission date of the first of them.
        last: submission date of the last of them.
        at: from when it holds, UTC.
        note: why.
    """

    namespace: str
    first: date
    last: date
    at: datetime
    note: str


class HoldRelease(NamedTuple):
    """A hold is over.

    Attributes:
        hold: number of the entry that placed it.
        at: from when, UTC.
        note: why.
    """

    hold: int
    at: datetime
    note: str


class RequestDecision(NamedTuple):
    """Withdrawals that are held count, or do not, or wait for nothing.

    Attributes:
        subjects: which ones; see rally.withdrawal.requests. Sorted.
        note: why.
    """

    subjects: tuple[str, ...]
    note: str


class Letters(NamedTuple):
    """Withdrawals that came by mail, and that a person has read.

    Attributes:
        scope: what is left: a namespace, or Rally.
        received: when they came, UTC.
        events: names of the events that the log has of them, sorted.
    """

    scope: str
    received: datetime
    events: tuple[str, ...]


class Settlement(NamedTuple):
    """Dead letters that say *leaves* and can never be read are given up.

    Attributes:
        study: a namespace, or `unknown`.
        day: when they failed.
        objects: SHA-256 of the objects' names, in hex.
        letters: how many.
        note: why.
    """

    study: str
    day: date
    objects: str
    letters: int
    note: str


Content = (
    Founding
    | Approval
    | AcceptedLoss
    | Person
    | Revocation
    | JobKey
    | StudyDecision
    | HoldPlacement
    | HoldRelease
    | RequestDecision
    | Letters
    | Settlement
)
