"""What people decide, as typed records: one for each kind of entry of the chain."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from rally.keys.names import Job


class DecisionKind(StrEnum):
    """Kind of a decision."""

    FOUND = "platform.found"
    APPROVE = "decision.approve"
    ACCEPT_LOSS = "decision.accept-loss"
    CONCLUDE_PLATFORM = "platform.conclude"
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
    PUBLISH_NOTICE = "notice.publish"
    RECORD_CONSENTS = "consent.record"
    SIGN_REVIEW = "review.sign"
    IMPORT_REVIEW = "review.import"
    CONFIRM_REVIEW = "review.confirm"
    WITHDRAW_REVIEW = "review.withdraw"
    SUSPEND = "document.suspend"
    RELEASE = "document.release"
    OPEN_CASE = "access.open"
    VERIFY_CASE = "access.verify"
    APPROVE_CASE = "access.approve"
    REFUSE_CASE = "access.refuse"
    EXPUNGE = "document.expunge"
    ALLOT_BUDGET = "release.allot"
    SIGN_RECIPE = "release.sign-recipe"
    SUBMIT_RESULT = "release.submit"
    SIGN_RESULT = "release.sign-result"


class Role(StrEnum):
    """Role of a person, which says what they may decide.

    OWNER: who the people are, always with a second owner. STOP: to pause a study and to
    hold its rows, which needs no announcement. DECIDE: all else of an operator.
    STEWARD, PRIVACY, DATA, LEGAL and SECURITY sign reviews, REGISTRAR imports them,
    AUTHOR asks for them and submits results, SERVICE attests accounts. STEWARD and
    PRIVACY sign recipes, and together with DECIDE results, before these leave.
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


REVIEW_AREAS = (Role.STEWARD, Role.PRIVACY, Role.DATA, Role.LEGAL, Role.SECURITY)
"""Areas of a data review; who signs for one has the role of that name.

STEWARD stands for the result of the review, the others for the sign-offs that
categories 3 and 4 need.
"""


class Person(NamedTuple):
    """Somebody who signs.

    Attributes:
        name: Name of lower-case letters, digits and hyphens.
        roles: Roles, sorted, at least one.
        public: Tink public keyset, JSON, by which their signatures are verified.
    """

    name: str
    roles: tuple[Role, ...]
    public: str


class JobKey(NamedTuple):
    """Public key of a job, by which its signatures are verified.

    Attributes:
        job: The job whose signatures they are.
        public: Tink public keyset, JSON.
        receipts: Number of the last receipt before it; later ones that the key before
            it signed count for nothing.
    """

    job: Job
    public: str
    receipts: int = 0


class Founding(NamedTuple):
    """The first entry: who may decide who the people are.

    Attributes:
        development: Whether one human may play everybody. It never changes.
        people: Two owners or more, and others.
        keys: Keys of each job.
    """

    development: bool
    people: tuple[Person, ...]
    keys: tuple[JobKey, ...]


class Approval(NamedTuple):
    """A second person's signature on an entry.

    Attributes:
        entry: Its number.
        digest: SHA-256 of its object's bytes, in hex.
    """

    entry: int
    digest: str


class Revocation(NamedTuple):
    """A person signs no more; what they signed before stays."""

    name: str
    note: str


class StudyDecision(NamedTuple):
    """A study is paused, resumed, ended or concluded.

    Attributes:
        namespace: Namespace of the study.
        at: Time from which it holds, UTC.
        note: Reason.
    """

    namespace: str
    at: datetime
    note: str


class HoldPlacement(NamedTuple):
    """Rows of a study must stay, whoever leaves and whatever expires.

    Attributes:
        namespace: Namespace of the study.
        first: Submission date of the first of them.
        last: Submission date of the last of them.
        at: Time from which it holds, UTC.
        note: Reason.
    """

    namespace: str
    first: date
    last: date
    at: datetime
    note: str


