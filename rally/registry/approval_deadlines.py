"""Who has to act on reviews, and by when; and which documents none of them covers.

What is current of a document is its newest schema that a review covers now, or covered
last: its clients send that. An approval that ends with its study needs nobody.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from rally.registry.approvals import Approvals, ReviewTerm, SchemaApproval
from rally.registry.intervals import END, Interval, last_day, union
from rally.registry.registry import Registry
from rally.registry.study import Document, Means, Study
from rally.registry.transitions import States, StudyState
from rally.times import midnight

if TYPE_CHECKING:
    from rally.decisions.chain import Chain

SOON_DAYS = 30
"""How many days before an end people are first warned."""

ALARM_DAYS = frozenset({SOON_DAYS, 14, *range(6)})
"""How many days before an end somebody is alerted: the last five days, each day."""

_OPEN = (StudyState.DRAFT, StudyState.COLLECTING, StudyState.PAUSED)


class DueKind(StrEnum):
    """Kind of thing that ends.

    LAST_DAY: the days of a review; it needs a renewal, or the study does without.
    CONFIRMATION: the year after a signature or a confirmation; the review's owner
        confirms it, or it ends.
    FIELDS: the days of fields, which are left out of rows from then on.
    """

    LAST_DAY = "last day"
    CONFIRMATION = "confirmation"
    FIELDS = "fields"


class Due(NamedTuple):
    """Something that ends unless somebody acts.

    Attributes:
        owner: Name of who answers for the data.
        study: Namespace.
        review: Id of the review.
        document: Name of the document.
        what: Thing that ends.
        day: Last day on which it holds, UTC; it may be past.
        fields: Paths of the fields, of FIELDS alone.
    """

    owner: str
    study: str
    review: str
    document: str
    what: DueKind
    day: date
    fields: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """What ends, in words, without its study: `visit.1: approval`."""
        if self.what is DueKind.FIELDS:
            number = len(self.fields)
            what = self.fields[0] if number == 1 else f"{number:,} fields"
            return f"{self.document}: collection of {what}"
        unless = " (unconfirmed)" if self.what is DueKind.CONFIRMATION else ""
        return f"{self.document}: approval{unless}"

    def days_from(self, today: date) -> int:
        """Gives the number of days that are left, which is negative once it ended."""
        return (self.day - today).days


class ClosedDocument(NamedTuple):
    """A document that nothing is collected of, though its study collects.

    Attributes:
        study: Namespace.
        document: Name of the document.
        reasons: Reasons for which no review covers it; at least one.
    """

    study: str
    document: str
    reasons: tuple[str, ...]

    @property
    def what(self) -> str:
        """What there is to say of it, without its study."""
        return f"{self.document}: not collected: {'; '.join(self.reasons)}"


def in_days(day: date, today: date) -> str:
    """Tells in words how far the last day of something is away."""
    days = (day - today).days
    if days < 0:
        return f"ended {-days} day{'' if days == -1 else 's'} ago"
    if days == 0:
        return "ends today"
    return f"ends in {days} day{'' if days == 1 else 's'}"


def find_due(
    registry: Registry,
    states: States,
    approvals: Approvals,
    now: datetime,
    days: int = SOON_DAYS,
) -> list[Due]:
    """Finds what ends within some days, or has ended, in studies that are open.

    Args:
        registry: Registry of the studies.
        states: States of the studies.
        approvals: Approvals by the reviews.
        now: Time to look from, UTC.
        days: Number of days to look ahead.

    Returns:
        All of it, by owner and then by day.
    """
    until = now.date() + timedelta(days=days)
    found = (
        due
        for study in registry.studies.values()
        if states.at(study, now) in _OPEN
        for document in _collected(study)
        for due in _find_due(study, document, approvals.of(document), now)
        if due.day <= until
    )
    return sorted(found, key=attrgetter("owner", "day", "study", "review", "document"))


def count_alarms(due: Iterable[Due], today: date) -> int:
    """Counts what somebody is alerted of today; see ALARM_DAYS."""
    return sum(each.days_from(today) in ALARM_DAYS for each in due)


def find_closed(
    registry: Registry, states: States, approvals: Approvals, now: datetime
) -> Iterator[ClosedDocument]:
    """Finds documents of collecting studies that no review covers, though one should.

    One that a person suspended is closed as decided, and one that reviews cover later
    has yet to begin: neither is found.
    """
    for study in registry.studies.values():
        if states.at(study, now) is not StudyState.COLLECTING:
            continue
        for document in _collected(study):
            approved = approvals.of(document)
            if any(each.covers(now) for each in approved):
                continue
            if why := tuple(_find_reasons(approved, now)):
                yield ClosedDocument(study.namespace, document.name, why)


def name_closed(registry: Registry, chain: "Chain", now: datetime) -> list[str]:
    """Names documents that `find_closed` finds by a platform's chain, one line each."""
    states = States.of_chain(registry, chain)
    approvals = Approvals.of_chain(registry, chain)
    closed = find_closed(registry, states, approvals, now)
    return [f"{each.study}/{each.what}" for each in closed]


