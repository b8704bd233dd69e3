"""Finds the rows of one file that a row policy condemns, with or without an index."""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from rally.errors import CorruptFile
from rally.registry.expunges import ExpungeOrder, RowExpunge
from rally.storage.block_index import Block, Ranged, blocks_of
from rally.storage.header import ROWS, Header
from rally.storage.objectstore.interface import Snapshot
from rally.storage.row_keys import PARTICIPANT, RowKey, RowWalker, key_of
from rally.storage.snapshots import (
    Frame,
    cut_block,
    frame_rows,
    header_of,
    parse_frame,
    walk_frames,
)
from rally.validation.leaves import zig_zag
from rally.withdrawal.fold import Judgement


class RowPolicy(Protocol):
    """Decides which rows of a file are deleted, for example by the withdrawal list."""

    @property
    def people(self) -> Container[bytes]:
        """Participants whose rows may be deleted, 36 ASCII bytes each."""

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Decides whether a row of one of these people is deleted.

        Args:
            participant: Pseudonym in the row, 36 ASCII bytes.
            document_id: Document id, 36 ASCII bytes.
            time: Submission timestamp, microseconds since 1970.
        """


_FEW = 4
_VERSION = b"-8"
_DIGITS = b"0123456789abcdef"
_ANY_DIGIT = bytes(ord("h") if byte in _DIGITS else ord(".") for byte in range(256))
_BARE = b"h" * 32
_RAW = re.compile(b"(?=[\x80-\x8f].[\x80-\xbf])", re.DOTALL)
_BEFORE = 6  # bytes of a UUID before the one with its version


class Scanner:
    """Searches bytes for any of a set of pseudonyms."""

    def __init__(self, pseudonyms: Iterable[bytes]) -> None:
        """Stores the pseudonyms.

        Args:
            pseudonyms: Pseudonyms, 36 ASCII bytes each.
        """
        self._pseudonyms = pseudonyms

    @cached_property
    def _hyphenated(self) -> list[bytes]:
        """All pseudonyms, listed only when needed: files with an index need none."""
        return list(self._pseudonyms)

    @cached_property
    def _bare(self) -> set[bytes]:
        return {each.replace(b"-", b"") for each in self._hyphenated}

    # Before the version stand eight digits, a hyphen and four. The first of the eight
    # may itself be the 8 of a "-8", and is left out; and where the four begin with an
    # 8, what stands between that and the version is three digits.
    @cached_property
    def _ends(self) -> set[bytes]:
        return {_end(each) for each in self._hyphenated}

    @cached_property
    def _starts_8(self) -> set[bytes]:
        return {each[1:8] for each in self._hyphenated if _is_cut(each)}

    @cached_property
    def _raw(self) -> set[bytes]:
        return {bytes.fromhex(each.decode()) for each in self._bare}

    def found_in(self, data: bytes) -> bool:
        """Tells whether the bytes contain a pseudonym, with or without hyphens."""
        return self._has_hyphenated(data) or self._has_bare(data)

    def found_raw_in(self, data: bytes) -> bool:
        """Tells whether data contains a pseudonym as 16 bytes (RFC 9562, section 4).

        Only files of other writers can: rows of the pipeline have no binary ids.
        """
        if len(self._raw) <= _FEW:
            return any(each in data for each in self._raw)
        starts = (match.start() - _BEFORE for match in _RAW.finditer(data))
        return any(data[at : at + 16] in self._raw for at in starts if at >= 0)

    def _has_hyphenated(self, data: bytes) -> bool:
        if len(self._hyphenated) <= _FEW:
            return any(each in data for each in self._hyphenated)
        pieces = data.split(_VERSION)
        if self._ends.isdisjoint([piece[-12:] for piece in pieces]):
            return False
        return any(
            piece[-12:] in self._ends
            and (len(piece) != 3 or before[-7:] in self._starts_8)
            for before, piece in zip([b"", *pieces], pieces, strict=False)
        ) and any(each in data for each in self._hyphenated)

    def _has_bare(self, data: bytes) -> bool:
        digits = data.translate(_ANY_DIGIT)
        at = digits.find(_BARE)
        while at >= 0:
            if data[at : at + 32] in self._bare:
                return True
            at = digits.find(_BARE, at + 1)
        return False


def _is_cut(pseudonym: bytes) -> bool:
    """Tells whether a pseudonym has a "-8" before the one of its version."""
    return pseudonym[8:10] == _VERSION


def _end(pseudonym: bytes) -> bytes:
    """Returns what follows the first "-8" up to the version's, at most twelve bytes."""
    return pseudonym[10:13] if _is_cut(pseudonym) else pseudonym[1:13]


