"""Rows may be sent while a study collects, and for some minutes after it stops."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rally.audit.collection_windows import (
    STOP_DELAY,
    CollectionWindow,
    clip_to_day,
    collection_windows,
    window_of_day,
)
from rally.registry.transitions import States, StudyAction, StudyState, Transition
from rally.times import from_micros, to_micros
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
    windows = collection_windows(states, found)
    minute = STOP_DELAY / 10
    for time in (hour(asked) + minute * each for each in range(-1, 13)):
        moments = [time - minute * each for each in range(10)]
        moments.append(time - STOP_DELAY + minute / 60)
        expected = any(
            states.at(found, each) is StudyState.COLLECTING for each in moments
        )
        assert expected == any(window.holds(to_micros(time)) for window in windows)


def test_day_of_a_leap_year_is_a_whole_day():
    day = window_of_day("2028-02-29")
    assert from_micros(day.start) == datetime(2028, 2, 29, tzinfo=UTC)
    assert from_micros(day.end) == datetime(2028, 3, 1, tzinfo=UTC)
    assert clip_to_day(
        [CollectionWindow(0, day.start + 5), CollectionWindow(day.end - 5, 2**60)], day
    ) == [
        CollectionWindow(day.start, day.start + 5),
        CollectionWindow(day.end - 5, day.end),
    ]