def _collected(study: Study) -> Iterator[Document]:
    """Gives the documents that a review has to cover; withdrawals are heard always."""
    for document in study.documents.values():
        if document.means in (Means.DATA, Means.JOINS, Means.CONSENTS):
            yield document


def _find_due(
    study: Study, document: Document, approved: Sequence[SchemaApproval], now: datetime
) -> Iterator[Due]:
    newest, approved = approved[0], _up_to_current(approved, now)
    if not approved:
        for term in _never_confirmed(newest):
            day = last_day(term.confirmed_until)
            yield _due(study, document, term, DueKind.CONFIRMATION, day)
        return
    end = _end(approved, now)
    if end < _end_of(study):
        for term in _ending(approved, end):
            what = _kind(term, end)
            if what is not None:
                yield _due(study, document, term, what, last_day(end))
    terms = [each for each in approved[-1].terms if _holds(each.windows, now)]
    for day, fields in _expiring(approved[-1], now.date()):
        if terms and midnight(day) + timedelta(days=1) < min(end, _end_of(study)):
            due = _due(study, document, terms[0], DueKind.FIELDS, day)
            yield due._replace(fields=fields)


def _find_reasons(approved: Sequence[SchemaApproval], now: datetime) -> Iterator[str]:
    terms = [term for each in approved for term in each.terms]
    if any(_holds(term.windows, now) for term in terms):
        return  # it is suspended, and nothing else
    current = _up_to_current(approved, now)
    later = (it.start > now for term in terms for it in term.windows)
    if not current and any(later):
        return  # it begins later
    for term in _never_confirmed(approved[0]):
        if term.confirmed_until <= now:
            yield _unconfirmed(term, last_day(term.confirmed_until))
    yield from approved[0].faults
    if current:
        yield from _find_ends(current, _end(current, now))


def _find_ends(current: Sequence[SchemaApproval], end: datetime) -> Iterator[str]:
    """Tells why an approval ended."""
    day = last_day(end)
    said = [fault for each in current for fault in each.faults]
    for term in _ending(current, end):
        name = f"review {term.review.id}"
        match _kind(term, end):
            case DueKind.LAST_DAY:
                yield f"{name}: ended on {day}"
            case DueKind.CONFIRMATION:
                yield _unconfirmed(term, day)
            case _ if not any(each.startswith(f"{name}: ") for each in said):
                yield f"{name}: was refused on {end:%Y-%m-%d}"


def _up_to_current(
    approved: Sequence[SchemaApproval], now: datetime
) -> Sequence[SchemaApproval]:
    """Gives the approvals of the current schema, and of newer ones before it."""
    for number, each in enumerate(approved):
        if each.covers(now):
            return approved[: number + 1]
    ends = [
        (max((it.end for it in each.windows if it.end <= now), default=None), number)
        for number, each in enumerate(approved)
    ]
    ended = [(end, -number) for end, number in ends if end is not None]
    return approved[: 1 - max(ended)[1]] if ended else ()


def _end(approved: Iterable[SchemaApproval], now: datetime) -> datetime:
    """Gives when the window ends that holds a time, else the last one before it."""
    windows = union(window for each in approved for window in each.windows)
    return max(
        (each.end for each in windows if each.start <= now), default=windows[0].end
    )


def _ending(approved: Iterable[SchemaApproval], end: datetime) -> Iterator[ReviewTerm]:
    """Gives the terms that end at a time, once for each review."""
    found = dict[str, ReviewTerm]()
    for each in approved:
        for term in each.terms:
            if any(window.end == end for window in term.windows):
                found.setdefault(term.review.id, term)
    yield from found.values()


def _never_confirmed(approval: SchemaApproval) -> Iterator[ReviewTerm]:
    """Gives reviews that were signed more than a year before their first day."""
    for term in approval.terms:
        if not term.windows and term.confirmed_until < term.last:
            yield term


def _unconfirmed(term: ReviewTerm, day: date) -> str:
    return f"review {term.review.id}: was not confirmed by {day}"


def _kind(term: ReviewTerm, end: datetime) -> DueKind | None:
    """Tells why a term ends; None where somebody withdrew or refused it."""
    if end == term.last:
        return DueKind.LAST_DAY
    return DueKind.CONFIRMATION if end == term.confirmed_until else None


def _due(
    study: Study, document: Document, term: ReviewTerm, what: DueKind, day: date
) -> Due:
    owner, review = term.review.request.owner, term.review.id
    return Due(owner, study.namespace, review, document.name, what, day)


def _expiring(
    approval: SchemaApproval, today: date
) -> Iterator[tuple[date, tuple[str, ...]]]:
    """Gives the fields that still have days, by their last one."""
    fields = [
        (each.expires, each.path)
        for each in approval.schema.fields
        if each.expires is not None and each.expires >= today
    ]
    for day, group in groupby(sorted(fields), key=lambda each: each[0]):
        yield day, tuple(path for _, path in group)


def _end_of(study: Study) -> datetime:
    if study.collect_through is None:
        return END
    return midnight(study.collect_through + timedelta(days=1))


def _holds(windows: Iterable[Interval], time: datetime) -> bool:
    return any(each.holds(time) for each in windows)
