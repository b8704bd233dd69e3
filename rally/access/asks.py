"""Requests for a copy by a ping: who asked, and has no case yet.

A ping opens no case, since nothing on the platform can say whose it is: a person does,
who is given the id. Until then the request is told by its day, and its time runs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from rally.access.cases import DEADLINE, OVERDUE_AFTER, Case, read_cases
from rally.access.proof import find_asks
from rally.decisions.chain import Chain
from rally.event_log.event_log import EventLog
from rally.event_log.rows import ASKS
from rally.storage.objectstore.interface import ObjectStore
from rally.times import from_micros

LISTED_FOR = 2 * DEADLINE
"""Time for which a request without a case is told; later the person has to ask anew."""


class Ask(NamedTuple):
    """A person's client asked for a copy.

    Attributes:
        participant: Platform pseudonym of the person.
        at: Time at which the ping was received, UTC.
    """

    participant: str
    at: datetime


class AskDay(NamedTuple):
    """People who asked by a ping on a day, and have no case since.

    Attributes:
        day: Day of the ping, in UTC.
        people: Number of people.
    """

    day: date
    people: int


class OpenRequests(NamedTuple):
    """Requests for copies, as somebody waits for them.

    Attributes:
        cases: All cases, each with the time from which on its person waits.
        asks: Requests by a ping without a case, the first of each person, by time.
    """

    cases: Mapping[str, Case]
    asks: tuple[Ask, ...] = ()

    @property
    def by_day(self) -> list[AskDay]:
        """Requests without a case by their day: nothing in it is anybody's."""
        days = Counter(each.at.date() for each in self.asks)
        return [AskDay(*each) for each in sorted(days.items())]

    def count_overdue(self, now: datetime) -> int:
        """Counts the people who have waited for longer than OVERDUE_AFTER."""
        cases = sum(each.is_overdue(now) for each in self.cases.values())
        return cases + sum(now - each.at > OVERDUE_AFTER for each in self.asks)

    def has_late(self, now: datetime) -> bool:
        """Tells whether somebody has waited for longer than DEADLINE."""
        waiting = [each.received for each in self.cases.values() if each.is_open]
        waiting += [each.at for each in self.asks]
        return any(now - each > DEADLINE for each in waiting)


def read_requests(chain: Chain, platform: ObjectStore, now: datetime) -> OpenRequests:
    """Reads who waits for a copy, with a case or without one.

    Args:
        chain: Decisions of the platform.
        platform: Its store.
        now: Time for which each state is told, UTC.

    Raises:
        OSError: The platform cannot be read.
    """
    asks = read_asks(platform, now)
    return match_asks(read_cases(chain, platform, now), asks)


def read_asks(platform: ObjectStore, now: datetime) -> list[Ask]:
    """Reads the requests by pings that are not older than LISTED_FOR, by time.

    Whoever has seen a sealed ping can send it again as a request. An enrolment asks for
    nothing, and an old request is not a new one: only the log tells, and of what has
    left it, as the events of a concluded study have, nothing does. A damaged object of
    the log is for the audit to name.

    Args:
        platform: Store of the platform.
        now: Time for which they are told, UTC.

    Raises:
        OSError: The platform cannot be read.
    """
    log, since = EventLog(platform), now - LISTED_FOR
    people = {
        each.participant
        for each in log.about([ASKS], skips_damage=True)
        if each.participant and since <= from_micros(each.submission_timestamp)
    }
    events = log.about(people, skips_damage=True)
    asks = {
        Ask(each.participant, from_micros(each.submission_timestamp))
        for each in find_asks(events)
        if each.participant in people
    }
    listed = (each for each in asks if since <= each.at <= now)
    return sorted(listed, key=lambda each: (each.at, each.participant))


def match_asks(cases: Mapping[str, Case], asks: Iterable[Ask]) -> OpenRequests:
    """Finds the case that each request by a ping has.

    That is the person's first one which is not over before the ping was received. Its
    person waits since then, where it was opened later.

    Args:
        cases: All cases, in the order in which they were opened.
        asks: Requests by pings, by time.
    """
    matched, without = dict(cases), dict[str, Ask]()
    for ask in asks:
        case = _case_of(ask, matched.values())
        if case is None:
            without.setdefault(ask.participant, ask)
        elif ask.at < case.received:
            matched[case.id] = replace(case, asked=ask.at)
    return OpenRequests(matched, tuple(without.values()))


def _case_of(ask: Ask, cases: Iterable[Case]) -> Case | None:
    for case in cases:
        over = case.over
        if (over is None or ask.at <= over) and case.is_of(ask.participant):
            return case
    return None
