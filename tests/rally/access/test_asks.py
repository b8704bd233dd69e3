"""Requests by pings without a case, and cases whose time runs from a ping on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rally.access.asks import (
    LISTED_FOR,
    Ask,
    AskDay,
    OpenRequests,
    match_asks,
    read_asks,
    read_requests,
)
from rally.access.cases import Case, CaseState, Decided, subject_of
from rally.decisions.verifying import read_chain
from rally.events import RALLY, Event, EventKind, write_events
from rally.times import to_micros
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.support.access_cases import (
    CASE,
    OPENED,
    built,
    destroyed,
    fetched,
    open_case,
)
from tests.support.stores import found_platform, publish

ANN, BOB = (
    "6f1d2c3b-0000-8000-8000-00000000000a",
    "6f1d2c3b-0000-8000-8000-00000000000b",
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ASKED, JOINED = EventKind.ASKED, EventKind.JOINED


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    publish(store, WithdrawalList())
    return store


def event(kind, hours, who=ANN, document=""):
    """An event so many hours after the case was opened."""
    time = to_micros(OPENED + hours * HOUR)
    document = document or f"{kind}-{hours}"
    return Event(kind, RALLY, who, time, None, document, "rally-core/x.1", "age1")


def ask(hours, who=ANN):
    return Ask(who, OPENED + hours * HOUR)


def case(who=ANN, id_=CASE, **changes):
    opening = Case(id_, subject_of(id_, who), False, None, Decided("jo", OPENED))
    return replace(opening, **changes)


READ = {
    "none": ([event(JOINED, 1)], []),
    "two people": ([event(ASKED, 2, BOB), event(ASKED, 1)], [ask(1), ask(2, BOB)]),
    "sent again": ([event(ASKED, 2, document="a"), event(ASKED, 1, document="a")],
                   [ask(1)]),
    "an enrolment that is sent again as a request":
        ([event(JOINED, 1, document="a"), event(ASKED, 2, document="a")], []),
    "somebody else's enrolment of the same document id":
        ([event(JOINED, 1, BOB, document="a"), event(ASKED, 2, document="a")],
         [ask(2)]),
    "long ago, and to come": ([event(ASKED, 100 - 24 * 60 - 1),
                               event(ASKED, 100 - 24 * 60), event(ASKED, 101)],
                              [ask(100 - 24 * 60)]),
}  # fmt: skip


@pytest.mark.parametrize(("events", "asks"), READ.values(), ids=READ)
def test_requests_of_the_last_days_are_read(platform, events, asks):
    write_events(platform, events, "1")
    now = OPENED + 100 * HOUR
    assert timedelta(days=60) == LISTED_FOR
    assert read_asks(platform, now) == asks


@pytest.mark.parametrize("kind", [JOINED, ASKED])
def test_log_tells_that_a_ping_of_long_ago_was_sent_again(platform, kind):
    old = event(kind, -24 * 100, document="a")
    others = [event(JOINED, -24 * 100, BOB, document="a"), event(ASKED, 4, BOB)]
    again = [event(ASKED, 2, document="a"), event(ASKED, 3)]
    write_events(platform, [old, *others, *again], "1")
    now = OPENED + DAY
    asks = [ask(3), ask(4, BOB)]
    assert read_asks(platform, now) == asks
    found = read_requests(read_chain(platform), platform, now)
    assert found.asks == tuple(asks)


def test_damaged_object_of_the_log_is_left_to_the_audit(platform):
    write_events(platform, [event(ASKED, 1)], "1")
    platform.create(f"events/date=2026-06-01/{'0' * 32}.avro", b"damaged")
    assert read_asks(platform, OPENED + DAY) == [ask(1)]


REFUSED = Decided("jo", OPENED + 2 * HOUR)
EXPIRED = CaseState.EXPIRED
WEEK = 24 * 7
MATCHED = {
    "asked before": (case(), -5, True),
    "asked meanwhile": (case(), 5, True),
    "of somebody else": (case(BOB), -5, False),
    "asked before it was refused": (case(refused=REFUSED), 1, True),
    "asked since it was refused": (case(refused=REFUSED), 3, False),
    "asked since it was fetched": (case(fetched=fetched(OPENED + HOUR)), 2, False),
    "asked since it was destroyed": (case(destroyed=destroyed(OPENED)), 1, False),
    "asked before it expired": (case(built=built(), state=EXPIRED), WEEK, True),
    "asked since it expired": (case(built=built(), state=EXPIRED), WEEK + 1, False),
}


@pytest.mark.parametrize(("own", "hours", "is_its"), MATCHED.values(), ids=MATCHED)
def test_case_answers_what_was_asked_before_it_is_over(own, hours, is_its):
    found = match_asks({CASE: own}, [ask(hours)])
    asked = OPENED + hours * HOUR if is_its and hours < 0 else None
    assert found.cases == {CASE: replace(own, asked=asked)}
    assert found.asks == (() if is_its else (ask(hours),))


def test_first_case_and_first_request_of_a_person_count():
    first = case(refused=REFUSED)
    second = case(id_="0" * 8, opened=Decided("jo", OPENED + 9 * HOUR))
    asks = [ask(-9), ask(-5), ask(5), ask(6), ask(7, BOB), ask(8, BOB)]
    found = match_asks({CASE: first, "0" * 8: second}, asks)
    assert [each.received for each in found.cases.values()] == [
        OPENED - 9 * HOUR,
        OPENED + 5 * HOUR,
    ]
    assert found.asks == (ask(7, BOB),)


def test_days_of_requests_name_nobody():
    found = OpenRequests({}, (ask(-1), ask(1, BOB), ask(24, "c")))
    days = (OPENED.date(), (OPENED + DAY).date())
    assert found.by_day == [AskDay(days[0], 2), AskDay(days[1], 1)]
    assert ANN not in repr(found.by_day)


LATE = timedelta(seconds=1)


@pytest.mark.parametrize("opened", [None, OPENED + 9 * DAY])
def test_time_runs_from_the_ping_on(platform, opened):
    write_events(platform, [event(ASKED, 0)], "1")
    if opened:
        open_case(platform, ANN, when=opened)

    def told(now):
        found = read_requests(read_chain(platform), platform, now)
        return found.count_overdue(now), found.has_late(now)

    assert told(OPENED + 20 * DAY) == (0, False)
    assert told(OPENED + 20 * DAY + LATE) == (1, False)
    assert told(OPENED + 30 * DAY) == (1, False)
    assert told(OPENED + 30 * DAY + LATE) == (1, True)
