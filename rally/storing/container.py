"""Avro object container files with a block index in the header.

Any Avro reader reads them (Apache Avro 1.11 specification, "Object Container Files").
Rows arrive already encoded and sorted; they are cut into blocks of about 64 KB and
compressed. Header entries named `rally.*` say what the file holds, so that deletion
and compaction find, cut and merge rows without decoding them.
"""

import base64
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import fastavro
import google_crc32c
from isal import isal_zlib

from rally.checking.leaves import zig_zag

BLOCK_BYTES = 64 * 1024
"""Rows of a block, before compression."""

_MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_LEVEL = 3  # a tenth of the time of zlib 6 for a tenth more bytes

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
                {"name": "row_lengths", "type": {"type": "array", "items": "int"}},
            ],
        },
    }
)
"""The block index: an Avro array, raw deflate, base64, as the entry `rally.index`.

Text, because readers there are that take every header entry for UTF-8.
"""


class CorruptFile(Exception):
    """The bytes are not a whole container file of ours; the message says where."""


class Block(NamedTuple):
    """One block of rows.

    Attributes:
        first: the first row's participant.
        offset: of the block, counted from the end of the header.
        length: of the block with its counts and sync marker, in bytes.
        row_lengths: of each row, uncompressed, in bytes.
    """

    first: str
    offset: int
    length: int
    row_lengths: Sequence[int]


class Header(NamedTuple):
    """A file's header.

    Attributes:
        entries: all header entries.
        sync: the sync marker, 16 bytes.
        length: of the header, in bytes: the first block begins there.
    """

    entries: Mapping[str, bytes]
    sync: bytes
    length: int

    @property
    def rows(self) -> int:
        """How many rows the header says that there are. Raises CorruptFile."""
        try:
            return int(self.entries["rally.rows"])
        except (KeyError, ValueError):
            raise CorruptFile("the header does not say how many rows it has") from None

    @property
    def blocks(self) -> list[Block]:
        """The block index; empty where the file has none. Raises CorruptFile."""
        packed = self.entries.get("rally.index")
        if packed is None:
            return []
        try:
            return _unpack_index(packed)
        except Exception:  # whatever three libraries make of damaged bytes
            raise CorruptFile("the block index is damaged") from None


def encode_container(
    schema: str,
    rows: Sequence[bytes],
    entries: Mapping[str, str],
    sync: bytes,
    *,
    indexed: bool,
) -> bytes:
    """Makes a whole file of encoded rows.

    Args:
        schema: the writer's schema, JSON.
        rows: Avro binary, in the order in which they are stored. Where indexed, each
            begins with the participant, a string of 36 characters.
        entries: more header entries, `rally.*`.
        sync: 16 bytes.
        indexed: whether the header holds the block index.
    """
    body, index = bytearray(), list[dict[str, object]]()
    for block in _cut(rows):
        frame = _frame(block, sync)
        if indexed:
            index.append(
                {
                    "first": block[0][1:37].decode("ascii"),
                    "offset": len(body),
                    "length": len(frame),
                    "row_lengths": [len(row) for row in block],
                }
            )
        body += frame
    header = {"avro.schema": schema.encode(), "avro.codec": b"deflate"}
    header |= {name: value.encode() for name, value in entries.items()}
    header["rally.rows"] = b"%d" % len(rows)
    header["rally.checksum"] = b"%08x" % google_crc32c.value(bytes(body))
    if indexed:
        header["rally.index"] = _pack_index(index)
    return _encode_header(header, sync) + body


def read_header(data: bytes) -> Header:
    """Reads the header at the beginning of `data`.

    Raises:
        CorruptFile: it is none, or not whole.
    """
    if not data.startswith(_MAGIC):
        raise CorruptFile("no Avro container file")
    try:
        entries, position = _read_map(data, len(_MAGIC))
    except IndexError:
        raise CorruptFile("the header is cut off") from None
    except ValueError:
        raise CorruptFile("the header is damaged") from None
    end = position + _SYNC_BYTES
    if end > len(data):
        raise CorruptFile("the header is cut off")
    return Header(entries, data[position:end], end)


def read_rows(data: bytes) -> Iterator[dict[str, Any]]:
    """Decodes a whole file after checking that it is whole.

    Raises:
        CorruptFile: bytes or rows are missing, or are not what the header says.
    """
    header = read_header(data)
    check_whole(data, header)
    missing = header.rows
    try:
        for row in fastavro.reader(io.BytesIO(data)):
            assert isinstance(row, dict)
            missing -= 1
            yield row
    except Exception:  # the rows are whole, so the header's schema is not
        raise CorruptFile("the rows are not what the header says") from None
    if missing:
        raise CorruptFile("there are not as many rows as the header says")


def check_whole(data: bytes, header: Header) -> None:
    """Compares the bytes behind the header with its checksum.

    A file cut at a block's end reads without any error; only this shows it.

    Raises:
        CorruptFile: they differ.
    """
    found = b"%08x" % google_crc32c.value(data[header.length :])
    if header.entries.get("rally.checksum") != found:
        raise CorruptFile("the checksum differs: bytes are missing or changed")


def _cut(rows: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start, size = 0, 0
    for position, row in enumerate(rows):
        if size and size + len(row) > BLOCK_BYTES:
            yield rows[start:position]
            start, size = position, 0
        size += len(row)
    if start < len(rows):
        yield rows[start:]


def _frame(rows: Sequence[bytes], sync: bytes) -> bytes:
    deflater = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
    packed = deflater.compress(b"".join(rows)) + deflater.flush()
    return zig_zag(len(rows)) + zig_zag(len(packed)) + packed + sync


def _pack_index(index: list[dict[str, object]]) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, INDEX_SCHEMA, index)
    deflater = zlib.compressobj(wbits=-15)
    packed = deflater.compress(stream.getvalue()) + deflater.flush()
    return base64.b64encode(packed)


def _unpack_index(packed: bytes) -> list[Block]:
    stream = io.BytesIO(zlib.decompress(base64.b64decode(packed), wbits=-15))
    blocks: Any = fastavro.schemaless_reader(stream, INDEX_SCHEMA, None)
    return [Block(**block) for block in blocks]


def _encode_header(entries: Mapping[str, bytes], sync: bytes) -> bytes:
    parts = [_MAGIC, zig_zag(len(entries))]
    for name, value in entries.items():
        parts += [zig_zag(len(name)), name.encode("ascii")]
        parts += [zig_zag(len(value)), value]
    return b"".join([*parts, b"\0", sync])


def decode_long(data: bytes, position: int) -> tuple[int, int]:
    """A long at a position, and the position behind it.

    Raises:
        IndexError: the data ends within it.
        ValueError: it has more than 64 bits.
    """
    bits = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        bits |= (byte & 0x7F) << shift
        if byte < 0x80:
            return bits >> 1 ^ -(bits & 1), position
    raise ValueError


def _read_map(data: bytes, position: int) -> tuple[dict[str, bytes], int]:
    entries: dict[str, bytes] = {}
    while True:
        count, position = decode_long(data, position)
        if count < 0:  # a count below zero is followed by the block's size in bytes
            count = -count
            _, position = decode_long(data, position)
        if count == 0:
            return entries, position
        for _ in range(count):
            name, position = _read_bytes(data, position)
            entries[name.decode()], position = _read_bytes(data, position)


def _read_bytes(data: bytes, position: int) -> tuple[bytes, int]:
    length, position = decode_long(data, position)
    if length < 0 or position + length > len(data):
        raise IndexError
    return data[position : position + length], position + length


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no white space: equal values are equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
