"""Finds the rows of one file that a row policy condemns, with or without an index."""

from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import sub
from typing import NamedTuple, Protocol

from rally.deletion.scanner import Scanner
from rally.errors import CorruptFile
from rally.registry.expunges import ExpungeOrder, RowExpunge
from rally.storage.block_index import Block, Ranged, blocks_of
from rally.storage.header import ROWS, Header
from rally.storage.objectstore.interface import Snapshot
from rally.storage.row_keys import (
    PARTICIPANT,
    ClearBlock,
    CutRows,
    RowWalker,
    key_of,
    participants,
    row_walker,
)
from rally.storage.snapshots import (
    Frame,
    check_lengths,
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


_UUID_LENGTH = zig_zag(36)[0]
_TOGETHER = 256 * 1024
"""Decompressed bytes of blocks whose rows are found together."""

_Placed = tuple[int, bytes]
"""Offset of a block, and its bytes."""


class BlockSplit(NamedTuple):
    """The rows of one block, split into those that stay and those that go.

    Attributes:
        kept: Bytes of the rows that stay, in their order, without the fields that are
            taken out.
        lengths: Number of bytes of each row that stays.
        removed: Number of rows that go.
        changed: Number of rows that stay and lose a field.
        requests: Number of rows that go, or lose a field, for each request of a person
            and each order to expunge.
    """

    kept: bytes
    lengths: "array[int]"
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

    def find(self, people: Ranged) -> Iterator[tuple[int, int, BlockSplit]]:
        """Splits each block that may have a row of some people.

        With an index only these blocks are read; without one, all are. If an order is
        about the file, all blocks are split.

        Args:
            people: All people of the policy.

        Yields:
            Offset, length and split of a block.

        Raises:
            CorruptFile: A block is not as the index or the schema says.
        """
        if self.header.is_indexed:
            blocks = list(self.index.values())
            chosen = blocks if self.expunge else blocks_of(blocks, people)
            yield from self.splits(
                (block.offset, self.read(block.offset, block.length))
                for block in chosen
            )
            return
        for frames in self.decompressed(walk_frames(self._snapshot, self.header)):
            self._walked += sum(frame.rows for frame, _ in frames)
            cleared = [block for _, block in frames]
            cut = self._prove(cleared)
            if cut is None:
                # Damage that concerns nobody is no reason to keep anybody's rows.
                frames = [
                    each
                    for each in frames
                    if self.expunge or self.names_anybody(each[1].data)
                ]
                cut = self._walk([block for _, block in frames])
            for (frame, _), rows in zip(frames, cut, strict=True):
                yield frame.offset, len(frame.data), self._split(rows)

    def naming_anybody(self, blocks: Sequence[tuple[Frame, ClearBlock]]) -> list[Frame]:
        """Selects the blocks that contain a pseudonym of the policy's people."""
        if not self.names_anybody(b"".join(block.data for _, block in blocks)):
            return []
        return [frame for frame, block in blocks if self.names_anybody(block.data)]

    def names_anybody(self, rows: bytes) -> bool:
        """Tells whether rows contain a pseudonym of the policy's people in any form."""
        if self.header.is_indexed:
            return self._scanner.found_in(rows)
        return self._scanner.found_in(rows.lower()) or self._scanner.found_raw_in(rows)

    def read(self, offset: int, length: int) -> bytes:
        """Reads bytes at an offset from the end of the header."""
        return self._snapshot.read(self.header.length + offset, length)

    def splits(
        self, blocks: Iterable[_Placed]
    ) -> Iterator[tuple[int, int, BlockSplit]]:
        """Splits the rows of blocks into those that stay and those that go.

        Args:
            blocks: Offset and bytes of each.

        Yields:
            Offset, length and split of each.

        Raises:
            CorruptFile: A block is not as the index or the schema says.
        """
        for offset, length, rows in self._cut(blocks):
            yield offset, length, self._split(rows)

    def split(self, offset: int, data: bytes) -> BlockSplit:
        """Splits the rows of one block; as splits."""
        ((_, _, split),) = self.splits([(offset, data)])
        return split

    def _split(self, rows: CutRows) -> BlockSplit:
        requests, gone = Counter[str](), list[int]()
        for number, key in rows.keys.items():
            judgement = self._policy.judge(*key)
            if judgement.verdict.condemns:
                requests[judgement.request] += 1
                gone.append(number)
        if self.expunge:
            return self._expunged(rows, frozenset(gone), requests)
        bounds, pieces, start = rows.bounds, list[bytes](), 0
        lengths = array("I", map(sub, bounds[1:], bounds))
        for number in (*gone, len(rows)):
            pieces.append(rows.data[bounds[start] : bounds[number]])
            start = number + 1
        for number in reversed(gone):
            del lengths[number]
        return BlockSplit(b"".join(pieces), lengths, len(gone), 0, requests)

    def _expunged(
        self, rows: CutRows, gone: frozenset[int], requests: Counter[str]
    ) -> BlockSplit:
        """Splits rows of a file that an order is about."""
        assert self.expunge
        kept, changed = list[bytes](), 0
        for number, row in enumerate(rows):
            if number in gone:
                continue
            left, orders = self.expunge.take_out(row)
            requests.update(orders)
            if left is not None:
                kept.append(left)
                changed += left is not row
        lengths = array("I", map(len, kept))
        removed = len(rows) - len(kept)
        return BlockSplit(b"".join(kept), lengths, removed, changed, requests)

    def count_left_over(self, offset: int, data: bytes) -> Counter[str]:
        """Counts rows of a block that are condemned, or contain a person's pseudonym.

        Returns:
            Number of condemned rows for each request; under "" of other rows that
            contain a pseudonym.

        Raises:
            CorruptFile: The block is not as the index or the schema says.
        """
        left_over = Counter[str]()
        for _, _, rows in self._cut([(offset, data)]):
            for number, row in enumerate(rows):
                if number in rows.keys:
                    judgement = self._policy.judge(*rows.keys[number])
                    left_over[judgement.request] += judgement.verdict.condemns
                else:
                    left_over[""] += self.names_anybody(row)
        return +left_over

    def count_unexpunged(self, offset: int, data: bytes) -> int:
        """Counts rows of a block of which an order takes out something.

        Raises:
            CorruptFile: The block is not as the index or the schema says.
        """
        if self.expunge is None:
            return 0
        ((_, _, rows),) = self._cut([(offset, data)])
        return sum(map(self.expunge.holds, rows))

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

    def _cut(self, blocks: Iterable[_Placed]) -> Iterator[tuple[int, int, CutRows]]:
        """Yields the rows of blocks, with keys for those of the policy's people."""
        frames = (parse_frame(data, at, self.header.sync) for at, data in blocks)
        if any(block.row_lengths for block in self.index.values()):
            for frame in frames:
                yield frame.offset, len(frame.data), self._cut_by_index(frame)
            return
        for together in self.decompressed(map(self._checked, frames)):
            cut = self._walk([block for _, block in together])
            for (frame, _), rows in zip(together, cut, strict=True):
                yield frame.offset, len(frame.data), rows

    def _checked(self, frame: Frame) -> Frame:
        """Compares a block's length and number of rows with those of the index."""
        if self.header.is_indexed:
            block = self._named(frame.offset)
            if (len(frame.data), frame.rows) != (block.length, block.rows):
                raise CorruptFile("a block is not what the index says")
        return frame

    def _cut_by_index(self, frame: Frame) -> CutRows:
        block = self._named(self._checked(frame).offset)
        data = frame_rows(frame, self.header.codec)
        check_lengths(data, block.row_lengths)
        bounds = [0, *accumulate(block.row_lengths)]
        if data[PARTICIPANT] != block.first.encode():
            raise CorruptFile("a block does not begin as the index says")
        if any(
            data[at] != _UUID_LENGTH or data[at + 37 : at + 38] != data[at : at + 1]
            for at in bounds[:-1]
        ):  # so that no wrong cut splits a row
            raise CorruptFile("the index does not say how long the rows are")
        people = participants(data, bounds)
        listed = {each for each in set(people) if each in self._policy.people}
        keys = {
            number: key_of(data[bounds[number] : bounds[number + 1]])
            for number, each in enumerate(people if listed else ())
            if each in listed
        }
        return CutRows(data, bounds, keys)

    def decompressed(
        self, frames: Iterable[Frame]
    ) -> Iterator[list[tuple[Frame, ClearBlock]]]:
        """Decompresses blocks, so many at a time that searching them is fast."""
        held, size = list[tuple[Frame, ClearBlock]](), 0
        for frame in frames:
            data = frame_rows(frame, self.header.codec)
            held.append((frame, ClearBlock(data, frame.rows)))
            size += len(data)
            if size >= _TOGETHER:
                yield held
                held, size = [], 0
        if held:
            yield held

    def _prove(self, blocks: Sequence[ClearBlock]) -> list[CutRows] | None:
        """Finds the rows of many blocks at once; None where they have to be walked."""
        try:
            return self._row_walker().prove(blocks, self._policy.people)
        except CorruptFile:
            return None

    def _walk(self, blocks: Sequence[ClearBlock]) -> list[CutRows]:
        return self._row_walker().cut(blocks, self._policy.people) if blocks else []

    def _row_walker(self) -> RowWalker:
        self._walker = self._walker or row_walker(self.header.schema)
        return self._walker

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