_UUID_LENGTH = zig_zag(36)


class BlockSplit(NamedTuple):
    """The rows of one block, split into those that stay and those that go.

    Attributes:
        kept: Rows that stay, in their order, without the fields that are taken out.
        removed: Number of rows that go.
        changed: Number of rows that stay and lose a field.
        requests: Number of rows that go, or lose a field, for each request of a person
            and each order to expunge.
    """

    kept: list[bytes]
    removed: int
    changed: int
    requests: Counter[str]


class FileRows:
    """Reads one generation of a file and splits its blocks by a row policy.

    Attributes:
        header: Header of the file.
        index: Blocks of the file by their offsets, if it has an index.
        expunge: Change that orders make to its rows; None if they make none.
        order_fault: Reason for which an order cannot be carried out in the file; ""
            if each can. The policy and the other orders count all the same.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        policy: RowPolicy,
        scanner: Scanner,
        read_header: Callable[[Snapshot], Header] = header_of,
        orders: Sequence[ExpungeOrder] = (),
    ) -> None:
        """Reads the header and nothing else.

        Args:
            snapshot: The file at one generation.
            policy: Policy that condemns rows.
            scanner: Scanner for the pseudonyms of the policy's people.
            read_header: Reads the whole header. Its outline suffices if rows are only
                looked at; the few candidate blocks are then parsed row by row.
            orders: Orders to expunge that are about the file.

        Raises:
            CorruptFile: The header is truncated, or its index is of another file.
        """
        self._snapshot = snapshot
        self._policy = policy
        self._scanner = scanner
        self.header: Header = read_header(snapshot)
        self.index: dict[int, Block] = {}
        self._walker: RowWalker | None = None
        self._walked = 0
        if self.header.is_indexed:
            blocks = self.header.checked_blocks(snapshot.info.size)
            self.index = {block.offset: block for block in blocks}
        self.expunge: RowExpunge | None = None
        self.order_fault = ""
        if orders:
            self._take_orders(orders, self.header.schema)

    def _take_orders(self, orders: Sequence[ExpungeOrder], schema: str) -> None:
        """Combines the orders that can be carried out in rows of the file's schema."""
        try:
            self.expunge = RowExpunge.of(orders, schema)
        except CorruptFile as fault:
            # An order is no reason to keep the rows of people who left.
            self.order_fault = str(fault)
            possible = [each for each in orders if _is_possible(each, schema)]
            self.expunge = RowExpunge.of(possible, schema)

    @property
    def rows(self) -> int:
        """Number of rows; of a file without an index, once all candidates were taken.

        Raises:
            CorruptFile: The number differs from the header's, or the header has none.
        """
        if self.header.is_indexed:
            return self.header.rows
        self.check_rows(self._walked)
        return self._walked

    def check_rows(self, counted: int) -> None:
        """Compares a counted number of rows with the header's.

        Raises:
            CorruptFile: The numbers differ.
        """
        if ROWS in self.header.entries and self.header.rows != counted:
            raise CorruptFile("there are not as many rows as the header says")

    def candidates(self, people: Ranged) -> Iterator[tuple[int, bytes]]:
        """Yields offset and bytes of each block that may have a row of some people.

        With an index only these blocks are read. Without one, all blocks are read and
        their bytes are searched. If an order is about the file, all are yielded.

        Args:
            people: All people of the policy.
        """
        if self.header.is_indexed:
            blocks = list(self.index.values())
            for block in blocks if self.expunge else blocks_of(blocks, people):
                yield block.offset, self.read(block.offset, block.length)
            return
        for frame in walk_frames(self._snapshot, self.header):
            self._walked += frame.rows
            if self.expunge or self.names_anybody(frame_rows(frame, self.header.codec)):
                yield frame.offset, frame.data

    def names_anybody(self, rows: bytes) -> bool:
        """Tells whether rows contain a pseudonym of the policy's people in any form."""
        if self.header.is_indexed:
            return self._scanner.found_in(rows)
        return self._scanner.found_in(rows.lower()) or self._scanner.found_raw_in(rows)

    def read(self, offset: int, length: int) -> bytes:
        """Reads bytes at an offset from the end of the header."""
        return self._snapshot.read(self.header.length + offset, length)

    def split(self, offset: int, data: bytes) -> BlockSplit:
        """Splits the rows of a block into those that stay and those that go.

        Raises:
            CorruptFile: The block is not as the index or the schema says.
        """
        kept, requests = list[bytes](), Counter[str]()
        rows = changed = 0
        for key, row in self._keyed(offset, data):
            rows += 1
            if key is not None:
                judgement = self._policy.judge(*key)
                if judgement.verdict.condemns:
                    requests[judgement.request] += 1
                    continue
            left, orders = self._expunged(row)
            requests.update(orders)
            if left is not None:
                kept.append(left)
                changed += left is not row
        return BlockSplit(kept, rows - len(kept), changed, requests)

    def _expunged(self, row: bytes) -> tuple[bytes | None, Sequence[str]]:
        return self.expunge.take_out(row) if self.expunge else (row, ())

    def count_left_over(self, offset: int, data: bytes) -> Counter[str]:
        """Counts rows of a block that are condemned, or contain a person's pseudonym.

        Returns:
            Number of condemned rows for each request; under "" of other rows that
            contain a pseudonym.

        Raises:
            CorruptFile: The block is not as the index or the schema says.
        """
        left_over = Counter[str]()
        for key, row in self._keyed(offset, data):
            if key is None:
                left_over[""] += self.names_anybody(row)
            else:
                judgement = self._policy.judge(*key)
                left_over[judgement.request] += judgement.verdict.condemns
        return +left_over

    def count_unexpunged(self, offset: int, data: bytes) -> int:
        """Counts rows of a block of which an order takes out something.

        Raises:
            CorruptFile: The block is not as the index or the schema says.
        """
        if self.expunge is None:
            return 0
        return sum(self.expunge.holds(row) for _, row in self._keyed(offset, data))

    def check_named(self, frame: Frame, rows: bytes) -> None:
        """Compares a block with its index entry, if the file has an index.

        Raises:
            CorruptFile: The index has no entry for it, or a wrong one.
        """
        if not self.header.is_indexed:
            return
        block = self._named(frame.offset)
        named = (block.length, block.rows, block.first.encode())
        if named != (len(frame.data), frame.rows, rows[PARTICIPANT]):
            raise CorruptFile("a block is not what the index says")

    def _keyed(self, offset: int, data: bytes) -> Iterator[tuple[RowKey | None, bytes]]:
        """Yields the rows of a block, with keys for rows of the policy's people."""
        people = self._policy.people
        block = self._named(offset) if self.header.is_indexed else None
        if block and block.row_lengths:
            own = cut_block(data, self.header, block)
            known = {row[PARTICIPANT] for row in own}
            listed = {each for each in known if each in people}
            for row in own:
                _check_begin(row)
                yield key_of(row) if row[PARTICIPANT] in listed else None, row
            return
        frame = parse_frame(data, offset, self.header.sync)
        if block and (len(frame.data), frame.rows) != (block.length, block.rows):
            raise CorruptFile("a block is not what the index says")
        self._walker = self._walker or RowWalker(self.header.schema)
        rows = frame_rows(frame, self.header.codec)
        yield from self._walker.walk(rows, frame.rows, people)

    def _named(self, offset: int) -> Block:
        try:
            return self.index[offset]
        except KeyError:
            raise CorruptFile("a block stands where the index names none") from None


def _is_possible(order: ExpungeOrder, schema: str) -> bool:
    """Tells whether rows of a schema can lose what an order names."""
    try:
        RowExpunge.of([order], schema)
    except CorruptFile:
        return False
    return True


def _check_begin(row: bytes) -> None:
    """Checks that a row begins as rows do, so that no wrong cut splits a row."""
    if row[:1] != _UUID_LENGTH or row[37:38] != _UUID_LENGTH:
        raise CorruptFile("the index does not say how long the rows are")
