"""Axes of time, and what they name."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.audit.report.time_axis import (
    Axis,
    Step,
    name_days,
    round_numbers,
    short_number,
)
from rally.disclosure import Disclosed


@pytest.mark.parametrize(
    ("step", "labels"),
    [
        (Step.DAY, ["2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01"]),
        (
            Step.WEEK,
            [
                "week of 2023-12-25",
                "week of 2024-01-01",
                "week of 2024-02-26",
                "week of 2024-02-26",
            ],
        ),
        (Step.MONTH, ["2023-12", "2024-01", "2024-02", "2024-03"]),
        (Step.YEAR, ["2023", "2024", "2024", "2024"]),
    ],
)
def test_period_of_a_day_has_a_name(step, labels):
    days = (date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29), date(2024, 3, 1))
    axis = Axis(step, days[0], days[-1])
    assert [axis.label(axis.index(day)) for day in days] == labels


@pytest.mark.parametrize(
    ("days", "step"),
    [(1, Step.DAY), (10, Step.DAY), (11, Step.WEEK), (64, Step.WEEK),
     (65, Step.MONTH), (299, Step.MONTH), (300, Step.YEAR), (99_999, Step.YEAR)],
)  # fmt: skip
def test_shortest_step_that_fits_is_taken(days, step):
    first = date(2024, 1, 7)  # a Sunday
    last = first + timedelta(days=days - 1)
    assert Axis.over([last, first], most=10).step is step


@given(st.lists(st.dates(), min_size=1), st.integers(1, 500))
def test_each_day_has_its_place(days, most):
    axis = Axis.over(days, most)
    places = [axis.index(day) for day in sorted(days)]
    assert axis.periods <= most or axis.step is Step.YEAR
    assert (places[0], places[-1]) == (0, axis.periods - 1)
    assert places == sorted(places)


def test_counts_of_a_period_are_summed():
    axis = Axis(Step.MONTH, date(2024, 1, 31), date(2024, 3, 1))
    counts = {
        date(2024, 3, 1): Disclosed(0, 10),
        date(2024, 1, 31): Disclosed(20, 30),
        date(2024, 3, 31): Disclosed(40, 50),
    }
    assert axis.gather(counts) == {0: Disclosed(20, 30), 2: Disclosed(40, 60)}


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ("2024-02-28", "2024-02-28", ["28 Feb 2024"]),
        ("2024-02-28", "2024-03-02", ["28 Feb 2024", "29 Feb 2024", "1 Mar 2024",
                                      "2 Mar 2024"]),
        ("2024-02-28", "2024-03-20", ["4 Mar 2024", "11 Mar 2024", "18 Mar 2024"]),
        ("2023-11-15", "2024-05-01", ["Dec 2023", "Jan 2024", "Feb 2024", "Mar 2024",
                                      "Apr 2024", "May 2024"]),
        ("2019-03-01", "2026-01-01", ["2020", "2021", "2022", "2023", "2024", "2025",
                                      "2026"]),
        ("0001-01-01", "9999-12-31", ["2000", "4000", "6000", "8000"]),
    ],
    ids=["a day", "days", "Mondays", "months", "years", "the calendar"],
)  # fmt: skip
def test_some_days_are_named(first, last, names):
    days = map(date.fromisoformat, (first, last))
    assert [name for _, name in name_days(*days)] == names


@given(st.dates(), st.dates())
def test_named_days_are_few_and_in_order(one, other):
    first, last = sorted((one, other))
    days = [day for day, _ in name_days(first, last)]
    assert len(days) <= 9
    assert all(first <= day <= last for day in days)
    assert all(before < after for before, after in pairwise(days))


@pytest.mark.parametrize(
    ("most", "numbers"),
    [
        (0, []),
        (10, [10]),
        (20, [10, 20]),
        (230, [100, 200]),
        (450, [200, 400]),
        (999, [500]),
        (1200, [500, 1000]),
        (3 * 10**9, [10**9, 2 * 10**9, 3 * 10**9]),
    ],
)
def test_axis_has_round_numbers_and_none_below_the_threshold(most, numbers):
    assert round_numbers(most, 3, 10) == numbers


@pytest.mark.parametrize(
    ("number", "short"),
    [(10, "10"), (500, "500"), (1000, "1k"), (1500, "1.5k"), (20_000, "20k"),
     (2_500_000, "2.5M"), (10**9, "1G")],
)  # fmt: skip
def test_round_number_is_short(number, short):
    assert short_number(number) == short
