"""A picture of rows over time: one bar a period."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rally.audit.report.disclosure import NONE, Disclosed, in_short, in_words, total
from rally.audit.report.time_axis import Axis, round_numbers, short_number
from rally.audit.report.wording import in_rows
from rally.printing import visible

_VOID = frozenset({"br", "meta"})


class Markup(str):
    """What is HTML already; made here only, and of constants."""

    __slots__ = ()


def element(name: str, /, *inside: str, **attributes: str | float | None) -> Markup:
    """An element, as well-formed XML.

    Args:
        name: of the element.
        inside: text, which is escaped, and Markup, which is not.
        attributes: by name, `aria_label` for `aria-label` and `class_` for `class`;
            numbers are lengths, to a hundredth. None is left out.
    """
    words = "".join(
        f' {_attribute(key)}="{html.escape(visible(_value(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{words} />")
    return Markup(f"<{name}{words}>{join(inside)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """One after the other; text is escaped."""
    return Markup(
        "".join(
            part if isinstance(part, Markup) else html.escape(visible(part))
            for part in parts
        )
    )


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


WIDTH = 860
STUB = 5
"""Height or width of what stands for a hidden count: the same for each."""


def picture(name: str, height: float, title: str, text: str, *inside: str) -> Markup:
    """A picture that says what it shows to who cannot see it.

    Args:
        name: an id, of letters, digits and hyphens; no other on the page has it.
        height: of the box.
        title: what it is.
        text: what there is to see.
        inside: shapes.
    """
    words = (f"{name}-title", f"{name}-text")
    return element(
        "svg",
        element("title", title, id=words[0]),
        element("desc", text, id=words[1]),
        *inside,
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=" ".join(words),
    )


def hatching(name: str, *kinds: str) -> Markup:
    """The patterns of hidden counts in a picture: thin lines that slant.

    Args:
        name: of the picture.
        kinds: classes of bars, each hatched in its own colour.
    """
    return element("defs", *(_pattern(f"{name}-{kind}", kind) for kind in kinds))


class Bar(NamedTuple):
    """A rectangle.

    Attributes:
        kind: class that colours it.
        title: what it says when it is pointed at.
        hatched: the picture, of which it takes the pattern of its kind; else None.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str
    hatched: str | None = None

    def draw(self) -> Markup:
        """The shape."""
        return element(
            "rect",
            element("title", self.title),
            class_=None if self.hatched else self.kind,
            fill=f"url(#{self.hatched}-{self.kind})" if self.hatched else None,
            x=self.x,
            y=self.y,
            width=self.width,
            height=self.height,
        )


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A line."""
    return element("line", class_=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def words(
    text: str, x: float, y: float, anchor: str, kind: str | None = None
) -> Markup:
    """Words, whose start, middle or end is at x, and whose base line is at y."""
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=kind)


def _pattern(name: str, kind: str) -> Markup:
    strokes = element("path", d="M-1 1 1-1 M0 4 4 0 M3 5 5 3", class_=f"hatch {kind}")
    units = "userSpaceOnUse"
    return element("pattern", strokes, id=name, width=4, height=4, patternUnits=units)


AGES = ("less than 7 days", "less than 30 days", "30 days and more")
KINDS = ("young", "old", "older")
"""Classes of the parts, in the order of AGES."""

_STACKS_LEFT, _STACKS_RIGHT = 104, 84
_ROW, _THICK = 34, 22
_STACKS_LEAST, _GAP, _STUB = 2, 2, 14
_LETTER = 8


class Stack(NamedTuple):
    """One bar.

    Attributes:
        people: all of them.
        ages: of them, how many are of each of AGES.
    """

    people: Disclosed
    ages: tuple[Disclosed, ...]


class StackedBars(NamedTuple):
    """What is drawn.

    Attributes:
        name: id of the picture.
        title: what it is.
        states: bars by what stands beside them; at least one.
    """

    name: str
    title: str
    states: Mapping[str, Stack]

    def draw(self) -> Markup:
        """The picture."""
        return picture(
            self.name,
            _ROW * len(self.states),
            self.title,
            self._text(),
            hatching(self.name, *KINDS),
            *self._rows(),
        )

    def _text(self) -> str:
        bars = self.states.items()
        said = "; ".join(f"{state}: {in_words(bar.people)}" for state, bar in bars)
        return f"People by state and age of their request. {said}."

    @property
    def _scale(self) -> float:
        """Of the longest bar's people, how long one is."""
        longest = max(total(bar.ages).least for bar in self.states.values())
        others = (_STUB + _GAP) * len(AGES)
        return (WIDTH - _STACKS_LEFT - _STACKS_RIGHT - others) / max(longest, 1)

    def _rows(self) -> Iterator[Markup]:
        for row, (state, stack) in enumerate(self.states.items()):
            top = row * _ROW + (_ROW - _THICK) / 2
            base = top + _THICK / 2 + 4
            yield words(state, _STACKS_LEFT - 10, base, "end", "name")
            bars = list(self._bars(state, stack.ages, top))
            yield from (each.draw() for each in bars)
            yield from _numbers(bars, stack.ages, base)
            end = max((each.x + each.width for each in bars), default=_STACKS_LEFT)
            yield words(in_short(stack.people), end + 8, base, "start", "name")

    def _bars(self, state: str, ages: Iterable[Disclosed], y: float) -> Iterator[Bar]:
        x = float(_STACKS_LEFT)
        for kind, age, told in zip(KINDS, AGES, ages, strict=True):
            width = _STUB if told.is_hidden else told.least * self._scale
            if told != NONE:
                title = f"{state}, {age}: {in_words(told)} people"
                hatched = self.name if told.is_hidden else None
                yield Bar(kind, x, y, max(width, _STACKS_LEAST), _THICK, title, hatched)
                x += max(width, _STACKS_LEAST) + _GAP


