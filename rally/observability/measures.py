"""Collects what a worker measures beside outcomes: how late, how large, how much.

The names are a closed set, and no ping has a part in them, as with outcomes.
"""

from collections import Counter
from enum import StrEnum


class Sum(StrEnum):
    """A measure that is added up."""

    RECEIVED_BYTES = "received_bytes"
    FILES = "files"
    WRITTEN_BYTES = "written_bytes"
    ACKNOWLEDGE_FAILURES = "acknowledge_failures"
    RELOADS = "reloads"
    RELOAD_FAILURES = "reload_failures"


class Spread(StrEnum):
    """A measure with a least, a greatest and a mean."""

    FILE_ROWS = "file_rows"
    LAG_SECONDS = "lag_seconds"
    LIST_AGE_SECONDS = "list_age_seconds"


class Measures:
    """The measures of one worker since they were last published.

    Attributes:
        sums: sum of each measure that is added up.
        spreads: every other value, in the order of measuring: a few a flush.
    """

    def __init__(self) -> None:
        """Starts with no measures."""
        self.sums: Counter[Sum] = Counter()
        self.spreads: list[tuple[Spread, int]] = []

    def add(self, what: Sum, number: int) -> None:
        """Adds to a sum."""
        self.sums[what] += number

    def note(self, what: Spread, value: float) -> None:
        """Notes a value, in whole units: what Beam's distributions hold."""
        self.spreads.append((what, round(value)))

    def clear(self) -> None:
        """Forgets what has been published."""
        self.sums.clear()
        self.spreads.clear()
