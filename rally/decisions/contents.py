"""What people decide, as typed records: one for each kind of entry of the chain."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from rally.fields import (
    Fields,
    Place,
    Reader,
    T,
    choice,
    flag,
    hexadecimal,
    iso_day,
    many,
    moment,
    note,
    text,
    whole,
)
from rally.keys.names import Job
from rally.names import is_namespace

_NAME = re.compile("[a-z][a-z0-9-]{0,39}")
_RALLY = "rally"  # rally.events imports Avro, which is slow
_MOST_PEOPLE = 100
MOST_CHARACTERS = 20_000
"""Of a public keyset."""

MOST_SUBJECTS = 50_000
"""Of one entry: withdrawals, or letters."""


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


def person_name(place: Place, value: object) -> str:
    """Reads a person's name."""
    name = text(place, value)
    if not _NAME.fullmatch(name):
        raise place.error("must be up to 40 lower-case letters, digits and hyphens")
    return name


def _namespace(place: Place, value: object) -> str:
    namespace = text(place, value)
    if not is_namespace(namespace):
        raise place.error("must be a namespace")
    return namespace


def _scope(place: Place, value: object) -> str:
    return _RALLY if value == _RALLY else _namespace(place, value)


def _person(place: Place, value: object) -> Person:
    person = _PERSON(place, value)
    if not person.roles or list(person.roles) != sorted({*person.roles}):
        raise place.at("roles").error("must be at least one role, each once, sorted")
    return person


def _keyset(place: Place, value: object) -> str:
    """A keyset has several lines, and is looked into by Tink."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_CHARACTERS:
        raise place.error("must be a Tink public keyset")
    return value


def _hold_placement(place: Place, value: object) -> HoldPlacement:
    found = _HOLD_PLACEMENT(place, value)
    if found.first > found.last:
        raise place.at("last").error("must not be before the first day")
    return found


def _record(make: Callable[..., T], **entries: Reader[Any]) -> Reader[T]:
    """Reads a mapping that has exactly these entries."""

    def read(place: Place, value: object) -> T:
        fields = Fields(place, value)
        found = make(**{name: fields.need(name, entries[name]) for name in entries})
        fields.close()
        return found

    return read


_PERSON = _record(
    Person, name=person_name, roles=many(choice(Role), len(Role)), public=_keyset
)
_JOB_KEY = _record(JobKey, job=choice(Job), public=_keyset, receipts=whole)
_STUDY_DECISION = _record(StudyDecision, namespace=_namespace, at=moment, note=note)
_HOLD_PLACEMENT = _record(
    HoldPlacement,
    namespace=_namespace,
    first=iso_day,
    last=iso_day,
    at=moment,
    note=note,
)
_REQUEST_DECISION = _record(
    RequestDecision, subjects=many(hexadecimal(32), MOST_SUBJECTS), note=note
)

READERS: Mapping[DecisionKind, Reader[Content]] = {
    DecisionKind.FOUND: _record(
        Founding,
        development=flag,
        people=many(_person, _MOST_PEOPLE),
        keys=many(_JOB_KEY, len(Job)),
    ),
    DecisionKind.APPROVE: _record(Approval, entry=whole, digest=hexadecimal(64)),
    DecisionKind.ACCEPT_LOSS: _record(
        AcceptedLoss, through=whole, digest=hexadecimal(64), note=note
    ),
    DecisionKind.ADD_PERSON: _person,
    DecisionKind.REVOKE_PERSON: _record(Revocation, name=person_name, note=note),
    DecisionKind.REPLACE_KEY: _JOB_KEY,
    DecisionKind.PAUSE: _STUDY_DECISION,
    DecisionKind.RESUME: _STUDY_DECISION,
    DecisionKind.END: _STUDY_DECISION,
    DecisionKind.CONCLUDE: _STUDY_DECISION,
    DecisionKind.PLACE_HOLD: _hold_placement,
    DecisionKind.RELEASE_HOLD: _record(HoldRelease, hold=whole, at=moment, note=note),
    DecisionKind.CONFIRM: _REQUEST_DECISION,
    DecisionKind.REJECT: _REQUEST_DECISION,
    DecisionKind.EXPEDITE: _REQUEST_DECISION,
    DecisionKind.SETTLE: _record(
        Settlement,
        study=_namespace,
        day=iso_day,
        objects=hexadecimal(64),
        letters=whole,
        note=note,
    ),
    DecisionKind.RECORD_LETTERS: _record(
        Letters,
        scope=_scope,
        received=moment,
        events=many(hexadecimal(32), MOST_SUBJECTS),
    ),
}
