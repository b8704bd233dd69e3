"""Rows may be sent while a study collects, and for some minutes after it stops."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rally.audit.collection_windows import (
    STOP_DELAY,
    CollectionWindow,
    collection_times,
    interval_of_day,
    until_stopped,
    windows_in,
)
from rally.registry.intervals import BEGIN, END, Interval
from rally.registry.transitions import States, StudyAction, StudyState, Transition
from rally.times import to_micros
from tests.support.world import GARDEN, POND

hours = st.integers(0, 24 * 40)


def hour(number):
    return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=number)


@given(
    decided=st.lists(
        st.tuples(
            st.sampled_from([StudyAction.PAUSE, StudyAction.RESUME, StudyAction.END]),
            hours,
        )
    ),
    asked=hours,
    study=st.sampled_from([GARDEN, POND]),
)
def test_rows_may_be_sent_while_a_study_collects_and_a_little_later(
    audited_registry, decided, asked, study
):
    log = [Transition(study, action, hour(at), "ann", "") for action, at in decided]
    states, found = States(audited_registry, log), audited_registry.studies[study]
    times = collection_times(states, found)
    minute = STOP_DELAY / 10
    for time in (hour(asked) + minute * each for each in range(-1, 13)):
        moments = [time - minute * each for each in range(10)]
        moments.append(time - STOP_DELAY + minute / 60)
        expected = any(
            states.at(found, each) is StudyState.COLLECTING for each in moments
        )
        assert expected == any(each.holds(time) for each in times)


def test_approved_times_that_meet_while_a_stream_stops_are_one():
    gap = timedelta(minutes=1)
    assert until_stopped(
        [
            Interval(hour(0), hour(1)),
            Interval(hour(1) + STOP_DELAY, hour(2)),
            Interval(hour(2) + STOP_DELAY + gap, END),
        ]
    ) == (
        Interval(hour(0), hour(2) + STOP_DELAY),
        Interval(hour(2) + STOP_DELAY + gap, END),
    )


def test_day_of_a_leap_year_is_a_whole_day():
    day = interval_of_day("2028-02-29")
    start, end = datetime(2028, 2, 29, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)
    assert day == (start, end)
    minute = timedelta(minutes=1)
    times = [Interval(BEGIN, start + minute), Interval(end - minute, END)]
    assert windows_in(times, day) == [
        CollectionWindow(to_micros(start), to_micros(start + minute)),
        CollectionWindow(to_micros(end - minute), to_micros(end)),
    ]
