"""The header of a file: what it says, and how far that can be true."""

from collections.abc import Mapping
from typing import NamedTuple

from rally.errors import CorruptFile
from rally.storage.block_index import (
    Block,
    is_consistent,
    unpack_index,
    with_row_lengths,
)

ROWS = "rally.rows"
CHECKSUM = "rally.checksum"
INDEX = "rally.index"
HEADER_CHECKSUM = "rally.header"
ROW_LENGTHS = "rally.row_lengths"
"""Entries of every file of ours. `rally.header` is CRC32C over the sync marker and all
entries but the last, and another over that, so that an index which lies is told from
one that is true, and who looks for somebody reads all but the last."""

LIST_COUNTER = "rally.list"
"""Entry of files of rows: the oldest withdrawal list under which one was judged."""

SCHEMA = "avro.schema"
CODEC = "avro.codec"

_NO_CODEC = b"null"


class Header(NamedTuple):
    """A file's header.

    Attributes:
        entries: all header entries, in the order in which they stand.
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
