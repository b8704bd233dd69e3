"""What tells rows apart: whose they are, which ping they are, and when it was sent.

Rows of our own files begin with it and are never decoded. Of files that somebody else
wrote, only the rows of a block that matters are walked, by their own writer's schema.
"""

import json
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

from rally.errors import CorruptFile
from rally.storage.header import decode_varint
from rally.storage.row_skipper import compile_columns
from rally.validation.ids import hyphenated
from rally.validation.leaves import zig_zag

PARTICIPANT = slice(1, 37)
DOCUMENT_ID = slice(38, 74)
KEY_BYTES = 74
"""Where they stand in an encoded row; the submission timestamp follows."""


class RowKey(NamedTuple):
    """Key of one row, by which compaction knows duplicates.

    Attributes:
        participant: Pseudonym, 36 ASCII bytes.
        document_id: 36 ASCII bytes.
        time: Submission timestamp, microseconds.
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


COLUMNS = ("participant", "document_id", "submission_timestamp")
NO_TIME = 0
"""Stands for a time that is null: such a row goes with whoever has left at all."""

Bounds = Sequence[int]

_UUID_BYTES = 16
_DIGITS = 32
_NANOS = {"timestamp-nanos", "local-timestamp-nanos"}
_MILLIS = {"timestamp-millis", "local-timestamp-millis"}


class KeyColumns:
    """The key columns of one writer's schema.

    Attributes:
        bounds: Function that says where each column of the row that begins at a
            position starts and ends, and the row's end; raises IndexError or ValueError
            where there is none.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        """Takes a record's schema, parsed JSON.

        Raises:
            ValueError, KeyError, TypeError: it is none, or has not these columns.
        """
        types = {field["name"]: field["type"] for field in schema["fields"]}
        participant, document_id, time = (_Column(types[name]) for name in COLUMNS)
        if not time.is_number:
            raise ValueError("no time")
        self.bounds = compile_columns(schema, COLUMNS)
        self._participant, self._document_id, self._time = (
            participant,
            document_id,
            time,
        )

    def participant(self, data: bytes, bounds: Bounds) -> bytes | None:
        """In lower case with hyphens, if it is a UUID; None where it is null."""
        return self._participant.identifier(data, bounds[0], bounds[1])

    def document_id(self, data: bytes, bounds: Bounds) -> bytes:
        """Likewise; empty where it is null."""
        return self._document_id.identifier(data, bounds[2], bounds[3]) or b""

    def time(self, data: bytes, bounds: Bounds) -> int:
        """Microseconds; NO_TIME where it is null."""
        return self._time.micros(data, bounds[4], bounds[5])


class _Column:
    """One column: of one type, or of a union of some."""

    def __init__(self, schema: Any) -> None:
        self._is_union = isinstance(schema, list)
        branches = schema if isinstance(schema, list) else [schema]
        self._branches = [(_base(each), _logical(each)) for each in branches]

    @property
    def is_number(self) -> bool:
        return {base for base, _ in self._branches} - {"null"} == {"long"}

    def identifier(self, data: bytes, start: int, end: int) -> bytes | None:
        base, _, start = self._branch(data, start)
        if base == "null":
            return None
        if base in ("string", "bytes"):
            _, start = decode_varint(data, start)
        value = data[start:end]
        if len(value) == _UUID_BYTES and base != "string":
            value = value.hex().encode()
        return _canonical(value)

    def micros(self, data: bytes, start: int, end: int) -> int:
        base, logical, start = self._branch(data, start)
        if base == "null":
            return NO_TIME
        number, _ = decode_varint(data[:end], start)
        if logical in _MILLIS:
            return number * 1000
        return number // 1000 if logical in _NANOS else number

    def _branch(self, data: bytes, start: int) -> tuple[str, str, int]:
        """Base and logical type of a value, and where it begins."""
        index = 0
        if self._is_union:
            index, start = decode_varint(data, start)
        return *self._branches[index], start


def _base(schema: Any) -> str:
    """The base type; of a named one its name, whose value is as it stands."""
    base = schema["type"] if isinstance(schema, dict) else schema
    if not isinstance(base, str):
        raise TypeError("a column of no simple type")
    return base


def _logical(schema: Any) -> str:
    return str(schema.get("logicalType", "")) if isinstance(schema, dict) else ""


def _canonical(value: bytes) -> bytes:
    """A UUID in lower case with hyphens; whatever else, in lower case."""
    lowered = value.lower()
    if len(lowered) == _DIGITS and lowered.isalnum():
        return hyphenated(lowered.decode("ascii")).encode()
    return lowered
