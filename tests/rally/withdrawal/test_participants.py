"""How many people take part: who joined, less those who left."""

from datetime import UTC, datetime

import pytest

from rally.events import RALLY, Event, EventKind
from rally.times import to_micros
from rally.withdrawal.fold import RequestStatus as Status
from rally.withdrawal.participants import count_participants
from tests.rally.withdrawal.lists import joined, left, make_list

AT = datetime(2026, 6, 1, tzinfo=UTC)
NOW = to_micros(AT)
GARDEN, POND = "rally-garden", "rally-pond"


def event(person, scope=GARDEN, time=5, kind=EventKind.JOINED):
    signal = f"{scope}/study-enrollment.1"
    return Event(kind, scope, person, time, None, f"{person} {time}", signal)


def count(events, *records):
    return dict(count_participants(events, make_list(1, *records).people(), AT))


def test_everybody_counts_once_in_each_study():
    events = [
        *(event("a"), event("a", time=6), event("b")),
        *(event("a", POND), event("a", RALLY), event("b", RALLY)),
    ]
    assert count(events) == {GARDEN: 2, POND: 1, RALLY: 2}
    assert count([]) == {}


@pytest.mark.parametrize(
    "other",
    [
        event("c", time=NOW + 1),
        event(None),
        event("c", kind=EventKind.LEFT),
        event("c", kind=EventKind.ASKED),
    ],
    ids=["later", "nobody known", "leaves", "asks"],
)
def test_other_events_count_nobody(other):
    assert count([event("a"), other]) == {GARDEN: 1}


BACK = joined("a", GARDEN, 8)


@pytest.mark.parametrize(
    ("records", "takes_part"),
    [
        pytest.param([left("a", GARDEN, 7)], False, id="left"),
        pytest.param([left("a", RALLY, 7)], False, id="left Rally"),
        pytest.param([left("a", POND, 7)], True, id="left another study"),
        pytest.param([left("b", GARDEN, 7)], True, id="somebody else left"),
        pytest.param([left("a", GARDEN, 7), BACK], True, id="came back"),
        pytest.param([left("a", RALLY, 7), BACK], False, id="not back to Rally"),
        pytest.param(
            [left("a", RALLY, 7), BACK, joined("a", RALLY, 8, "another")],
            True,
            id="back to Rally",
        ),
        pytest.param([left("a", GARDEN, 7, Status.HELD)], True, id="held"),
        pytest.param([left("a", GARDEN, 7, Status.REJECTED)], True, id="rejected"),
        pytest.param([left("a", GARDEN, 7, deferred=[GARDEN])], False, id="deferred"),
    ],
)
def test_who_has_left_takes_no_part(records, takes_part):
    assert count([event("a")], *records) == ({GARDEN: 1} if takes_part else {})
