"""What people decide on requests, and what ends or closes them."""

from dataclasses import replace

import pytest

from rally.events import MAIL, RALLY
from rally.receipts.receipt import Stage
from rally.registry.study import AfterEnd, StudyKind
from rally.registry.transitions import States, StudyAction
from rally.withdrawal.admission import admit
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import (
    RequestState,
    WithdrawalList,
)
from tests.rally.withdrawal.conftest import (
    ACTIVE,
    CONFIRM,
    DONE,
    EXPEDITE,
    HELD,
    HOLDS,
    REJECT,
    REJECTED,
    closed,
    finish,
)
from tests.rally.withdrawal.event_logs import (
    HUB,
    Desk,
    X,
    Y,
    concluded,
    day,
    decided,
    ended,
    joined,
    left,
    micros,
    registry,
    signed,
    study,
)


class TestAfterTheEnd:
    ENDED = (ended(50),)
    CONCLUDED = (ended(50), concluded(200))

    @pytest.mark.parametrize(
        ("scope", "when", "transitions", "expected"),
        [
            (X, 49.9, [ended(50)], ()),
            (X, 50, [ended(50)], (X,)),
            (X, 60, [], ()),
            (X, 60, [ended(50), concluded(70)], ()),
            (X, 80, [ended(50), concluded(70)], ()),
            (X, 60, [ended(50, Y)], ()),
            (X, 60, [ended(50, action=StudyAction.PAUSE)], ()),
            (Y, 60, [ended(50, Y)], ()),
            (RALLY, 60, [ended(50), ended(50, Y)], (X,)),
            (RALLY, 40, [ended(50)], ()),
        ],
        ids=["before", "at the end", "open", "concluded", "after conclusion",
             "another study", "paused", "study deletes", "Rally", "Rally before"],
    )  # fmt: skip
    def test_deferred_where_the_study_had_ended(
        self, scope, when, transitions, expected
    ):
        log = [joined("p", 1), joined("p", 1, Y), left("p", when, scope)]
        found = Desk().the(log, 100, transitions)
        assert (found.deferred, found.status) == (expected, ACTIVE)

    def test_who_leaves_rally_waits_for_no_study_that_they_never_joined(self):
        log = [joined("p", 1, Y), left("p", 60, RALLY)]
        assert Desk().the(log, 100, self.ENDED).deferred == ()

    def test_an_end_by_date_defers_too(self):
        desk = Desk(study(X, collect_through=day(50).date()))
        assert desk.the([left("p", 50.9)]).deferred == ()
        assert Desk(study(X, collect_through=day(50).date())).the(
            [left("p", 51)]
        ).deferred == (X,)

    def test_platforms_and_strangers_are_never_waited_for(self):
        hub = study(HUB, StudyKind.PLATFORM, after_end=AfterEnd.DEFER)
        found = Desk(hub).the([left("p", 60, RALLY)], 100, [ended(50, HUB)])
        assert found.deferred == ()
        assert Desk().the([left("p", 60, "gone-study")]).deferred == ()

    def test_several_studies_are_named_in_order(self):
        desk = Desk(study("rally-a"), study("rally-z"))
        studies = ("rally-z", X, "rally-a")
        transitions = [ended(50, each) for each in studies]
        log = [joined("p", 1, each) for each in studies]
        found = desk.the([*log, left("p", 60, RALLY)], 100, transitions)
        assert found.deferred == ("rally-a", X, "rally-z")

    def test_first_said_before_the_end_is_not_deferred(self):
        log = [left("p", 40), left("p", 60)]
        found = Desk().admit(log, 100, self.ENDED).withdrawals
        assert [each.deferred for each in found] == [(), ()]

    def test_back_and_left_again_after_the_end_is_deferred(self):
        log = [left("p", 40), joined("p", 45), left("p", 60)]
        found = Desk().admit(log, 100, self.ENDED).withdrawals
        assert [each.deferred for each in found] == [(), (X,)]

    def test_conclusion_makes_it_active_and_deletion_begins_anew(self):
        desk = Desk()
        log = [left("p", 60)]
        desk.the(log, 100, self.ENDED)
        finish(desk)
        assert desk.list.withdrawals[0].state is RequestState.DEFERRED
        assert desk.the(log, 150, self.ENDED) == desk.list.withdrawals[0]
        found = desk.the(log, 200, self.CONCLUDED)
        assert (found.request, found.deferred, found.state) == (
            "1",
            (),
            RequestState.ACTIVE,
        )
        assert found.stages == {
            Stage.REQUESTED: micros(60),
            Stage.SUPPRESSED: micros(101),
        }
        assert (found.receipts, found.renewed) == ((4,), micros(200))
        assert desk.the(log, 201, self.CONCLUDED) == found

    def test_reopening_makes_it_active(self):
        desk = Desk(study(X, collect_through=day(50).date()))
        assert desk.the([left("p", 60)]).deferred == (X,)
        finish(desk)
        desk.registry = registry()
        found = desk.the([left("p", 60)], 110)
        assert (found.deferred, found.renewed) == ((), micros(110))
        assert Stage.VERIFIED not in found.stages

    def test_one_of_two_studies_concluded(self):
        desk = Desk(study(Y))
        transitions = [ended(50), ended(50, Y)]
        log = [joined("p", 1), joined("p", 1, Y), left("p", 60, RALLY)]
        desk.the(log, 100, transitions)
        finish(desk)
        found = desk.the(log, 120, [*transitions, concluded(110)])
        assert (found.deferred, found.state) == ((Y,), RequestState.ACTIVE)
        assert Stage.REWRITTEN not in found.stages

    def test_a_study_that_ends_later_defers_nothing_that_came_before(self):
        desk = Desk()
        before = desk.the([left("p", 40)])
        finish(desk)
        found = desk.the([left("p", 40)], 110, self.ENDED)
        assert (found.deferred, found.received) == ((), before.received)
        assert set(DONE) <= set(found.stages)

    def test_at_once_is_not_deferred(self):
        desk = Desk()
        log = [left("p", 60)]
        desk.the(log, 100, self.ENDED)
        finish(desk)
        log.append(decided(EXPEDITE, log[0], 105))
        found = desk.the(log, 110, self.ENDED)
        assert (found.deferred, found.renewed) == ((), micros(110))
        assert set(found.stages) == {Stage.REQUESTED, Stage.SUPPRESSED}


