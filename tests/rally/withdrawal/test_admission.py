"""Admission: what each request is on the next list, and that order means nothing.

Times are days from the first of March 2022; admissions are on the hundredth day.
"""

import pytest

from rally.event_log.event_log import EventLog
from rally.events import MAIL, RALLY, write_events
from rally.receipts.receipt import Stage
from rally.registry.transitions import States
from rally.storage.objectstore.local import LocalStore
from rally.withdrawal.admission import admit
from rally.withdrawal.fold import Verdict, judge_row
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import (
    RequestState,
    Withdrawal,
    WithdrawalList,
)
from tests.rally.withdrawal.conftest import (
    ACTIVE,
    HOLDS,
    REJECT,
    closed,
    finish,
)
from tests.rally.withdrawal.event_logs import (
    HUB,
    Desk,
    X,
    Y,
    day,
    decided,
    ended,
    joined,
    left,
    micros,
    registry,
    uninstalled,
)


def test_a_withdrawal_comes_on_the_list_with_its_persons_enrolments():
    desk = Desk()
    log = [
        left("p", 20),
        joined("p", 2),
        joined("p", 30, Y),
        joined("q", 3),
        joined("p", 1, RALLY),
    ]
    assert desk.admit(log) == WithdrawalList(
        counter=7,
        withdrawals=(
            Withdrawal(
                request="1",
                participant="p",
                deletion_id=None,
                scope=X,
                time=micros(20),
                received=micros(20),
                document_id="left-p-20",
                signal="rally-x/left.1",
                status=ACTIVE,
                held_for="",
                deferred=(),
                stages={Stage.REQUESTED: micros(20)},
                receipts=(),
                renewed=0,
            ),
        ),
        enrolments=(
            Enrolment("p", RALLY, micros(1), "joined-p-rally-1"),
            Enrolment("p", X, micros(2), "joined-p-rally-x-2"),
            Enrolment("p", Y, micros(30), "joined-p-rally-y-30"),
        ),
    )
    assert desk.list.withdrawals[0].state is RequestState.ACTIVE


def test_nothing_asked_changes_nothing():
    desk = Desk()
    assert desk.admit([]) == desk.admit([joined("p", 1)]) == WithdrawalList(counter=7)


def test_ids_are_random_by_default():
    known = registry()
    log = [left("p", 20), left("q", 20)]
    found = admit(
        log, WithdrawalList(), known, States(known, ()), day(100), Rules(), Rulings()
    ).withdrawals
    ids = {each.request for each in found}
    assert len(ids) == 2
    assert all(len(each) == 32 and int(each, 16) for each in ids)


def test_log_must_be_readable_more_than_once():
    with pytest.raises(TypeError, match="EventLog"):
        Desk().admit(iter([left("p", 20)]))


def test_log_of_a_platform_is_read_as_often_as_needed(tmp_path):
    platform = LocalStore(str(tmp_path))
    log = [joined("p", 1, HUB, "d"), uninstalled("d", 20), joined("p", 2), left("q", 9)]
    write_events(platform, log, "1.0")
    assert Desk().admit(EventLog(platform)) == Desk().admit(log)


class TestMerging:
    def test_events_of_one_document_are_one_of_the_earliest_time(self):
        log = [left("p", when, document="d") for when in (22, 20, 21)]
        assert Desk().the(log).time == micros(20)

    def test_a_retry_after_a_return_is_no_new_withdrawal(self):
        desk = Desk()
        log = [left("p", 20, document="d"), joined("p", 25)]
        desk.admit(log)
        log.append(left("p", 30, document="d"))
        assert desk.the(log).time == micros(20)
        person = desk.list.people()["p"]
        assert judge_row(person, X, micros(26)).verdict is Verdict.KEPT

    def test_a_late_earlier_copy_moves_it_back(self):
        desk = Desk()
        assert desk.the([left("p", 22, document="d")]).request == "1"
        found = desk.the([left("p", 20, document="d"), left("p", 22, document="d")])
        assert (found.request, found.time, found.received) == (
            "1", micros(20), micros(20),
        )  # fmt: skip
        assert found.stages == {Stage.REQUESTED: micros(20)}

    @pytest.mark.parametrize(
        "other",
        [left("q", 20, document="d"), left("p", 20, Y, "d"), left("p", 20)],
        ids=["person", "scope", "document"],
    )
    def test_other_withdrawals_are_others(self, other):
        assert len(Desk().admit([left("p", 20, document="d"), other]).withdrawals) == 2

    def test_enrolments_of_one_document_are_one(self):
        log = [left("p", 9), *(joined("p", when, document="d") for when in (3, 2))]
        assert Desk().admit(log).enrolments == (Enrolment("p", X, micros(2), "d"),)


