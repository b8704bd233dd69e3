"""The rule by which one of several rows of one ping, or of one person, stays."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from rally.registry.study import Keep
from rally.storage.row_keys import KEY_BYTES, PARTICIPANT, key_of

WINDOW_DAYS = 3
"""Number of dates after a ping's own on which its duplicates are looked for."""

ListDays = Callable[[], Iterable[str]]
"""Lists the dates of a document, YYYY-MM-DD."""

_PERSON_BYTES = PARTICIPANT.stop


class KeepRule:
    """The rule by which one of several equal rows of a document stays.

    Attributes:
        is_latest: Whether only the latest row of each participant stays.
        width: Number of first bytes that equal rows have in common.
    """

    def __init__(self, keep: Keep) -> None:
        """Derives the rule from the document's `keep` in the registry."""
        self.is_latest = keep is Keep.LATEST
        self.width = _PERSON_BYTES if self.is_latest else KEY_BYTES

    def best(self, rows: Sequence[bytes]) -> bytes:
        """Returns the row that stays of some that are equal."""
        sign = -1 if self.is_latest else 1
        return min(rows, key=lambda row: (sign * key_of(row).time, row))

    def winners(self, day: str, days: ListDays) -> list[str]:
        """Returns the dates whose rows win over equal rows of a date.

        The dates need not have files.

        Args:
            day: The date.
            days: Lists the dates of the document; called only if all of them matter.
        """
        if self.is_latest:
            return [each for each in days() if each > day]
        return _near(day, -1)

    def losers(self, day: str, days: ListDays) -> list[str]:
        """Returns the dates whose rows lose against equal rows of a date.

        Args:
            day: The date.
            days: See `winners`.
        """
        if self.is_latest:
            return [each for each in days() if each < day]
        return _near(day, 1)


def _near(day: str, sign: int) -> list[str]:
    start = date.fromisoformat(day).toordinal()
    numbers = (start + sign * gap for gap in range(1, WINDOW_DAYS + 1))
    return [date.fromordinal(number).isoformat() for number in numbers]
