"""What the garden's reviews cover: one that ends, its renewal, and suspensions.

The plain model of it is here, and what people sign for the system to be held against.
Nothing of rally.registry's approvals is used in the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from rally.decisions.contents import (
    CoveredSchema,
    DecisionKind,
    ReviewResult,
    ReviewSignature,
    Risk,
    Role,
    Suspension,
)
from rally.decisions.writing import decide
from rally.registry.review_files import placeholder_review
from rally.registry.reviews import RENEWAL_QUESTIONS, Review
from rally.registry.study import Study
from rally.storage.objectstore.interface import ObjectStore
from tests.model.words import DAY, Ping, moment
from tests.support.people import signer
from tests.support.world import GARDEN, HOUSE, POND

FIRST, LAST = date(2026, 2, 1), date(2026, 12, 31)
"""Days of all reviews but the one that ends."""

_END, _NEXT = date(2026, 5, 13), date(2026, 5, 14)
_LAPSE = moment(4, -12)
"""When the review ends: midnight, before the fourth day's noon."""

_WAIT = 14 * DAY
"""How long after the end pings wait for a renewal; and how long each may wait."""

ENDING = ("visit.1", "study-enrollment.1")
"""Documents of the garden whose review ends."""

SUSPENDED = [
    *((GARDEN, "visit.1"), (GARDEN, "survey.1"), (GARDEN, "study-enrollment.1")),
    *((POND, "visit.1"), (HOUSE, "enrollment.1"), (HOUSE, "study-unenrollment.1")),
]
"""Documents that somebody suspends: of data, of who joins and of who leaves."""


class Coverage(StrEnum):
    """What the reviews say of a document at a time."""

    COVERED = "covered"
    LAPSED = "lapsed"
    NONE = "none"


@dataclass
class Reviews:
    """What is signed, and whether the registry has the renewal's record.

    Attributes:
        answers: times at which the steward answered the renewal, and whether by "+".
        is_deployed: whether the registry has its record.
        suspended: times at which a document was suspended and released, by document.
    """

    answers: list[tuple[int, bool]] = field(default_factory=list)
    is_deployed: bool = False
    suspended: dict[tuple[str, str], list[tuple[int, bool]]] = field(
        default_factory=dict
    )

    def coverage(self, ping: Ping, now: int) -> Coverage:
        """Of a ping that is judged now."""
        key, time = (ping.namespace, ping.document), ping.time
        if self._is_suspended(key, time):
            return Coverage.NONE
        if self._is_approved(key, time):
            return Coverage.COVERED
        was_open = self._is_open(key, _LAPSE - 1) and not self._is_open(key, _LAPSE)
        may_wait = _LAPSE <= time < _LAPSE + _WAIT
        is_young = now // DAY - time // DAY <= _WAIT // DAY
        is_lapsed = was_open and may_wait and is_young
        return Coverage.LAPSED if is_lapsed else Coverage.NONE

    def _is_open(self, key: tuple[str, str], time: int) -> bool:
        return self._is_approved(key, time) and not self._is_suspended(key, time)

    def _is_approved(self, key: tuple[str, str], time: int) -> bool:
        if key not in {(GARDEN, name) for name in ENDING}:
            return True
        is_renewed = self.is_deployed and _last(self.answers, time)
        return time < _LAPSE or is_renewed

    def _is_suspended(self, key: tuple[str, str], time: int) -> bool:
        return _last(self.suspended.get(key, []), time)


def _last(said: list[tuple[int, bool]], time: int) -> bool:
    """What was said last up to a time; of equal times the later one counts."""
    return [False, *(what for at, what in said if at <= time)][-1]


def reviews_of(study: Study, *, is_renewed: bool) -> Iterator[Review]:
    """The records of a study, the renewal's only where the registry has it."""
    ending = ENDING if study.namespace == GARDEN else ()
    others = [name for name in study.documents if name not in ending]
    yield _review("r1", study, others, FIRST, LAST)
    if ending:
        yield _review("r2", study, ending, FIRST, _END)
    if ending and is_renewed:
        yield renewal(study)


def renewal(study: Study) -> Review:
    """The record of the renewal, to which nobody has answered."""
    made = _review("r3", study, ENDING, _NEXT, LAST)
    answers = made.request.answers[:RENEWAL_QUESTIONS]
    request = made.request._replace(renews="r2", answers=answers)
    return replace(made, request=request, steward=None, sign_offs=None)


def _review(id: str, study: Study, names, first: date, last: date) -> Review:
    covers = [
        CoveredSchema(name, schema.fingerprint, first, last)
        for name in names
        for schema in study.documents[name].revisions
    ]
    return placeholder_review(id, study, covers, FIRST)


def answer(
    platform: ObjectStore, study: Study, at: datetime, *, approves: bool
) -> None:
    """The steward answers the renewal, wherever its record is."""
    review = renewal(study)
    result = ReviewResult.APPROVE if approves else ReviewResult.REFUSE
    content = ReviewSignature(
        *(GARDEN, review.id, review.digest, Role.STEWARD, result, review.covers),
        *(Risk.LOW, ""),
    )
    decide(platform, signer("steward"), DecisionKind.SIGN_REVIEW, content, at)


def suspend(
    platform: ObjectStore, document: tuple[str, str], at: datetime, *, ends: bool
) -> None:
    """Somebody stops a document, or lets it go on."""
    kind = DecisionKind.RELEASE if ends else DecisionKind.SUSPEND
    by = signer("decide" if ends else "stop")
    decide(platform, by, kind, Suspension(*document, "a test"), at)
