"""Writes the blocks of a file one after the other, and keeps their index."""

from array import array
from collections.abc import Sequence
from typing import BinaryIO

import google_crc32c

from rally.storage.block_index import Block
from rally.storage.codecs import compress
from rally.validation.leaves import zig_zag

BLOCK_BYTES = 64 * 1024
"""Rows of a block, before compression."""

_PARTICIPANT = slice(1, 37)


class BlockWriter:
    """Cuts rows into blocks of about 64 KB, compresses them and writes them.

    Memory is one block, and the index.

    Attributes:
        rows: Rows written so far; all of them only after `finish`.
        length: Length of the blocks written so far, in bytes.
        indexed: Whether an index is kept.
    """

    def __init__(
        self, file: BinaryIO, sync: bytes, codec: str = "deflate", *, indexed: bool
    ) -> None:
        """Writes from where the file stands.

        Args:
            file: Takes the bytes.
            sync: 16 bytes after each block.
            codec: An Avro codec.
            indexed: Whether rows begin with the participant, a string of 36 characters,
                and come sorted by it.
        """
        self._file = file
        self._sync = sync
        self._codec = codec
        self.indexed = indexed
        self._held: list[bytes] = []
        self._size = 0
        self._blocks: list[Block] = []
        self._checksum = google_crc32c.Checksum()
        self.rows = 0
        self.length = 0

    def add(self, row: bytes) -> None:
        """Takes one row, Avro binary."""
        if self._size and self._size + len(row) > BLOCK_BYTES:
            self._flush()
        self._held.append(row)
        self._size += len(row)

    def finish(self) -> tuple[list[Block], str]:
        """Writes what is held; the index, and the checksum of all that was written."""
        self._flush()
        return self._blocks, self._checksum.hexdigest().decode("ascii")

    def _flush(self) -> None:
        if not self._held:
            return
        rows, self._held, self._size = self._held, [], 0
        frame = encode_block(rows, self._codec, self._sync)
        if self.indexed:
            first = rows[0][_PARTICIPANT].decode("ascii")
            lengths = array("I", map(len, rows))
            block = Block(first, self.length, len(frame), len(rows), lengths)
            self._blocks.append(block)
        self._write(frame, len(rows))

    def _write(self, frame: bytes, rows: int) -> None:
        self._file.write(frame)
        self._checksum.update(frame)
        self.length += len(frame)
        self.rows += rows


def encode_block(rows: Sequence[bytes], codec: str, sync: bytes) -> bytes:
    """One block: how many rows, how many bytes, the bytes, the sync marker."""
    return encode_joined(b"".join(rows), len(rows), codec, sync)


def encode_joined(data: bytes, rows: int, codec: str, sync: bytes) -> bytes:
    """Makes a block of rows that stand one behind the other already."""
    packed = compress(codec, data)
    return zig_zag(rows) + zig_zag(len(packed)) + packed + sync
