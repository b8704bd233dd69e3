"""What tells rows apart: whose they are, which ping they are, and when it was sent.

Rows of our own files begin with it and are never decoded. Of files that somebody else
wrote, only the rows of a block that matters are walked, by their own writer's schema.
"""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from rally.errors import CorruptFile
from rally.storage.header import decode_varint
from rally.storage.row_bounds import RowBounds
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


@dataclass(frozen=True, slots=True)
class CutRows:
    """The rows of one block, as places in bytes that may hold other blocks, too.

    Attributes:
        data: Decompressed bytes.
        bounds: Where each row begins, and the end of the last.
        keys: Keys of the rows of some people, by the numbers of the rows.
    """

    data: bytes
    bounds: Sequence[int]
    keys: Mapping[int, RowKey]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.bounds) - 1

    def __iter__(self) -> Iterator[bytes]:
        """Yields the rows."""
        return map(self.row, range(len(self)))

    def row(self, number: int) -> bytes:
        """Copies one row."""
        return self.data[self.bounds[number] : self.bounds[number + 1]]


class ClearBlock(NamedTuple):
    """A decompressed block, and the number of rows that it says it has."""

    data: bytes
    rows: int


_FEW_ROWS = 200
"""Of fewer rows together it takes longer to prove their bounds than to walk them."""


class RowWalker:
    """Cuts blocks into rows where no index says how long rows are."""

    def __init__(self, schema: str) -> None:
        """Takes the writer's schema, JSON.

        Raises:
            CorruptFile: it is none, or has not the columns that every row has.
        """
        try:
            parsed = json.loads(schema)
            self._columns = KeyColumns(parsed)
        except Exception:  # whatever a schema of somebody else's makes a library raise
            raise CorruptFile(
                "its schema has not the columns participant, document_id and"
                " submission_timestamp"
            ) from None
        self._bounds: RowBounds | None = None
        # Rows that begin otherwise, or are not understood, are walked.
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            self._bounds = RowBounds(parsed)

    def prove(
        self, blocks: Sequence[ClearBlock], wanted: Container[bytes]
    ) -> list[CutRows] | None:
        """Finds the rows of many blocks at once; see rally.storage.row_bounds.

        Args:
            blocks: Blocks; the more rows they have together, the faster it is.
            wanted: Participants whose rows get their keys.

        Returns:
            The rows of each block; None where walking is faster, or nothing is proved.

        Raises:
            CorruptFile: A wanted row's key is not what the schema says.
        """
        counts = [block.rows for block in blocks]
        if self._bounds is None or sum(counts) < _FEW_ROWS:
            return None
        data = b"".join(block.data for block in blocks)
        sizes = [len(block.data) for block in blocks]
        bounds = self._bounds.find(data, sizes, counts)
        if bounds is None:
            return None
        keys = self._keys(data, bounds, wanted)
        cut, ends, start = [], iter([*keys, len(bounds)]), 0
        at = next(ends)
        for count in counts:
            own = {}
            while at < start + count:
                own[at - start] = keys[at]
                at = next(ends)
            cut.append(CutRows(data, bounds[start : start + count + 1], own))
            start += count
        return cut

    def cut(
        self, blocks: Sequence[ClearBlock], wanted: Container[bytes]
    ) -> list[CutRows]:
        """Finds the rows of blocks, proved or walked, and the keys of wanted ones.

        Raises:
            CorruptFile: The bytes are not so many rows of this schema.
        """
        proved = self.prove(blocks, wanted)
        if proved is None:
            return [self._walk(*block, wanted) for block in blocks]
        return proved

    def walk(
        self, data: bytes, count: int, wanted: Container[bytes]
    ) -> list[tuple[RowKey | None, bytes]]:
        """Each row's bytes, and the key of those whose participant is wanted.

        Raises:
            CorruptFile: the bytes are not so many rows of this schema.
        """
        (rows,) = self.cut([ClearBlock(data, count)], wanted)
        return [(rows.keys.get(number), row) for number, row in enumerate(rows)]

    def _keys(
        self, data: bytes, bounds: Sequence[int], wanted: Container[bytes]
    ) -> dict[int, RowKey]:
        """Reads the keys of wanted rows that begin with a text of 36 bytes."""
        people = participants(data.lower(), bounds)
        known = {person for person in set(people) if person in wanted}
        if not known:
            return {}
        with _damage_named():
            return {
                number: self._key(data, bounds[number], person)
                for number, person in enumerate(people)
                if person in known
            }

    def _key(self, data: bytes, start: int, person: bytes) -> RowKey:
        columns = self._columns
        bounds = columns.bounds(data, start)
        return RowKey(
            person, columns.document_id(data, bounds), columns.time(data, bounds)
        )

    def _walk(self, data: bytes, count: int, wanted: Container[bytes]) -> CutRows:
        columns, start = self._columns, 0
        bounds, keys = [0], dict[int, RowKey]()
        with _damage_named():
            for number in range(count):
                places = columns.bounds(data, start)
                person = columns.participant(data, places)
                if person is not None and person in wanted:
                    keys[number] = self._key(data, start, person)
                start = places[-1]
                bounds.append(start)
        if start != len(data):
            raise CorruptFile("a block has more bytes than rows, or less")
        return CutRows(data, bounds, keys)


_LONGEST_KEPT = 1 << 18  # a schema of somebody else's may be as long as they like


def row_walker(schema: str) -> RowWalker:
    """Makes the walker of a schema, which takes milliseconds, once for many files.

    Few are kept, and none of a long schema.

    Raises:
        CorruptFile: as RowWalker; of such a schema nothing is kept.
    """
    return _kept(schema) if len(schema) <= _LONGEST_KEPT else RowWalker(schema)


_kept = lru_cache(maxsize=8)(RowWalker)


def participants(data: bytes, bounds: Sequence[int]) -> list[bytes]:
    """Copies the participants of rows that begin with a text of 36 bytes."""
    return [data[at + 1 : at + 37] for at in bounds[:-1]]


@contextmanager
def _damage_named() -> Iterator[None]:
    """Names what damaged bytes make code raise that walks them."""
    try:
        yield
    except Exception:  # as read_rows: damaged bytes raise anything
        raise CorruptFile("a block's rows are not what its schema says") from None


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
