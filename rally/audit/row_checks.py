"""Checks each row of a partition, a block at a time.

Most blocks are fine as a whole: distinct participants and the first and last times
show it. Single rows are looked at only where that does not.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from rally.audit.collection_windows import CollectionWindow
from rally.audit.current_withdrawals import CurrentWithdrawals, Fate
from rally.audit.expunge_audit import JudgedOrder, OrderCheck
from rally.audit.findings import Check, Unit
from rally.audit.searching import PSEUDONYM, Searches
from rally.audit.tally import Tally
from rally.audit.whole_files import RowBlock
from rally.storage.header import decode_varint
from rally.storage.layout import Partition
from rally.storage.partitions import LiveFile
from rally.storage.row_keys import KEY_BYTES, PARTICIPANT, key_of
from rally.withdrawal.enrolments import EnrolledPeople
from rally.withdrawal.fold import Verdict
from rally.withdrawal.selection import Selection

_CONTINUATION_BITS = 0x8080808080808080
_EIGHT_BYTES = 0x0080808080808080
"""Continuation bits of a long of eight bytes: all but the last have theirs set."""


def all_within(stamps: Sequence[int], window: CollectionWindow) -> bool:
    """Returns whether times are surely all in a window of our centuries.

    Args:
        stamps: First eight bytes of each time, the lowest first.
        window: Window, not empty.
    """
    return not stamps or (
        min(stamps) >= stored_time(window.start)
        and max(stamps) <= stored_time(window.end - 1)
        and reduce(and_, stamps) & _CONTINUATION_BITS == _EIGHT_BYTES
        and not reduce(or_, stamps) & 1  # a number below zero is odd
    )


def times_of(data: bytes, starts: Sequence[int]) -> list[int]:
    """Reads the times of rows, in microseconds."""
    return [decode_varint(data, start + KEY_BYTES)[0] for start in starts]


def stored_time(time: int) -> int:
    """Returns the eight bytes of a time from 1979 to 3111, as one number."""
    groups: Iterator[int] = ((time << 1) >> 7 * place & 0x7F for place in range(8))
    return _EIGHT_BYTES | sum(group << 8 * place for place, group in enumerate(groups))


_ALL_PSEUDONYMS = re.compile(b"(?:" + PSEUDONYM.pattern + b")*")
_MISMATCHED = "not what the schema says"
_RAW_ID = "with a raw id, or without a pseudonym"
_MOST_COVERED = 100_000  # people of one partition who are known to be enrolled


class PartitionRules(NamedTuple):
    """Rules for the rows of one partition.

    Attributes:
        partition: Partition.
        day: Window of its date.
        windows: Times of the date at which the study's rows may have been sent.
        approved: Times of the date at which reviews cover each schema of the document,
            by its fingerprint; under "" the times at which they cover any.
        is_held: Whether a legal hold is over the partition.
        withdrawals: Requests; None where they are not known.
        selection: Judge of who left; None where the requests are not known.
        enrolled: People who ever enrolled, where that matters and the grace is over.
        concluded: Names, as rows have them, of studies about which no row may be.
        orders: Orders to expunge that are about the partition.
    """

    partition: Partition
    day: CollectionWindow
    windows: Sequence[CollectionWindow]
    approved: Mapping[str, Sequence[CollectionWindow]]
    is_held: bool
    withdrawals: CurrentWithdrawals | None
    selection: Selection | None
    enrolled: EnrolledPeople | None
    concluded: Sequence[bytes] = ()
    orders: tuple[JudgedOrder, ...] = ()

    @property
    def where(self) -> str:
        """Name of the partition in a report."""
        return "/".join(self.partition)

    @property
    def takes_rows(self) -> bool:
        """Whether an order takes out all rows of the partition."""
        return any(each.order.field is None for each in self.orders)

    def condemns(self, row: bytes) -> bool:
        """Returns whether a row goes: its person has left, or an order takes it out.

        Such a row does not count as a duplicate of another.

        Args:
            row: Stored bytes, up to the row's time at least.
        """
        if self.takes_rows:
            return True
        selection = self.selection
        if selection is None or row[PARTICIPANT] not in selection.people:
            return False
        return selection.judge(*key_of(row)).verdict.condemns


class RowChecks:
    """Checks the rows of one file.

    Attributes:
        tally: Findings.
        hashes: Hashes of the first bytes of the rows that count.
    """

    def __init__(
        self,
        rules: PartitionRules,
        live: LiveFile,
        searches: Searches,
        width: int,
        fingerprint: str,
        order_checks: Sequence[OrderCheck] = (),
    ) -> None:
        """Prepares the checks of one file.

        Args:
            rules: Rules of the partition.
            live: File, and the people whose rows in it count.
            searches: Searches for what must stand nowhere.
            width: Number of first bytes that are hashed; 0 hashes none.
            fingerprint: Fingerprint of the file's schema, as its header says it; "" of
                another program's file.
            order_checks: Checks of the orders to expunge that are about the file.
        """
        self.tally = Tally()
        self.hashes = array("q")
        self._rules = rules
        self._approved = rules.approved.get(fingerprint, ())
        self._order_checks = order_checks
        self._live = live
        self._searches = searches
        self._width = width
        self._covered = set[bytes]()

    def check_block(self, block: RowBlock, undecodable: Collection[int] = ()) -> None:
        """Checks the rows of a block; those at `undecodable` places fit no schema."""
        out = self._find_superseded(block)
        self._check_orders(block, out)
        live = len(block.starts) - len(out) + block.mismatched + block.keyless
        self.tally.rows += live
        self.tally.documents[self._rules.partition] += live
        mismatched = set(undecodable) - out
        self._broken(Check.SCHEMA, _MISMATCHED, block.mismatched + len(mismatched))
        out |= mismatched
        times = self._times(block)
        out |= self._find_misplaced(block, times, out)
        out |= self._find_without_pseudonym(block, out)
        self._search_addresses(block)
        undated = self._find_outside_windows(times, out)
        withdrawn = self._find_withdrawn(block, out)
        self._check_enrolments(block, {*out, *undated, *withdrawn})
        self._check_concluded_scopes(block, {*out, *withdrawn})
        # Rows that deletion takes are no duplicates of others.
        if self._width and not self._rules.takes_rows:
            gone = {at for at, verdict in withdrawn.items() if verdict.condemns}
            self._hash_rows(block, out | gone)

    def _find_superseded(self, block: RowBlock) -> set[int]:
        """Returns the rows of which a compacted file has the copy that counts."""
        if not self._live.dead:
            return set()
        holds = self._live.holds
        return {place for place, each in enumerate(block.people) if not holds(each)}

    def _check_orders(self, block: RowBlock, out: Collection[int]) -> None:
        """Counts rows that orders to expunge take, or take a field out of."""
        for each in self._order_checks:
            what, number = "that an order takes out", each.count(block, out)
            if each.orders[0].is_due:
                self._unless_held(Check.EXPUNGED, what, number)
            else:
                where, until = self._rules.where, max(it.until for it in each.orders)
                self.tally.add_apart(
                    Check.EXPUNGED, where, what, number, Unit.ROWS, until
                )

    def _times(self, block: RowBlock) -> list[int] | None:
        """Returns the rows' times; None where all lie in the date's only window."""
        is_known = len(block.stamps) == len(block.starts)
        if is_known and all(
            len(windows) == 1 and all_within(block.stamps, windows[0])
            for windows in (self._rules.windows, self._approved)
        ):
            return None
        return times_of(block.data, block.starts)

    def _find_misplaced(
        self, block: RowBlock, times: Sequence[int] | None, out: Collection[int]
    ) -> set[int]:
        misplaced = set[int]()
        start, end = self._live.file.people
        people = block.people
        if people and not (start <= min(people) and max(people) < end):
            misplaced |= {
                place for place, each in enumerate(people) if not start <= each < end
            }
        if times is not None:
            day = self._rules.day
            misplaced |= {at for at, time in enumerate(times) if not day.holds(time)}
        misplaced -= set(out)
        self._broken(Check.PLACE, "of another date or bucket", len(misplaced))
        return misplaced

    def _find_without_pseudonym(
        self, block: RowBlock, out: Collection[int]
    ) -> set[int]:
        """Finds rows without a pseudonym, and counts rows with a raw id in them."""
        found = set[int]()
        if not _ALL_PSEUDONYMS.fullmatch(b"".join(block.distinct)):
            odd = {each for each in block.distinct if not PSEUDONYM.fullmatch(each)}
            found = {at for at, each in enumerate(block.people) if each in odd}
            found -= set(out)
        number, rows = self._find_raw_ids(block, found)
        number += len(found | rows) + block.keyless
        self._broken(Check.IDS, _RAW_ID, number)
        return found

    def _find_raw_ids(self, block: RowBlock, found: set[int]) -> tuple[int, set[int]]:
        """Finds raw ids: their number outside of rows, and the rows that have them."""
        outside, rows = 0, set[int]()
        positions = self._searches.ids.find(block.data)
        if block.is_foreign:
            positions += self._searches.ids.find_raw(block.data)
        for at in positions:
            place = bisect_right(block.starts, at) - 1
            if 0 <= place < len(block.ends) and at < block.ends[place]:
                rows.add(place)
            else:
                outside += 1
        return outside, rows

    def _search_addresses(self, block: RowBlock) -> None:
        found = self._searches.addresses.find(block.data)
        rows = {bisect_right(block.starts, at) for at in found}
        self._broken(Check.NETWORK, "with network addresses", len(rows))

    def _find_outside_windows(
        self, times: Sequence[int] | None, out: Collection[int]
    ) -> set[int]:
        if times is None:
            return set()
        found = set[int]()
        for check, windows, what in (
            (Check.DATES, self._rules.windows, "sent while the study did not collect"),
            (Check.REVIEW, self._approved, "sent while no review covered it"),
        ):
            outside = {
                at
                for at, time in enumerate(times)
                if at not in out
                and at not in found
                and not any(each.holds(time) for each in windows)
            }
            self._broken(check, what, len(outside))
            found |= outside
        return found

    def _find_withdrawn(
        self, block: RowBlock, out: Collection[int]
    ) -> dict[int, Verdict]:
        """Finds the rows of people who have left, with the verdict on each."""
        selection, withdrawals = self._rules.selection, self._rules.withdrawals
        found: dict[int, Verdict] = {}
        if selection is None or withdrawals is None:
            return found
        listed = selection.people.keys() & block.distinct
        for at, person in enumerate(block.people if listed else ()):
            if person in listed and at not in out:
                row = (person, *self._key(block, at))
                fate, verdict = withdrawals.fate(selection, row, self._rules.is_held)
                if fate:
                    self._record_fate(fate)
                    found[at] = verdict
        return found

    def _record_fate(self, fate: Fate) -> None:
        if fate is Fate.LEFT_OVER:
            self._broken(Check.WITHDRAWN, fate, 1)
        else:
            where = self._rules.where
            self.tally.add_apart(Check.WITHDRAWN, where, fate.value, 1, Unit.ROWS)

    def _check_enrolments(self, block: RowBlock, out: Collection[int]) -> None:
        enrolled = self._rules.enrolled
        if enrolled is None:
            return
        new = block.distinct - self._covered
        fine = {each for each in new if enrolled.covers(each, self._rules.day.start)}
        self._covered |= fine
        unsure = new - fine
        if unsure:
            found = sum(
                not enrolled.covers(person, self._key(block, at)[1])
                for at, person in enumerate(block.people)
                if person in unsure and at not in out
            )
            self._unless_held(Check.ENROLMENT, "without an enrolment", found)
        if len(self._covered) > _MOST_COVERED:
            self._covered.clear()

    def _check_concluded_scopes(self, block: RowBlock, out: Collection[int]) -> None:
        """Counts rows in which the name of a concluded study stands as text."""
        data, names = block.data, self._rules.concluded
        if not any(name in data for name in names):
            return
        rows = zip(block.starts, block.ends, strict=True)
        found = sum(
            any(data.find(name, start, end) >= 0 for name in names)
            for at, (start, end) in enumerate(rows)
            if at not in out
        )
        self._broken(Check.CONCLUDED, "about a concluded study", found)

    def _hash_rows(self, block: RowBlock, out: Collection[int]) -> None:
        data, width = block.data, self._width
        starts: Iterable[int] = block.starts
        if out:
            starts = [at for place, at in enumerate(starts) if place not in out]
        self.hashes.extend([hash(data[at : at + width]) for at in starts])

    def _key(self, block: RowBlock, place: int) -> tuple[bytes, int]:
        """Reads document id and time of a row."""
        start = block.starts[place]
        time, _ = decode_varint(block.data, start + KEY_BYTES)
        return block.data[start + 38 : start + KEY_BYTES], time

    def _broken(self, check: Check, what: str, number: int) -> None:
        self.tally.add_broken(check, self._rules.where, str(what), number, Unit.ROWS)

    def _unless_held(self, check: Check, what: str, number: int) -> None:
        """Breaks the promise, unless a legal hold is why it stays."""
        if self._rules.is_held:
            what = f"{what}, under a legal hold"
            self.tally.add_apart(check, self._rules.where, what, number, Unit.ROWS)
        else:
            self._broken(check, what, number)
