"""The block index of a file: which block holds whose rows, and how to cut them.

Two header entries. `rally.index` is small, and all that finding somebody needs: an Avro
array with a record for each block. `rally.row_lengths` has the length of each row, with
which rows are cut apart without decoding; it is the last entry, so that who only looks
for somebody need not read it. Both are raw deflate as base64: text, because readers
there are that take every header entry for UTF-8.
"""

import base64
import io
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import fastavro

from rally.validation.leaves import zig_zag

INDEX_SCHEMA = fastavro.parse_schema(
    {
        "type": "array",
        "items": {
            "type": "record",
            "name": "Block",
            "fields": [
                {"name": "first", "type": "string"},
                {"name": "offset", "type": "long"},
                {"name": "length", "type": "long"},
                {"name": "rows", "type": "int"},
            ],
        },
    }
)

_LENGTH = "I"  # unsigned, 32 bits
_LENGTH_BYTES = 4


class Block(NamedTuple):
    """One block of rows.

    Attributes:
        first: The first row's participant.
        offset: Offset of the block, counted from the end of the header.
        length: Length of the block with its counts and sync marker, in bytes.
        rows: Number of rows.
        row_lengths: Length of each row, uncompressed, in bytes; empty where that was
            not read.
    """

    first: str
    offset: int
    length: int
    rows: int
    row_lengths: Sequence[int] = ()


def pack_index(blocks: Sequence[Block]) -> bytes:
    """The text of `rally.index`."""
    parts = [zig_zag(len(blocks))] if blocks else []
    for block in blocks:
        parts += [
            zig_zag(len(block.first)),
            block.first.encode("ascii"),
            *map(zig_zag, block[1:4]),
        ]
    return _pack(b"".join([*parts, b"\0"]))


def unpack_index(packed: bytes) -> list[Block]:
    """The blocks, but for the lengths of their rows.

    Raises whatever three libraries make of damaged bytes.
    """
    blocks: Any = fastavro.schemaless_reader(
        io.BytesIO(_unpack(packed)), INDEX_SCHEMA, None
    )
    return [Block(**block) for block in blocks]


def pack_row_lengths(blocks: Iterable[Block]) -> bytes:
    """The text of `rally.row_lengths`.

    Numbers of four bytes each, first the lowest byte of all, then the next: so they
    compress as well as numbers of variable length, and nobody has to parse them.
    """
    lengths = array(_LENGTH)
    for block in blocks:
        lengths.extend(block.row_lengths)
    data = _little(lengths).tobytes()
    return _pack(b"".join(data[place::_LENGTH_BYTES] for place in range(_LENGTH_BYTES)))


def with_row_lengths(blocks: Sequence[Block], packed: bytes) -> list[Block]:
    """The same blocks, with the lengths of their rows.

    Raises:
        ValueError: they are not those of so many rows; or what libraries make of
            damaged bytes.
    """
    planes = _unpack(packed)
    count = sum(block.rows for block in blocks)
    if len(planes) != count * _LENGTH_BYTES:
        raise ValueError
    data = bytearray(len(planes))
    for place in range(_LENGTH_BYTES):
        data[place::_LENGTH_BYTES] = planes[place * count : (place + 1) * count]
    lengths = array(_LENGTH)
    lengths.frombytes(data)
    lengths, start, whole = _little(lengths), 0, list[Block]()
    for block in blocks:
        end = start + block.rows
        whole.append(block._replace(row_lengths=lengths[start:end]))
        start = end
    return whole


def is_consistent(blocks: Sequence[Block], body: int, rows: int) -> bool:
    """Tells whether an index can be that of a body of so many bytes and rows."""
    end, previous = 0, ""
    for block in blocks:
        if block.offset != end or block.length <= 0:
            return False
        if block.first < previous or block.rows <= 0:
            return False
        end, previous = end + block.length, block.first
    return end == body and rows == sum(block.rows for block in blocks)


class Ranged(Protocol):
    """People by their pseudonyms, of whom it is known between which these lie."""

    def has_between(self, start: bytes, end: bytes) -> bool:
        """Tells whether one is at or after `start`, and before `end`."""


def blocks_of(blocks: Sequence[Block], people: Ranged) -> list[Block]:
    """The blocks, in order, that may hold rows of some people.

    Of a file that is sorted by participant: the rows of one begin in the last block
    whose first row is somebody before, and go on while blocks begin with the same. The
    work grows with the number of blocks, and hardly with that of people.
    """
    firsts = [block.first.encode() for block in blocks]
    ends = [*(first + b"\0" for first in firsts[1:]), b"\xff"]
    return [
        block
        for block, first, end in zip(blocks, firsts, ends, strict=False)
        if people.has_between(first, end)
    ]


def _pack(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return base64.b64encode(deflater.compress(data) + deflater.flush())


def _unpack(packed: bytes) -> bytes:
    return zlib.decompress(base64.b64decode(packed, validate=True), wbits=-15)


def _little(lengths: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        lengths.byteswap()
    return lengths
