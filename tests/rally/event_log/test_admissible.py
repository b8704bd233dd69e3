"""Admitting what is new gives the list that the whole log gives."""

from dataclasses import replace
from itertools import count
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rally.deletion.request_expiry import closing_events
from rally.event_log.admissible import find_admissible
from rally.events import MAIL, RALLY, Event, EventKind
from rally.receipts.receipt import Stage
from rally.registry.study import StudyKind, Unmatched
from rally.registry.transitions import States
from rally.withdrawal.admission import admit
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.rally.event_log.log_events import Log, pseudonym
from tests.rally.withdrawal.conftest import CONFIRM, EXPEDITE, REJECT
from tests.rally.withdrawal.event_logs import (
    HUB,
    X,
    Y,
    day,
    decided,
    ended,
    joined,
    left,
    micros,
    registry,
    signed,
    study,
    uninstalled,
)

PEOPLE = [pseudonym(n, n * 70) for n in range(4)]
CLICKS = [pseudonym(n, n * 25) for n in (8, 9)]
STUDIES = (
    registry(
        study(X, unmatched_withdrawals=Unmatched.HOLD),
        study(HUB, StudyKind.PLATFORM, unmatched_withdrawals=Unmatched.HOLD),
    ),
    registry(),
)

people, clicks = st.sampled_from(PEOPLE), st.sampled_from(CLICKS)
scopes, times = st.sampled_from([X, Y, RALLY]), st.integers(10, 40)
documents = st.sampled_from(["a", "b", "c", "d"])
lefts = st.builds(left, people, times, scopes, documents)
happenings = st.one_of(
    lefts,
    st.builds(left, people, times, scopes, documents, signal=st.just(MAIL)),
    st.builds(uninstalled, clicks, times, document_id=documents),
    st.builds(joined, people, times, scopes, st.none() | clicks),
    st.builds(joined, people, times, scopes, clicks, documents),
)
decisions = st.builds(
    decided, st.sampled_from([CONFIRM, REJECT, EXPEDITE]), lefts, times, st.just(9)
)


class Day(NamedTuple):
    """What is new on a day of delete, and what it gets done."""

    events: list[Event]
    decisions: list
    signs: bool
    stages: list[Stage]
    merges: bool


runs = st.lists(
    st.builds(
        Day,
        st.lists(happenings, max_size=6),
        st.lists(decisions, max_size=2),
        st.booleans(),
        st.lists(st.sampled_from(Stage), max_size=3),
        st.booleans(),
    ),
    min_size=2,
    max_size=5,
)
rules = st.builds(
    Rules,
    hold_above_people=st.integers(0, 2),
    hold_above_share=st.sampled_from([0.3, 0.9]),
    hold_window_hours=st.sampled_from([24.0, 240.0]),
    hold_days=st.sampled_from([5.0, 70.0]),
    unmatched_days=st.just(12.0),
    unresolved_days=st.just(12.0),
)


def admitted(events, before, whole, known, states, when, terms, rulings):
    numbers = count(before.counter * 1_000)
    return admit(
        events, before, known, states, day(when), terms, rulings,
        lambda: f"{next(numbers):032x}", whole=whole,
    )  # fmt: skip


def a_day(*events, stages=(), merges=True):
    return Day([*events], [], False, [*stages], merges)


# Who left twice without having joined, and whose first request has been closed.
TWICE = [
    a_day(left(PEOPLE[0], 10, X, "a"), stages=[Stage.CLOSED]),
    a_day(),
    a_day(left(PEOPLE[0], 40, X, "b")),
    a_day(),
    a_day(),
]


