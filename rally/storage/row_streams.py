"""Sorted rows of many files side by side, a block of each in memory at a time.

Rows are bytes and stay bytes: they are sorted and told apart by their first bytes, and
sorted by one call for each batch, never one row at a time.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

from rally.errors import CorruptFile
from rally.storage.block_index import Block
from rally.storage.header import CODEC, Header
from rally.storage.objectstore.interface import Snapshot
from rally.storage.partitions import Range
from rally.storage.snapshots import cut_block

CHUNK = 1024 * 1024
"""Compressed bytes that are read at once, of each stream."""

_LENGTH, _BEHIND = b"H", b"I"  # a string of 36 bytes begins so
_PARTICIPANT_END = 37
LAST = b"\xff"
"""Is after every row."""

Rows = list[bytes]
Settle = Callable[[Rows], Rows]
"""Leaves of sorted rows those that count."""


class NotSorted(CorruptFile):
    """A file's rows are not in the order that its index promises."""


class UnreadableRows(Exception):
    """A file cannot be read to its end.

    Attributes:
        name: Name of the object.
        cause: Fault.
    """

    def __init__(self, name: str, cause: CorruptFile | OSError) -> None:
        super().__init__(name)
        self.name = name
        self.cause = cause


class Source(NamedTuple):
    """A sorted file with an index, whose rows are read block by block.

    Attributes:
        name: Name of the object.
        open: Opens it, at the generation that the index is of.
        header: Codec, sync marker and length; no other entry.
        blocks: Its index.
        tag: Bytes that a stream puts behind each row, so that a merge of several
            files knows later where a row came from. They do not change the order of
            a file's rows: of one schema, none is the beginning of another.
    """

    name: str
    open: Callable[[], AbstractContextManager[Snapshot]]
    header: Header
    blocks: Sequence[Block]
    tag: bytes = b""


def make_source(
    name: str,
    opener: Callable[[], AbstractContextManager[Snapshot]],
    header: Header,
    blocks: Sequence[Block],
) -> Source:
    """Keeps of a header what reading needs: four bytes a row, and little else."""
    slim = Header({CODEC: header.codec.encode()}, header.sync, header.length)
    return Source(
        name,
        opener,
        slim,
        blocks,
    )


def row_start(participant: bytes) -> bytes:
    """Is before all rows of a participant, and after all of those before."""
    return _LENGTH + participant


class _Piece(NamedTuple):
    """A block, and the rows of it that are wanted: [start, end) each."""

    source: Source
    block: Block
    wanted: Sequence[Range]


class RowStream:
    """The wanted rows of some files that follow one another in order.

    Attributes:
        rows: Rows of the blocks that were read last; those from `at` are not yet taken.
        at: A position in `rows`.
    """

    def __init__(self, parts: Sequence[tuple[Source, Sequence[Range]]]) -> None:
        """Opens nothing yet.

        Args:
            parts: Files, each with the participants who are wanted of it. All rows of
                one come before those of the next.
        """
        self._pieces = [
            piece for source, people in parts for piece in _pieces(source, people)
        ]
        self._firsts = [piece.block.first.encode() for piece in self._pieces]
        self._next = 0
        self._source: Source | None = None
        self._snapshot: Snapshot | None = None
        self._opened = ExitStack()
        self._chunk, self._chunk_at = b"", 0
        self.rows: Rows = []
        self.at = 0

    @property
    def has_more(self) -> bool:
        """Whether there are blocks that were not read."""
        return self._next < len(self._pieces)

    def fill(self) -> bool:
        """Reads blocks until a row is there; False where there is none any more."""
        while self.at >= len(self.rows):
            if not self.has_more:
                self.close()
                return False
            self.rows, self.at = self._load(), 0
        return True

    def extend(self, settle: Settle) -> None:
        """Reads one block more behind the rows that are there, once these settled."""
        self.rows, self.at = [*settle(self.rows[self.at :]), *self._load()], 0

    def take(self, limit: bytes) -> Rows:
        """The rows below a limit, of those that were read."""
        end = bisect_left(self.rows, limit, self.at)
        taken = self.rows[self.at : end]
        self.at = end
        return taken

    def skip(self, start: bytes) -> None:
        """Leaves out the rows before `start`; their blocks are not read if it can."""
        self.at = bisect_left(self.rows, start, self.at)
        if self.at == len(self.rows):
            participant = start[len(_LENGTH) : _PARTICIPANT_END]
            before = bisect_left(self._firsts, participant) - 1
            self._next = max(self._next, before)
            if self.fill():
                self.at = bisect_left(self.rows, start, self.at)

    def close(self) -> None:
        """Closes the file that is open."""
        self._opened.close()
        self._source = self._snapshot = None
        self._chunk = b""

    def _load(self) -> Rows:
        piece = self._pieces[self._next]
        self._next += 1
        try:
            rows = self._cut(piece.source, piece.block)
        except (CorruptFile, OSError) as error:
            raise UnreadableRows(piece.source.name, error) from None
        return _among(rows, piece.wanted)

    def _cut(self, source: Source, block: Block) -> Rows:
        if source is not self._source:
            self.close()
            self._snapshot = self._opened.enter_context(source.open())
            self._source = source
        rows = cut_block(self._read(block, source), source.header, block)
        if source.tag:
            rows = [row + source.tag for row in rows]
        ours = rows[0] >= _LENGTH and rows[-1] < _BEHIND
        if (
            not ours
            or rows != sorted(rows)
            or rows[0] < max(self.rows[-1:], default=b"")
        ):
            raise NotSorted("its rows are not in the order of their ids")
        return rows

    def _read(self, block: Block, source: Source) -> bytes:
        """A block, of a chunk that may hold those behind it."""
        start = block.offset - self._chunk_at
        if not (start >= 0 and start + block.length <= len(self._chunk)):
            assert self._snapshot is not None
            length = max(block.length, CHUNK)
            position = source.header.length + block.offset
            self._chunk = self._snapshot.read(position, length)
            self._chunk_at, start = block.offset, 0
        return self._chunk[start : start + block.length]


