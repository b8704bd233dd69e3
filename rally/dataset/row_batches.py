"""Reads the rows of stored files as batches: their bytes, and what tells rows apart.

Of a file with a block index only the blocks of the wanted people are read, and rows are
cut where the index says. Another program's file is read as a whole, and its rows are
cut by walking them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rally.dataset.row_bytes import Mask, Positions, RowBytes, damaged
from rally.errors import CorruptFile
from rally.storage.block_index import Block
from rally.storage.codecs import LARGEST_BLOCK
from rally.storage.header import Header
from rally.storage.objectstore.interface import ObjectStore, Snapshot
from rally.storage.partitions import Identity, LiveFile, Range
from rally.storage.row_keys import KEY_BYTES, Everybody, RowKey, row_walker
from rally.storage.snapshots import frame_rows, header_of, parse_frame, walk_frames

Ids = npt.NDArray[np.bytes_]
"""Pseudonyms or document ids, one a row; dtype S36."""

ID_BYTES = 36

_MOST_ROWS = 16_384
"""Rows of a batch: their positions stay in a processor's cache."""

_MOST_BYTES = 16 * 1024 * 1024
"""Bytes of the rows of a batch, decompressed, but for a block that is larger."""

_MOST_BLOCK = 64 * 1024 * 1024
"""Bytes of the rows of one block, decompressed: a thousand times what is usual."""

_MOST_HEADER = 256 * 1024 * 1024
_MOST_SCHEMA = 4 * 1024 * 1024
_READ = 4 * 1024 * 1024
"""Stored bytes that are read at once."""

_ID_LENGTH = 72  # as a row says 36
_DOCUMENT_ID = 38


@dataclass(frozen=True, slots=True, eq=False)
class RowBatch:
    """Some rows of one file.

    Attributes:
        source: Name and generation of the object.
        schema: Writer's schema, JSON.
        size: Number of bytes of the rows' data.
        load: Returns the bytes of the rows, from memory, or reads them again.
        read_again: Reads them again; None where that would be too slow.
        starts: Position of each row.
        ends: Position behind each row.
        participants: Pseudonym of each row; empty where it has none.
        document_ids: Document id of each row, likewise.
        times: Submission timestamp of each row, microseconds.
    """

    source: Identity
    schema: str
    size: int
    load: Callable[[], RowBytes]
    read_again: Callable[[], RowBytes] | None
    starts: Positions
    ends: Positions
    participants: Ids
    document_ids: Ids
    times: Positions

    def __len__(self) -> int:
        """How many rows."""
        return len(self.starts)

    def among(self, staying: Mask) -> "RowBatch":
        """Returns the rows that a mask says."""
        if staying.all():
            return self
        return replace(
            self,
            starts=self.starts[staying],
            ends=self.ends[staying],
            participants=self.participants[staying],
            document_ids=self.document_ids[staying],
            times=self.times[staying],
        )

    def loaded(self) -> "RowBatch":
        """Returns the same rows with their bytes in memory."""
        data = self.load()
        return replace(self, load=lambda: data)

    def with_rows(self, rows: Sequence[bytes]) -> "RowBatch":
        """Returns the same rows with other bytes behind their keys."""
        bounds = np.cumsum([0, *map(len, rows)])
        data = RowBytes(rows)
        return replace(
            self,
            size=data.size,
            load=lambda: data,
            read_again=None,
            starts=bounds[:-1],
            ends=bounds[1:],
        )

    def row(self, place: int) -> bytes:
        """Returns the bytes of one row."""
        return bytes(self.load().view[self.starts[place] : self.ends[place]])


