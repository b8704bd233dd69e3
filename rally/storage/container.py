"""Avro object container files with a block index in the header.

Any Avro reader reads them (Apache Avro 1.11 specification, "Object Container Files").
Rows arrive already encoded and sorted; they are cut into blocks of about 64 KB and
compressed. Header entries named `rally.*` say what the file holds, so that deletion
and compaction find, cut and merge rows without decoding them.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import fastavro
import google_crc32c

from rally.errors import CorruptFile
from rally.storage.block_index import Block, pack_index, pack_row_lengths
from rally.storage.block_writer import BlockWriter
from rally.storage.header import (
    CHECKSUM,
    CODEC,
    INDEX,
    ROW_LENGTHS,
    ROWS,
    SCHEMA,
    Header,
    join_header,
    read_header,
)


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
        schema: The writer's schema, JSON.
        rows: Avro binary, in the order in which they are stored. Where indexed, each
            begins with the participant, a string of 36 characters.
        entries: More header entries, `rally.*`.
        sync: 16 bytes.
        indexed: Whether the header holds the block index.
    """
    body = io.BytesIO()
    writer = BlockWriter(body, sync, indexed=indexed)
    for row in rows:
        writer.add(row)
    return encode_header(schema, entries, writer, sync) + body.getvalue()


def encode_header(
    schema: str, entries: Mapping[str, str], writer: BlockWriter, sync: bytes
) -> bytes:
    """The header of a file whose blocks were written by `writer`, codec deflate."""
    blocks, checksum = writer.finish()
    header = {SCHEMA: schema.encode(), CODEC: b"deflate"}
    header |= {name: value.encode() for name, value in entries.items()}
    header[ROWS] = b"%d" % writer.rows
    header[CHECKSUM] = checksum.encode()
    if writer.indexed:
        header |= index_entries(blocks)
    return join_header(header, sync)


def index_entries(blocks: Sequence[Block]) -> dict[str, bytes]:
    """The header entries that are the block index."""
    return {INDEX: pack_index(blocks), ROW_LENGTHS: pack_row_lengths(blocks)}


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
    if header.entries.get(CHECKSUM) != found:
        raise CorruptFile("the checksum differs: bytes are missing or changed")


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no white space: equal values are equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
