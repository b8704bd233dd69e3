"""The header of a file: what it says, and how far that can be true."""

from collections.abc import Mapping
from typing import NamedTuple

import google_crc32c

from rally.errors import CorruptFile
from rally.storage.block_index import (
    Block,
    is_consistent,
    unpack_index,
    with_row_lengths,
)
from rally.validation.leaves import zig_zag

ROWS = "rally.rows"
CHECKSUM = "rally.checksum"
INDEX = "rally.index"
HEADER_CHECKSUM = "rally.header"
ROW_LENGTHS = "rally.row_lengths"
"""Entries of every file of ours. `rally.header` is CRC32C over the sync marker and all
entries but the last, and another over that, so that an index which lies is told from
one that is true, and who looks for somebody reads all but the last."""

FINGERPRINT = "rally.schema"
"""Entry of files of rows: the fingerprint of the one payload schema of all its rows."""

LIST_COUNTER = "rally.list"
"""Entry of files of rows: the oldest withdrawal list under which one was judged."""

SCHEMA = "avro.schema"
CODEC = "avro.codec"

_NO_CODEC = b"null"


class Header(NamedTuple):
    """A file's header.

    Attributes:
        entries: All header entries, in the order in which they stand.
        sync: The sync marker, 16 bytes.
        length: Length of the header, in bytes: the first block begins there.
    """

    entries: Mapping[str, bytes]
    sync: bytes
    length: int

    @property
    def rows(self) -> int:
        """How many rows the header says that there are. Raises CorruptFile."""
        try:
            return int(self.entries[ROWS])
        except (KeyError, ValueError):
            raise CorruptFile("the header does not say how many rows it has") from None

    @property
    def codec(self) -> str:
        """The codec's name."""
        return self.entries.get(CODEC, _NO_CODEC).decode("utf-8", "replace")

    @property
    def schema(self) -> str:
        """The writer's schema, JSON. Raises CorruptFile."""
        try:
            return self.entries[SCHEMA].decode()
        except (KeyError, UnicodeDecodeError):
            raise CorruptFile("the header has no schema") from None

    @property
    def is_indexed(self) -> bool:
        """Whether there is a block index."""
        return INDEX in self.entries

    @property
    def blocks(self) -> list[Block]:
        """The block index; empty where the file has none. Raises CorruptFile."""
        packed = self.entries.get(INDEX)
        if packed is None:
            return []
        try:
            blocks = unpack_index(packed)
            if (lengths := self.entries.get(ROW_LENGTHS)) is not None:
                blocks = with_row_lengths(blocks, lengths)
        except Exception:  # whatever three libraries make of damaged bytes
            raise CorruptFile("the block index is damaged") from None
        return blocks

    def checked_blocks(self, size: int) -> list[Block]:
        """The block index of a file of that size, in bytes.

        Raises:
            CorruptFile: it is damaged, or cannot be true; or the file is cut off.
        """
        blocks = self.blocks
        if not is_consistent(blocks, size - self.length, self.rows):
            raise CorruptFile("the block index is not that of this file")
        return blocks


def decode_varint(data: bytes, position: int) -> tuple[int, int]:
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
        if byte < 0x80 and bits < 1 << 64:
            return bits >> 1 ^ -(bits & 1), position
    raise ValueError


MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_SEAL_BYTES = 8  # of the first checksum


def join_header(entries: Mapping[str, bytes], sync: bytes) -> bytes:
    """A header of these entries, in their order, and the checksums over them."""
    last = (HEADER_CHECKSUM, ROW_LENGTHS)
    sealed = {name: value for name, value in entries.items() if name not in last}
    sealed[HEADER_CHECKSUM] = _seal(entries, sync)
    if ROW_LENGTHS in entries:
        sealed[ROW_LENGTHS] = entries[ROW_LENGTHS]
    parts = [MAGIC, zig_zag(len(sealed))]
    for name, value in sealed.items():
        encoded = name.encode()
        parts += [zig_zag(len(encoded)), encoded, zig_zag(len(value)), value]
    return b"".join([*parts, b"\0", sync])


