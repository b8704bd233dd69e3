"""What rows of a document have to be: its approved schema, and nothing beside."""

import io
import json
from functools import lru_cache
from typing import Any
from zlib import crc32

import fastavro

from rally.audit.clear_bytes import in_bytes
from rally.audit.foreign_schema import resembles
from rally.audit.whole_files import RowBlock
from rally.compaction.indexed_file import FINGERPRINT, canonical_schema
from rally.registry.rows import row_schema
from rally.registry.study import Document
from rally.storage.corruption import CorruptFile
from rally.storage.header import Header
from rally.storage.row_keys import RowWalker
from rally.storage.row_skipper import Walker, compile_walker


class Approved:
    """The schema of a document's rows.

    Attributes:
        fingerprint: of the payload's schema.
    """

    def __init__(self, document: Document) -> None:
        """Compiles it."""
        schema = row_schema(document)
        self.fingerprint = document.schema.fingerprint
        self._schema = json.loads(schema)
        self._walk: Walker = compile_walker(self._schema)
        self._canonical = canonical_schema(schema)

    def walker(self, header: Header) -> Walker | RowWalker | None:
        """What walks a file's rows; None where they are not of the approved schema.

        What somebody else's writer made has no fingerprint of ours, nor has what was
        compacted of it; it may have the same columns in another form, which a
        RowWalker reads.
        """
        if header.entries.get(FINGERPRINT, b"") not in (b"", self.fingerprint.encode()):
            return None
        try:
            if header.is_indexed:
                is_same = canonical_schema(header.schema) == self._canonical
                return self._walk if is_same else None
            if resembles(json.loads(header.schema), self._schema):
                return RowWalker(header.schema)
        except (CorruptFile, ValueError):
            pass
        return None


def chosen_block(name: str, day: str, blocks: int) -> int:
    """Which of a file's blocks is decoded on a day: another one each day."""
    return crc32(in_bytes(f"{day}/{name}")) % max(blocks, 1)


def undecodable(block: RowBlock, header: Header) -> set[int]:
    """Which of a block's rows no Avro reader takes, by their places."""
    schema = _parsed(header.schema)
    return {
        place
        for place, bounds in enumerate(zip(block.starts, block.ends, strict=True))
        if not _decodes(block.data[slice(*bounds)], schema)
    }


def _decodes(row: bytes, schema: Any) -> bool:
    try:
        fastavro.schemaless_reader(io.BytesIO(row), schema, None)
    except Exception:  # whatever a library makes of damaged bytes
        return False
    return True


@lru_cache(maxsize=8)
def _parsed(schema: str) -> Any:
    return fastavro.parse_schema(json.loads(schema))
