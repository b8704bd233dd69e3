"""What people told participants of a study, and heard of them: typed records."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class NoticeKind(StrEnum):
    """Subject of a notice to participants.

    ENDING: the study ends. CHANGED: it will collect something else or more, as a review
    approved it. REVIEW: a review can be read.
    """

    ENDING = "ending"
    CHANGED = "changed"
    REVIEW = "review"


class ChangedSchema(NamedTuple):
    """A schema that participants were told of.

    Attributes:
        document: Name of the document.
        fingerprint: Fingerprint of the schema, in hex.
    """

    document: str
    fingerprint: str


class NoticePublication(NamedTuple):
    """A notice was published for the participants of a study.

    Attributes:
        namespace: Namespace of the study.
        kind: Subject of the notice.
        review: Id of the review that it is about; "" of an end.
        where: Place where participants read it, https.
        on: Day on which it was published, UTC.
        sha256: SHA-256 of its text, in hex.
        last: Last day of collection that it tells, of an end; None of other notices.
        changes: Schemas that it tells of, of a change; none of other notices. The
            review may be edited later, and tells nothing then.
    """

    namespace: str
    kind: NoticeKind
    review: str
    where: str
    on: date
    sha256: str
    last: date | None = None
    changes: tuple[ChangedSchema, ...] = ()


class ConsentLetters(NamedTuple):
    """What participants wrote of what they agree to, or do not, and a person has read.

    Attributes:
        study: Namespace of the study that it is about.
        received: Time at which it came, UTC.
        records: Names of the records that the log of consents has of it, sorted; each
            is a hash of all that the record says.
    """

    study: str
    received: datetime
    records: tuple[str, ...]


ParticipantContent = NoticePublication | ConsentLetters
"""All of them."""