def read_rows(
    store: ObjectStore, live: LiveFile, people: Sequence[Range]
) -> Iterator[RowBatch]:
    """Reads the live rows of a file that are of some people.

    Args:
        store: Store of the study.
        live: File, and which of its rows are live.
        people: Ranges of participants, sorted.

    Raises:
        CorruptFile: The file is damaged.
        GenerationMismatch, ObjectNotFound: It is not as it was listed.
    """
    wanted = intersect(live.live, people)
    if not wanted:
        return
    source = live.file.identity
    with store.open(*source) as snapshot:
        header = header_of(snapshot, _MOST_HEADER)
        if len(header.schema) > _MOST_SCHEMA:
            raise CorruptFile("its schema is far longer than those of any study")
        if header.is_indexed:
            batches = _read_indexed(store, source, snapshot, header, wanted)
        else:
            batches = _read_foreign(source, snapshot, header)
        for batch in batches:
            inside = batch.among(_within(batch.participants, wanted))
            if len(inside):
                yield inside


def join_batches(batches: Iterable[RowBatch]) -> Iterator[RowBatch]:
    """Joins batches of one schema that follow each other and are small.

    A joined batch has the name of its first.
    """
    held = list[RowBatch]()
    for batch in batches:
        rows = sum(map(len, held)) + len(batch)
        size = sum(each.size for each in held) + batch.size
        is_full = rows > _MOST_ROWS or size > _MOST_BYTES
        if held and (is_full or batch.schema != held[0].schema):
            yield _join(held)
            held = []
        held.append(batch)
    if held:
        yield _join(held)


def _join(batches: Sequence[RowBatch]) -> RowBatch:
    if len(batches) == 1:
        return batches[0]
    before = np.cumsum([0, *(each.size for each in batches)])
    moved = [*zip(batches, before.tolist(), strict=False)]
    data = RowBytes(each.load().view for each in batches)
    return RowBatch(
        batches[0].source,
        batches[0].schema,
        data.size,
        lambda: data,
        None,
        np.concatenate([each.starts + by for each, by in moved]),
        np.concatenate([each.ends + by for each, by in moved]),
        np.concatenate([each.participants for each in batches]),
        np.concatenate([each.document_ids for each in batches]),
        np.concatenate([each.times for each in batches]),
    )


def intersect(some: Sequence[Range], others: Sequence[Range]) -> list[Range]:
    """Returns the participants that are in a range of both, sorted as the first."""
    both = (
        Range(max(one.start, other.start), min(one.end, other.end))
        for one in some
        for other in others
    )
    return [each for each in both if each.start < each.end]


def _within(participants: Ids, wanted: Sequence[Range]) -> Mask:
    """Tells which rows are of somebody; none is where no participant is known."""
    inside = np.zeros(len(participants), np.bool_)
    for start, end in wanted:
        inside |= (participants >= start) & (participants < end)
    return inside & (participants != b"")


class _Part(NamedTuple):
    """Rows of some blocks that stand one behind the other.

    Attributes:
        blocks: The blocks.
        pieces: Rows of each block.
        lengths: Length of each row.
    """

    blocks: list[Block]
    pieces: list[bytes]
    lengths: list[Positions]


def _read_indexed(
    store: ObjectStore,
    source: Identity,
    snapshot: Snapshot,
    header: Header,
    wanted: Sequence[Range],
) -> Iterator[RowBatch]:
    blocks = header.checked_blocks(snapshot.info.size)
    part, rows, size = _Part([], [], []), 0, 0
    for block, data in _read_blocks(snapshot, header, _blocks_of(blocks, wanted)):
        if rows and size + sum(block.row_lengths) > _MOST_BYTES:
            yield _with_keys(store, source, header, part)
            part, rows, size = _Part([], [], []), 0, 0
        piece = _cut(data, header, block)
        part.blocks.append(block)
        part.pieces.append(piece)
        part.lengths.append(np.asarray(block.row_lengths, "I"))
        rows, size = rows + block.rows, size + len(piece)
        if rows >= _MOST_ROWS:
            yield _with_keys(store, source, header, part)
            part, rows, size = _Part([], [], []), 0, 0
    if rows:
        yield _with_keys(store, source, header, part)


def _blocks_of(blocks: Sequence[Block], wanted: Sequence[Range]) -> list[Block]:
    """Returns the blocks that may have rows of ranges of participants."""
    found = list[Block]()
    for place, block in enumerate(blocks):
        behind = blocks[place + 1 : place + 2]
        last = behind[0].first.encode() if behind else b"\xff"
        first = block.first.encode()
        if any(each.start <= last and each.end > first for each in wanted):
            found.append(block)
    return found


