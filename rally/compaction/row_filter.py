"""Decides which rows of a partition stay, and counts those that do not."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import NamedTuple

from rally.compaction.outcomes import LeftOutRows
from rally.registry.keep_rule import KeepRule, ListDays
from rally.storage.layout import Partition
from rally.storage.row_keys import DOCUMENT_ID, PARTICIPANT, key_of
from rally.storage.row_streams import Rows
from rally.withdrawal.fold import Verdict
from rally.withdrawal.selection import Selection


class RowFilter:
    """Leaves out rows that must not stay, and counts them.

    Attributes:
        rule: Rule of the document.
        counts: Rows left out so far.
    """

    def __init__(self, rule: KeepRule, selection: Selection) -> None:
        """Starts with nothing counted.

        Args:
            rule: Rule of the document.
            selection: The withdrawal list, as it applies to the study.
        """
        self.rule = rule
        self._selection = selection
        self.counts = LeftOutRows()

    def settle(self, rows: Rows) -> Rows:
        """Returns the rows that stay.

        Args:
            rows: Sorted rows, with all that are equal to one of them.
        """
        staying = self.of_members(rows)
        if len(staying) < len(rows):
            self.counts += LeftOutRows(withdrawn=len(rows) - len(staying))
        width = self.rule.width
        keys = [row[:width] for row in staying]
        if len(set(keys)) == len(keys):
            return staying
        groups = groupby(staying, key=lambda row: row[:width])
        return [self._best(list(group)) for _, group in groups]

    def of_members(self, rows: Rows) -> Rows:
        """Returns the rows that no withdrawal on the list condemns."""
        people = self._selection.people
        if not people or not (people.keys() & {row[PARTICIPANT] for row in rows}):
            return rows
        return [row for row in rows if not self._is_condemned(row)]

    def beaten_by(self, winners: Rows, rows: Rows) -> Rows:
        """Returns the rows that do not lose against rows of winning dates.

        Args:
            winners: Rows of winning dates.
            rows: Rows of this partition.
        """
        width = self.rule.width
        keys = {row[:width] for row in self._competing(self.of_members(winners))}
        if keys.isdisjoint([row[:width] for row in rows]):
            return rows
        staying = [row for row in rows if row[:width] not in keys]
        lost = [row for row in rows if row[:width] in keys]
        beaten = len(self.of_members(lost))
        self.counts += LeftOutRows(withdrawn=len(lost) - beaten)
        self.counts += (
            LeftOutRows(superseded=beaten)
            if self.rule.is_latest
            else LeftOutRows(duplicates=beaten)
        )
        return staying

    def _is_condemned(self, row: bytes) -> bool:
        # Rows of unenrolled people stay: their enrolment may be in the event log
        # already, which only deletion reads.
        return self._verdict(row) is Verdict.WITHDRAWN

    def _competing(self, rows: Rows) -> Rows:
        """Returns the rows that may win over others.

        These are all rows of a `keep: latest` document: there another row is another
        ping, which an enrolment may yet save.
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
        self.counts += LeftOutRows(duplicates=same - 1, superseded=len(rows) - same)
        return best


class CompactionContext(NamedTuple):
    """Parameters for compacting one partition.

    Attributes:
        rule: Rule that says which of equal rows stays.
        bits: Binary logarithm of the number of buckets.
        selection: The withdrawal list, as it applies to the study.
        list: Counter of the withdrawal list.
        version: Version of the pipeline.
        lease: Takes the lease of a partition, as a context manager.
        is_expunged: Whether an order takes out the document's rows of a date.
    """

    rule: KeepRule
    bits: int
    selection: Selection
    list: int
    version: str
    lease: Callable[[Partition], AbstractContextManager[None]]
    is_expunged: Callable[[str], bool] = lambda day: False

    def winners(self, day: str, days: ListDays) -> Sequence[str]:
        """Returns the dates whose rows win over equal rows of a date; see KeepRule.

        What deletion is about to take out wins over nothing: a copy of such a row that
        was sent on another date would be lost with it.
        """
        return [it for it in self.rule.winners(day, days) if not self.is_expunged(it)]

    def losers(self, day: str, days: ListDays) -> Sequence[str]:
        """Returns the dates whose rows lose against equal rows of a date; likewise."""
        return [] if self.is_expunged(day) else self.rule.losers(day, days)

    def row_filter(self) -> RowFilter:
        """Makes a row filter that has counted nothing yet."""
        return RowFilter(self.rule, self.selection)
