"""A picture of rows over time: one bar a period."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rally.audit.markup import Markup
from rally.audit.periods import Axis
from rally.audit.pictures import STUB, WIDTH, Bar, hatching, line, picture, words
from rally.audit.report.wording import in_rows
from rally.audit.thresholds import NONE, Told
from rally.audit.ticks import round_numbers, short_number

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 10, 24
_ASIDE = 92
_BETWEEN_LINES = 28
_FLAT = 20
_LEAST = 1.5
_LABEL = 76


@dataclass(frozen=True, slots=True)
class TimeBars:
    """What is drawn.

    Attributes:
        name: id of the picture.
        title: what it is.
        axis: its periods.
        counts: rows by period, where there are any.
        threshold: below which nothing is told.
        overdue: rows that stand before the axis, in the colour of what is late.
        tallest: height of the tallest bar.
        widest: width of a bar where there is room for it, with the gap beside it.
    """

    name: str
    title: str
    axis: Axis
    counts: Mapping[int, Told]
    threshold: int
    overdue: Told = NONE
    tallest: float = 84
    widest: float = 24

    def draw(self) -> Markup:
        """The picture."""
        return picture(
            self.name,
            self._base + _BOTTOM,
            self.title,
            self._text(),
            hatching(self.name, "rows", "late"),
            *self._numbers(),
            *self._days(),
            *self._bars(),
            *self._late(),
            line("base", self._left, self._base, WIDTH - _RIGHT, self._base),
        )

    @property
    def is_late(self) -> bool:
        """Whether anything is overdue."""
        return self.overdue != NONE

    @property
    def _base(self) -> float:
        return _TOP + (self.tallest if self._most else _FLAT)

    @property
    def _left(self) -> float:
        return _LEFT + (_ASIDE if self.is_late else 0)

    @property
    def _slot(self) -> float:
        return min((WIDTH - _RIGHT - self._left) / self.axis.periods, self.widest)

    @property
    def _most(self) -> int:
        return max(told.least for told in (*self.counts.values(), self.overdue))

    def _text(self) -> str:
        axis = self.axis
        said = f"One bar a {axis.step}, from {axis.first} to {axis.last}."
        index = max(self.counts, key=lambda index: self.counts[index].least, default=0)
        if index in self.counts:
            most = in_rows(self.counts[index])
            said += f" The most: {most}, {axis.label(index)}."
        if self.is_late:
            said += f" Overdue: {in_rows(self.overdue)}."
        return said

    def _height_of(self, told: Told) -> float:
        return max(told.least / self._most * self.tallest, _LEAST)

    def _numbers(self) -> Iterator[Markup]:
        lines = round(self.tallest / _BETWEEN_LINES)
        for number in round_numbers(self._most, lines, self.threshold):
            y = self._base - number / self._most * self.tallest
            yield line("grid", _LEFT, y, WIDTH - _RIGHT, y)
            yield words(short_number(number), _LEFT - 6, y + 4, "end")

    def _days(self) -> Iterator[Markup]:
        free = 0.0
        for place, name in self.axis.ticks():
            x = self._left + place * self._slot
            if x >= free:
                anchor = "end" if x > WIDTH - _LABEL / 2 else "middle"
                yield line("tick", x, self._base, x, self._base + 4)
                yield words(name, x, self._base + 17, anchor)
                free = x + _LABEL

    def _bars(self) -> Iterator[Markup]:
        gap = min(self._slot / 5, 2)
        for index, told in self.counts.items():
            x, name = self._left + index * self._slot, self.axis.label(index)
            if told.is_hidden:  # no gaps: the hatching runs on from day to day
                yield self._bar("rows", x, self._slot, told, name)
            elif told.least:
                yield self._bar("rows", x + gap / 2, self._slot - gap, told, name)

    def _late(self) -> Iterator[Markup]:
        if self.is_late:
            yield self._bar("late", _LEFT + 4, 28, self.overdue, "overdue")
            yield words("overdue", _LEFT + 18, self._base + 17, "middle")
            yield line("base", _LEFT, self._base, _LEFT + 36, self._base)

    def _bar(self, kind: str, x: float, width: float, told: Told, name: str) -> Markup:
        height = STUB if told.is_hidden else self._height_of(told)
        title = f"{name}: {in_rows(told)}"
        hatched = self.name if told.is_hidden else None
        y = self._base - height
        return Bar(kind, x, y, width, height, title, hatched).draw()
