"""A ping that is submitted again as another one: its first copy says what it means.

Copies have one document id, `d` here. Times are days from the first of March 2022.
"""

from itertools import permutations

import pytest

from rally.decisions.contents import DecisionKind as Decides
from rally.events import MAIL, RALLY
from rally.receipts.receipt import Stage
from rally.registry.study import Unmatched
from rally.withdrawal.fold import KEPT, RequestStatus, Verdict, judge_row
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.rules import LOOKING, Rules
from rally.withdrawal.withdrawal_list import RequestState
from tests.rally.withdrawal.event_logs import (
    Desk,
    X,
    Y,
    decided,
    joined,
    left,
    micros,
    study,
    uninstalled,
)

ACTIVE, HELD, REJECTED = RequestState.ACTIVE, RequestState.HELD, RequestState.REJECTED
CONFIRM, REJECT = Decides.CONFIRM, Decides.REJECT


def enrols(when, scope=X, who="p", deletion_id=None):
    return joined(who, when, scope, deletion_id, document="d")


def leaves(when, scope=X, who="p", **changes):
    return left(who, when, scope, document="d", **changes)


def told(withdrawals):
    """State of each request and why it is held, by scope and day; enrolments."""
    return (
        {
            (each.participant, each.scope, each.time): (each.state, each.held_for)
            for each in withdrawals.withdrawals
        },
        {(each.participant, each.scope, each.time) for each in withdrawals.enrolments},
    )


CASES = {
    "an enrolment as a withdrawal": (
        [enrols(10), leaves(20)],
        {("p", X, 20): (HELD, "reposted")},
        {("p", X, 10)},
    ),
    "an enrolment as a withdrawal from Rally": (
        [enrols(10), leaves(20, RALLY)],
        {("p", RALLY, 20): (HELD, "reposted")},
        {("p", X, 10)},
    ),
    "a withdrawal as an enrolment": (
        [leaves(10), enrols(20)],
        {("p", X, 10): (ACTIVE, "")},
        set(),
    ),
    "both at one time": (
        [enrols(10), leaves(10)],
        {("p", X, 10): (HELD, "reposted")},
        {("p", X, 10)},
    ),
    "a withdrawal sent again": (
        [leaves(10), leaves(20)],
        {("p", X, 10): (ACTIVE, "")},
        set(),
    ),
    "a study's withdrawal as Rally's": (
        [leaves(10), leaves(20, RALLY)],
        {("p", X, 10): (ACTIVE, ""), ("p", RALLY, 20): (HELD, "reposted")},
        set(),
    ),
    "an old enrolment after leaving": (
        [enrols(10), left("p", 20), enrols(30)],
        {("p", X, 20): (ACTIVE, "")},
        {("p", X, 10)},
    ),
    "an old enrolment in a study as one in Rally": (
        [enrols(10), left("p", 20, RALLY), enrols(30, RALLY)],
        {("p", RALLY, 20): (ACTIVE, "")},
        {("p", X, 10)},
    ),
    "all of it at once": (
        [enrols(10), enrols(11, RALLY), leaves(12), enrols(13), leaves(14, RALLY)],
        {("p", X, 12): (HELD, "reposted"), ("p", RALLY, 14): (HELD, "reposted")},
        {("p", X, 10)},
    ),
    "an enrolment as an uninstallation": (
        [enrols(10, RALLY, deletion_id="i"), uninstalled("i", 20, document_id="d")],
        {("p", RALLY, 20): (HELD, "reposted")},
        {("p", RALLY, 10)},
    ),
    "an uninstallation that is nobody's yet": (
        [uninstalled("i", 20, document_id="d"), uninstalled("i", 30, document_id="d")],
        {(None, RALLY, 20): (RequestState.UNRESOLVED, "")},
        set(),
    ),
    "somebody else's ping of the same document id": (
        [enrols(10, who="q"), leaves(20), enrols(5)],
        {("p", X, 20): (HELD, "reposted")},
        {("p", X, 5)},
    ),
    "only somebody else's": (
        [enrols(10, who="q"), leaves(20)],
        {("p", X, 20): (ACTIVE, "")},
        set(),
    ),
    "a letter": (
        [enrols(10), leaves(20, signal=MAIL)],
        {("p", X, 20): (ACTIVE, "")},
        {("p", X, 10)},
    ),
}


@pytest.mark.parametrize(("log", "requests", "enrolments"), CASES.values(), ids=CASES)
def test_the_first_copy_says_what_a_ping_means(log, requests, enrolments):
    """In whatever order the copies are in the log."""
    expected = (
        {(*key[:2], micros(key[2])): found for key, found in requests.items()},
        {(who, scope, micros(day)) for who, scope, day in enrolments},
    )
    for events in permutations(log):
        assert told(Desk().admit(list(events), 30)) == expected


