"""What people say that they told participants of a study, as a typed record."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple


class NoticeKind(StrEnum):
    """What a notice to participants is about.

    ENDING: the study ends. CHANGED: it will collect something else or more, as a review
    approved it. REVIEW: a review can be read.
    """

    ENDING = "ending"
    CHANGED = "changed"
    REVIEW = "review"


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
    """

    namespace: str
    kind: NoticeKind
    review: str
    where: str
    on: date
    sha256: str
    last: date | None = None
