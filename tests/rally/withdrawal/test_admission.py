"""Admission: what each request is on the next list, and that order means nothing.

Times are days from the first of March 2022; admissions are on the hundredth day.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decisions.contents import DecisionKind as Decides
from rally.events import MAIL, RALLY, Event, EventKind, EventLog, write_events
from rally.receipts.receipt import Stage
from rally.registry.study import AfterEnd, StudyKind, Unmatched
from rally.registry.transitions import States, StudyAction
from rally.storage.objectstore.local import LocalStore
from rally.withdrawal.admission import admit
from rally.withdrawal.fold import RequestStatus, Verdict, judge_row
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import (
    Enrolment,
    RequestState,
    Withdrawal,
    WithdrawalList,
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
    uninstalled,
)

ACTIVE, HELD, REJECTED = (
    RequestStatus.ACTIVE,
    RequestStatus.HELD,
    RequestStatus.REJECTED,
)
CONFIRM, REJECT, EXPEDITE = Decides.CONFIRM, Decides.REJECT, Decides.EXPEDITE
HOLDS = study(X, unmatched_withdrawals=Unmatched.HOLD)
DONE = (Stage.SUPPRESSED, Stage.REWRITTEN, Stage.PURGED, Stage.VERIFIED)


def finish(desk, *stages):
    """Does with everything on the list what deletion does: stages at day 101."""
    stages = dict.fromkeys(stages or DONE, micros(101))
    desk.list = replace(
        desk.list,
        withdrawals=tuple(
            replace(each, stages={**each.stages, **stages}, receipts=(4,))
            for each in desk.list.withdrawals
        ),
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


def closed(request, when):
    """What deletion writes of a request that no enrolment explains."""
    unknown = request.participant is None
    return Event(
        EventKind.CLOSED,
        request.scope,
        request.participant,
        micros(when),
        request.deletion_id if unknown else None,
        request.document_id,
        "closed",
    )


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


class TestUnmatched:
    HOLDS = study(X, unmatched_withdrawals=Unmatched.HOLD)
    HUB_HOLDS = study(HUB, StudyKind.PLATFORM, unmatched_withdrawals=Unmatched.HOLD)

    def test_is_held_where_the_study_asks_for_it(self):
        desk = Desk(self.HOLDS)
        log = [left("p", 20), joined("p", 1, RALLY), joined("p", 1, Y), joined("q", 1)]
        found = desk.the(log)
        assert (found.status, found.held_for, found.state) == (
            HELD, "unmatched", RequestState.HELD,
        )  # fmt: skip
        assert desk.the(log) == found

    @pytest.mark.parametrize("when", [2, 30], ids=["before", "after"])
    def test_an_enrolment_that_turns_up_makes_it_active(self, when):
        desk = Desk(self.HOLDS)
        desk.the([left("p", 20)])
        found = desk.the([left("p", 20), joined("p", when)])
        assert (found.status, found.held_for, found.request) == (ACTIVE, "", "1")

    @pytest.mark.parametrize(
        ("studies", "event"),
        [
            ([], left("p", 20)),
            ([HOLDS], left("p", 20, Y)),
            ([HOLDS], left("p", 20, signal=MAIL)),
            ([HUB_HOLDS], left("p", 20, RALLY, signal=MAIL)),
            ([HOLDS], left("p", 20, RALLY)),
            ([HUB_HOLDS], left("p", 20)),
            ([HUB_HOLDS], left("p", 20, RALLY, signal="gone-study/left.1")),
        ],
        ids=["default", "another study", "mail", "mail to Rally", "Rally's own policy",
             "study's own policy", "unknown namespace"],
    )  # fmt: skip
    def test_is_not_held_elsewhere(self, studies, event):
        assert Desk(*studies).the([event]).status is ACTIVE

    @pytest.mark.parametrize(
        ("log", "expected"),
        [([], HELD), ([joined("p", 2)], ACTIVE), ([joined("p", 2, RALLY)], ACTIVE)],
        ids=["nothing joined", "a study", "Rally"],
    )
    def test_of_rally_any_enrolment_matches(self, log, expected):
        desk = Desk(self.HUB_HOLDS)
        assert desk.the([*log, left("p", 20, RALLY)]).status is expected

    def test_is_decided_like_all_that_is_held(self):
        event = left("p", 20)
        desk = Desk(self.HOLDS)
        assert desk.the([event]).status is HELD
        assert desk.the([event, decided(CONFIRM, event, 30)]).status is ACTIVE

    def test_active_stays_active_when_the_study_asks_for_it_later(self):
        desk = Desk()
        desk.the([left("p", 20)])
        desk.registry = registry(self.HOLDS)
        assert desk.the([left("p", 20)]).status is ACTIVE

    def test_unresolved_is_not_held(self):
        found = Desk(self.HUB_HOLDS).the([uninstalled("d", 20)])
        assert (found.status, found.state) == (ACTIVE, RequestState.UNRESOLVED)

    def test_resolved_is_matched_by_that_very_enrolment(self):
        log = [uninstalled("d", 20), joined("p", 2, RALLY, "d")]
        assert Desk(self.HUB_HOLDS).the(log).status is ACTIVE


RULES = Rules(hold_above_people=3, hold_above_share=0.2)
SMALL = [joined(f"p{number}", 1) for number in range(19)]  # 4 are more than a fifth
MADE_UP = [joined(f"p{number}", 19.5) for number in range(4)]
LATE = [joined(f"q{number}", 20.1) for number in range(1201)]
"""Who enrolls in the very hours of a mass is none of it, and lifts no limit."""

LARGE = [*SMALL, joined("p19", 1)]  # 4 are not


def crowd(number, *, at=20, apart=0.25, first=0, scope=X, **changes):
    """So many people leave, one every quarter of a day."""
    return [
        left(f"p{first + each}", at + each * apart, scope, **changes)
        for each in range(number)
    ]


def held(desk, log, when=100):
    """Who is held, in order."""
    found = desk.admit(log, when).withdrawals
    assert {each.held_for for each in found if each.status is HELD} <= {"mass"}
    return [each.participant for each in found if each.status is HELD]


class TestMass:
    @pytest.mark.parametrize(
        ("log", "expected"),
        [
            (SMALL + crowd(3), []),
            (SMALL + crowd(4), ["p0", "p1", "p2", "p3"]),
            (LARGE + crowd(4), []),
            (LARGE + crowd(5), ["p0", "p1", "p2", "p3", "p4"]),
            (crowd(4), []),
            (MADE_UP + crowd(4), []),
            (SMALL + MADE_UP + crowd(4), ["p0", "p1", "p2", "p3"]),
            (SMALL + crowd(3) + crowd(4, first=50), []),
            (SMALL + LATE + crowd(4), ["p0", "p1", "p2", "p3"]),
            (SMALL[:3] + crowd(3), []),
            (SMALL + [left("p0", 20 + each / 10) for each in range(9)], []),
            (SMALL + crowd(4, scope=RALLY), ["p0", "p1", "p2", "p3"]),
            (SMALL + crowd(3) + crowd(3, first=3, scope=Y), []),
            (SMALL + crowd(3) + crowd(3, first=3, signal=MAIL), []),
        ],
        ids=["number at the edge", "both above", "share at the edge", "both above, 5",
             "nobody joined", "joined within the window", "made up beside it",
             "strangers with three", "made up to lift the limit",
             "whole of a small study", "one person nine times", "Rally", "two scopes",
             "letters"],
    )  # fmt: skip
    def test_is_above_a_number_and_a_share(self, log, expected):
        assert held(Desk(rules=RULES), log) == expected

    def test_an_enrolment_twice_is_one_person(self):
        log = [*SMALL, joined("p0", 5), joined("p1", 6), *crowd(4)]
        assert len(held(Desk(rules=RULES), log)) == 4

    @pytest.mark.parametrize(
        ("hours", "expected"), [(24, 4), (23.99, 0), (18, 0), (240, 4)]
    )
    def test_is_within_a_window(self, hours, expected):
        """Four people within 24 hours, both ends included."""
        rules = replace(RULES, hold_window_hours=hours)
        log = [*SMALL, *crowd(4, apart=1 / 3)]
        assert len(held(Desk(rules=rules), log)) == expected

    def test_those_before_and_after_it_are_not_held(self):
        log = [
            *SMALL,
            left("p10", 18.9),
            *crowd(4),
            left("p11", 21),
            left("p12", 21.8),
            left("p13", 30),
        ]
        assert held(Desk(rules=RULES), log) == ["p0", "p1", "p2", "p3", "p11"]

    def test_overlapping_windows_hold_all(self):
        log = [*SMALL, *crowd(9, apart=0.3)]
        assert len(held(Desk(rules=RULES), log)) == 9

    def test_by_default_it_is_more_than_a_hundred(self):
        people = [joined(f"p{number}", 1) for number in range(505)]
        assert held(Desk(), people + crowd(100, apart=0.001)) == []
        assert held(Desk(), people + crowd(101, apart=0.001)) == []
        assert len(held(Desk(), people[:504] + crowd(101, apart=0.001))) == 101

    def test_no_share_is_the_number_alone(self):
        rules = replace(RULES, hold_above_share=0.0)
        assert len(held(Desk(rules=rules), LARGE + crowd(4))) == 4

    def test_letters_in_it_are_not_held(self):
        log = [*SMALL, *crowd(4), left("p9", 20.1, signal=MAIL)]
        assert held(Desk(rules=RULES), log) == ["p0", "p1", "p2", "p3"]

    def test_once_active_stays_active(self):
        desk = Desk(rules=RULES)
        log = [*SMALL, *crowd(3)]
        assert held(desk, log) == []
        assert held(desk, [*log, left("p3", 20.75)]) == ["p3"]

    def test_once_held_stays_held_until_decided(self):
        desk = Desk(rules=RULES)
        log = [*SMALL, *crowd(4)]
        held(desk, log)
        log += [joined(f"q{number}", 1) for number in range(99)]
        assert held(desk, log) == ["p0", "p1", "p2", "p3"]
        log.append(decided(CONFIRM, log[19], 30))
        assert held(desk, log) == ["p1", "p2", "p3"]
        assert desk.list.withdrawals[0].status is ACTIVE

    def test_whoever_comes_late_to_a_rejected_mass_is_held_too(self):
        desk = Desk(rules=RULES)
        log = [*SMALL, *crowd(4)]
        held(desk, log)
        log += [decided(REJECT, event, 21) for event in log[19:]]
        assert held(desk, log) == []
        assert held(desk, [*log, left("p9", 20.9)]) == ["p9"]

    def test_mass_and_unmatched_waits_for_a_decision(self):
        """An enrolment alone does not let it count."""
        desk = Desk(study(X, unmatched_withdrawals=Unmatched.HOLD), rules=RULES)
        log = [*SMALL[:8], *crowd(4)]
        assert held(desk, log) == ["p0", "p1", "p2", "p3"]
        assert held(desk, [*log, joined("p0", 25)]) == ["p0", "p1", "p2", "p3"]

    def test_unmatched_in_a_mass_waits_though_it_is_matched(self):
        """Those who never counted are weighed again by all that is known."""
        desk = Desk(study(X, unmatched_withdrawals=Unmatched.HOLD), rules=RULES)
        desk.admit(crowd(3))
        assert {each.held_for for each in desk.list.withdrawals} == {"unmatched"}
        assert len(held(desk, [*SMALL, *crowd(4)])) == 4

    def test_uninstalls_are_of_a_mass_once_it_is_known_whose_they_are(self):
        log = [uninstalled(f"d{number}", 20) for number in range(4)]
        desk = Desk(rules=RULES)
        assert held(desk, log) == []
        log += [joined(f"p{number}", 1, RALLY, f"d{number}") for number in range(3)]
        assert held(desk, log) == []
        log += [joined("p3", 1, RALLY, "d3")]
        assert held(desk, log) == ["p3"]

    def test_a_pause_is_held_and_rejected_and_a_true_withdrawal_is_not(self):
        """Some clients take a pause for the end and ask for everybody's deletion."""
        desk = Desk(rules=RULES)
        paused = crowd(19, apart=0.01)
        log = [*SMALL, *paused]
        assert len(held(desk, log, 22)) == 19
        person = desk.list.people()["p0"]
        assert judge_row(person, X, micros(10)).verdict is Verdict.HELD
        log += [decided(REJECT, event, 23) for event in paused]
        assert held(desk, log, 24) == []
        assert {each.state for each in desk.list.withdrawals} == {RequestState.REJECTED}
        log.append(left("p0", 50))
        desk.admit(log, 51)
        *_, last = desk.list.withdrawals
        assert (last.participant, last.state) == ("p0", RequestState.ACTIVE)
        assert (last.request, last.time, last.received) == (
            "20", micros(50), micros(50),
        )  # fmt: skip
        person = desk.list.people()["p0"]
        assert judge_row(person, X, micros(40)).verdict is Verdict.WITHDRAWN
        other = desk.list.people()["p1"]
        assert judge_row(other, X, micros(10)).verdict is Verdict.KEPT


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


