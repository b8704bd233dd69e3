"""Times as sorted intervals that do not touch, each without its end."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

BEGIN = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


class Interval(NamedTuple):
    """All times from `start` up to, and without, `end`."""

    start: datetime
    end: datetime

    def holds(self, time: datetime) -> bool:
        """Tells whether a time is in it."""
        return self.start <= time < self.end


ALWAYS = (Interval(BEGIN, END),)


def last_day(end: datetime) -> date:
    """Gives the last day of which some time is before an end."""
    return (end - timedelta(microseconds=1)).date()


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Gives the times that are in any of the intervals."""
    found = list[Interval]()
    for each in sorted(intervals):
        if each.start >= each.end:
            continue
        if found and each.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return tuple(found)


def intersection(
    some: Iterable[Interval], others: Iterable[Interval]
) -> tuple[Interval, ...]:
    """Gives the times that are in one of some and in one of the others."""
    others = list(others)
    return union(
        Interval(max(one.start, other.start), min(one.end, other.end))
        for one in some
        for other in others
    )


def complement(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Gives the times that are in none of the intervals."""
    found, start = list[Interval](), BEGIN
    for each in union(intervals):
        found.append(Interval(start, each.start))
        start = each.end
    return union([*found, Interval(start, END)])
