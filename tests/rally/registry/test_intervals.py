"""Intervals against what they stand for: a set of times."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.registry.intervals import (
    ALWAYS,
    BEGIN,
    END,
    Interval,
    complement,
    intersection,
    union,
)
from rally.times import midnight

LAST = 12
TIMES = [datetime(2022, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(LAST)]
EDGES = [BEGIN, *TIMES, END]
SAMPLES = [BEGIN, *TIMES, *(each + timedelta(minutes=1) for each in TIMES)]

INTERVALS = st.lists(
    st.builds(Interval, st.sampled_from(EDGES), st.sampled_from(EDGES)), max_size=6
)


def times(intervals):
    """The sampled times that are in any of the intervals."""
    return {each for each in SAMPLES if any(it.holds(each) for it in intervals)}


def is_canonical(intervals):
    """Whether intervals are sorted, not empty, and touch each other nowhere."""
    edges = [edge for each in intervals for edge in each]
    return edges == sorted(set(edges))


@given(INTERVALS)
def test_union_has_the_times_of_each(intervals):
    found = union(intervals)
    assert times(found) == times(intervals)
    assert is_canonical(found)
    assert union(found) == found
    assert union(reversed(intervals)) == found


@given(INTERVALS, INTERVALS)
def test_intersection_has_the_times_of_both(some, others):
    found = intersection(some, others)
    assert times(found) == times(some) & times(others)
    assert is_canonical(found)
    assert intersection(others, some) == found


@given(INTERVALS)
def test_complement_has_all_other_times(intervals):
    found = complement(intervals)
    assert times(found) == set(SAMPLES) - times(intervals)
    assert is_canonical(found)
    assert complement(found) == union(intervals)


@given(INTERVALS, INTERVALS)
def test_what_is_in_neither_is_outside_of_both(some, others):
    outside = intersection(complement(some), complement(others))
    assert complement([*some, *others]) == outside


def test_iterators_are_read_once():
    one, two = Interval(TIMES[0], TIMES[2]), Interval(TIMES[1], TIMES[3])
    assert union(iter([two, one])) == (Interval(TIMES[0], TIMES[3]),)
    assert intersection(iter([one, two]), iter([two])) == (two,)
    assert complement(iter([one])) == (
        Interval(BEGIN, TIMES[0]),
        Interval(TIMES[2], END),
    )


def test_end_is_no_part_of_an_interval():
    noon = datetime(2022, 1, 1, 12, tzinfo=UTC)
    hour = Interval(noon, noon + timedelta(hours=1))
    assert hour.holds(noon)
    assert hour.holds(hour.end - timedelta(microseconds=1))
    assert not hour.holds(hour.end)
    assert not hour.holds(noon - timedelta(microseconds=1))
    assert not Interval(noon, noon).holds(noon)


def test_nothing_and_always_are_each_others_complement():
    assert complement(()) == ALWAYS
    assert complement(ALWAYS) == ()
    assert intersection(ALWAYS, ALWAYS) == ALWAYS
    assert union(()) == intersection(ALWAYS, ()) == ()


@pytest.mark.parametrize(
    "day", [date(2000, 1, 1), date(2022, 2, 28), date(2199, 12, 31)]
)
def test_midnight_begins_a_day_in_utc(day):
    assert midnight(day).isoformat() == f"{day}T00:00:00+00:00"