people = st.sampled_from(["p", "q", "r"])
scopes = st.sampled_from([X, Y, RALLY])
days = st.integers(10, 30)
documents = st.sampled_from(["a", "b", "c", "d", "e"])
ids = st.sampled_from([None, "i", "j"])
lefts = st.builds(left, people, days, scopes, documents)
events = st.one_of(
    lefts,
    lefts.map(lambda event: event._replace(signal=MAIL)),
    st.builds(uninstalled, st.sampled_from(["i", "j"]), days, document_id=documents),
    st.builds(joined, people, days, scopes, ids),
    st.builds(joined, people, days, scopes, ids, documents),
    st.builds(
        decided, st.sampled_from([CONFIRM, REJECT, EXPEDITE]), lefts, days, st.just(8)
    ),
)
logs = st.lists(events, max_size=12)
ENDS = (ended(15), ended(20, Y))
HOLDING = (
    study(X, unmatched_withdrawals=Unmatched.HOLD),
    study(HUB, StudyKind.PLATFORM, unmatched_withdrawals=Unmatched.HOLD),
)


def desk():
    return Desk(*HOLDING, rules=Rules(1, 0.5, 48.0, 70.0))


@given(logs, logs, st.randoms())
def test_order_and_repetition_do_not_matter(earlier, later, random):
    told = desk()
    told.admit(earlier, 40, ENDS)
    told.publish()
    told.admit(earlier + later, 100, ENDS)
    other = desk()
    shuffled = [*earlier, *earlier[:3]]
    random.shuffle(shuffled)
    other.admit(shuffled, 40, ENDS)
    other.publish()
    shuffled = [*earlier, *later, *later[:3]]
    random.shuffle(shuffled)
    other.admit(shuffled, 100, ENDS)
    assert other.list == told.list


