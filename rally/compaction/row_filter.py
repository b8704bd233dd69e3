"""By what a partition is compacted."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from itertools import groupby
from typing import NamedTuple

from rally.compaction.outcomes import Counts
from rally.registry.study import Keep
from rally.storage.layout import Partition
from rally.storage.row_keys import DOCUMENT_ID, KEY_BYTES, PARTICIPANT, key_of
from rally.storage.row_streams import Rows
from rally.withdrawal.fold import Verdict
from rally.withdrawal.selection import Selection

WINDOW_DAYS = 3
"""How many dates after that of a ping a duplicate of it is looked for."""

Days = Callable[[], Iterable[str]]

_PERSON_BYTES = PARTICIPANT.stop


class Rule:
    """Which rows of a document are equal, which of these stays, and on which dates.

    Attributes:
        is_latest: whether of each participant the latest row stays alone.
        width: how many first bytes equal rows have in common.
    """

    def __init__(self, keep: Keep) -> None:
        """Takes what the registry says."""
        self.is_latest = keep is Keep.LATEST
        self.width = _PERSON_BYTES if self.is_latest else KEY_BYTES

    def best(self, rows: Sequence[bytes]) -> bytes:
        """The one that stays."""
        sign = -1 if self.is_latest else 1
        return min(rows, key=lambda row: (sign * key_of(row).time, row))

    def count(self, beaten: int) -> Counts:
        """How rows are counted that lost against rows of another date."""
        return (
            Counts(superseded=beaten) if self.is_latest else Counts(duplicates=beaten)
        )

    def winners(self, day: str, days: Days) -> list[str]:
        """The dates whose rows win over equal rows of `day`; there may be none there.

        Args:
            day: a date.
            days: lists the dates of the document; asked only where all of them matter.
        """
        if self.is_latest:
            return [each for each in days() if each > day]
        return _near(day, -1)

    def losers(self, day: str, days: Days) -> list[str]:
        """The dates whose rows lose against equal rows of `day`; as `winners`."""
        if self.is_latest:
            return [each for each in days() if each < day]
        return _near(day, 1)


class RowFilter:
    """Leaves rows out and counts them.

    Attributes:
        rule: of the document.
        counts: of what was left out so far.
    """

    def __init__(self, rule: Rule, selection: Selection) -> None:
        """Takes the rule, and the withdrawal list for the study."""
        self.rule = rule
        self._selection = selection
        self.counts = Counts()

    def settle(self, rows: Rows) -> Rows:
        """Those that stay; `rows` are sorted, and all that are equal are there."""
        staying = self.of_members(rows)
        if len(staying) < len(rows):
            self.counts += Counts(withdrawn=len(rows) - len(staying))
        width = self.rule.width
        keys = [row[:width] for row in staying]
        if len(set(keys)) == len(keys):
            return staying
        groups = groupby(staying, key=lambda row: row[:width])
        return [self._best(list(group)) for _, group in groups]

    def of_members(self, rows: Rows) -> Rows:
        """The rows that no withdrawal on the list takes."""
        people = self._selection.people
        if not people or not (people.keys() & {row[PARTICIPANT] for row in rows}):
            return rows
        return [row for row in rows if not self._is_condemned(row)]

    def beaten_by(self, winners: Rows, rows: Rows) -> Rows:
        """Those that stay beside the rows of dates that win."""
        width = self.rule.width
        keys = {row[:width] for row in self._competing(self.of_members(winners))}
        if keys.isdisjoint([row[:width] for row in rows]):
            return rows
        staying = [row for row in rows if row[:width] not in keys]
        lost = [row for row in rows if row[:width] in keys]
        beaten = len(self.of_members(lost))
        self.counts += Counts(withdrawn=len(lost) - beaten)
        self.counts += self.rule.count(beaten)
        return staying

    def _is_condemned(self, row: bytes) -> bool:
        # Not who is merely unenrolled: an enrolment may be in the event log already,
        # and deletion, which reads that, is the first to know.
        return self._verdict(row) is Verdict.WITHDRAWN

    def _competing(self, rows: Rows) -> Rows:
        """Those that may beat others; of a document of which the latest is kept, all.

        There another row is another ping, which an enrolment may yet save.
        """
        people = self._selection.people
        if self.rule.is_latest or not people:
            return rows
        return [
            row
            for row in rows
            if row[PARTICIPANT] not in people
            or self._verdict(row) is not Verdict.UNENROLLED
        ]

    def _verdict(self, row: bytes) -> Verdict:
        return self._selection.judge(*key_of(row)).verdict

    def _best(self, rows: Rows) -> bytes:
        best = self.rule.best(self._competing(rows) or rows)
        same = sum(row[DOCUMENT_ID] == best[DOCUMENT_ID] for row in rows)
        self.counts += Counts(duplicates=same - 1, superseded=len(rows) - same)
        return best


def _near(day: str, sign: int) -> list[str]:
    start = date.fromisoformat(day).toordinal()
    numbers = (start + sign * gap for gap in range(1, WINDOW_DAYS + 1))
    return [date.fromordinal(number).isoformat() for number in numbers]


class CompactionContext(NamedTuple):
    """The document's rule, the withdrawal list, and leave to work.

    Attributes:
        rule: which rows stay.
        bits: of the buckets' names.
        selection: the withdrawal list for the study.
        list: its counter.
        version: of the pipeline.
        lease: of a partition.
    """

    rule: Rule
    bits: int
    selection: Selection
    list: int
    version: str
    lease: Callable[[Partition], AbstractContextManager[None]]

    def sieve(self) -> RowFilter:
        """A sieve that has counted nothing yet."""
        return RowFilter(self.rule, self.selection)
