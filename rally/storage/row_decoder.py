"""Decodes Avro rows into JSON values, by the names that clients gave them.

A field's `json` property is its name in the ping. A field that is null and may be
absent is left out, as clients leave it out; bytes are text of code points 0 to 255, as
Avro's JSON encoding has them (Apache Avro 1.12 specification, "JSON Encoding").
"""

import struct
from collections.abc import Callable
from typing import Any

from rally.errors import CorruptFile
from rally.storage.header import decode_varint

_Read = Callable[[bytes, int], tuple[Any, int]]
"""Function from bytes and an offset to the value there, and the offset behind it."""


class RowDecoder:
    """Decodes rows of one writer's schema."""

    def __init__(self, schema: Any) -> None:
        """Compiles the schema.

        Args:
            schema: Writer's schema, parsed JSON.

        Raises:
            CorruptFile: It is no Avro schema.
        """
        try:
            self._read = _Compiler().compile(schema, "")
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            raise CorruptFile("the schema is no Avro schema") from None

    def decode(self, row: bytes) -> Any:
        """Decodes one row.

        Raises:
            CorruptFile: The bytes are no row of the schema, or more than one.
        """
        try:
            value, end = self._read(row, 0)
        except (IndexError, RecursionError, ValueError, struct.error):
            raise CorruptFile("a row is not what its schema says") from None
        if end != len(row):
            raise CorruptFile("a row is not what its schema says")
        return value


class _Compiler:
    """Makes the function of each type; named types may refer to themselves."""

    def __init__(self) -> None:
        self._named: dict[str, _Read] = {}

    def compile(self, schema: Any, namespace: str) -> _Read:
        """Makes the function of a type; names without a dot are of the namespace."""
        if isinstance(schema, list):
            return _union([self.compile(each, namespace) for each in schema])
        if isinstance(schema, str):
            return _PRIMITIVES.get(schema) or self._reference(schema, namespace)
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.compile(kind, namespace)
        if kind in ("record", "error", "enum", "fixed"):
            return self._define(schema, kind, namespace)
        if kind == "array":
            return _array(self.compile(schema["items"], namespace))
        if kind == "map":
            return _map(self.compile(schema["values"], namespace))
        return self.compile(kind, namespace)

    def _reference(self, name: str, namespace: str) -> _Read:
        full = _full_name(name, namespace)
        known = full if full in self._named else name
        if known not in self._named:
            raise ValueError(name)
        return lambda data, at: self._named[known](data, at)

    def _define(self, schema: dict[str, Any], kind: str, namespace: str) -> _Read:
        full = _full_name(schema["name"], schema.get("namespace", namespace))
        if kind == "enum":
            self._named[full] = _enum(schema["symbols"])
        elif kind == "fixed":
            self._named[full] = _fixed(schema["size"])
        else:
            # Its fields may refer to it, before they are all compiled.
            fields: list[tuple[str, _Read, bool]] = []
            self._named[full] = _record(fields)
            inside = full.rpartition(".")[0]
            for each in schema["fields"]:
                read = self.compile(each["type"], inside)
                name = each.get("json", each["name"])
                fields.append((name, read, _may_be_absent(each)))
        return self._named[full]


def _full_name(name: str, namespace: str) -> str:
    return f"{namespace}.{name}" if namespace and "." not in name else name


def _may_be_absent(field: dict[str, Any]) -> bool:
    """Tells whether null says that the ping did not have the field."""
    kind = field["type"]
    takes_null = isinstance(kind, list) and bool(kind) and kind[0] == "null"
    return takes_null and "default" in field and field["default"] is None


def _record(fields: list[tuple[str, _Read, bool]]) -> _Read:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        found = {}
        for name, read_field, may_be_absent in fields:
            value, at = read_field(data, at)
            if value is not None or not may_be_absent:
                found[name] = value
        return found, at

    return read


def _union(branches: list[_Read]) -> _Read:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        index, at = _varint(data, at)
        if not 0 <= index < len(branches):
            raise ValueError
        return branches[index](data, at)

    return read


def _array(items: _Read) -> _Read:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        found: list[Any] = []
        while True:
            count, at = _count(data, at)
            if not count:
                return found, at
            for _ in range(count):
                value, at = items(data, at)
                found.append(value)

    return read


def _map(values: _Read) -> _Read:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        found: dict[str, Any] = {}
        while True:
            count, at = _count(data, at)
            if not count:
                return found, at
            for _ in range(count):
                key, at = _text(data, at)
                found[key], at = values(data, at)

    return read


def _count(data: bytes, at: int) -> tuple[int, int]:
    """Reads the number of items of a block; 0 ends an array or a map.

    Raises:
        ValueError: They are more than there are bytes.
    """
    count, at = _varint(data, at)
    if count < 0:  # the size of the block in bytes follows
        count = -count
        _, at = _varint(data, at)
    if count > len(data):  # items of no bytes could be any number
        raise ValueError
    return count, at


def _enum(symbols: list[str]) -> _Read:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        index, at = _varint(data, at)
        if index < 0:
            raise ValueError
        return symbols[index], at

    return read


def _fixed(size: int) -> _Read:
    return lambda data, at: (_cut(data, at, size).decode("latin-1"), at + size)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    return decode_varint(data, at)


def _cut(data: bytes, at: int, size: int) -> bytes:
    """Returns some bytes. Raises ValueError where there are not as many."""
    if size < 0 or at + size > len(data):
        raise ValueError
    return data[at : at + size]


def _sized(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = _varint(data, at)
    return _cut(data, at, size), at + size


def _text(data: bytes, at: int) -> tuple[str, int]:
    found, at = _sized(data, at)
    return found.decode(), at


def _bytes(data: bytes, at: int) -> tuple[str, int]:
    found, at = _sized(data, at)
    return found.decode("latin-1"), at


def _boolean(data: bytes, at: int) -> tuple[bool, int]:
    return _cut(data, at, 1) != b"\0", at + 1


def _float(data: bytes, at: int) -> tuple[float, int]:
    return struct.unpack("<f", _cut(data, at, 4))[0], at + 4


def _double(data: bytes, at: int) -> tuple[float, int]:
    return struct.unpack("<d", _cut(data, at, 8))[0], at + 8


_PRIMITIVES: dict[str, _Read] = {
    "null": lambda _, at: (None, at),
    "boolean": _boolean,
    "int": _varint,
    "long": _varint,
    "float": _float,
    "double": _double,
    "bytes": _bytes,
    "string": _text,
}
