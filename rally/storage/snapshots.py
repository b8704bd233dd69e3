"""Reads parts of a stored file at one generation: its header, its blocks, its rows."""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rally.errors import CorruptFile
from rally.storage.block_index import Block
from rally.storage.codecs import LARGEST_BLOCK, decompress
from rally.storage.header import (
    Header,
    decode_varint,
    peek_header,
    peek_outline,
    read_outline,
)
from rally.storage.objectstore.interface import Snapshot

_HEADER_READ = 64 * 1024
_CHUNK = 4 * 1024 * 1024
_COUNTS = 20  # two longs at their longest
_SYNC_BYTES = 16


class Frame(NamedTuple):
    """One block as it stands in a file.

    Attributes:
        offset: Offset from the end of the header.
        rows: Number of rows that it says it has.
        data: The whole block, with its counts and sync marker.
        start: Offset in `data` at which the compressed rows begin; they end before the
            marker.
    """

    offset: int
    rows: int
    data: bytes
    start: int


def header_of(snapshot: Snapshot, most: int = sys.maxsize) -> Header:
    """Reads the header, however long its block index makes it.

    Args:
        snapshot: The file.
        most: Bytes after which no more are read of a header that has not ended.

    Raises:
        CorruptFile: it has none, or not whole.
    """
    data = more = snapshot.read(0, _HEADER_READ)
    while (header := peek_header(data)) is None:
        if not more or len(data) >= min(most, snapshot.info.size):
            raise CorruptFile("the header is cut off")
        more = snapshot.read(len(data), len(data) * 3)
        data += more
    return header


def outline_of(snapshot: Snapshot) -> Header:
    """Reads the header, but for the lengths of rows where these go on far.

    Raises:
        CorruptFile: it has none, or not whole.
    """
    data = snapshot.read(0, _HEADER_READ)
    header = peek_header(data)
    if header is None and (marker := peek_outline(data)):
        if sum(marker) > snapshot.info.size:
            raise CorruptFile("the header is cut off")
        header = read_outline(data, snapshot.read(*marker))
    return header or header_of(snapshot)


def read_block(snapshot: Snapshot, header: Header, block: Block) -> list[bytes]:
    """The rows of a block that the index names.

    Raises:
        CorruptFile: the block is not what the index says.
    """
    data = snapshot.read(header.length + block.offset, block.length)
    return cut_block(data, header, block)


def cut_block(data: bytes, header: Header, block: Block) -> list[bytes]:
    """The rows of a block, cut where the index says.

    Raises:
        CorruptFile: the block is not what the index says.
    """
    frame = parse_frame(data, block.offset, header.sync)
    if len(frame.data) != block.length or frame.rows != block.rows:
        raise CorruptFile("a block is not what the index says")
    rows = cut(frame_rows(frame, header.codec), block.row_lengths)
    if rows[0][1:37] != block.first.encode():
        raise CorruptFile("a block does not begin as the index says")
    return rows


def cut(data: bytes, lengths: Sequence[int]) -> list[bytes]:
    """Cuts rows apart. Raises CorruptFile where the lengths do not add up."""
    check_lengths(data, lengths)
    rows, start = [], 0
    for length in lengths:
        rows.append(data[start : start + length])
        start += length
    return rows


def check_lengths(data: bytes, lengths: Sequence[int]) -> None:
    """Checks that rows of these lengths are as many bytes. Raises CorruptFile."""
    if sum(lengths) != len(data) or min(lengths, default=0) <= 0:
        raise CorruptFile("the index does not say how long the rows are")


def frame_rows(frame: Frame, codec: str, most: int = LARGEST_BLOCK) -> bytes:
    """The decompressed rows of a block.

    Args:
        frame: The block.
        codec: Codec of the file.
        most: Bytes that may come of it.

    Raises:
        CorruptFile: they do not decompress, or are more than that.
    """
    packed = frame.data[frame.start : -_SYNC_BYTES]
    if not packed and not frame.rows:  # which no codec makes of nothing
        return b""
    return decompress(codec, packed, most)


def parse_frame(data: bytes, offset: int, sync: bytes) -> Frame:
    """The block at the beginning of `data`, which may hold more.

    Raises:
        CorruptFile: it is cut off, or its counts or its sync marker are wrong.
    """
    try:
        rows, position = decode_varint(data, 0)
        length, start = decode_varint(data, position)
    except (IndexError, ValueError):
        raise CorruptFile("a block is cut off or damaged") from None
    end = start + length + _SYNC_BYTES
    if rows < 0 or length < 0 or end > len(data):
        raise CorruptFile("a block is cut off or damaged")
    if data[end - _SYNC_BYTES : end] != sync:
        raise CorruptFile("a block has another sync marker than the file")
    return Frame(offset, rows, data[:end], start)


def walk_frames(
    snapshot: Snapshot, header: Header, longest: int = sys.maxsize
) -> Iterator[Frame]:
    """Every block of a file, index or not, in pieces of bounded size.

    Args:
        snapshot: The file.
        header: Its header.
        longest: Bytes that a block may have in the file.

    Raises:
        CorruptFile: a block is cut off, or its counts or its sync marker are wrong.
    """
    size = snapshot.info.size
    position, data, at = header.length, b"", 0
    while position < size:
        left = min(longest, size - position)
        needed = _length_at(data, at, left)
        if at + needed > len(data):
            data = data[at:] + snapshot.read(
                position + len(data) - at, max(_CHUNK, needed)
            )
            at = 0
            needed = _length_at(data, 0, left)
            if needed > len(data):
                data += snapshot.read(position + len(data), needed - len(data))
        frame = parse_frame(
            data[at : at + needed], position - header.length, header.sync
        )
        yield frame
        position += needed
        at += needed


def _length_at(data: bytes, at: int, left: int) -> int:
    """How long the block is that begins there; at least what tells it.

    Raises:
        CorruptFile: it would not end within the file.
    """
    head = data[at : at + _COUNTS]
    try:
        _, position = decode_varint(head, 0)
        length, position = decode_varint(head, position)
    except IndexError:
        return min(_COUNTS, left)
    except ValueError:
        raise CorruptFile("a block is damaged") from None
    needed = position + length + _SYNC_BYTES
    if length < 0 or needed > left:
        raise CorruptFile("a block is cut off or damaged")
    return needed
