"""When rows of a study may have been sent: while it collected, or a little later.

A stream learns of an operator's decision within a minute; who pauses a study does not
break a promise by the pings of that minute.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from rally.registry.study import Study
from rally.registry.transitions import States, StudyState
from rally.times import to_micros

TOLD_LATE = timedelta(minutes=10)
"""So long after a study stopped collecting its pings may still have been stored."""

_BEGIN = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_A_DAY = 86_400_000_000


class CollectionWindow(NamedTuple):
    """Times from `start` up to, and without, `end`, in microseconds."""

    start: int
    end: int

    def holds(self, time: int) -> bool:
        """Whether a time is in it."""
        return self.start <= time < self.end


def window_of_day(day: str) -> CollectionWindow:
    """A date, in UTC."""
    midnight = datetime.combine(date.fromisoformat(day), time.min, UTC)
    return CollectionWindow(to_micros(midnight), to_micros(midnight) + _A_DAY)


def collection_windows(states: States, study: Study) -> list[CollectionWindow]:
    """When rows of a study may have been sent, in order; none overlaps another."""
    spans: list[CollectionWindow] = []
    for start, end in pairwise([_BEGIN, *states.changes(study), _END]):
        if states.at(study, start) is StudyState.COLLECTING:
            late = to_micros(end) if end == _END else to_micros(end + TOLD_LATE)
            span = CollectionWindow(to_micros(start), late)
            if spans and spans[-1].end >= span.start:
                span = CollectionWindow(spans.pop().start, span.end)
            spans.append(span)
    return spans


def within(
    spans: list[CollectionWindow], day: CollectionWindow
) -> list[CollectionWindow]:
    """What of a day is in these spans."""
    found = (
        CollectionWindow(max(each.start, day.start), min(each.end, day.end))
        for each in spans
    )
    return [each for each in found if each.start < each.end]
