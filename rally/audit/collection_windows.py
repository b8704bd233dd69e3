"""Finds the times at which rows of a study may have been sent.

These are the times at which it collected, and a little later.

A stream learns of an operator's decision within a minute; who pauses a study does not
break a promise by the pings of that minute.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from rally.registry.intervals import BEGIN, END, Interval
from rally.registry.study import Study
from rally.registry.transitions import States, StudyState
from rally.times import midnight, to_micros

STOP_DELAY = timedelta(minutes=10)
"""Time for which pings may still have been stored after a study stopped collecting."""

_DAY_MICROS = 86_400_000_000


class CollectionWindow(NamedTuple):
    """Times from `start` up to, and without, `end`, in microseconds."""

    start: int
    end: int

    def holds(self, time: int) -> bool:
        """Returns whether a time is in the window."""
        return self.start <= time < self.end


def window_of_day(day: str) -> CollectionWindow:
    """Returns the window of a date, in UTC."""
    start = to_micros(midnight(date.fromisoformat(day)))
    return CollectionWindow(start, start + _DAY_MICROS)


def collection_windows(states: States, study: Study) -> list[CollectionWindow]:
    """Returns when rows of a study may have been sent, in order, without overlaps."""
    windows: list[CollectionWindow] = []
    for start, end in pairwise([BEGIN, *states.changes(study), END]):
        if states.at(study, start) is StudyState.COLLECTING:
            late = to_micros(end) if end == END else to_micros(end + STOP_DELAY)
            window = CollectionWindow(to_micros(start), late)
            if windows and windows[-1].end >= window.start:
                window = CollectionWindow(windows.pop().start, window.end)
            windows.append(window)
    return windows


def approval_windows(intervals: Iterable[Interval]) -> list[CollectionWindow]:
    """Returns when rows may have been sent that reviews approve at these times."""
    return [
        CollectionWindow(
            to_micros(each.start),
            to_micros(each.end if each.end == END else each.end + STOP_DELAY),
        )
        for each in intervals
    ]


def clip_to_day(
    windows: list[CollectionWindow], day: CollectionWindow
) -> list[CollectionWindow]:
    """Returns the parts of a day that lie in these windows."""
    found = (
        CollectionWindow(max(each.start, day.start), min(each.end, day.end))
        for each in windows
    )
    return [each for each in found if each.start < each.end]
