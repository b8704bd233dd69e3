"""Reads the contents of decisions strictly, each kind by the record that it has."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from rally.decisions.access_contents import (
    CASE_DIGITS,
    AccessDecision,
    AccessOpening,
    AccessVerification,
    VerificationMeans,
)
from rally.decisions.age_recipient import age_recipient
from rally.decisions.contents import (
    REVIEW_AREAS,
    AcceptedLoss,
    Approval,
    Content,
    CoveredSchema,
    DecisionKind,
    Expunge,
    Founding,
    HoldPlacement,
    HoldRelease,
    JobKey,
    Letters,
    Person,
    RequestDecision,
    ReviewDecision,
    ReviewImport,
    ReviewResult,
    ReviewSignature,
    Revocation,
    Risk,
    Role,
    Settlement,
    StudyDecision,
    Suspension,
)
from rally.decisions.notice_contents import (
    ChangedSchema,
    ConsentLetters,
    NoticeKind,
    NoticePublication,
)
from rally.fields import (
    Fields,
    Place,
    Reader,
    T,
    choice,
    flag,
    hexadecimal,
    https_address,
    iso_day,
    many,
    moment,
    note,
    positive,
    text,
    whole,
)
from rally.keys.names import Job
from rally.names import DOCUMENT_RULE, is_namespace, parse_document

_NAME = re.compile("[a-z][a-z0-9-]{0,39}")
_RALLY = "rally"  # rally.events imports Avro, which is slow
_MOST_PEOPLE = 100
MOST_CHARACTERS = 20_000
"""Greatest length of a public keyset."""

MOST_COVERED = 400
"""Schemas of one review."""

MOST_PATH = 1000
"""Characters of a field's path."""

REVIEW_ID = re.compile("[a-z0-9][a-z0-9-]{0,39}")
"""Name of a review's record."""

MOST_SUBJECTS = 50_000
"""Most withdrawals, or letters, of one entry."""


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


def document_name(place: Place, value: object) -> str:
    """Reads a document's name, `visit.1`."""
    name = text(place, value)
    if parse_document(name) is None:
        raise place.error(f"must be a document such as visit.1; {DOCUMENT_RULE}")
    return name


def review_id(place: Place, value: object) -> str:
    """Reads the id of a review."""
    name = text(place, value)
    if not REVIEW_ID.fullmatch(name):
        raise place.error("must be up to 40 lower-case letters, digits and hyphens")
    return name


def _area(place: Place, value: object) -> Role:
    area = choice(Role)(place, value)
    if area not in REVIEW_AREAS:
        raise place.error(f"must be one of: {', '.join(REVIEW_AREAS)}")
    return area


def _last_day(place: Place, value: object) -> date | None:
    return None if value is None else iso_day(place, value)


def _retention(place: Place, value: object) -> int | None:
    return None if value is None else positive(place, value)


def _covered(place: Place, value: object) -> CoveredSchema:
    found = _COVERED(place, value)
    if found.last is not None and found.first > found.last:
        raise place.at("last").error("must not be before the first day")
    return found


def _field_path(place: Place, value: object) -> str | None:
    """Reads the path of a field; None stands for whole rows."""
    if value is None:
        return None
    path = text(place, value)
    if not path.startswith("/") or len(path) > MOST_PATH:
        raise place.error(
            f"must be a path such as /events/*/address, of up to {MOST_PATH} characters"
        )
    return path


def _expunge(place: Place, value: object) -> Expunge:
    found = _EXPUNGE(place, value)
    if found.first > found.last:
        raise place.at("last").error("must not be before the first day")
    return found


def _notice_publication(place: Place, value: object) -> NoticePublication:
    found = _NOTICE_PUBLICATION(place, value)
    is_ending = found.kind is NoticeKind.ENDING
    if (found.review == "") is not is_ending:
        raise place.at("review").error("is for all notices but those of an end")
    if (found.last is not None) is not is_ending:
        raise place.at("last").error("is for notices of an end, and for these alone")
    if bool(found.changes) is not (found.kind is NoticeKind.CHANGED):
        fault = "is for notices of a change, and for these alone"
        raise place.at("changes").error(fault)
    return found


def _maybe_review(place: Place, value: object) -> str:
    return "" if value == "" else review_id(place, value)


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


def _recipient(place: Place, value: object) -> str | None:
    return None if value is None else age_recipient(place, value)


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
_COVERED = _record(
    CoveredSchema,
    document=document_name,
    fingerprint=hexadecimal(64),
    first=iso_day,
    last=_last_day,
    retention_days=_retention,
    report_until=_last_day,
)
_REVIEW_DECISION = _record(
    ReviewDecision, namespace=_namespace, review=review_id, note=note
)
_CHANGED_SCHEMA = _record(
    ChangedSchema, document=document_name, fingerprint=hexadecimal(64)
)
_NOTICE_PUBLICATION = _record(
    NoticePublication,
    namespace=_namespace,
    kind=choice(NoticeKind),
    review=_maybe_review,
    where=https_address,
    on=iso_day,
    sha256=hexadecimal(64),
    last=_last_day,
    changes=many(_CHANGED_SCHEMA, MOST_COVERED),
)
_SUSPENSION = _record(
    Suspension, namespace=_namespace, document=document_name, note=note
)
_EXPUNGE = _record(
    Expunge,
    namespace=_namespace,
    document=document_name,
    field=_field_path,
    first=iso_day,
    last=iso_day,
    note=note,
)
_REQUEST_DECISION = _record(
    RequestDecision, subjects=many(hexadecimal(32), MOST_SUBJECTS), note=note
)
_ACCESS_DECISION = _record(AccessDecision, case=hexadecimal(CASE_DIGITS), note=note)

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
    DecisionKind.PUBLISH_NOTICE: _notice_publication,
    DecisionKind.RECORD_CONSENTS: _record(
        ConsentLetters,
        study=_namespace,
        received=moment,
        records=many(hexadecimal(32), MOST_SUBJECTS),
    ),
    DecisionKind.SIGN_REVIEW: _record(
        ReviewSignature,
        namespace=_namespace,
        review=review_id,
        request=hexadecimal(64),
        area=_area,
        result=choice(ReviewResult),
        covers=many(_covered, MOST_COVERED),
        risk=choice(Risk),
        note=note,
    ),
    DecisionKind.IMPORT_REVIEW: _record(
        ReviewImport,
        namespace=_namespace,
        review=review_id,
        request=hexadecimal(64),
        covers=many(_covered, MOST_COVERED),
        url=text,
        note=note,
    ),
    DecisionKind.CONFIRM_REVIEW: _REVIEW_DECISION,
    DecisionKind.WITHDRAW_REVIEW: _REVIEW_DECISION,
    DecisionKind.SUSPEND: _SUSPENSION,
    DecisionKind.RELEASE: _SUSPENSION,
    DecisionKind.OPEN_CASE: _record(
        AccessOpening,
        case=hexadecimal(CASE_DIGITS),
        subject=hexadecimal(64),
        wants_leaving=flag,
        recipient=_recipient,
    ),
    DecisionKind.VERIFY_CASE: _record(
        AccessVerification,
        case=hexadecimal(CASE_DIGITS),
        means=choice(VerificationMeans),
        evidence=hexadecimal(64),
        note=note,
    ),
    DecisionKind.APPROVE_CASE: _ACCESS_DECISION,
    DecisionKind.REFUSE_CASE: _ACCESS_DECISION,
    DecisionKind.EXPUNGE: _expunge,
}
