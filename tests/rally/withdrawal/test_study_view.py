"""A study's view: it leaves out what the fold says, and is read as it was signed."""

import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decisions.chain import Head
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.events import RALLY
from rally.keys.names import Job
from rally.storage.layout import view_file
from rally.storage.partitions import EVERYBODY, Range
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.fold import RequestStatus, Verdict
from rally.withdrawal.list_object import Published
from rally.withdrawal.selection import Selection
from rally.withdrawal.study_view import StudyView
from tests.fakes.memory_store import MemoryStore
from tests.rally.deletion.conftest import registry
from tests.rally.withdrawal.lists import joined, left, make_list
from tests.support.expunges import order_expunge
from tests.support.memory_deployment import KeylessPrf
from tests.support.people import job_key
from tests.support.stores import found_platform
from tests.support.world import GARDEN, POND

__all__ = ["registry"]

NOW = datetime(2026, 5, 1, tzinfo=UTC)
KEY = job_key(Job.DELETE)
PSEUDONYMS = Pseudonyms({name: KeylessPrf(name) for name in (PLATFORM, GARDEN, POND)})
PEOPLE = [str(uuid.UUID(int=number)) for number in range(6)]
MOST = 2**63 - 1


def own(person, study=GARDEN):
    return PSEUDONYMS.of_study(study, person).encode()


@pytest.fixture(scope="module")
def platform():
    """A platform that is founded, and has no list."""
    store = MemoryStore()
    found_platform(store)
    return store


@pytest.fixture(scope="module")
def view_of(platform, registry):
    """Makes the garden's view of a list of withdrawals and enrolments."""
    chain = read_chain(platform)

    def made(*records, study=GARDEN, now=NOW):
        people = make_list(7, *records).people()
        published = Published(people, chain.head, chain, None)
        return StudyView.of_list(published, registry.studies[study], PSEUDONYMS, now)

    return made


times = st.integers(0, 12)
scopes = st.sampled_from([GARDEN, POND, RALLY])
people = st.sampled_from(PEOPLE)
records = st.one_of(
    st.builds(
        left, people, scopes, times, st.sampled_from(RequestStatus),
        st.sampled_from([(), (GARDEN,), (GARDEN, POND)]),
    ),
    st.builds(joined, people, scopes, times, st.uuids().map(str)),
)  # fmt: skip
rows = st.tuples(people, st.one_of(times, st.sampled_from([-MOST - 1, -1, 13, MOST])))


@given(st.lists(records, max_size=30), st.lists(rows, max_size=30))
def test_what_is_left_out_is_what_the_fold_says(registry, view_of, history, stored):
    view = view_of(*history)
    selection = Selection(
        make_list(7, *history).people(), registry.studies[GARDEN], PSEUDONYMS
    )
    verdicts = [
        selection.judge(own(person), b"", time).verdict for person, time in stored
    ]
    found = view.left_out([own(person) for person, _ in stored],
                          [time for _, time in stored])  # fmt: skip
    assert found.tolist() == [
        each.condemns or each is Verdict.HELD for each in verdicts
    ]


@given(st.lists(records, max_size=30))
def test_view_is_read_as_it_was_published(view_of, history):
    store, view = MemoryStore(), view_of(*history)
    store.create(view_file(GARDEN), view.encode(KEY))
    found = StudyView.read(store, GARDEN, KEY.public, NOW)
    assert (found.head, found.expunges) == (view.head, view.expunges)
    assert found.says_the_same(view)
    assert view.says_the_same(found)


def test_digest_is_of_some_people(view_of):
    first, second = sorted(PEOPLE[:2], key=own)
    whole, border = view_of(), Range(own(second), b"\xff")
    rest = Range(b"", own(second))
    one = view_of(left(second, GARDEN, 5))
    assert one.digest_of(rest) == whole.digest_of(rest)
    assert one.digest_of(border) != whole.digest_of(border)
    both = view_of(left(first, GARDEN, 4), left(second, GARDEN, 5))
    assert both.digest_of(border) == one.digest_of(border)
    assert both.digest_of(rest) != one.digest_of(rest)
    again = joined(second, GARDEN, 8)
    later = view_of(left(first, GARDEN, 4), left(second, GARDEN, 6), again)
    assert later.digest_of(border) != both.digest_of(border)
    assert later.digest_of(rest) == both.digest_of(rest)
    assert len({each.digest_of(EVERYBODY) for each in (whole, one, both, later)}) == 4


def test_nobody_left_is_an_empty_view(view_of):
    view = view_of()
    assert (view.head.people, view.head.counter, view.head.study) == (0, 7, GARDEN)
    assert view.left_out([own(PEOPLE[0])], [5]).tolist() == [False]
    assert view.left_out([], []).tolist() == []


def test_view_has_people_of_its_study_alone(view_of):
    history = left(PEOPLE[0], POND, 5), left(PEOPLE[1], RALLY, 6)
    views = view_of(*history), view_of(*history, study=POND)
    assert [set(each.participants.tolist()) for each in views] == [
        {own(PEOPLE[1])},
        {own(PEOPLE[0], POND), own(PEOPLE[1], POND)},
    ]