@given(logs, logs)
def test_admitted_again_nothing_changes(earlier, later):
    told = desk()
    told.admit(earlier, 40, ENDS)
    told.publish()
    before = told.admit(earlier + later, 100, ENDS)
    assert told.admit(earlier + later, 100, ENDS) == before
    assert told.admit([], 100, ENDS).people().keys() == before.people().keys()


@given(logs, logs)
def test_nobody_on_the_list_is_forgotten(earlier, later):
    told = desk()
    before = {each.request: each for each in told.admit(earlier, 40, ENDS).withdrawals}
    after = {each.request: each for each in told.admit(later, 100, ENDS).withdrawals}
    for request, each in before.items():
        if each.participant is not None:
            assert after[request].participant == each.participant
            assert after[request].time <= each.time
            assert {Stage.REQUESTED} == after[request].stages.keys()


@given(logs)
def test_every_withdrawal_is_on_the_list(log):
    told = desk().admit(log, 100, ENDS)
    asked = {
        (event.scope, event.document_id)
        for event in log
        if event.kind is EventKind.LEFT
    }
    listed = {(each.scope, each.document_id) for each in told.withdrawals}
    assert listed == asked
    assert len({each.request for each in told.withdrawals}) == len(told.withdrawals)
    times = [(each.time, each.request) for each in told.withdrawals]
    assert times == sorted(times)
    for each in told.withdrawals:
        assert each.received <= each.time
        assert (each.status is HELD) == bool(each.held_for)
        if each.signal == MAIL:
            assert each.status is not HELD
