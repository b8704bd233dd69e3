"""What tells rows apart: whose they are, which ping they are, and when it was sent.

Rows of our own files begin with it and are never decoded. Of files that somebody else
wrote, only the rows of a block that matters are walked, by their own writer's schema.
"""

import io
import json
from collections.abc import Container
from typing import Any, NamedTuple

import fastavro

from rally.storing.corruption import CorruptFile
from rally.storing.longs import decode_long
from rally.storing.row_skipper import compile_skipper

PARTICIPANT = slice(1, 37)
DOCUMENT_ID = slice(38, 74)
KEY_BYTES = 74
"""Where they stand in an encoded row; the submission timestamp follows."""

_COLUMNS = {
    "participant": "string",
    "document_id": "string",
    "submission_timestamp": "long",
}


class RowKey(NamedTuple):
    """Of one row.

    Attributes:
        participant: pseudonym, 36 ASCII bytes.
        document_id: 36 ASCII bytes.
        time: submission timestamp, microseconds.
    """

    participant: bytes
    document_id: bytes
    time: int


def key_of(row: bytes) -> RowKey:
    """The key of a row of ours. Raises CorruptFile where it is too short for one."""
    try:
        time, _ = decode_long(row, KEY_BYTES)
    except (IndexError, ValueError):
        raise CorruptFile("a row is cut off") from None
    return RowKey(row[PARTICIPANT], row[DOCUMENT_ID], time)


class RowWalker:
    """Cuts blocks into rows by walking them: for files without an index."""

    def __init__(self, schema: str) -> None:
        """Takes the writer's schema, JSON.

        Raises:
            CorruptFile: it is none, or has not the columns that every row has.
        """
        try:
            written = json.loads(schema)
            columns = {field["name"]: field for field in written["fields"]}
            for name in _COLUMNS:  # as plain numbers, not as times
                columns[name]["type"] = _plain(columns[name]["type"])
            begin = [(each["name"], each["type"]) for each in written["fields"][:3]]
            self._begins_with_key = begin == list(_COLUMNS.items())
            self._skip = compile_skipper(written)
            fields = [{"name": name, "type": each} for name, each in _COLUMNS.items()]
            self._written = fastavro.parse_schema(written)
            self._wanted = fastavro.parse_schema(
                {"type": "record", "name": written["name"], "fields": fields}
                | {key: written[key] for key in ("namespace",) if key in written}
            )
        except Exception:  # whatever a schema of somebody else's makes a library raise
            raise CorruptFile(
                "its schema has not the columns participant, document_id and"
                " submission_timestamp"
            ) from None

    def walk(
        self, data: bytes, count: int, wanted: Container[bytes]
    ) -> list[tuple[RowKey | None, bytes]]:
        """Each row's bytes, and the key of those whose participant is wanted.

        Raises:
            CorruptFile: the bytes are not so many rows of this schema.
        """
        find_key = self._key_at if self._begins_with_key else self._decode_key
        skip, start = self._skip, 0
        rows = list[tuple[RowKey | None, bytes]]()
        try:
            for _ in range(count):
                end = skip(data, start)
                rows.append((find_key(data, start, wanted), data[start:end]))
                start = end
        except Exception:  # as read_rows: damaged bytes raise anything
            raise CorruptFile("a block's rows are not what its schema says") from None
        if start != len(data):
            raise CorruptFile("a block has more bytes than rows, or less")
        return rows

    def _key_at(
        self, data: bytes, start: int, wanted: Container[bytes]
    ) -> RowKey | None:
        length, begin = decode_long(data, start)
        end = begin + length
        participant = data[begin:end]
        if participant not in wanted:
            return None
        length, begin = decode_long(data, end)
        end = begin + length
        time, _ = decode_long(data, end)
        return RowKey(participant, data[begin:end], time)

    def _decode_key(
        self, data: bytes, start: int, wanted: Container[bytes]
    ) -> RowKey | None:
        row: Any = fastavro.schemaless_reader(
            io.BytesIO(memoryview(data)[start:]), self._written, self._wanted
        )
        key = RowKey(
            row["participant"].encode(),
            row["document_id"].encode(),
            row["submission_timestamp"],
        )
        return key if key.participant in wanted else None


def _plain(written: Any) -> Any:
    return written["type"] if isinstance(written, dict) else written
