"""What tells rows apart: whose they are, which ping they are, and when it was sent.

Rows of our own files begin with it and are never decoded. Of files that somebody else
wrote, only the rows of a block that matters are walked, by their own writer's schema.
"""

import json
from collections.abc import Container
from typing import NamedTuple

from rally.errors import CorruptFile
from rally.storage.header_bytes import decode_varint
from rally.storage.key_columns import KeyColumns
from rally.validation.leaves import zig_zag

PARTICIPANT = slice(1, 37)
DOCUMENT_ID = slice(38, 74)
KEY_BYTES = 74
"""Where they stand in an encoded row; the submission timestamp follows."""


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
        time, _ = decode_varint(row, KEY_BYTES)
    except (IndexError, ValueError):
        raise CorruptFile("a row is cut off") from None
    return RowKey(row[PARTICIPANT], row[DOCUMENT_ID], time)


def encode_key(key: RowKey) -> bytes:
    """How a row of ours begins that has this key."""
    return b"".join(
        (
            zig_zag(len(key.participant)),
            key.participant,
            zig_zag(len(key.document_id)),
            key.document_id,
            zig_zag(key.time),
        )
    )


class Everybody:
    """People who are wanted, where all are."""

    def __contains__(self, person: object) -> bool:
        return True


class RowWalker:
    """Cuts blocks into rows by walking them: where no index says how long rows are."""

    def __init__(self, schema: str) -> None:
        """Takes the writer's schema, JSON.

        Raises:
            CorruptFile: it is none, or has not the columns that every row has.
        """
        try:
            self._columns = KeyColumns(json.loads(schema))
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
        columns, start = self._columns, 0
        rows = list[tuple[RowKey | None, bytes]]()
        try:
            for _ in range(count):
                bounds = columns.bounds(data, start)
                person, key = columns.participant(data, bounds), None
                if person is not None and person in wanted:
                    document_id = columns.document_id(data, bounds)
                    key = RowKey(person, document_id, columns.time(data, bounds))
                rows.append((key, data[start : bounds[-1]]))
                start = bounds[-1]
        except Exception:  # as read_rows: damaged bytes raise anything
            raise CorruptFile("a block's rows are not what its schema says") from None
        if start != len(data):
            raise CorruptFile("a block has more bytes than rows, or less")
        return rows
