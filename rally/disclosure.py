"""Counts of people and rows, as they may leave the closed environment.

A small count may be one person's. So counts are rounded, and what is shown of several
is made of the rounded ones.
"""

from collections.abc import Iterable
from typing import NamedTuple

THRESHOLD = 10
"""Least number of rows or people that a report shows.

1 shows everything exactly, for eyes within the environment; 2, 3 and 4 hide little.
"""


class Disclosed(NamedTuple):
    """A count as it may be shown.

    Attributes:
        least: Lower bound of the count, included.
        below: Upper bound, excluded; 0 where `least` is the count itself.
    """

    least: int
    below: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether the lower bound is the count itself."""
        return not self.below

    @property
    def is_hidden(self) -> bool:
        """Whether the count is known only to be small, and not 0."""
        return self.below > 0 and not self.least


NONE = Disclosed(0)
"""The count of nothing, which is always shown."""


def round_count(number: int, threshold: int = THRESHOLD) -> Disclosed:
    """Rounds a number of rows or people down to a multiple of the threshold.

    0, and any number under a threshold of 1 are shown exactly.
    """
    if threshold <= 1 or not number:
        return Disclosed(number)
    least = number - number % threshold
    return Disclosed(least, least + threshold)


def total(parts: Iterable[Disclosed]) -> Disclosed:
    """Adds up disclosed counts, by their bounds alone."""
    counts = list(parts)
    least = sum(each.least for each in counts)
    if all(each.is_exact for each in counts):
        return Disclosed(least)
    return Disclosed(least, sum(each.below or each.least for each in counts))


def in_words(count: Disclosed) -> str:
    """Returns the count for a sentence: "7", "fewer than 10", "at least 1,230"."""
    if count.is_hidden:
        return f"fewer than {count.below:,}"
    return f"{count.least:,}" if count.is_exact else f"at least {count.least:,}"


def in_short(count: Disclosed) -> str:
    """Returns the count for a table or a chart: "7", "<10", "1,230+"."""
    if count.is_hidden:
        return f"<{count.below:,}"
    return f"{count.least:,}" if count.is_exact else f"{count.least:,}+"


def in_json(count: Disclosed) -> int | str:
    """Returns the count for a machine: 7, "<10", or 1230 for 1,230 and more."""
    return f"<{count.below}" if count.is_hidden else count.least
