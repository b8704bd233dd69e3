"""Reads one file of rows from end to end, and proves that it is whole.

Rows are cut apart by walking them, and the index is held against that: so it is seen
where either lies. Nothing is decoded.
"""

import struct
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, repeat
from typing import NamedTuple

import google_crc32c

from rally.errors import CorruptFile
from rally.storage.block_index import Block
from rally.storage.header import CHECKSUM, ROWS, Header
from rally.storage.objectstore.interface import Snapshot
from rally.storage.row_keys import (
    DOCUMENT_ID,
    PARTICIPANT,
    Everybody,
    RowWalker,
    encode_key,
)
from rally.storage.row_skipper import Walker
from rally.storage.snapshots import Frame, cut, frame_rows, header_of, walk_frames
from rally.storage.writer import Digest

_ID_BYTES = 36
_ID_LENGTH = 72  # the length of 36 bytes, as Avro writes it
_unpack_row_start = struct.Struct("<B36sB36xQ").unpack_from
"""Reads a length, the participant, another length, and eight bytes of the time."""


class RowBlock(NamedTuple):
    """Rows of one block.

    Attributes:
        data: Bytes of all rows.
        starts: Offsets of the rows that fit the schema and begin with two strings of
            36 characters; empty where nobody knows the schema.
        people: Participants of these rows, 36 bytes each.
        distinct: The same, each once.
        ends: Offsets at which these rows end.
        mismatched: Number of rows that do not fit the schema.
        keyless: Number of rows that fit it, and do not begin so.
        stamps: First eight bytes of the time of each row, the lowest first; empty
            where a row is too short for that.
        is_foreign: Whether another program's writer made the rows; before each of
            them stands its key in `data`, in our own form.
    """

    data: bytes
    starts: Sequence[int] = ()
    people: Sequence[bytes] = ()
    distinct: AbstractSet[bytes] = frozenset()
    ends: Sequence[int] = ()
    mismatched: int = 0
    keyless: int = 0
    stamps: Sequence[int] = ()
    is_foreign: bool = False


class WholeFile:
    """Reads one file at one generation.

    Attributes:
        header: Header of the file.
        index: Block index; empty where the file has none.
        rows: Number of rows in the blocks so far.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Reads the header.

        Raises:
            CorruptFile: There is no whole one, or its index is not of this file.
        """
        self._snapshot = snapshot
        self.header: Header = header_of(snapshot)
        self.rows = 0
        self.index: list[Block] = []
        if self.header.is_indexed:
            self.index = self.header.checked_blocks(snapshot.info.size)

    @property
    def can_be_proven(self) -> bool:
        """Whether the header says what shows that nothing is missing."""
        return {CHECKSUM, ROWS} <= self.header.entries.keys()

    def blocks(
        self,
        walk: Walker | RowWalker | None,
        digests: Sequence[Digest] = (),
    ) -> Iterator[RowBlock]:
        """Yields every block; the file is proven whole only after the last one.

        Args:
            walk: Walker of rows of the file's schema; a RowWalker for rows in another
                program's form of it; None where the schema is not known.
            digests: Digests that take in all rows.

        Raises:
            CorruptFile: The file is not whole, or its index lies.
        """
        checksum, last = google_crc32c.Checksum(), b""
        indexed: Iterator[Block | None] = (
            iter(self.index) if self.index else repeat(None)
        )
        for frame, block in zip(self._frames(), indexed, strict=False):
            checksum.update(frame.data)
            self.rows += frame.rows
            data = frame_rows(frame, self.header.codec)
            for digest in digests:
                digest.update(data)
            if block:
                _check_index_entry(frame, block, data)
            found = _parse_block(data, frame.rows, block, walk)
            if block and found.people:
                _check_order(found.people, last)
                last = found.people[-1]
            yield found
        self._check(checksum.hexdigest())

    def _frames(self) -> Iterator[Frame]:
        return walk_frames(self._snapshot, self.header)

    def _check(self, checksum: bytes) -> None:
        stated = self.header.entries.get(CHECKSUM)
        if stated is not None and stated != checksum:
            raise CorruptFile("the checksum differs: bytes are missing or changed")
        if ROWS in self.header.entries and self.header.rows != self.rows:
            raise CorruptFile("there are not as many rows as the header says")


