"""Compiles an Avro schema into one pass that checks a JSON value and encodes it.

"Not a byte more" (design: "Validating"): an encoder takes exactly what its schema
declares, and writes what fastavro's schemaless_writer would.
"""

from collections.abc import Callable, Iterable
from types import NoneType
from typing import cast

from rally.errors import PingFailed
from rally.outcomes import FailureReason
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import (
    Array,
    Field,
    KeyBounds,
    Map,
    Record,
    Type,
    Union,
)
from rally.validation.leaves import (
    LONG,
    MISFITS,
    SMALL,
    Encoder,
    Leaf,
    LeafForm,
    Misfit,
    TextLimit,
    any_integer,
    encoded_text,
    small_integers,
    zig_zag,
)
from rally.validation.mismatches import find_mismatches

Write = Callable[[object, Callable[[bytes], None]], None]
"""Function that checks a value, and appends its encoding in parts, or raises a MISFITS.
"""

_IN_LINE = 4  # levels of arrays and maps in one function; Python nests 20 loops at most
_END = b"\0"  # after the block of an array or a map, and all there is of an empty one
_TRUE, _FALSE = b"\1", b"\0"


def compile_encoder(schema: object) -> Encoder:
    """Compiles a schema, parsed JSON, in which a field may have `"json": "<name>"`.

    The encoder takes a JSON value as orjson parses it and returns Avro's binary
    encoding of it, or raises PingFailed(SCHEMA_MISMATCH). The error names the schema's
    first place that does not fit, and holds nothing of the value. Whatever the value,
    the encoder goes no deeper than the schema does. It is a closure: built by each
    worker, not pickled.

    Raises:
        ConfigurationError: the schema cannot be served; says where and what to do.
    """
    type_ = read_schema(schema)
    write = _compile_write(type_)

    def encode(value: object) -> bytes:
        parts: list[bytes] = []
        try:
            write(value, parts.append)
        except MISFITS:
            pass  # what was caught may quote the value: leave it before raising
        else:
            return b"".join(parts)
        where = next(find_mismatches(type_, value), None)
        raise PingFailed(FailureReason.SCHEMA_MISMATCH, where) from None

    return encode


def _compile_write(type_: Type) -> Write:
    """Compiles a function that writes the values of a type."""
    return _Source().compile(type_)


