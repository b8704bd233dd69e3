"""Takes the value of one field out of encoded rows, and leaves every other byte.

Nothing is decoded and encoded again: the field's value is found by walking the row, and
replaced by null, or by an empty array or map (Apache Avro 1.11 specification, "Binary
Encoding"). So a row without the field is the very row, whoever wrote it.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from rally.errors import CorruptFile
from rally.storage.header import decode_varint
from rally.storage.row_skipper import compile_columns
from rally.validation.leaves import zig_zag

PAYLOAD = "payload"
"""The column of a row in which the study's fields are."""

MOST_TYPES = 100_000
"""Most types of one schema; a named type counts at each of its places."""

_EMPTY = b"\0"
_NO_NAME = re.compile("[^A-Za-z0-9_/*]")
_NAMED = ("record", "error", "enum", "fixed")


class FieldRequired(CorruptFile):
    """The field can be neither null nor empty, so that only whole rows can go."""


class Edit(NamedTuple):
    """A value that is replaced.

    Attributes:
        start: Position of its first byte.
        end: Position behind its last byte.
        new: Bytes in its place.
    """

    start: int
    end: int
    new: bytes


_Editor = Callable[[bytes, int, list[Edit]], int]
"""Finds what is to be replaced in the value that begins at a position.

Adds to the edits, in their order, and returns the position behind the value.
"""


class FieldEraser:
    """Takes the value of one field out of rows of one schema."""

    def __init__(self, schema: str, path: str) -> None:
        """Compiles the way to the field.

        Args:
            schema: Writer's schema of the rows, JSON.
            path: Path of the field from JSON names, below the payload; items of arrays
                and values of maps are "*": `/events/*/address`. A program that has
                read our files and writes its own keeps none of these names: there
                "_" stands for what Avro allows in no name.

        Raises:
            FieldRequired: The field can be neither null nor empty.
            CorruptFile: The schema is none, or contains itself.
        """
        try:
            structure = _Structure()
            row = structure.of(json.loads(schema), "")
            self._edit = _Way(path).to_payload(row)
            if self._edit is None and not structure.has_json_names:
                self._edit = _Way(_as_avro_names(path)).to_payload(row)
        except FieldRequired:
            raise
        except Exception:  # whatever a schema of somebody else's makes a library raise
            raise CorruptFile("its schema cannot be walked to a field") from None

    @property
    def is_there(self) -> bool:
        """Whether rows of the schema can have the field."""
        return self._edit is not None

    def holds(self, row: bytes) -> bool:
        """Tells whether a row has a value there. Raises CorruptFile as `erase` does."""
        return bool(self._edits(row))

    def erase(self, row: bytes) -> bytes:
        """Returns the row without the value; the very row if it has none.

        Raises:
            CorruptFile: The bytes are no row of the schema.
        """
        edits = self._edits(row)
        if not edits:
            return row
        pieces, at = list[bytes](), 0
        for start, end, new in edits:
            pieces += row[at:start], new
            at = end
        return b"".join((*pieces, row[at:]))

    def _edits(self, row: bytes) -> list[Edit]:
        edits = list[Edit]()
        if self._edit is None:
            return edits
        try:
            end = self._edit(row, 0, edits)
        except (IndexError, ValueError):
            raise CorruptFile("a row is not what its schema says") from None
        if end != len(row):
            raise CorruptFile("a row is not what its schema says")
        return edits


@lru_cache(maxsize=256)
def find_eraser(schema: str, path: str) -> FieldEraser:
    """Returns the eraser of a field, compiled once; raises as FieldEraser does."""
    return FieldEraser(schema, path)


class _Structure:
    """Writes each named type out at each of its places, under a name of its own."""

    def __init__(self) -> None:
        self.has_json_names = False
        self._known: dict[str, tuple[Mapping[str, Any], str]] = {}
        self._within: list[str] = []
        self._types = 0

    def of(self, schema: Any, namespace: str) -> Any:
        """Returns a schema without names of types. Raises ValueError, KeyError."""
        self._types += 1
        if self._types > MOST_TYPES:
            raise ValueError(schema)
        if isinstance(schema, list):
            return [self.of(each, namespace) for each in schema]
        if isinstance(schema, str):
            return self._by_name(schema, namespace)
        kind = schema["type"]
        if kind in _NAMED:
            full = _full_name(schema, namespace)
            self._known[full] = schema, full.rpartition(".")[0]
            return self._named(full)
        if kind == "array":
            return {"type": kind, "items": self.of(schema["items"], namespace)}
        if kind == "map":
            return {"type": kind, "values": self.of(schema["values"], namespace)}
        return self.of(kind, namespace)

    def _by_name(self, name: str, namespace: str) -> Any:
        for full in (f"{namespace}.{name}" if namespace else name, name):
            if full in self._known:
                return self._named(full)
        return name

    def _named(self, full: str) -> Any:
        schema, namespace = self._known[full]
        if full in self._within:
            raise ValueError(full)
        if schema["type"] == "enum":
            return "int"
        name = f"t{self._types}"
        if schema["type"] == "fixed":
            return {"type": "fixed", "name": name, "size": schema["size"]}
        self._within.append(full)
        self.has_json_names |= any("json" in each for each in schema["fields"])
        fields = [
            {
                "name": each["name"],
                "json": each.get("json", each["name"]),
                "type": self.of(each["type"], namespace),
            }
            for each in schema["fields"]
        ]
        self._within.pop()
        return {"type": "record", "name": name, "fields": fields}