def starts_of(block: Block) -> list[int]:
    """Returns the offsets of a block's rows, by the index."""
    return [0, *accumulate(block.row_lengths)][:-1]


def _check_index_entry(frame: Frame, block: Block, data: bytes) -> None:
    indexed = block.offset, block.length, block.rows, len(block.row_lengths)
    if indexed != (frame.offset, len(frame.data), frame.rows, frame.rows):
        raise CorruptFile("a block is not what the index says")
    if sum(block.row_lengths) != len(data):
        raise CorruptFile("the index does not say how long the rows are")
    if data[PARTICIPANT] != block.first.encode():
        raise CorruptFile("a block does not begin as the index says")


def _check_order(people: Sequence[bytes], last: bytes) -> None:
    if people[0] < last or people != sorted(people):
        raise CorruptFile("the rows are not sorted")


def _parse_block(
    data: bytes, count: int, block: Block | None, walk: Walker | RowWalker | None
) -> RowBlock:
    if walk is None:
        return RowBlock(data)
    if isinstance(walk, RowWalker):
        return _parse_foreign_block(data, count, walk)
    try:
        ends = walk(data, count)
    except (IndexError, ValueError, RecursionError):
        ends = []
    if (ends[-1] if ends else 0) != len(data) or len(ends) != count:
        return _parse_singly(data, count, block, walk)
    if block and ends != list(accumulate(block.row_lengths)):
        raise CorruptFile("the index does not say how long the rows are")
    return _make_block(data, [0, *ends][:-1], ends, 0)


def _parse_foreign_block(data: bytes, count: int, walker: RowWalker) -> RowBlock:
    """Puts before each row of another program its key, in our own form."""
    try:
        rows = walker.walk(data, count, Everybody())
    except CorruptFile:
        return RowBlock(data, mismatched=count, is_foreign=True)
    parts, people, starts, ends = list[bytes](), list[bytes](), list[int](), list[int]()
    at = 0
    for key, row in rows:
        stored = row
        if key and len(key.participant) == len(key.document_id) == _ID_BYTES:
            stored = encode_key(key) + row
            people.append(key.participant)
            starts.append(at)
            ends.append(at + len(stored))
        parts.append(stored)
        at += len(stored)
    keyless, joined = count - len(people), b"".join(parts)
    return RowBlock(
        joined, starts, people, set(people), ends, 0, keyless, (), is_foreign=True
    )


def _parse_singly(
    data: bytes, count: int, block: Block | None, walk: Walker
) -> RowBlock:
    """Keeps those rows of a block that can be walked; without an index, none."""
    if block is None:
        return RowBlock(data, mismatched=count)
    starts, ends, start = list[int](), list[int](), 0
    for row in cut(data, block.row_lengths):
        if _fits(row, walk):
            starts.append(start)
            ends.append(start + len(row))
        start += len(row)
    return _make_block(data, starts, ends, count - len(starts))


def _fits(row: bytes, walk: Walker) -> bool:
    try:
        return walk(row, 1) == [len(row)]
    except (IndexError, ValueError, RecursionError):
        return False


def _make_block(
    data: bytes, starts: list[int], ends: list[int], mismatched: int
) -> RowBlock:
    if not starts:
        return RowBlock(data, mismatched=mismatched)
    try:
        lengths, people, others, stamps = zip(
            *[_unpack_row_start(data, start) for start in starts], strict=True
        )
        if set(lengths) == set(others) == {_ID_LENGTH}:
            own = list(people)
            return RowBlock(data, starts, own, set(own), ends, mismatched, 0, stamps)
    except struct.error:
        pass  # the last row is shorter than one of ours, if not the others
    pairs = [each for each in zip(starts, ends, strict=True) if _has_key(data, each)]
    keyless = len(starts) - len(pairs)
    starts, ends = [each[0] for each in pairs], [each[1] for each in pairs]
    own = [data[start + 1 : start + 37] for start in starts]
    return RowBlock(data, starts, own, set(own), ends, mismatched, keyless)


def _has_key(data: bytes, row: tuple[int, int]) -> bool:
    start, end = row
    ids = data[start], data[start + 37 : start + 38]
    return ids == (_ID_LENGTH, bytes([_ID_LENGTH])) and start + DOCUMENT_ID.stop < end
