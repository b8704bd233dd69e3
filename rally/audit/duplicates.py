"""Counts rows that compaction should have left out, in compaction's own window.

Of each row of the window 64 bits are kept, in a set, and for all but documents of which
only the latest is kept beside the date, to be forgotten by. Of a million rows a day two
different ones are taken for equal once in ten thousand years.
"""

from array import array
from collections.abc import Iterable
from datetime import date
from typing import TypeAlias

from rally.registry.keep_rule import WINDOW_DAYS, KeepRule
from rally.registry.study import Keep

Hashes: TypeAlias = "array[int]"
"""Hashes of the first bytes of rows, 64 bits each, signed."""


class DuplicateWindow:
    """Counts equal rows of one document, date after date.

    Attributes:
        width: Number of first bytes that equal rows have in common.
    """

    def __init__(self, keep: Keep) -> None:
        """Begins with no rows.

        Args:
            keep: Rule for which rows of the document compaction keeps.
        """
        self.width = KeepRule(keep).width
        self._all_dates = keep is Keep.LATEST
        self._days: dict[str, Hashes] = {}
        self._seen: set[int] = set()
        self._found = False

    def count(self, day: str, found: Iterable[Hashes]) -> int:
        """Counts the rows of a date that are equal to another of it, or of one before.

        Args:
            day: Date, later than those before.
            found: Hashes of the rows of compacted files, file by file.
        """
        self._forget(day)
        before, own = len(self._seen), array("q")
        for hashes in found:
            self._seen.update(hashes)
            own.extend(hashes)
        twice = len(own) - (len(self._seen) - before)
        self._found = self._found or twice > 0
        self._days[day] = array("q") if self._all_dates else own
        return twice

    def _forget(self, day: str) -> None:
        """Forgets the rows before the window of a date."""
        old = [each for each in self._days if not _is_near(each, day)]
        for each in old:
            self._seen.difference_update(self._days.pop(each))
        if old and self._found:  # what went may be that of a later date as well
            for hashes in self._days.values():
                self._seen.update(hashes)


def _is_near(before: str, day: str) -> bool:
    """Returns whether a date is in the window of a later one."""
    days = (date.fromisoformat(day) - date.fromisoformat(before)).days
    return days <= WINDOW_DAYS
