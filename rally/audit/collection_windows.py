"""Finds the times at which rows of a study may have been sent.

These are the times at which it collected, and a little later.

A stream learns of an operator's decision within a minute; who pauses a study does not
break a promise by the pings of that minute.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from rally.registry.intervals import BEGIN, END, Interval, intersection, union
from rally.registry.study import Study
from rally.registry.transitions import States, StudyState
from rally.times import midnight, to_micros

STOP_DELAY = timedelta(minutes=10)
"""Time for which pings may still have been stored after a study stopped collecting."""


class CollectionWindow(NamedTuple):
    """Times from `start` up to, and without, `end`, in microseconds of rows."""

    start: int
    end: int

    def holds(self, time: int) -> bool:
        """Returns whether a time is in the window."""
        return self.start <= time < self.end


def interval_of_day(day: str) -> Interval:
    """Returns the times of a date, in UTC."""
    start = midnight(date.fromisoformat(day))
    return Interval(start, start + timedelta(days=1))


def collection_times(states: States, study: Study) -> tuple[Interval, ...]:
    """Returns when rows of a study may have been sent."""
    return until_stopped(
        Interval(start, end)
        for start, end in pairwise([BEGIN, *states.changes(study), END])
        if states.at(study, start) is StudyState.COLLECTING
    )


def until_stopped(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Prolongs intervals by the time for which pings may still have been stored."""
    return union(
        each if each.end == END else Interval(each.start, each.end + STOP_DELAY)
        for each in intervals
    )


def windows_in(times: Iterable[Interval], day: Interval) -> list[CollectionWindow]:
    """Returns the parts of a day that lie in some times."""
    return [window_of(each) for each in intersection(times, [day])]


def window_of(interval: Interval) -> CollectionWindow:
    """Returns the window of an interval."""
    return CollectionWindow(to_micros(interval.start), to_micros(interval.end))
