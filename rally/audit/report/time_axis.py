"""Divides time into days, weeks, months or years along a chart's axis."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import count
from math import floor

from rally.disclosure import Disclosed, total

_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
)  # fmt: skip
_MOST = 8
_DAYS_APART = (1, 2, 7, 14)
_MONTHS_APART = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 24_000)
_DAYS_OF_MONTH = 30.44


def name_days(first: date, last: date) -> Iterator[tuple[date, str]]:
    """Yields some days of a time, evenly apart, and their names; both ends count."""
    days = (last - first).days + 1
    for apart in _DAYS_APART:
        if days <= apart * _MOST:
            return _every_days(first, last, apart)
    months = (each for each in _MONTHS_APART if days <= each * _DAYS_OF_MONTH * _MOST)
    return _every_months(first, last, next(months))


def round_numbers(most: int, lines: int, threshold: int) -> list[int]:
    """Returns round numbers for an axis that ends at `most`, the least first.

    They are at most `lines`, and 1, 2 or 5 times a power of ten apart. None is below
    the threshold: a page that says "no number below ten" should have none.
    """
    sizes = (digit * 10**power for power in count() for digit in (1, 2, 5))
    apart = next(size for size in sizes if most < size * (lines + 1))
    return [each for each in range(apart, most + 1, apart) if each >= threshold]


def short_number(number: int) -> str:
    """Returns a round number in a few letters: 500, 20k, 1.5M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size * 10 or (number >= size and not number % (size // 10)):
            return f"{number / size:g}{letter}"
    return f"{number}"


def _every_days(first: date, last: date, apart: int) -> Iterator[tuple[date, str]]:
    # day 1 of the calendar was a Monday: every 7 and 14 days are Mondays
    start = first.toordinal() + (1 - first.toordinal()) % apart
    for ordinal in range(start, last.toordinal() + 1, apart):
        day = date.fromordinal(ordinal)
        yield day, f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _every_months(first: date, last: date, apart: int) -> Iterator[tuple[date, str]]:
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    end = last.year * 12 + last.month
    for month in range(start + -start % apart, end, apart):
        year, place = divmod(month, 12)
        name = f"{year}" if apart % 12 == 0 else f"{_MONTHS[place]} {year}"
        yield date(year, place + 1, 1), name


class Step(StrEnum):
    """Length of a period. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    def place(self, day: date) -> float:
        """Returns the place of a day on an axis where each period is 1 long."""
        match self:
            case Step.DAY:
                return day.toordinal()
            case Step.WEEK:
                return (day.toordinal() - 1) / 7  # day 1 of the calendar was a Monday
            case Step.MONTH:
                return day.year * 12 + day.month - 1 + (day.day - 1) / 31
            case Step.YEAR:
                return day.year + (day.timetuple().tm_yday - 1) / 366

    def label(self, period: int) -> str:
        """Returns the name of the period at a place."""
        match self:
            case Step.DAY:
                return date.fromordinal(period).isoformat()
            case Step.WEEK:
                return f"week of {date.fromordinal(period * 7 + 1)}"
            case Step.MONTH:
                return f"{period // 12:04}-{period % 12 + 1:02}"
            case Step.YEAR:
                return f"{period:04}"


@dataclass(frozen=True, slots=True)
class Axis:
    """Periods of one length, one after the other.

    Attributes:
        step: Length of a period.
        first: First day of the axis.
        last: Last day of the axis.
    """

    step: Step
    first: date
    last: date

    @classmethod
    def over(
        cls, days: Iterable[date], most: int, steps: Sequence[Step] = tuple(Step)
    ) -> "Axis":
        """Returns an axis over these days, in the shortest step that fits.

        Args:
            days: Days, at least one.
            most: Number of periods that fit; the longest step may have more.
            steps: Steps to choose from, the shortest first.
        """
        known = sorted(days)
        axes = [cls(step, known[0], known[-1]) for step in steps]
        return next((axis for axis in axes if axis.periods <= most), axes[-1])

    @property
    def periods(self) -> int:
        """Number of periods."""
        return self.index(self.last) + 1

    def index(self, day: date) -> int:
        """Returns the number of the period that a day is in, from 0 on."""
        return floor(self.step.place(day)) - self._start

    def label(self, index: int) -> str:
        """Returns the name of a period."""
        return self.step.label(self._start + index)

    def gather(self, counts: Mapping[date, Disclosed]) -> dict[int, Disclosed]:
        """Adds counts up by period; a period that has none is left out."""
        parts: dict[int, list[Disclosed]] = {}
        for day, rows in sorted(counts.items()):
            parts.setdefault(self.index(day), []).append(rows)
        return {index: total(each) for index, each in parts.items()}

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yields the place and the name of a few days, the place in periods from 0."""
        for day, name in name_days(self.first, self.last):
            yield self.step.place(day) - self._start, name

    @property
    def _start(self) -> int:
        return floor(self.step.place(self.first))