def _numbers(
    bars: Sequence[Bar], ages: Iterable[Disclosed], base: float
) -> Iterator[Markup]:
    """What is told of the parts, of those that have room for it."""
    shown = (told for told in ages if told != NONE)
    for each, told in zip(bars, shown, strict=True):
        if len(in_short(told)) * _LETTER < each.width - _LETTER:
            x = each.x + each.width / 2
            yield words(in_short(told), x, base, "middle", f"on-{each.kind}")


_BARS_LEFT, _BARS_RIGHT, _TOP, _BOTTOM = 52, 8, 10, 24
_ASIDE = 92
_BETWEEN_LINES = 28
_FLAT = 20
_BARS_LEAST = 1.5
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
    counts: Mapping[int, Disclosed]
    threshold: int
    overdue: Disclosed = NONE
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
            line("base", self._left, self._base, WIDTH - _BARS_RIGHT, self._base),
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
        return _BARS_LEFT + (_ASIDE if self.is_late else 0)

    @property
    def _slot(self) -> float:
        return min((WIDTH - _BARS_RIGHT - self._left) / self.axis.periods, self.widest)

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

    def _height_of(self, told: Disclosed) -> float:
        return max(told.least / self._most * self.tallest, _BARS_LEAST)

    def _numbers(self) -> Iterator[Markup]:
        lines = round(self.tallest / _BETWEEN_LINES)
        for number in round_numbers(self._most, lines, self.threshold):
            y = self._base - number / self._most * self.tallest
            yield line("grid", _BARS_LEFT, y, WIDTH - _BARS_RIGHT, y)
            yield words(short_number(number), _BARS_LEFT - 6, y + 4, "end")

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
            yield self._bar("late", _BARS_LEFT + 4, 28, self.overdue, "overdue")
            yield words("overdue", _BARS_LEFT + 18, self._base + 17, "middle")
            yield line("base", _BARS_LEFT, self._base, _BARS_LEFT + 36, self._base)

    def _bar(
        self, kind: str, x: float, width: float, told: Disclosed, name: str
    ) -> Markup:
        height = STUB if told.is_hidden else self._height_of(told)
        title = f"{name}: {in_rows(told)}"
        hatched = self.name if told.is_hidden else None
        y = self._base - height
        return Bar(kind, x, y, width, height, title, hatched).draw()