def test_whoever_left_is_not_back_by_a_copy_and_is_by_a_new_enrolment():
    log = [enrols(10), left("p", 20), enrols(30), enrols(31, RALLY)]
    desk = Desk()
    person = desk.admit(log).people()["p"]
    assert judge_row(person, X, micros(40)).verdict is Verdict.UNENROLLED
    person = desk.admit([*log, joined("p", 35)]).people()["p"]
    assert judge_row(person, X, micros(40)) == KEPT


def test_nothing_of_theirs_goes_while_a_copy_is_held():
    person = Desk().admit([enrols(10), leaves(20)], 30).people()["p"]
    assert judge_row(person, X, micros(15)).verdict is Verdict.HELD
    assert judge_row(person, X, micros(25)).verdict is Verdict.HELD


@pytest.mark.parametrize(
    ("decision", "expected"), [(CONFIRM, ACTIVE), (REJECT, REJECTED)]
)
def test_a_person_decides_on_a_copy(decision, expected):
    desk, log = Desk(), [enrols(10), leaves(20)]
    assert desk.the(log, 21).state is HELD
    log.append(decided(decision, log[1], 22))
    assert desk.the(log, 23).state is expected
    assert desk.the(log, 60).state is expected


@pytest.mark.parametrize(("days", "until"), [(14.0, 35), (3.0, 24)])
def test_a_hold_that_nobody_decides_on_counts_after_its_days(days, until):
    """From when deletion first held it, so that somebody has had the time to see it."""
    desk, log = Desk(rules=Rules(hold_days=days)), [enrols(10), leaves(20)]
    held = desk.the(log, 21)
    assert (held.state, held.held_until) == (HELD, micros(until))
    assert desk.the(log, until - 1) == held
    found = desk.the(log, until)
    assert (found.state, found.held_for, found.held_until) == (ACTIVE, "", 0)
    assert (found.request, found.received) == (held.request, micros(20))
    assert found.stages == {Stage.REQUESTED: micros(20)}
    assert desk.the(log, 90) == found


def test_who_only_looks_ends_no_hold():
    """It can be decided on until deletion has let it count."""
    desk, log = Desk(), [enrols(10), leaves(20)]
    held = desk.the(log, 21)
    desk.rules = LOOKING
    assert desk.the(log, 90) == held
    desk.rules = Rules()
    log.append(decided(REJECT, log[1], 91))
    assert desk.the(log, 92).state is REJECTED


def test_a_hold_has_its_days_though_the_ping_is_old():
    held = Desk().the([enrols(10), leaves(20)], 90)
    assert (held.state, held.held_until) == (HELD, micros(104))


def test_a_mass_that_nobody_decides_on_counts_after_its_days():
    crowd = [joined(f"p{each}", 1) for each in range(3)]
    crowd += [left(f"p{each}", 20) for each in range(3)]
    desk = Desk(rules=Rules(hold_above_people=2))
    for when, expected in ((21, HELD), (34, HELD), (35, ACTIVE), (90, ACTIVE)):
        found = desk.admit(crowd, when).withdrawals
        assert [each.state for each in found] == [expected] * 3


def test_a_hold_for_want_of_an_enrolment_waits_on():
    desk = Desk(study(X, unmatched_withdrawals=Unmatched.HOLD))
    for when in (21, 60, 200):
        found = desk.the([left("p", 20)], when)
        assert (found.state, found.held_for, found.held_until) == (
            HELD, "unmatched", 0,
        )  # fmt: skip


def test_copies_hold_nobody_else():
    """Whoever has seen a hundred enrolments cannot have everybody's leaving held."""
    rules = Rules(hold_above_people=2)
    copied = [joined(f"p{each}", 10, document=f"d{each}") for each in range(9)]
    copied += [left(f"p{each}", 20, document=f"d{each}") for each in range(9)]
    found = Desk(rules=rules).admit([*copied, left("q", 20)], 21).withdrawals
    assert {each.participant for each in found if each.state is ACTIVE} == {"q"}
    assert {each.held_for for each in found} == {"", "reposted"}


def test_what_was_let_count_stays_when_its_first_copy_arrives_late():
    """As every request does that was active once; the enrolment counts from then."""
    desk = Desk()
    before = desk.the([leaves(20)], 21)
    after = desk.the([leaves(20), enrols(10)], 22)
    assert (after.status, after.request) == (RequestStatus.ACTIVE, before.request)
    assert desk.list.enrolments == (Enrolment("p", X, micros(10), "d"),)


def test_what_the_list_knows_of_first_copies_outlives_the_log():
    desk = Desk()
    desk.admit([enrols(10), left("p", 20)], 21)
    assert told(desk.admit([leaves(30, Y)], 31)) == (
        {
            ("p", X, micros(20)): (ACTIVE, ""),
            ("p", Y, micros(30)): (HELD, "reposted"),
        },
        {("p", X, micros(10))},
    )