def test_participants_of_other_widths_are_nobody(view_of):
    view, who = view_of(left(PEOPLE[0], GARDEN, 5)), own(PEOPLE[0])
    others = [who[:35], who + b"0", b"", who.upper(), who]
    assert view.left_out(others, [5] * 5).tolist() == [False] * 4 + [True]
    assert view.left_out(np.array([who, who]), np.array([5, 6])).all()


def test_times_at_which_a_person_is_back_are_read(view_of):
    who = PEOPLE[0]
    view = view_of(left(who, GARDEN, 5), joined(who, GARDEN, 8), left(who, GARDEN, 10))
    assert view.verdicts.tolist() == [2]  # the second one takes all before it
    view = view_of(left(who, RALLY, 5), joined(who, RALLY, 7), joined(who, GARDEN, 8))
    assert list(zip(view.first.tolist(), view.last.tolist(), strict=True)) == [
        (-MOST - 1, 7)
    ]


def test_time_of_leaving_rally_is_in_no_view_of_who_came_back(view_of):
    """One moment in two studies' views would make two pseudonyms one person."""
    who, history = PEOPLE[0], [left(PEOPLE[0], RALLY, 5), joined(PEOPLE[0], RALLY, 6)]
    history += [joined(who, GARDEN, 8), joined(who, POND, 9)]
    views = view_of(*history), view_of(*history, study=POND)
    assert [each.last.tolist() for each in views] == [[7], [8]]


def test_deferred_rows_are_listed_and_read(view_of):
    view = view_of(left(PEOPLE[0], GARDEN, 5, deferred=[GARDEN]))
    assert view.left_out([own(PEOPLE[0])] * 3, [4, 5, 6]).tolist() == [
        False, False, True,
    ]  # fmt: skip
    assert (view.head.people, view.verdicts.tolist()) == (1, [0, 2])


def test_orders_to_expunge_are_named(registry):
    store = MemoryStore()
    found_platform(store)
    days = NOW.date(), NOW.date()
    order_expunge(store, GARDEN, "visit.1", days, NOW, field="/url")
    order_expunge(store, POND, "visit.1", days, NOW)
    chain = read_chain(store)
    published = Published(make_list(0).people(), chain.head, chain, None)
    view = StudyView.of_list(published, registry.studies[GARDEN], PSEUDONYMS, NOW)
    (order,) = view.expunges
    assert order == ("visit.1", "/url", "2026-05-01", "2026-05-01")
    assert order.covers("visit.1", "2026-05-01")
    assert not order.covers("visit.1", "2026-05-02")
    assert not order.covers("visit.2", "2026-05-01")
    before = published._replace(head=Head(1, chain.digests[1]))
    view = StudyView.of_list(before, registry.studies[GARDEN], PSEUDONYMS, NOW)
    assert view.expunges == ()


def test_view_of_a_study_without_its_key_is_not_made(platform, registry):
    chain = read_chain(platform)
    published = Published(make_list(0).people(), chain.head, chain, None)
    with pytest.raises(LookupError):
        StudyView.of_list(
            published, registry.studies[GARDEN],
            Pseudonyms({PLATFORM: KeylessPrf(PLATFORM)}), NOW,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("age", "message"),
    [
        (timedelta(days=2), ""),
        (timedelta(days=2, microseconds=1), "is of 2026-05-01T00:00:00Z, and people"),
        (timedelta(hours=-1), ""),
        (timedelta(hours=-1, microseconds=-1), "ahead of the clock here"),
    ],
)
def test_view_is_read_for_two_days(view_of, age, message):
    store = MemoryStore()
    store.create(view_file(GARDEN), view_of().encode(KEY))
    if not message:
        assert StudyView.read(store, GARDEN, KEY.public, NOW + age).head.people == 0
        return
    with pytest.raises(ConfigurationError, match=message):
        StudyView.read(store, GARDEN, KEY.public, NOW + age)


def test_key_that_verifies_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="no Tink public keyset"):
        StudyView.read(MemoryStore(), GARDEN, "{}", NOW)


def test_view_takes_tens_of_bytes_a_person(view_of):
    view = view_of(*(left(str(uuid.UUID(int=n)), GARDEN, n) for n in range(1000)))
    arrays = (view.participants, view.ends, view.first, view.last, view.verdicts)
    assert sum(each.nbytes for each in arrays) <= 64 * 1000


def test_periods_of_somebody_who_comes_and_goes_are_searched(view_of):
    who, many = PEOPLE[0], 50
    history = [left(who, GARDEN, 10 * n, deferred=[GARDEN]) for n in range(many)]
    history += [joined(who, GARDEN, 10 * n + 5, str(n)) for n in range(many)]
    times = np.arange(10 * many)
    out = view_of(*history).left_out([own(who)] * len(times), times)
    assert out.tolist() == [0 < time % 10 < 5 for time in times]
