"""How counts of rows and of people may be told outside of the closed environment.

One rule: no count below a threshold, neither told nor to be worked out. So a count is
told as the multiple of the threshold below it, and what is below the threshold itself
as no more than that. Hiding the small ones alone would not do: 203 rows of a day, of
which 200 expire on one day and "fewer than 10" on another, are 3 on that one. Nor
would it as days pass: 203 yesterday and 200 today are a person who left. Objects and
studies are told as they are.
"""

from collections.abc import Iterable
from typing import NamedTuple

from rally.audit.findings import Unit

THRESHOLD = 10
"""Below this many rows or people no number is told.

1 tells everything exactly, for eyes within the environment; 2, 3 and 4 hide little.
"""

_GUARDED = (Unit.ROWS, Unit.PEOPLE)
_ONE = {Unit.PEOPLE: "person", Unit.STUDIES: "study"}


class Told(NamedTuple):
    """A count, as it may be told.

    Attributes:
        least: the count is this or more.
        below: the count is less than this; 0 where `least` is the count itself.
    """

    least: int
    below: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether it is the count itself."""
        return not self.below

    @property
    def is_hidden(self) -> bool:
        """Whether all that is told of it is that it is small, and not none."""
        return self.below > 0 and not self.least


NONE = Told(0)
"""Nothing to count: 0 is told as 0."""


def tell_count(number: int, unit: Unit, threshold: int) -> Told:
    """What may be told of a number; of a threshold of 1, or of none at all, all."""
    if unit not in _GUARDED or threshold <= 1 or not number:
        return Told(number)
    least = number - number % threshold
    return Told(least, least + threshold)


def total(parts: Iterable[Told]) -> Told:
    """What is known of a sum by who knows no more of its parts than was told."""
    told = list(parts)
    least = sum(each.least for each in told)
    if all(each.is_exact for each in told):
        return Told(least)
    return Told(least, sum(each.below or each.least for each in told))


def in_words(told: Told) -> str:
    """The count for a sentence: "7", "fewer than 10", "at least 1,230"."""
    if told.is_hidden:
        return f"fewer than {told.below:,}"
    return f"{told.least:,}" if told.is_exact else f"at least {told.least:,}"


def in_short(told: Told) -> str:
    """The count for a table or a picture: "7", "<10", "1,230+"."""
    if told.is_hidden:
        return f"<{told.below:,}"
    return f"{told.least:,}" if told.is_exact else f"{told.least:,}+"


def unit_of(told: Told, unit: Unit) -> str:
    """The word that follows the count: "1 row", "<10 rows", "1 person"."""
    if told != Told(1):
        return unit
    return _ONE.get(unit, unit.removesuffix("s"))
