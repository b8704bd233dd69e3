"""Requests while a study does not load: weighed as far as its promises are known."""

import pytest

from rally.dead_letters import LetterKind as LetterKind
from rally.dead_letters import LetterPlace
from rally.events import MAIL, RALLY
from rally.registry.study import StudyKind, Unmatched
from rally.storage.layout import UNKNOWN
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.unavailable_studies import (
    concerned,
    find_carriers,
    waits_for_study,
)
from tests.rally.withdrawal.event_logs import (
    HUB,
    Desk,
    X,
    Y,
    ended,
    joined,
    left,
    registry,
    study,
)
from tests.support.registries import without_study


def test_platform_that_does_not_load_carries_news_of_others():
    assert find_carriers(registry(), []) == frozenset()
    assert find_carriers(without_study(registry(), HUB, StudyKind.PLATFORM), []) == {
        HUB
    }
    assert (
        find_carriers(without_study(registry(), X, StudyKind.STUDY), []) == frozenset()
    )


@pytest.mark.parametrize(
    ("events", "carriers"),
    [
        ([], set()),
        ([left("a", 1, X, signal=f"{X}/left.1")], set()),
        ([left("a", 1, Y, signal=f"{X}/left.1")], {X}),
        ([left("a", 1, RALLY, signal=f"{X}/left.1")], {X}),
        ([left("a", 1, RALLY)], set()),
        ([left("a", 1, X, signal=MAIL)], set()),
    ],
)
def test_illegible_study_is_known_by_what_its_pings_told(events, carriers):
    assert find_carriers(without_study(registry(), X, None), events) == carriers


@pytest.mark.parametrize(
    ("scope", "studies"), [(X, {X}), (Y, set()), (RALLY, {X})], ids=str
)
def test_request_concerns_what_may_have_its_rows(scope, studies):
    desk = Desk()
    desk.registry = without_study(desk.registry, X, StudyKind.STUDY)
    request = desk.the([joined("a", 1, scope), left("a", 2, scope)])
    assert concerned(request, desk.registry, ()) == studies
    desk.registry = without_study(desk.registry, HUB, StudyKind.PLATFORM)
    assert concerned(request, desk.registry, [HUB]) == {*studies, HUB}


def test_deferred_request_stays_deferred_and_new_ones_are_when_it_loads():
    desk, events = Desk(), [joined("a", 1), left("a", 50)]
    over = [ended(40)]
    before = desk.admit(events, transitions=over)
    assert [each.deferred for each in before.withdrawals] == [(X,)]
    whole = desk.registry
    desk.registry = without_study(whole, X, StudyKind.STUDY)
    events += [joined("b", 1), left("b", 51)]
    during = desk.admit(events, transitions=over)
    assert [each.deferred for each in during.withdrawals] == [(X,), ()]
    assert before.withdrawals[0] == during.withdrawals[0]
    desk.registry = whole
    after = desk.admit(events, transitions=over)
    assert [each.deferred for each in after.withdrawals] == [(X,), (X,)]


@pytest.mark.parametrize("unmatched", Unmatched)
def test_unmatched_request_is_held_until_the_promise_is_known(unmatched):
    desk = Desk(study(X, unmatched_withdrawals=unmatched))
    whole, events = desk.registry, [left("a", 50)]
    desk.registry = without_study(whole, X, None)
    request = desk.the(events)
    assert (request.status, request.held_for) == (RequestStatus.HELD, "unmatched")
    desk.registry = whole
    holds = unmatched is Unmatched.HOLD
    expected = RequestStatus.HELD if holds else RequestStatus.ACTIVE
    assert desk.the(events).status is expected


def test_letter_and_matched_request_are_not_held():
    desk = Desk()
    desk.registry = without_study(desk.registry, X, None)
    events = [left("a", 50, signal=MAIL), joined("b", 1), left("b", 50)]
    statuses = [each.status for each in desk.admit(events).withdrawals]
    assert statuses == [RequestStatus.ACTIVE, RequestStatus.ACTIVE]


@pytest.mark.parametrize(
    ("study", "kind", "letter", "waits"),
    [
        (X, StudyKind.STUDY, LetterKind.PING, True),
        (X, None, LetterKind.WITHDRAWAL, True),
        (Y, None, LetterKind.WITHDRAWAL, False),
        (UNKNOWN, StudyKind.STUDY, LetterKind.WITHDRAWAL, False),
        (UNKNOWN, None, LetterKind.WITHDRAWAL, True),
        (UNKNOWN, None, LetterKind.PING, False),
    ],
)
def test_dead_letters_wait_for_their_study(study, kind, letter, waits):
    spoilt = without_study(registry(), X, kind)
    assert waits_for_study(LetterPlace(study, letter, "2022-03-01"), spoilt) is waits