def read_header(data: bytes) -> Header:
    """Reads the header at the beginning of `data`.

    Raises:
        CorruptFile: it is none, or not whole, or not as it was written.
    """
    if header := peek_header(data):
        return header
    raise CorruptFile("the header is cut off")


def peek_header(data: bytes) -> Header | None:
    """Reads the header at the beginning of `data`; None where it goes on behind it.

    Raises:
        CorruptFile: it is none, or not as it was written, whatever may follow.
    """
    found = _scan(data)
    end = found.end + _SYNC_BYTES
    if found.cut_off or end > len(data):
        return None
    header = Header(found.entries, data[found.end : end], end)
    names = (CHECKSUM.encode(), HEADER_CHECKSUM.encode())
    if SCHEMA in header.entries and not any(name in data[:end] for name in names):
        return header  # somebody else's; one of ours has them wherever it is damaged
    _check(header)
    return header


def peek_outline(data: bytes) -> tuple[int, int] | None:
    """Looks whether `data` has all of a header of ours but its row lengths.

    Returns:
        Offset and length of the sync marker, to be read for `read_outline`; None where
        more than row lengths is missing, or nothing would show that they are the last.

    Raises:
        CorruptFile: it is no header.
    """
    found = _scan(data)
    if found.cut_off != ROW_LENGTHS or HEADER_CHECKSUM not in found.entries:
        return None
    return found.end, _SYNC_BYTES


def read_outline(data: bytes, sync: bytes) -> Header:
    """A header but for its row lengths; see peek_outline.

    Raises:
        CorruptFile: it is not as it was written.
    """
    found = _scan(data)
    header = Header(found.entries, sync, found.end + _SYNC_BYTES)
    _check(header, _SEAL_BYTES)
    return header


def _check(header: Header, end: int | None = None) -> None:
    """Compares the first bytes of a header's checksums, or all. Raises CorruptFile."""
    seal = _seal(header.entries, header.sync)
    if header.entries.get(HEADER_CHECKSUM, b"")[:end] != seal[:end]:
        raise CorruptFile("the header is damaged")


def _seal(entries: Mapping[str, bytes], sync: bytes) -> bytes:
    """Over the sync marker and all entries but the row lengths, and over these."""
    rest = google_crc32c.Checksum(sync)
    for name, value in entries.items():
        if name not in (HEADER_CHECKSUM, ROW_LENGTHS):
            rest.update(name.encode() + b"\0" + value + b"\0")
    lengths = google_crc32c.Checksum(entries.get(ROW_LENGTHS, b""))
    return bytes(rest.hexdigest() + lengths.hexdigest())


class _Scanned(NamedTuple):
    """As much of a header as there is.

    Attributes:
        entries: Entries that are whole.
        cut_off: The entry that is not; "?" where that cannot be told.
        end: Offset at which the sync marker begins, if at most one entry is cut off.
    """

    entries: Mapping[str, bytes]
    cut_off: str
    end: int


def _scan(data: bytes) -> _Scanned:
    if not data.startswith(MAGIC):
        raise CorruptFile("no Avro container file")
    entries: dict[str, bytes] = {}
    name, position = "?", len(MAGIC)
    try:
        while True:
            count, position = decode_varint(data, position)
            if count < 0:  # a count below zero is followed by the size in bytes
                count = -count
                _, position = decode_varint(data, position)
            if count == 0:
                return _Scanned(entries, "", position)
            for left in range(count, 0, -1):
                name = "?"
                key, position = _read_bytes(data, position)
                value, end = _bounds(data, position)
                if left == 1:
                    name = key.decode()
                if end > len(data):
                    return _Scanned(entries, name, end + 1)
                entries[key.decode()], position = data[value:end], end
    except IndexError:
        return _Scanned(entries, "?", 0)
    except ValueError:
        raise CorruptFile("the header is damaged") from None


def _read_bytes(data: bytes, position: int) -> tuple[bytes, int]:
    start, end = _bounds(data, position)
    if end > len(data):
        raise IndexError
    return data[start:end], end


def _bounds(data: bytes, position: int) -> tuple[int, int]:
    """Where bytes begin and end whose length stands at a position."""
    length, start = decode_varint(data, position)
    if length < 0:
        raise ValueError
    return start, start + length
