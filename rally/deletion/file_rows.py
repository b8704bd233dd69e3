"""The rows of one file that a judge condemns, with an index or without."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rally.deletion.judge import Judge
from rally.deletion.scanner import Scanner
from rally.storage.block_index import Block, Ranged, blocks_of
from rally.storage.corruption import CorruptFile
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

_UUID_LENGTH = zig_zag(36)


class Parted(NamedTuple):
    """The rows of one block.

    Attributes:
        kept: in their order.
        removed: how many are condemned.
        requests: how many by each request.
    """

    kept: list[bytes]
    removed: int
    requests: Counter[str]


class FileRows:
    """One file at one generation, and whose rows in it are wanted."""

    def __init__(
        self,
        snapshot: Snapshot,
        judge: Judge,
        scanner: Scanner,
        read_header: Callable[[Snapshot], Header] = header_of,
    ) -> None:
        """Reads the header and nothing else.

        Args:
            snapshot: of the file.
            judge: of rows.
            scanner: for the judge's people.
            read_header: the whole of it; or its outline, where rows are not written
                again: the few that are looked at are then walked.

        Raises:
            CorruptFile: there is no whole header, or its index is not of this file.
        """
        self._snapshot = snapshot
        self._judge = judge
        self._scanner = scanner
        self.header: Header = read_header(snapshot)
        self.index: dict[int, Block] = {}
        self._walker: RowWalker | None = None
        self._walked = 0
        if self.header.is_indexed:
            blocks = self.header.checked_blocks(snapshot.info.size)
            self.index = {block.offset: block for block in blocks}

    @property
    def rows(self) -> int:
        """How many there are; of a file without an index, once all were candidates.

        Raises:
            CorruptFile: they are not as many as the header says, or it does not say.
        """
        if self.header.is_indexed:
            return self.header.rows
        self.check_rows(self._walked)
        return self._walked

    def check_rows(self, counted: int) -> None:
        """Compares the rows that were counted with what the header says.

        Raises:
            CorruptFile: there are more or less.
        """
        if ROWS in self.header.entries and self.header.rows != counted:
            raise CorruptFile("there are not as many rows as the header says")

    def candidates(self, people: Ranged) -> Iterator[tuple[int, bytes]]:
        """Offset and bytes of each block that may hold a row of these people.

        With an index only these blocks are read; without one, all are, and the bytes
        are searched.

        Args:
            people: all of the judge's.
        """
        if self.header.is_indexed:
            for block in blocks_of(list(self.index.values()), people):
                yield block.offset, self.read(block.offset, block.length)
            return
        for frame in walk_frames(self._snapshot, self.header):
            self._walked += frame.rows
            if self.names_anybody(frame_rows(frame, self.header.codec)):
                yield frame.offset, frame.data

    def names_anybody(self, rows: bytes) -> bool:
        """Whether a pseudonym of these people stands in rows, in whatever form."""
        if self.header.is_indexed:
            return self._scanner.found_in(rows)
        return self._scanner.found_in(rows.lower()) or self._scanner.found_raw_in(rows)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes at an offset from the end of the header."""
        return self._snapshot.read(self.header.length + offset, length)

    def part(self, offset: int, data: bytes) -> Parted:
        """Judges the rows of a block.

        Raises:
            CorruptFile: the block is not what the index or the schema says.
        """
        kept, requests = list[bytes](), Counter[str]()
        for key, row in self._keyed(offset, data):
            if key is not None:
                judgement = self._judge.judge(*key)
                if judgement.verdict.condemns:
                    requests[judgement.request] += 1
                    continue
            kept.append(row)
        return Parted(kept, requests.total(), requests)

    def count_left_over(self, offset: int, data: bytes) -> int:
        """Rows of a block that are condemned, or in which another's pseudonym stands.

        Raises:
            CorruptFile: the block is not what the index or the schema says.
        """
        left_over = 0
        for key, row in self._keyed(offset, data):
            if key is None:
                left_over += self.names_anybody(row)
            else:
                left_over += self._judge.judge(*key).verdict.condemns
        return left_over

    def check_named(self, frame: Frame, rows: bytes) -> None:
        """Compares a block with what the index says of it, where there is one.

        Raises:
            CorruptFile: the index names it wrongly, or not at all.
        """
        if not self.header.is_indexed:
            return
        block = self._named(frame.offset)
        named = (block.length, block.rows, block.first.encode())
        if named != (len(frame.data), frame.rows, rows[PARTICIPANT]):
            raise CorruptFile("a block is not what the index says")

    def _keyed(self, offset: int, data: bytes) -> Iterator[tuple[RowKey | None, bytes]]:
        """The rows of a block; with the key of those that are of these people."""
        people = self._judge.people
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


def _check_begin(row: bytes) -> None:
    """A row that was cut in the wrong place would take a piece of the next with it."""
    if row[:1] != _UUID_LENGTH or row[37:38] != _UUID_LENGTH:
        raise CorruptFile("the index does not say how long the rows are")