class TestDecisions:
    ONE = left("p", 20)

    def held(self, *rules):
        """A desk on whose list the request is held."""
        desk = Desk(HOLDS)
        assert desk.the([self.ONE]).status is HELD
        desk.publish()
        return desk

    @pytest.mark.parametrize(
        ("decisions", "expected"),
        [
            ([(REJECT, 30)], REJECTED),
            ([(CONFIRM, 30)], ACTIVE),
            ([(REJECT, 30), (CONFIRM, 31)], REJECTED),
            ([(CONFIRM, 30), (REJECT, 31)], ACTIVE),
            ([(EXPEDITE, 30)], ACTIVE),
            ([(EXPEDITE, 30), (REJECT, 31)], ACTIVE),
            ([(REJECT, 30), (EXPEDITE, 31)], REJECTED),
        ],
        ids=lambda value: str(value) if isinstance(value, RequestStatus) else None,
    )
    def test_the_first_counts(self, decisions, expected):
        log = [self.ONE, *(decided(kind, self.ONE, when) for kind, when in decisions)]
        assert self.held().the(log).status is expected
        assert self.held().the(log[::-1]).status is expected

    @pytest.mark.parametrize(
        "changes",
        [{"participant": "q"}, {"scope": RALLY}, {"document_id": "e"}],
        ids=lambda changes: next(iter(changes)),
    )
    def test_is_on_one_request_only(self, changes):
        log = [self.ONE, decided(REJECT, self.ONE._replace(**changes), 30)]
        assert self.held().the(log).status is HELD

    def test_decision_without_its_request_is_nothing(self):
        assert Desk().admit([decided(REJECT, self.ONE, 30)]).withdrawals == ()

    def test_what_was_admitted_as_active_stays(self):
        desk = Desk()
        assert desk.the([self.ONE]).status is ACTIVE
        desk.publish()
        log = [self.ONE, decided(REJECT, self.ONE, 30)]
        assert desk.the(log).status is ACTIVE

    def test_request_that_was_on_no_list_is_not_rejected(self):
        """Somebody knows of it before deletion has looked at it."""
        log = [self.ONE, decided(REJECT, self.ONE, 30)]
        assert Desk().the(log).status is ACTIVE
        assert Desk(HOLDS).the(log).status is HELD

    def test_decision_under_a_list_that_did_not_hold_it_is_nothing(self):
        log = [self.ONE, decided(REJECT, self.ONE, 30, list=7)]
        assert self.held().the(log).status is HELD
        log = [self.ONE, decided(REJECT, self.ONE, 30, list=8)]
        assert self.held().the(log).status is REJECTED

    def test_rejected_stays_rejected_when_the_log_has_lost_it(self):
        desk, decision = self.held(), decided(REJECT, self.ONE, 30)
        found = desk.the([self.ONE, decision])
        assert found.decided == decision.number
        assert desk.the([decision]) == found

    def test_rejection_that_was_lost_counts_for_nothing(self):
        desk = self.held()
        desk.the([self.ONE, decided(REJECT, self.ONE, 30)])
        desk.publish()
        assert desk.the([self.ONE]).status is HELD

    def test_list_that_is_made_anew_rejects_what_would_be_held(self):
        """Who was held cannot be read of it any more."""
        rejected = [self.ONE, decided(REJECT, self.ONE, 30)]
        for studies, expected in (((HOLDS,), REJECTED), ((), ACTIVE)):
            desk = Desk(*studies)
            desk.is_anew = True
            assert desk.the(rejected).status is expected

    def test_letter_that_nobody_signed_for_is_none(self):
        letter = left("p", 20, signal=MAIL)
        for entries, expected in (([], []), ([signed(letter)], ["p"])):
            found = admit(
                [letter],
                WithdrawalList(),
                registry(),
                States(registry(), ()),
                day(100),
                Rules(),
                Rulings(entries),
            )
            assert [each.participant for each in found.withdrawals] == expected

    def test_confirmed_begins_anew(self):
        desk = self.held()
        finish(desk)
        found = desk.the([self.ONE, decided(CONFIRM, self.ONE, 115)], 120)
        assert (found.state, found.renewed) == (RequestState.ACTIVE, 0)
        assert set(found.stages) == {Stage.REQUESTED, Stage.SUPPRESSED}