def _pieces(source: Source, people: Sequence[Range]) -> Iterator[_Piece]:
    """The blocks that may have wanted rows."""
    wanted = [Range(row_start(start), row_start(end)) for start, end in people]
    for position, block in enumerate(source.blocks):
        first = row_start(block.first.encode())
        behind = source.blocks[position + 1 : position + 2]
        last = row_start(behind[0].first.encode()) if behind else LAST
        inside = [each for each in wanted if each.start <= last and each.end > first]
        if inside:
            yield _Piece(source, block, inside)


def _among(rows: Rows, wanted: Sequence[Range]) -> Rows:
    if wanted[0].start <= rows[0] and rows[-1] < wanted[0].end:
        return rows
    kept: Rows = []
    for start, end in wanted:
        kept += rows[bisect_left(rows, start) : bisect_left(rows, end)]
    return kept


def batches(
    groups: Sequence[Sequence[RowStream]],
    settles: Sequence[Settle],
    width: int,
    end: bytes = LAST,
    *,
    follows: bool = False,
) -> Iterator[list[Rows]]:
    """Goes through streams side by side: all rows of equal first bytes come together.

    Args:
        groups: Streams, in groups.
        settles: Functions that say, for each group, what may be left out of rows of
            equal first bytes while more of them are read, so that memory stays bounded.
        width: Number of first bytes that tell rows apart.
        end: Rows from here on stay where they are.
        follows: The last group is there for the first alone: what no row of the first
            can be equal to is not read of it.

    Yields:
        For each group its rows of the batch, stream by stream: not sorted.
    """
    while True:
        if follows and not _follow(groups[-1], groups[0], width, end):
            groups = [*groups[:-1], ()]
        filled = [[each for each in group if each.fill()] for group in groups]
        active = [stream for group in filled for stream in group]
        limit = min(
            (each.rows[-1][:width] for each in active if each.has_more), default=end
        )
        limit = min(limit, end)
        batch = [
            [row for each in group for row in each.take(limit)] for group in filled
        ]
        if any(batch):
            yield batch
        elif limit == end:
            return
        else:
            for group, settle in zip(filled, settles, strict=True):
                for each in group:
                    if each.has_more and each.rows[-1][:width] == limit:
                        each.extend(settle)


def head(streams: Sequence[RowStream]) -> bytes:
    """The first row that is not yet taken; LAST where there is none."""
    return min((each.rows[each.at] for each in streams if each.fill()), default=LAST)


def _follow(
    streams: Sequence[RowStream], leaders: Sequence[RowStream], width: int, end: bytes
) -> bool:
    """Skips to the first row of the leaders; False where there is none before `end`."""
    first = head(leaders)[:width]
    for each in streams if first < end else ():
        each.skip(first)
    return first < end
