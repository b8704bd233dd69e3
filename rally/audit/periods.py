"""Days, weeks, months and years along an axis of time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import floor

from rally.audit.thresholds import Told, total
from rally.audit.ticks import name_days


class Step(StrEnum):
    """How long a period is. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    def place(self, day: date) -> float:
        """Where a day begins, on an axis where each period is 1 long."""
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
        """What the period at a place is called."""
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
        first: the first day that it shows.
        last: the last one.
    """

    step: Step
    first: date
    last: date

    @classmethod
    def over(
        cls, days: Iterable[date], most: int, steps: Sequence[Step] = tuple(Step)
    ) -> "Axis":
        """From the first of these days to the last, in the shortest fitting step.

        Args:
            days: at least one.
            most: periods that fit; of the longest step there may be more.
            steps: to choose from, the shortest first.
        """
        known = sorted(days)
        axes = [cls(step, known[0], known[-1]) for step in steps]
        return next((axis for axis in axes if axis.periods <= most), axes[-1])

    @property
    def periods(self) -> int:
        """How many there are."""
        return self.index(self.last) + 1

    def index(self, day: date) -> int:
        """Which period a day is in, from 0 on."""
        return floor(self.step.place(day)) - self._start

    def label(self, index: int) -> str:
        """What a period is called."""
        return self.step.label(self._start + index)

    def gather(self, counts: Mapping[date, Told]) -> dict[int, Told]:
        """What is told of each period, of those that have any."""
        parts: dict[int, list[Told]] = {}
        for day, told in sorted(counts.items()):
            parts.setdefault(self.index(day), []).append(told)
        return {index: total(told) for index, told in parts.items()}

    def ticks(self) -> Iterator[tuple[float, str]]:
        """A few days to name: where each stands, in periods from 0, and its name."""
        for day, name in name_days(self.first, self.last):
            yield self.step.place(day) - self._start, name

    @property
    def _start(self) -> int:
        return floor(self.step.place(self.first))
