"""Withdrawals of somebody unknown, and of many at once, wait for a person."""

from dataclasses import replace

import pytest

from rally.events import MAIL, RALLY
from rally.registry.study import StudyKind, Unmatched
from rally.withdrawal.fold import Verdict, judge_row
from rally.withdrawal.rules import Rules
from rally.withdrawal.withdrawal_list import (
    RequestState,
)
from tests.rally.withdrawal.conftest import (
    ACTIVE,
    CONFIRM,
    HELD,
    REJECT,
)
from tests.rally.withdrawal.event_logs import (
    HUB,
    Desk,
    X,
    Y,
    decided,
    joined,
    left,
    micros,
    registry,
    study,
    uninstalled,
)


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