def _read_blocks(
    snapshot: Snapshot, header: Header, blocks: Sequence[Block]
) -> Iterator[tuple[Block, bytes]]:
    """Yields each block with its bytes; blocks that adjoin are read at once."""
    place = 0
    while place < len(blocks):
        start = end = blocks[place].offset
        together = list[Block]()
        while place < len(blocks) and blocks[place].offset == end:
            if together and end + blocks[place].length - start > _READ:
                break
            together.append(blocks[place])
            end += blocks[place].length
            place += 1
        data = snapshot.read(header.length + start, end - start)
        for each in together:
            at = each.offset - start
            yield each, data[at : at + each.length]


def _cut(data: bytes, header: Header, block: Block) -> bytes:
    """Decompresses a block, and compares it with what the index says of it."""
    frame = parse_frame(data, block.offset, header.sync)
    if len(frame.data) != block.length or frame.rows != block.rows:
        raise CorruptFile("a block is not what the index says")
    rows = frame_rows(frame, header.codec, _MOST_BLOCK)
    if len(block.row_lengths) != block.rows or sum(block.row_lengths) != len(rows):
        raise CorruptFile("the index does not say how long the rows are")
    if rows[1 : 1 + ID_BYTES] != block.first.encode():
        raise CorruptFile("a block does not begin as the index says")
    return rows


def _with_keys(
    store: ObjectStore, source: Identity, header: Header, part: _Part
) -> RowBatch:
    """Reads the keys of rows of ours, which begin with them."""
    data = RowBytes(part.pieces)
    bounds = np.zeros(sum(map(len, part.lengths)) + 1, np.int64)
    np.cumsum(np.concatenate(part.lengths), out=bounds[1:])
    starts, ends = bounds[:-1], bounds[1:]
    if (ends - starts < KEY_BYTES + 1).any():
        raise damaged()
    for place in (0, _DOCUMENT_ID - 1):
        if (data.first_bytes(starts + place) != _ID_LENGTH).any():
            raise damaged()
    blocks = part.blocks

    def read_again() -> RowBytes:
        with store.open(*source) as snapshot:
            read = _read_blocks(snapshot, header, blocks)
            return RowBytes(_cut(data, header, block) for block, data in read)

    return RowBatch(
        source,
        header.schema,
        data.size,
        lambda: data,
        read_again,
        starts,
        ends,
        data.numbers(starts + 1, f"S{ID_BYTES}"),
        data.numbers(starts + _DOCUMENT_ID, f"S{ID_BYTES}"),
        data.longs(starts + KEY_BYTES)[0],
    )


def _read_foreign(
    source: Identity, snapshot: Snapshot, header: Header
) -> Iterator[RowBatch]:
    schema = header.schema
    walker, everybody = row_walker(schema), Everybody()
    for frame in walk_frames(snapshot, header, LARGEST_BLOCK):
        data = frame_rows(frame, header.codec)
        keys, rows = list[RowKey](), list[bytes]()
        for key, row in walker.walk(data, frame.rows, everybody):
            if key is not None:
                keys.append(key)
                rows.append(row)
        for start in range(0, len(rows), _MOST_ROWS):
            end = start + _MOST_ROWS
            yield _of_foreign(source, schema, keys[start:end], rows[start:end])


def _of_foreign(
    source: Identity,
    schema: str,
    keys: Sequence[tuple[bytes, bytes, int]],
    rows: Sequence[bytes],
) -> RowBatch:
    data, bounds = RowBytes(rows), np.cumsum([0, *map(len, rows)])
    participants, document_ids, times = zip(*keys, strict=True)
    return RowBatch(
        source,
        schema,
        data.size,
        lambda: data,
        None,
        bounds[:-1],
        bounds[1:],
        _ids(participants),
        _ids(document_ids),
        np.array(times, np.int64),
    )


def _ids(found: Iterable[bytes]) -> Ids:
    """Makes an array of ids; what cannot be one is empty."""
    return np.array([each if len(each) == ID_BYTES else b"" for each in found], "S36")