class HoldRelease(NamedTuple):
    """A hold is over.

    Attributes:
        hold: Number of the entry that placed it.
        at: Time from which it is over, UTC.
        note: Reason.
    """

    hold: int
    at: datetime
    note: str


class RequestDecision(NamedTuple):
    """Withdrawals that are held count, or do not, or wait for nothing.

    Attributes:
        subjects: Ids of the requests, sorted; see rally.withdrawal.requests.
        note: Reason.
    """

    subjects: tuple[str, ...]
    note: str


class Letters(NamedTuple):
    """Withdrawals that came by mail, and that a person has read.

    Attributes:
        scope: Namespace that is left, or Rally.
        received: Time at which they came, UTC.
        events: Names of the events that the log has of them, sorted.
    """

    scope: str
    received: datetime
    events: tuple[str, ...]


class Settlement(NamedTuple):
    """Dead letters that say *leaves* and can never be read are given up.

    Attributes:
        study: A namespace, or `unknown`.
        day: Day on which they failed.
        objects: SHA-256 of the objects' names, in hex.
        letters: Number of letters.
        note: Reason.
    """

    study: str
    day: date
    objects: str
    letters: int
    note: str


class ReviewResult(StrEnum):
    """Answer of a reviewer."""

    APPROVE = "+"
    REFUSE = "-"


class Risk(StrEnum):
    """The risk that is left to people, as the signer of an area sees it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class CoveredSchema(NamedTuple):
    """A schema that a review approves, and the days on which it may be collected.

    Attributes:
        document: Name of the document, `visit.1`.
        fingerprint: Fingerprint of the schema.
        first: First submission date, UTC.
        last: Last submission date; None where a named person keeps it for ever.
        retention_days: Age in days at which rows go; None where they stay until the
            study is concluded.
        report_until: Last day on which what a ping has beyond the schema is left out
            and counted; None where such a ping fails from the first day on.
    """

    document: str
    fingerprint: str
    first: date
    last: date | None
    retention_days: int | None = None
    report_until: date | None = None


class ReviewSignature(NamedTuple):
    """A reviewer's answer for one area.

    Attributes:
        namespace: Namespace of the study.
        review: Id of the review's record.
        request: Digest of what is asked for; see rally.registry.reviews.
        area: One of REVIEW_AREAS.
        result: Answer.
        covers: Schemas and days for which it is given.
        risk: Risk that is left.
        note: Mitigations, or the reason.
    """

    namespace: str
    review: str
    request: str
    area: Role
    result: ReviewResult
    covers: tuple[CoveredSchema, ...]
    risk: Risk
    note: str


class ReviewImport(NamedTuple):
    """A registrar attests a review that was completed elsewhere, all areas of it.

    Attributes:
        namespace: Namespace of the study.
        review: Id of the review's record.
        request: Digest of what was asked for and answered.
        covers: Schemas and days for which it was approved.
        url: Place where the review can be read.
        note: Remark.
    """

    namespace: str
    review: str
    request: str
    covers: tuple[CoveredSchema, ...]
    url: str
    note: str


class ReviewDecision(NamedTuple):
    """A review is confirmed for another year, or withdrawn.

    Attributes:
        namespace: Namespace of the study.
        review: Id of the review's record.
        note: Answer, or the reason.
    """

    namespace: str
    review: str
    note: str


class Suspension(NamedTuple):
    """A document is not collected for the time being, or is again.

    Attributes:
        namespace: Namespace of the study.
        document: Name of the document.
        note: Reason.
    """

    namespace: str
    document: str
    note: str


class Expunge(NamedTuple):
    """Something that should never have been collected is taken out of the store.

    Attributes:
        namespace: Namespace of the study.
        document: Name of the document.
        field: Path of the field in the schema, `/events/*/address`; None takes out
            whole rows.
        first: First submission date, UTC.
        last: Last submission date.
        note: Reason.
    """

    namespace: str
    document: str
    field: str | None
    first: date
    last: date
    note: str