def _full_name(schema: Mapping[str, Any], namespace: str) -> str:
    name = str(schema["name"])
    inner = schema.get("namespace", namespace)
    return name if "." in name or not inner else f"{inner}.{name}"


def _as_avro_names(path: str) -> str:
    return _NO_NAME.sub("_", path)


class _Way:
    """The way from the payload to the values of a field, through all of its types."""

    def __init__(self, path: str) -> None:
        self._path = path

    def to_payload(self, row: Any) -> _Editor | None:
        """Compiles the way through a row; None if its schema has no such field."""
        inside = {
            each["name"]: found
            for each in row["fields"]
            if each["name"] == PAYLOAD and (found := self._through(each["type"], ""))
        }
        return _in_record(row, inside) if inside else None

    def _through(self, type_: Any, at: str) -> _Editor | None:
        """Compiles the way through a type whose values stand at a path."""
        if isinstance(type_, list):
            found = [self._through(each, at) for each in type_]
            return _in_union(type_, found) if any(found) else None
        if not isinstance(type_, dict):
            return None
        if type_["type"] == "record":
            inside = {}
            for field in type_["fields"]:
                if way := self._to_field(field, f"{at}/{field['json']}"):
                    inside[field["name"]] = way
            return _in_record(type_, inside) if inside else None
        items = type_.get("items", type_.get("values"))
        if items is None:
            return None
        way = self._through(items, f"{at}/*")
        return _in_blocks(way, is_map=type_["type"] == "map") if way else None

    def _to_field(self, field: Any, at: str) -> _Editor | None:
        """Compiles the way to a field, or through it."""
        if self._path.startswith(f"{at}/"):
            return self._through(field["type"], at)
        if self._path != at or field["type"] == "null":
            return None
        return _replacing(_nothing_of(field["type"]), _skipping(field["type"]))


def _nothing_of(type_: Any) -> bytes:
    """Returns the encoding of null, or of an empty value. Raises FieldRequired."""
    if isinstance(type_, list) and "null" in type_:
        return zig_zag(type_.index("null"))
    if isinstance(type_, dict) and type_["type"] in ("array", "map"):
        return _EMPTY
    raise FieldRequired("the field is required, and can be neither null nor empty")


def _skipping(type_: Any) -> Callable[[bytes, int], int]:
    """Compiles a function that returns the position behind a value."""
    around = {"type": "record", "name": "skipped", "fields": [_column(type_)]}
    columns = compile_columns(around, ())
    return lambda data, at: columns(data, at)[0]


def _column(type_: Any) -> dict[str, Any]:
    return {"name": "value", "type": type_}


def _replacing(new: bytes, skip: Callable[[bytes, int], int]) -> _Editor:
    def edit(data: bytes, at: int, edits: list[Edit]) -> int:
        end = skip(data, at)
        if data[at:end] != new:
            edits.append(Edit(at, end, new))
        return end

    return edit


def _in_record(record: Any, inside: Mapping[str, _Editor]) -> _Editor:
    # Fields are looked into in the order in which they stand, so that edits are too.
    names = [each["name"] for each in record["fields"] if each["name"] in inside]
    columns = compile_columns(record, names)
    editors = [inside[name] for name in names]

    def edit(data: bytes, at: int, edits: list[Edit]) -> int:
        bounds = columns(data, at)
        for place, editor in enumerate(editors):
            if editor(data, bounds[2 * place], edits) != bounds[2 * place + 1]:
                raise ValueError
        return bounds[-1]

    return edit


def _in_union(branches: list[Any], editors: list[_Editor | None]) -> _Editor:
    skips = [_skipping(each) for each in branches]

    def edit(data: bytes, at: int, edits: list[Edit]) -> int:
        branch, at = decode_varint(data, at)
        if not 0 <= branch < len(skips):
            raise ValueError
        editor = editors[branch]
        return editor(data, at, edits) if editor else skips[branch](data, at)

    return edit


def _in_blocks(item: _Editor, *, is_map: bool) -> _Editor:
    """Edits the items of an array, or the values of a map.

    A block may say how many bytes it has. If one of its items changes, it says so no
    more.
    """

    def edit(data: bytes, at: int, edits: list[Edit]) -> int:
        while True:
            start, before = at, len(edits)
            count, at = decode_varint(data, at)
            if count == 0:
                return at
            has_size = count < 0
            if has_size:
                count = -count
                _, at = decode_varint(data, at)
            if count > len(data):
                raise ValueError
            begin = at
            for _ in range(count):
                if is_map:
                    length, at = decode_varint(data, at)
                    if length < 0:
                        raise ValueError
                    at += length
                at = item(data, at, edits)
            if has_size and len(edits) > before:
                edits.insert(before, Edit(start, begin, zig_zag(count)))

    return edit
