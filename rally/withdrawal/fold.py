"""The fold: what the events of one person say of each of that person's rows.

One function for ingest, replay, compaction, deletion and audit, so that late, replayed
and backfilled data is judged as everything else is, and a person who comes back starts
afresh (design: "Withdrawals and deletion").
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from rally.events import RALLY


class RequestStatus(StrEnum):
    """Status of a withdrawal.

    ACTIVE: it is carried out, but for studies in which it is deferred.
    HELD: it waits for a person's decision: nothing is deleted, and what comes meanwhile
    is parked.
    REJECTED: a person decided that it does not count.
    """

    ACTIVE = "active"
    HELD = "held"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """Verdict on a row.

    WITHDRAWN: a withdrawal at or after it takes it.
    UNENROLLED: it comes after a withdrawal with no enrolment since; one may yet arrive.
    DEFERRED: its withdrawal waits for the study's conclusion.
    HELD: its withdrawal waits for a decision; or it comes after one that does, with no
    enrolment since.
    KEPT: nobody asked for it to go.
    """

    WITHDRAWN = "withdrawn"
    UNENROLLED = "unenrolled"
    DEFERRED = "deferred"
    HELD = "held"
    KEPT = "kept"

    @property
    def condemns(self) -> bool:
        """Whether the row must not be in the store."""
        return self in (Verdict.WITHDRAWN, Verdict.UNENROLLED)

    @property
    def parks(self) -> bool:
        """Whether a ping waits, sealed, for what is not known yet."""
        return self in (Verdict.UNENROLLED, Verdict.HELD)


class Left(NamedTuple):
    """One withdrawal, as far as rows are concerned.

    Attributes:
        time: Submission timestamp, microseconds.
        status: The status that was decided.
        deferred: Studies in which it waits for their conclusion.
        request: The random id under which it is reported.
    """

    time: int
    status: RequestStatus = RequestStatus.ACTIVE
    deferred: frozenset[str] = frozenset()
    request: str = ""


class Joined(NamedTuple):
    """Content of an enrolment ping; of its copies, that of the first.

    Attributes:
        time: Submission timestamp, microseconds.
        scope: A namespace, or RALLY.
    """

    time: int
    scope: str


class Leaver(NamedTuple):
    """One person's events by scope: a namespace, or RALLY.

    Attributes:
        left: Withdrawals, sorted by time.
        joined: Times of enrolments in microseconds, sorted.
        enrolments: Enrolments by the document id of their ping.
    """

    left: Mapping[str, tuple[Left, ...]]
    joined: Mapping[str, tuple[int, ...]]
    enrolments: Mapping[str, Joined]

    def joining(self, scope: str, time: int, document_id: str) -> "Leaver":
        """The same person with one enrolment more.

        A later copy of a ping that is known changes nothing, whatever it joins; an
        earlier one takes its place.
        """
        new, known = Joined(time, scope), self.enrolments.get(document_id)
        joined = dict(self.joined)
        if known is not None:
            if known <= new:
                return self
            others = list(joined[known.scope])
            others.remove(known.time)
            joined[known.scope] = tuple(others)
        joined[scope] = tuple(sorted((*joined.get(scope, ()), time)))
        return self._replace(
            joined=joined, enrolments={**self.enrolments, document_id: new}
        )

    def only(self, counts: Callable[[str], bool]) -> "Leaver":
        """The same person with some withdrawals alone, by the ids of their requests."""
        left = {
            scope: tuple(each for each in own if counts(each.request))
            for scope, own in self.left.items()
        }
        return self._replace(left=left)

    def joined_before(self, document_id: str, time: int) -> bool:
        """Tells whether a ping of that document id was an enrolment before a time."""
        known = self.enrolments.get(document_id)
        return known is not None and known.time < time


class Judgement(NamedTuple):
    """A verdict on a row, and the request that it follows from; "" where none does."""

    verdict: Verdict
    request: str = ""


KEPT = Judgement(Verdict.KEPT)
_ACTIVE = (RequestStatus.ACTIVE,)
_ACTIVE_OR_HELD = (RequestStatus.ACTIVE, RequestStatus.HELD)


def judge_row(
    person: Leaver, scope: str, time: int, about: Iterable[str] = ()
) -> Judgement:
    """What becomes of a person's row.

    At equal times an enrolment comes first, then a row, then a withdrawal.

    Args:
        person: Sender of the row.
        scope: The row's study; RALLY for a row of the platform, for which Rally's
            events alone count.
        time: Its submission timestamp, microseconds.
        about: Studies whose enrolment a row of the platform is: it is in their scope
            too. Platform data is never deferred.
    """
    scopes = (RALLY,) if scope == RALLY else (scope, RALLY)
    later = [left for each in scopes for left in _since(person, each, time)]
    own = [left for each in about for left in _since(person, each, time)]
    for left in sorted(later + own, key=_order):
        if left.status is RequestStatus.ACTIVE and (
            scope == RALLY or scope not in left.deferred
        ):
            return Judgement(Verdict.WITHDRAWN, left.request)
    if gone := _not_back(person, scopes, time, _ACTIVE):
        return Judgement(Verdict.UNENROLLED, gone.request)
    for left in sorted(later, key=_order):
        if left.status is RequestStatus.ACTIVE:
            return Judgement(Verdict.DEFERRED, left.request)
    for left in sorted(later + own, key=_order):
        if left.status is RequestStatus.HELD:
            return Judgement(Verdict.HELD, left.request)
    if gone := _not_back(person, scopes, time, _ACTIVE_OR_HELD):
        return Judgement(Verdict.HELD, gone.request)
    return KEPT


def _since(person: Leaver, scope: str, time: int) -> tuple[Left, ...]:
    """The withdrawals at or after a time."""
    left = person.left.get(scope, ())
    return left[bisect_left(left, time, key=_time) :]


def _not_back(
    person: Leaver,
    scopes: tuple[str, ...],
    time: int,
    statuses: Collection[RequestStatus],
) -> Left | None:
    """The withdrawal before a time after which there is no enrolment up to it.

    Whoever left Rally has to come back to Rally; and to the study in any case. Other
    withdrawals than those that stand so are passed over.
    """
    last = {each: _last_before(person, each, time, statuses) for each in scopes}
    found = [left for left in last.values() if left]
    if not found:
        return None
    latest = max(found, key=_order)
    if not _joined_between(person, scopes[0], latest.time, time):
        return latest
    rally = last[RALLY]
    if rally and not _joined_between(person, RALLY, rally.time, time):
        return rally
    return None


def _last_before(
    person: Leaver, scope: str, time: int, statuses: Collection[RequestStatus]
) -> Left | None:
    for left in reversed(person.left.get(scope, ())):
        if left.time < time and left.status in statuses:
            return left
    return None


def _joined_between(person: Leaver, scope: str, after: int, until: int) -> bool:
    times = person.joined.get(scope, ())
    return bisect_right(times, after) < bisect_right(times, until)


def _time(left: Left) -> int:
    return left.time


def _order(left: Left) -> tuple[int, str]:
    return left.time, left.request
