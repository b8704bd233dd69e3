"""A picture of withdrawals: one bar a state, in parts by age."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rally.audit.markup import Markup
from rally.audit.pictures import WIDTH, Bar, hatching, picture, words
from rally.audit.thresholds import NONE, Told, in_short, in_words, total

AGES = ("less than 7 days", "less than 30 days", "30 days and more")
KINDS = ("young", "old", "older")
"""Classes of the parts, in the order of AGES."""

_LEFT, _RIGHT = 104, 84
_ROW, _THICK = 34, 22
_LEAST, _GAP, _STUB = 2, 2, 14
_LETTER = 8


class Stack(NamedTuple):
    """One bar.

    Attributes:
        people: all of them.
        ages: of them, how many are of each of AGES.
    """

    people: Told
    ages: tuple[Told, ...]


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
        return (WIDTH - _LEFT - _RIGHT - others) / max(longest, 1)

    def _rows(self) -> Iterator[Markup]:
        for row, (state, stack) in enumerate(self.states.items()):
            top = row * _ROW + (_ROW - _THICK) / 2
            base = top + _THICK / 2 + 4
            yield words(state, _LEFT - 10, base, "end", "name")
            bars = list(self._bars(state, stack.ages, top))
            yield from (each.draw() for each in bars)
            yield from _numbers(bars, stack.ages, base)
            end = max((each.x + each.width for each in bars), default=_LEFT)
            yield words(in_short(stack.people), end + 8, base, "start", "name")

    def _bars(self, state: str, ages: Iterable[Told], y: float) -> Iterator[Bar]:
        x = float(_LEFT)
        for kind, age, told in zip(KINDS, AGES, ages, strict=True):
            width = _STUB if told.is_hidden else told.least * self._scale
            if told != NONE:
                title = f"{state}, {age}: {in_words(told)} people"
                hatched = self.name if told.is_hidden else None
                yield Bar(kind, x, y, max(width, _LEAST), _THICK, title, hatched)
                x += max(width, _LEAST) + _GAP


def _numbers(
    bars: Sequence[Bar], ages: Iterable[Told], base: float
) -> Iterator[Markup]:
    """What is told of the parts, of those that have room for it."""
    shown = (told for told in ages if told != NONE)
    for each, told in zip(bars, shown, strict=True):
        if len(in_short(told)) * _LETTER < each.width - _LETTER:
            x = each.x + each.width / 2
            yield words(in_short(told), x, base, "middle", f"on-{each.kind}")
