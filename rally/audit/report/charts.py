"""Draws the page's two charts: stacked bars of people, and bars of rows over time.

A chart is an SVG whose widths are shares of the room that the page has, while its
heights and its words have one size: so it fits a phone, a desk and a sheet of paper.
style.css leaves room for the words beside the plot, and hides labels of the class
`tight` where a figure is narrow.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rally.audit.report.time_axis import Axis, round_numbers, short_number
from rally.audit.report.wording import in_rows
from rally.disclosure import NONE, Disclosed, in_short, in_words, total
from rally.pages.markup import Markup, element
from rally.pages.shapes import line, percent

STUB_HEIGHT = 5
"""Height of each bar that stands for a hidden count, in pixels."""

STUB_WIDTH = 3
"""Width of each part of a stacked bar that stands for a hidden count, in percent."""

_TIGHT = "tight"

# Every size below is in pixels, or in percent of the plot's width where it says so.
_WIDE_FIGURE, _NARROW_FIGURE = 672, 254
"""Widths of figures: where style.css begins to hide labels, and on a small phone."""


class Bar(NamedTuple):
    """One bar, or one part of a stacked bar.

    Attributes:
        kind: Class that colours the bar.
        start: Left edge, in percent.
        width: Width, in percent.
        top: Upper edge.
        height: Height.
        title: Text that is shown when the bar is pointed at.
        chart: Name of the chart, for a bar that is hatched; else None.
    """

    kind: str
    start: float
    width: float
    top: float
    height: float
    title: str
    chart: str | None = None

    def draw(self) -> Markup:
        """Returns the bar as a rectangle."""
        return element(
            "rect",
            element("title", self.title),
            class_=None if self.chart else self.kind,
            fill=f"url(#{self.chart}-{self.kind})" if self.chart else None,
            x=percent(self.start),
            y=self.top,
            width=percent(self.width),
            height=self.height,
        )


def _chart(
    kind: str,
    name: str,
    height: float,
    title: str,
    description: str,
    hatched: Iterable[str],
    *shapes: Markup,
) -> Markup:
    """Returns a chart, with the words that say what it shows to who cannot see it.

    Args:
        kind: Class of the chart.
        name: Id of the chart; no other on the page has it.
        height: Height of the chart.
        title: Subject of the chart.
        description: Content of the chart in a sentence or two.
        hatched: Classes of bars that may be hatched, each in its own colour.
        shapes: Content of the chart.
    """
    ids = (f"{name}-title", f"{name}-text")
    return element(
        "svg",
        element("title", title, id=ids[0]),
        element("desc", description, id=ids[1]),
        element("defs", *(_hatching(f"{name}-{each}", each) for each in hatched)),
        *shapes,
        class_=kind,
        height=height,
        role="img",
        aria_labelledby=" ".join(ids),
    )


def _hatching(name: str, kind: str) -> Markup:
    strokes = element("path", d="M-1 1 1-1 M0 4 4 0 M3 5 5 3", class_=kind)
    units = "userSpaceOnUse"
    return element("pattern", strokes, id=name, width=4, height=4, patternUnits=units)


def _label(
    text: str, at: str, base: float, anchor: str, kind: str = "", aside: float = 0
) -> Markup:
    """Returns words whose start, middle or end is at a place and `aside` pixels on."""
    return element(
        "text",
        text,
        x=at,
        y=base,
        dx=aside or None,
        text_anchor=anchor,
        class_=kind or None,
    )


AGES = ("less than 7 days", "less than 30 days", "30 days and more")
"""Ages of requests, in the order in which a stacked bar shows them."""

KINDS = ("young", "old", "older")
"""Classes of the parts of a stacked bar, in the order of AGES."""

_ROW, _THICK = 34, 22
_BESIDE_STACKS = 188  # that style.css leaves to the left and to the right
_GAP, _LEAST_WIDTH = 0.4, 0.4  # percent
_LETTER = 8


class Stack(NamedTuple):
    """One stacked bar.

    Attributes:
        people: Number of all people.
        ages: Number of people of each of AGES.
    """

    people: Disclosed
    ages: tuple[Disclosed, ...]


class StackedBars(NamedTuple):
    """A chart of people by state and age of their request.

    Attributes:
        name: Id of the chart.
        title: Subject of the chart.
        states: Bars by the state that each shows; at least one.
    """

    name: str
    title: str
    states: Mapping[str, Stack]

    def draw(self) -> Markup:
        """Returns the chart."""
        said = "; ".join(
            f"{state}: {in_words(stack.people)}" for state, stack in self.states.items()
        )
        return _chart(
            "stacks",
            self.name,
            _ROW * len(self.states),
            self.title,
            f"People by state and age of their request. {said}.",
            KINDS,
            *self._rows(),
        )

    @property
    def _percent_of_one(self) -> float:
        """Width of one person, by the longest bar."""
        longest = max(total(stack.ages).least for stack in self.states.values())
        return (100 - (STUB_WIDTH + _GAP) * len(AGES)) / max(longest, 1)

    def _rows(self) -> Iterator[Markup]:
        for row, (state, stack) in enumerate(self.states.items()):
            top = row * _ROW + (_ROW - _THICK) / 2
            base = top + _THICK / 2 + 4
            yield _label(state, "0", base, "end", "name", -10)
            bars = list(self._bars(state, stack.ages, top))
            yield from (each.draw() for each in bars)
            yield from _numbers(bars, stack.ages, base)
            end = max((each.start + each.width for each in bars), default=0)
            people = in_short(stack.people)
            yield _label(people, percent(end), base, "start", "name", 8)

    def _bars(self, state: str, ages: Iterable[Disclosed], top: float) -> Iterator[Bar]:
        start = 0.0
        for kind, age, people in zip(KINDS, AGES, ages, strict=True):
            if people == NONE:
                continue
            width = max(people.least * self._percent_of_one, _LEAST_WIDTH)
            if people.is_hidden:
                width = STUB_WIDTH
            title = f"{state}, {age}: {in_words(people)} people"
            chart = self.name if people.is_hidden else None
            yield Bar(kind, start, width, top, _THICK, title, chart)
            start += width + _GAP


def _numbers(
    bars: Sequence[Bar], ages: Iterable[Disclosed], base: float
) -> Iterator[Markup]:
    """Yields the number of each part that has room for it."""
    shown = (people for people in ages if people != NONE)
    for bar, people in zip(bars, shown, strict=True):
        text = in_short(people)
        needed = (len(text) + 1) * _LETTER
        wide, narrow = (
            bar.width / 100 * (figure - _BESIDE_STACKS)
            for figure in (_WIDE_FIGURE, _NARROW_FIGURE)
        )
        if needed < wide:
            kind = f"on-{bar.kind}" + (f" {_TIGHT}" if needed >= narrow else "")
            middle = percent(bar.start + bar.width / 2)
            yield _label(text, middle, base, "middle", kind)


_ABOVE, _BELOW = 10, 24
_BESIDE_BARS = 60  # that style.css leaves to the left and to the right
_OVERDUE = 11.5  # percent that are kept for the bar of what is overdue
_OVERDUE_MIDDLE, _OVERDUE_WIDTH, _OVERDUE_BASE = 2.25, 3.5, 4.5  # percent
_BETWEEN_LINES = 28
_FLAT = 20
_LEAST_HEIGHT = 1.5
_TICK_LABEL = 76
_BEHIND_OVERDUE = 54  # from the middle of "overdue" to that of the first name


@dataclass(frozen=True, slots=True)
class TimeBars:
    """A chart of rows by period.

    Attributes:
        name: Id of the chart.
        title: Subject of the chart.
        axis: Periods of the chart.
        counts: Rows by period, where there are any.
        threshold: Least number of rows that is shown.
        overdue: Rows that have a bar of their own before the axis.
        tallest: Height of the tallest bar.
        widest: Most that a period takes of the width, in percent.
    """

    name: str
    title: str
    axis: Axis
    counts: Mapping[int, Disclosed]
    threshold: int
    overdue: Disclosed = NONE
    tallest: float = 84
    widest: float = 3

    def draw(self) -> Markup:
        """Returns the chart."""
        return _chart(
            "time",
            self.name,
            self._base + _BELOW,
            self.title,
            self._description(),
            ("rows", "late"),
            *self._lines(),
            *self._ticks(),
            *self._bars(),
            *self._overdue_bar(),
            line("base", percent(self._left), self._base, "100%", self._base),
        )

    @property
    def has_overdue(self) -> bool:
        """Whether any row is overdue."""
        return self.overdue != NONE

    @property
    def _base(self) -> float:
        return _ABOVE + (self.tallest if self._most else _FLAT)

    @property
    def _left(self) -> float:
        return _OVERDUE if self.has_overdue else 0

    @property
    def _slot(self) -> float:
        return min((100 - self._left) / self.axis.periods, self.widest)

    @property
    def _most(self) -> int:
        return max(rows.least for rows in (*self.counts.values(), self.overdue))

    def _description(self) -> str:
        axis = self.axis
        said = f"One bar a {axis.step}, from {axis.first} to {axis.last}."
        index = max(self.counts, key=lambda index: self.counts[index].least, default=0)
        if index in self.counts:
            most = in_rows(self.counts[index])
            said += f" The most: {most}, {axis.label(index)}."
        if self.has_overdue:
            said += f" Overdue: {in_rows(self.overdue)}."
        return said

    def _lines(self) -> Iterator[Markup]:
        """Yields the lines of round numbers."""
        lines = round(self.tallest / _BETWEEN_LINES)
        for number in round_numbers(self._most, lines, self.threshold):
            y = self._base - number / self._most * self.tallest
            yield line("grid", "0", y, "100%", y)
            yield _label(short_number(number), "0", y + 4, "end", aside=-6)

    def _ticks(self) -> Iterator[Markup]:
        """Yields names of days, as many as a wide figure has room for.

        A day whose name a narrow figure has no room for is tight.
        """
        wide, narrow = (
            _TickRoom(figure - _BESIDE_BARS, has_overdue=self.has_overdue)
            for figure in (_WIDE_FIGURE, _NARROW_FIGURE)
        )
        for place, name in self.axis.ticks():
            at = self._left + place * self._slot
            if not wide.take(at):
                continue
            is_last = wide.is_last(at)
            fits = narrow.is_last(at) == is_last and narrow.take(at)
            kind = "" if fits else _TIGHT
            anchor = "end" if is_last else "middle"
            x = percent(at)
            yield line(f"tick {kind}".rstrip(), x, self._base, x, self._base + 4)
            yield _label(name, x, self._base + 17, anchor, kind)

    def _bars(self) -> Iterator[Markup]:
        gap = self._slot / 8
        for index, rows in self.counts.items():
            start, name = self._left + index * self._slot, self.axis.label(index)
            if rows.is_hidden:  # no gaps: the hatching runs on from day to day
                yield self._bar("rows", start, self._slot, rows, name)
            elif rows.least:
                width = self._slot - gap
                yield self._bar("rows", start + gap / 2, width, rows, name)

    def _overdue_bar(self) -> Iterator[Markup]:
        if not self.has_overdue:
            return
        start, width = _OVERDUE_MIDDLE - _OVERDUE_WIDTH / 2, _OVERDUE_WIDTH
        yield self._bar("late", start, width, self.overdue, "overdue")
        middle = percent(_OVERDUE_MIDDLE)
        yield _label("overdue", middle, self._base + 17, "middle")
        yield line("base", "0", self._base, percent(_OVERDUE_BASE), self._base)

    def _bar(
        self, kind: str, start: float, width: float, rows: Disclosed, name: str
    ) -> Markup:
        height = max(rows.least / (self._most or 1) * self.tallest, _LEAST_HEIGHT)
        if rows.is_hidden:
            height = STUB_HEIGHT
        title = f"{name}: {in_rows(rows)}"
        chart = self.name if rows.is_hidden else None
        top = self._base - height
        return Bar(kind, start, width, top, height, title, chart).draw()


class _TickRoom:
    """Room for the names of days below a plot, from left to right."""

    def __init__(self, plot: float, *, has_overdue: bool) -> None:
        """Begins with an empty row, but for the word below what is overdue."""
        self._plot = plot
        middle = _OVERDUE_MIDDLE / 100 * plot
        self._free = middle + _BEHIND_OVERDUE if has_overdue else 0.0

    def take(self, at: float) -> bool:
        """Takes room for a name at a place, in percent; returns whether it had any."""
        x = at / 100 * self._plot
        if x < self._free:
            return False
        self._free = x + _TICK_LABEL
        return True

    def is_last(self, at: float) -> bool:
        """Returns whether a name has to end at its tick, since the plot ends there."""
        return at / 100 * self._plot > self._plot - _TICK_LABEL / 2