class TestReceived:
    """When a person first said what a later withdrawal says again."""

    @pytest.mark.parametrize(
        ("log", "expected"),
        [
            ([], [(20, 20), (30, 20), (90, 20)]),
            ([joined("p", 10)], [(20, 20), (30, 20), (90, 20)]),
            ([joined("p", 25)], [(20, 20), (30, 30), (90, 30)]),
            ([joined("p", 20)], [(20, 20), (30, 20), (90, 20)]),
            ([joined("p", 30)], [(20, 20), (30, 30), (90, 30)]),
            ([joined("p", 25, Y), joined("p", 25, RALLY)],
             [(20, 20), (30, 20), (90, 20)]),
            ([joined("q", 25)], [(20, 20), (30, 20), (90, 20)]),
        ],
        ids=["never joined", "before", "between", "at the first", "at the second",
             "elsewhere", "another person"],
    )  # fmt: skip
    def test_of_several_the_first_since_an_enrolment(self, log, expected):
        log = [*log, left("p", 20), left("p", 30), left("p", 90)]
        found = Desk().admit(log).withdrawals
        assert [(each.time, each.received) for each in found] == [
            (micros(time), micros(received)) for time, received in expected
        ]
        assert [each.stages for each in found] == [
            {Stage.REQUESTED: each.received} for each in found
        ]

    def test_each_scope_has_its_own(self):
        found = Desk().admit([left("p", 20), left("p", 30, RALLY)]).withdrawals
        assert [each.received for each in found] == [micros(20), micros(30)]

    def test_what_was_rejected_does_not_count(self):
        first = left("p", 20)
        desk = Desk(HOLDS)
        desk.admit([first])
        log = [first, left("p", 30, signal=MAIL), decided(REJECT, first, 25)]
        found = desk.admit(log)
        assert [each.received for each in found.withdrawals] == [micros(20), micros(30)]


class TestDeletionIds:
    def test_unresolved_is_kept_open_until_the_log_closes_it(self):
        desk = Desk()
        log = [uninstalled("d", 20), joined("q", 1, RALLY, "another")]
        found = desk.the(log, 100)
        assert (found.participant, found.deletion_id) == (None, "d")
        assert (found.state, found.is_open) == (RequestState.UNRESOLVED, False)
        assert desk.list.people() == {}
        assert desk.the(log, 200) == found
        log.append(closed(found, 201))
        assert desk.admit(log, 202) == WithdrawalList(7)
        assert Desk().admit(log, 202) == WithdrawalList(7)

    def test_one_that_was_closed_is_asked_anew_when_it_is_explained(self):
        desk = Desk()
        log = [uninstalled("d", 20)]
        log.append(closed(desk.the(log), 111))
        desk.admit(log, 112)
        log.append(joined("p", 1, RALLY, "d"))
        found = desk.the(log, 113)
        assert (found.request, found.participant) == ("2", "p")
        assert found.stages == {Stage.REQUESTED: micros(20)}

    def test_an_enrolment_that_turns_up_resolves_it(self):
        desk = Desk()
        log = [uninstalled("d", 20)]
        desk.the(log, 100)
        log += [joined("p", 2), joined("p", 1, RALLY, "d")]
        found = desk.the(log, 160)
        assert (found.request, found.participant) == ("1", "p")
        assert (found.state, found.renewed) == (RequestState.ACTIVE, micros(160))
        assert found.stages == {Stage.REQUESTED: micros(20)}
        assert [each.scope for each in desk.list.enrolments] == [RALLY, X]
        assert desk.the(log, 170) == found

    def test_resolved_at_once(self):
        log = [joined("p", 2), uninstalled("d", 20), joined("p", 1, RALLY, "d")]
        found = Desk().the(log)
        assert (found.participant, found.deletion_id) == ("p", "d")
        assert (found.scope, found.renewed) == (RALLY, 0)

    def test_is_a_request_for_each_person_whose_it_is(self):
        desk = Desk()
        log = [uninstalled("d", 20), joined("q", 1, RALLY, "d")]
        assert desk.the(log).request == "1"
        log.append(joined("p", 3, RALLY, "d"))
        found = desk.admit(log).withdrawals
        assert [(each.participant, each.request) for each in found] == [
            ("q", "1"), ("p", "2"),
        ]  # fmt: skip

    def test_an_unresolved_one_becomes_the_first_persons(self):
        desk = Desk()
        log = [uninstalled("d", 20)]
        desk.admit(log)
        log += [joined("q", 1, RALLY, "d"), joined("p", 3, RALLY, "d")]
        found = desk.admit(log).withdrawals
        assert [(each.participant, each.request) for each in found] == [
            ("p", "1"), ("q", "2"),
        ]  # fmt: skip

    def test_the_same_document_with_the_id_itself_is_the_same_request(self):
        log = [
            uninstalled("d", 20, document_id="e"),
            left("p", 19, RALLY, "e"),
            joined("p", 1, RALLY, "d"),
        ]
        found = Desk().the(log)
        assert (found.deletion_id, found.time) == ("d", micros(19))

    def test_two_unresolved_ids_are_two(self):
        log = [uninstalled("d", 20), uninstalled("e", 20)]
        assert len(Desk().admit(log).withdrawals) == 2

    def test_list_remembers_whose_it_was(self):
        desk = Desk()
        log = [uninstalled("d", 20), joined("p", 1, RALLY, "d")]
        found = desk.the(log)
        assert desk.the(log[:1]) == found


def test_what_the_log_has_no_more_stays():
    desk = Desk()
    log = [joined("p", 2), left("p", 20), left("q", 21), uninstalled("d", 22)]
    before = desk.admit(log, 100, [ended(10)])
    finish(desk, Stage.SUPPRESSED)
    before = desk.list
    assert desk.admit([], 100, [ended(10)]) == before
    assert desk.admit([joined("p", 30)], 100, [ended(10)]).withdrawals == (
        before.withdrawals
    )
    assert [each.time for each in desk.list.enrolments] == [micros(2), micros(30)]
