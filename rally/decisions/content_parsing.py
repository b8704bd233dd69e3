"""Reads the contents of decisions strictly, each kind by the record that it has."""

from collections.abc import Mapping, Sequence
from datetime import date

from rally.decisions.access_contents import (
    CASE_DIGITS,
    AccessDecision,
    AccessOpening,
    AccessVerification,
    VerificationMeans,
)
from rally.decisions.age_recipient import age_recipient
from rally.decisions.content_fields import (
    MOST_COVERED,
    document_name,
    file_name,
    namespace_name,
    person_name,
    record,
    record_id,
    result_name,
    rho,
)
from rally.decisions.contents import (
    REVIEW_AREAS,
    Approval,
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
    ParticipantContent,
)
from rally.decisions.platform_contents import AcceptedLoss, PlatformConclusion
from rally.decisions.release_contents import (
    RECIPE_AREAS,
    Allotment,
    RecipeSignature,
    ReleaseContent,
    ResultSignature,
    Submission,
)
from rally.fields import (
    Place,
    Reader,
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

_RALLY = "rally"  # rally.events imports Avro, which is slow
_MOST_PEOPLE = 100
MOST_CHARACTERS = 20_000
"""Greatest length of a public keyset."""

MOST_PATH = 1000
"""Characters of a field's path."""

MOST_SUBJECTS = 50_000
"""Most withdrawals, or letters, of one entry."""


def _one_of(areas: Sequence[Role]) -> Reader[Role]:
    """Reads one of these areas."""

    def read(place: Place, value: object) -> Role:
        area = choice(Role)(place, value)
        if area not in areas:
            raise place.error(f"must be one of: {', '.join(areas)}")
        return area

    return read


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
    return "" if value == "" else record_id(place, value)


def _scope(place: Place, value: object) -> str:
    return _RALLY if value == _RALLY else namespace_name(place, value)


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


_PERSON = record(
    Person, name=person_name, roles=many(choice(Role), len(Role)), public=_keyset
)
_JOB_KEY = record(JobKey, job=choice(Job), public=_keyset, receipts=whole)
_STUDY_DECISION = record(StudyDecision, namespace=namespace_name, at=moment, note=note)
_HOLD_PLACEMENT = record(
    HoldPlacement,
    namespace=namespace_name,
    first=iso_day,
    last=iso_day,
    at=moment,
    note=note,
)
_COVERED = record(
    CoveredSchema,
    document=document_name,
    fingerprint=hexadecimal(64),
    first=iso_day,
    last=_last_day,
    retention_days=_retention,
    report_until=_last_day,
)
_REVIEW_DECISION = record(
    ReviewDecision, namespace=namespace_name, review=record_id, note=note
)
_CHANGED_SCHEMA = record(
    ChangedSchema, document=document_name, fingerprint=hexadecimal(64)
)
_NOTICE_PUBLICATION = record(
    NoticePublication,
    namespace=namespace_name,
    kind=choice(NoticeKind),
    review=_maybe_review,
    where=https_address,
    on=iso_day,
    sha256=hexadecimal(64),
    last=_last_day,
    changes=many(_CHANGED_SCHEMA, MOST_COVERED),
)
_SUSPENSION = record(
    Suspension, namespace=namespace_name, document=document_name, note=note
)
_EXPUNGE = record(
    Expunge,
    namespace=namespace_name,
    document=document_name,
    field=_field_path,
    first=iso_day,
    last=iso_day,
    note=note,
)
_REQUEST_DECISION = record(
    RequestDecision, subjects=many(hexadecimal(32), MOST_SUBJECTS), note=note
)
_ACCESS_DECISION = record(AccessDecision, case=hexadecimal(CASE_DIGITS), note=note)

Content = (
    Founding
    | Approval
    | AcceptedLoss
    | PlatformConclusion
    | Person
    | Revocation
    | JobKey
    | StudyDecision
    | HoldPlacement
    | HoldRelease
    | RequestDecision
    | Letters
    | Settlement
    | ParticipantContent
    | ReviewSignature
    | ReviewImport
    | ReviewDecision
    | Suspension
    | AccessOpening
    | AccessVerification
    | AccessDecision
    | Expunge
    | ReleaseContent
)
"""Subject of a decision: one record for each kind, or for a few that are alike."""

READERS: Mapping[DecisionKind, Reader[Content]] = {
    DecisionKind.FOUND: record(
        Founding,
        development=flag,
        people=many(_person, _MOST_PEOPLE),
        keys=many(_JOB_KEY, len(Job)),
    ),
    DecisionKind.APPROVE: record(Approval, entry=whole, digest=hexadecimal(64)),
    DecisionKind.ACCEPT_LOSS: record(
        AcceptedLoss, through=whole, digest=hexadecimal(64), note=note
    ),
    DecisionKind.CONCLUDE_PLATFORM: record(PlatformConclusion, at=moment, note=note),
    DecisionKind.ADD_PERSON: _person,
    DecisionKind.REVOKE_PERSON: record(Revocation, name=person_name, note=note),
    DecisionKind.REPLACE_KEY: _JOB_KEY,
    DecisionKind.PAUSE: _STUDY_DECISION,
    DecisionKind.RESUME: _STUDY_DECISION,
    DecisionKind.END: _STUDY_DECISION,
    DecisionKind.CONCLUDE: _STUDY_DECISION,
    DecisionKind.PLACE_HOLD: _hold_placement,
    DecisionKind.RELEASE_HOLD: record(HoldRelease, hold=whole, at=moment, note=note),
    DecisionKind.CONFIRM: _REQUEST_DECISION,
    DecisionKind.REJECT: _REQUEST_DECISION,
    DecisionKind.EXPEDITE: _REQUEST_DECISION,
    DecisionKind.SETTLE: record(
        Settlement,
        study=namespace_name,
        day=iso_day,
        objects=hexadecimal(64),
        letters=whole,
        note=note,
    ),
    DecisionKind.RECORD_LETTERS: record(
        Letters,
        scope=_scope,
        received=moment,
        events=many(hexadecimal(32), MOST_SUBJECTS),
    ),
    DecisionKind.PUBLISH_NOTICE: _notice_publication,
    DecisionKind.RECORD_CONSENTS: record(
        ConsentLetters,
        study=namespace_name,
        received=moment,
        records=many(hexadecimal(32), MOST_SUBJECTS),
    ),
    DecisionKind.SIGN_REVIEW: record(
        ReviewSignature,
        namespace=namespace_name,
        review=record_id,
        request=hexadecimal(64),
        area=_one_of(REVIEW_AREAS),
        result=choice(ReviewResult),
        covers=many(_covered, MOST_COVERED),
        risk=choice(Risk),
        note=note,
    ),
    DecisionKind.IMPORT_REVIEW: record(
        ReviewImport,
        namespace=namespace_name,
        review=record_id,
        request=hexadecimal(64),
        covers=many(_covered, MOST_COVERED),
        url=text,
        note=note,
    ),
    DecisionKind.CONFIRM_REVIEW: _REVIEW_DECISION,
    DecisionKind.WITHDRAW_REVIEW: _REVIEW_DECISION,
    DecisionKind.SUSPEND: _SUSPENSION,
    DecisionKind.RELEASE: _SUSPENSION,
    DecisionKind.OPEN_CASE: record(
        AccessOpening,
        case=hexadecimal(CASE_DIGITS),
        subject=hexadecimal(64),
        wants_leaving=flag,
        recipient=_recipient,
    ),
    DecisionKind.VERIFY_CASE: record(
        AccessVerification,
        case=hexadecimal(CASE_DIGITS),
        means=choice(VerificationMeans),
        evidence=hexadecimal(64),
        note=note,
    ),
    DecisionKind.APPROVE_CASE: _ACCESS_DECISION,
    DecisionKind.REFUSE_CASE: _ACCESS_DECISION,
    DecisionKind.EXPUNGE: _expunge,
    DecisionKind.ALLOT_BUDGET: record(
        Allotment, namespace=namespace_name, rho=rho, note=note
    ),
    DecisionKind.SIGN_RECIPE: record(
        RecipeSignature,
        namespace=namespace_name,
        recipe=record_id,
        fingerprint=hexadecimal(64),
        area=_one_of(RECIPE_AREAS),
        result=choice(ReviewResult),
        note=note,
    ),
    DecisionKind.SUBMIT_RESULT: record(
        Submission,
        namespace=namespace_name,
        name=file_name,
        sha256=hexadecimal(64),
        size=positive,
        reason=text,
    ),
    DecisionKind.SIGN_RESULT: record(
        ResultSignature,
        namespace=namespace_name,
        release=result_name,
        sha256=hexadecimal(64),
        result=choice(ReviewResult),
        note=note,
    ),
}