class TestClosed:
    def test_closed_one_leaves_the_list_with_its_enrolments(self):
        desk = Desk()
        log = [left("p", 20, X), left("q", 21, X), joined("p", 1, RALLY)]
        one, other = desk.admit(log).withdrawals
        log.append(closed(one, 111))
        found = desk.admit(log, 112)
        assert (found.withdrawals, found.enrolments) == ((other,), ())
        log.reverse()
        assert desk.admit(log, 112) == found

    def test_enrolment_that_arrives_later_brings_it_back(self):
        desk = Desk()
        log = [left("p", 20, X)]
        log.append(closed(desk.the(log), 111))
        assert desk.admit(log, 112).people() == {}
        log.append(joined("p", 15, X))
        found = desk.the(log, 113)
        assert (found.request, found.state) == ("2", RequestState.ACTIVE)
        assert desk.list.people()["p"].joined == {X: (micros(15),)}

    def test_list_remembers_the_receipts_of_those_that_left_it(self):
        desk = Desk()
        log = [left("p", 20, X), left("q", 21, X)]
        one, other = desk.admit(log).withdrawals
        desk.list = replace(
            desk.list, withdrawals=(replace(one, receipts=(4, 7)), other)
        )
        assert desk.list.last_receipt == 7
        log.append(closed(one, 111))
        found = desk.admit(log, 112)
        assert (found.receipts, found.last_receipt) == (7, 7)
        assert desk.admit(log, 113) == found