@settings(max_examples=100)
@example(TWICE, Rules(unmatched_days=12.0), STUDIES[1])
@given(runs, rules, st.sampled_from(STUDIES))
def test_what_is_new_gives_the_list_that_the_whole_log_gives(days, terms, known):
    log, everything, ruled, letters = Log(MemoryStore()), [], [], []
    states = States(known, (ended(25), ended(30, Y)))
    before = WithdrawalList(counter=7)
    for number, each in enumerate(days):
        when = 35 + 10 * number
        log.write(*each.events)
        everything += each.events
        ruled += each.decisions
        letters += [e for e in everything if each.signs and e.signal == MAIL]
        rulings = Rulings([*ruled, signed(*letters)])
        terms_of_day = (known, states, when, terms, rulings)
        new = find_admissible(log.reader, before)
        found = admitted(new.events, before, log.reader, *terms_of_day)
        assert found == admitted(everything, before, None, *terms_of_day)
        closed = list(closing_events(found, known, (), states, day(when), terms))
        log.write(*closed)
        everything += closed
        found = admitted([*new.events, *closed], before, log.reader, *terms_of_day)
        assert found == admitted(everything, before, None, *terms_of_day)
        stages = dict.fromkeys(each.stages, micros(when))
        before = replace(
            found,
            counter=found.counter + 1,
            withdrawals=tuple(
                replace(w, stages={**w.stages, **stages}) for w in found.withdrawals
            ),
        )
        if each.merges:
            log.merge(new.loose, stays_loose=lambda e, r=rulings: not r.is_genuine(e))


def test_only_the_news_and_the_history_of_their_people_are_read():
    log = Log(MemoryStore())
    history = [joined(person, 1, X, CLICKS[0] if person == PEOPLE[1] else None)
               for person in PEOPLE]  # fmt: skip
    log.write(*history)
    log.merge(file_bytes=100)
    news = [left(PEOPLE[0], 5), uninstalled(CLICKS[0], 6)]
    log.write(*news)
    found = find_admissible(log.reader, WithdrawalList())
    assert set(found.events) == {*history[:2], *news}
    assert [*found.loose] == log.loose


def test_who_is_on_the_list_without_an_enrolment_is_looked_up_again():
    log = Log(MemoryStore())
    old = [left(PEOPLE[0], 5), uninstalled(CLICKS[0], 6), left(PEOPLE[1], 7)]
    log.write(*old, joined(PEOPLE[1], 1))
    terms = (STUDIES[1], States(STUDIES[1], ()), 9, Rules(), Rulings())
    before = admitted([*log.reader], WithdrawalList(), None, *terms)
    log.merge()
    assert set(find_admissible(log.reader, before).events) == {*old[:2]}


def test_of_more_news_than_fit_into_memory_the_whole_log_is_read():
    log = Log(MemoryStore())
    log.write(*(joined(person, 1) for person in PEOPLE))
    log.merge()
    log.write(left(PEOPLE[0], 5), left(PEOPLE[0], 6))
    found = find_admissible(log.reader, WithdrawalList(), most_news=1)
    assert len({*found.events}) == 6
    assert [*found.loose] == log.loose


def asked(person, number):
    """Their request for a copy."""
    return left(person, number)._replace(kind=EventKind.ASKED)


def purged(number):
    """A purge of a concluded study, which is about nobody."""
    return left(None, number)._replace(kind=EventKind.PURGED)


def test_what_stands_under_a_key_of_many_is_not_read_for_it():
    log = Log(MemoryStore())
    old = [
        *(asked(person, 1) for person in PEOPLE),
        *(joined(person, 2) for person in PEOPLE),
        purged(3),
    ]
    log.write(*old)
    log.merge()
    news = [asked(PEOPLE[0], 5), purged(6)]
    log.write(*news)
    found = set(find_admissible(log.reader, WithdrawalList()).events)
    assert found == {asked(PEOPLE[0], 1), joined(PEOPLE[0], 2), *news}


def test_of_more_history_than_fits_into_memory_the_whole_log_is_read():
    log = Log(MemoryStore())
    log.write(*(joined(PEOPLE[number % 2], number) for number in range(20)))
    log.merge()
    log.write(left(PEOPLE[0], 50))
    assert len({*find_admissible(log.reader, WithdrawalList(), 11).events}) == 11
    found = find_admissible(log.reader, WithdrawalList(), most_news=10)
    assert len({*found.events}) == 21
    assert [*found.loose] == log.loose