class _Source:
    """Writes the source of the functions of types: `def write_N(value, append)`.

    Methods return lines. `value` is the variable that they encode, and `tag` is written
    before it: its branch in a union.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._functions: dict[Type, str] = {}
        self._objects: dict[int, str] = {}
        self._globals: dict[str, object] = {
            "Misfit": Misfit,
            "MISFITS": MISFITS,
            "NoneType": NoneType,
        }

    def compile(self, type_: Type) -> Write:
        name = self._function(type_)
        exec("\n".join(self._lines), self._globals)
        return cast(Write, self._globals[name])

    def _function(self, type_: Type) -> str:
        """Gives the name of the type's function; each type has one function."""
        if type_ not in self._functions:
            body = self._body(type_)  # which adds the functions of its parts
            name = f"write_{len(self._functions)}"
            self._functions[type_] = name
            self._lines += [f"def {name}(value, append):", *_indented(body)]
        return self._functions[type_]

    def _body(self, type_: Type) -> list[str]:
        match type_:
            case Record():
                return self._record(type_)
            case Array() | Map():
                return self._block(type_, "value")
            case Union() if _beside_null(type_) is None:
                return self._union(type_)
        return self._value(type_, "value")

    def _value(self, type_: Type, value: str, tag: bytes = b"") -> list[str]:
        """Encodes a variable: leaves and nullable types in line, others by a call."""
        if isinstance(type_, Leaf):
            return self._leaf(type_, value, tag)
        if isinstance(type_, Union) and (other := _beside_null(type_)) is not None:
            return [
                f"if {value} is None:",
                f"    append({_tag(1 - other)!r})",
                "else:",
                *_indented(self._branch(type_, other, value)),
            ]
        lines = [f"append({tag!r})"] if tag else []
        if isinstance(type_, Array | Map) and type_.depth <= _IN_LINE:
            return lines + self._block(type_, value)
        return [*lines, f"{self._function(type_)}({value}, append)"]

    def _branch(self, union: Union, index: int, value: str) -> list[str]:
        return self._value(union.branches[index], value, _tag(index))

    def _leaf(self, leaf: Leaf, value: str, tag: bytes) -> list[str]:
        match leaf.form:
            case LeafForm.NULL:
                return [f"if {value} is not None: raise Misfit", f"append({tag!r})"]
            case LeafForm.BOOLEAN:
                return [
                    f"if {value} is True: append({tag + _TRUE!r})",
                    f"elif {value} is False: append({tag + _FALSE!r})",
                    "else: raise Misfit",
                ]
            case LeafForm.INTEGER:
                low, high = leaf.bounds
                small = f"{max(low, 0)} <= {value} < {min(SMALL, high + 1)}"
                return [
                    f"if type({value}) is not int: raise Misfit",
                    self._integer(value, small, leaf.bounds, tag),
                ]
            case LeafForm.TEXT:
                return [
                    f"if type({value}) is not str: raise Misfit",
                    *self._text(value, tag, leaf.limit),
                ]
        encoded = f"{self._object(leaf.encode)}({value})"
        return [f"append({tag!r} + {encoded})" if tag else f"append({encoded})"]

    def _text(
        self, text: str, tag: bytes = b"", limit: TextLimit | None = None
    ) -> list[str]:
        lines = [f"data = {text}.encode()", "size = len(data)"]
        if limit is not None:
            check = self._object(limit.check)
            lines.append(f"if size > {limit.fast_bytes}: {check}(data)")
        return [*lines, self._length(tag), "append(data)"]

    def _length(self, tag: bytes) -> str:
        return self._integer("size", f"size < {SMALL}", LONG, tag)

    def _integer(
        self, value: str, small: str, bounds: tuple[int, int], tag: bytes
    ) -> str:
        table = self._object(small_integers(tag))
        otherwise = self._object(any_integer(bounds, tag))
        return f"append({table}[{value}] if {small} else {otherwise}({value}))"

    def _record(self, record: Record) -> list[str]:
        lines = [
            "if type(value) is not dict: raise Misfit",
            "get = value.get",
            f"undeclared = len(value) - {len(record.fields)}",
        ]
        for field in record.fields:
            lines += [f"item = get({field.json!r})", *self._field(field)]
        lines.append("if undeclared: raise Misfit")
        if record.cases is not None:
            takes = self._object(record.cases.takes)
            lines.append(f"if not {takes}(value): raise Misfit")
        return lines

    def _field(self, field: Field) -> list[str]:
        """Encodes `item`, which is None if it is null and if it is absent."""
        absent = f"{field.json!r} not in value"
        if field.may_be_absent:
            return [
                "if item is None:",
                f"    append({_tag(0)!r})",
                f"    if {absent}: undeclared += 1",
                "else:",
                *_indented(self._but_null(field.type)),
            ]
        encoded = self._value(field.type, "item")
        if NoneType in field.type.json:
            return [f"if item is None and {absent}: raise Misfit", *encoded]
        return encoded

    def _but_null(self, type_: Type) -> list[str]:
        if isinstance(type_, Union) and _beside_null(type_) is not None:
            return self._branch(type_, 1, "item")
        return self._value(type_, "item")

    def _block(self, type_: Array | Map, value: str) -> list[str]:
        if isinstance(type_, Array):
            return self._array(type_, value)
        return self._map(type_, value)

    def _array(self, array: Array, value: str) -> list[str]:
        return [
            f"if type({value}) is not list: raise Misfit",
            f"if {value}:",
            *_indented(self._count(value, array.max_items)),
            f"    for item in {value}:",
            *_indented(_indented(self._value(array.items, "item"))),
            f"append({_END!r})",
        ]

    def _map(self, map_: Map, value: str) -> list[str]:
        keys = map_.keys or KeyBounds()
        return [
            f"if type({value}) is not dict: raise Misfit",
            f"if {value}:",
            *_indented(self._count(value, keys.max_entries)),
            f"    for key, item in {value}.items():",
            *_indented(_indented(self._key(keys))),
            *_indented(_indented(self._value(map_.values, "item"))),
            f"append({_END!r})",
        ]

    def _key(self, keys: KeyBounds) -> list[str]:
        if keys.listed is not None:
            table = {key: encoded_text(key.encode()) for key in keys.listed}
            return [
                f"data = {self._object(table)}.get(key)",
                "if data is None: raise Misfit",
                "append(data)",
            ]
        lines = list[str]()
        if keys.format is not None:
            matches = self._object(keys.format.fullmatch)
            lines.append(f"if not {matches}(key): raise Misfit")
        most = keys.max_bytes
        limit = None if most is None else TextLimit(most, None)
        return [*lines, *self._text("key", limit=limit)]

    def _count(self, value: str, most: int | None) -> list[str]:
        lines = [f"size = len({value})"]
        if most is not None:
            lines.append(f"if size > {most}: raise Misfit")
        return [*lines, self._length(b"")]

    def _union(self, union: Union) -> list[str]:
        """Tries, in order, the branches that take the value's JSON type."""
        lines = ["kind = type(value)"]
        for kind in union.json:
            branches = enumerate(union.branches)
            *others, last = (index for index, it in branches if kind in it.json)
            lines += [
                f"if kind is {kind.__name__}:",
                *_indented(
                    line for other in others for line in self._try(union, other)
                ),
                *_indented(self._branch(union, last, "value")),
                "    return",
            ]
        return [*lines, "raise Misfit"]

    def _try(self, union: Union, index: int) -> list[str]:
        """Encodes a branch aside, as it may turn out not to fit half-way."""
        return [
            "parts = []",
            "try:",
            f"    {self._function(union.branches[index])}(value, parts.append)",
            "except MISFITS: pass",
            "else:",
            f"    append({_tag(index)!r} + b''.join(parts))",
            "    return",
        ]

    def _object(self, used: object) -> str:
        """Gives the name, in the source, of a table or a function."""
        name = self._objects.setdefault(id(used), f"object_{len(self._objects)}")
        self._globals[name] = used
        return name


def _beside_null(union: Union) -> int | None:
    """Gives the index of T in `["null", T]` or `[T, "null"]`; None for other unions."""
    names = [branch.name for branch in union.branches]
    if len(names) == 2 and "null" in names:
        return 1 - names.index("null")
    return None


def _tag(index: int) -> bytes:
    """Encodes the index of a union's branch, which comes before its value."""
    return zig_zag(index)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


__all__ = ["Encoder", "compile_encoder"]
