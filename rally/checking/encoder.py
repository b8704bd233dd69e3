"""Compiles an Avro schema into one pass that checks a JSON value and encodes it.

"Not a byte more" (design: "Validating"): the encoder takes exactly what the schema
declares, and writes what fastavro's schemaless_writer would. The schema becomes Python
source, one function for each type with parts, its leaves in line: that is half again
as fast as closures were, on every ping of every study. A schema's own text enters that
source as string literals only (the JSON names of fields).
"""

from collections.abc import Callable, Iterable

import fastavro
from fastavro.schema import SchemaParseException, UnknownType

from rally.checking.avro_schema import read_schema
from rally.checking.avro_types import Array, Field, Map, Record, Type, Union
from rally.checking.leaves import (
    LONG,
    MISFITS,
    SMALL,
    Encoder,
    Form,
    Leaf,
    Misfit,
    any_integer,
    small_integers,
    zig_zag,
)
from rally.errors import ConfigurationError, PingFailed
from rally.outcomes import FailureReason

_Append = Callable[[bytes], None]
_Write = Callable[[object, _Append], None]
_END = b"\0"  # after the block of an array or a map, and all there is of an empty one
_IN_LINE = 4  # levels of arrays and maps; Python nests 20 loops at most
_TRUE, _FALSE = b"\1", b"\0"


def compile_encoder(schema: object) -> Encoder:
    """Compiles a schema, parsed JSON, in which a field may have `"json": "<name>"`.

    The encoder takes a JSON value as orjson parses it and returns Avro's binary
    encoding of it. It raises PingFailed(SCHEMA_MISMATCH), which holds nothing of the
    value, if the value is not exactly of the schema's type. It never recurses deeper
    than the schema does, whatever the value.

    Raises:
        ConfigurationError: the schema cannot be served; says where and what to do.
    """
    write = _Source().compile(read_schema(schema))
    try:
        fastavro.parse_schema(schema)  # it writes our files: it must agree
    except (SchemaParseException, UnknownType) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"schema: fastavro refuses it: {reason}") from None

    def encode(value: object) -> bytes:
        parts: list[bytes] = []
        try:
            write(value, parts.append)
        except MISFITS:
            pass  # raised below, where no exception that quotes the value is at hand
        else:
            return b"".join(parts)
        raise PingFailed(FailureReason.SCHEMA_MISMATCH) from None

    return encode


class _Source:
    """Writes the functions of a schema's types.

    `write_N(value, append)` checks a value, and appends its encoding in parts. Methods
    return lines; `tag` is what goes before a value's encoding, its branch in a union.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[Type, str] = {}
        self._globals: dict[str, object] = {
            "Misfit": Misfit,
            "MISFITS": MISFITS,
            "NoneType": type(None),
        }

    def compile(self, type_: Type) -> _Write:
        name = self._function(type_)
        # Every word of the source is from this file, but for literals of JSON names.
        exec("\n".join(self._lines), self._globals)  # noqa: S102
        write: _Write = self._globals[name]  # type: ignore[assignment]
        return write

    def _function(self, type_: Type) -> str:
        """The name of the type's function; a named type has one, however often used."""
        if type_ not in self._names:
            body = self._body(type_)
            self._names[type_] = name = f"write_{len(self._names)}"
            self._lines += [f"def {name}(value, append):", *_indented(body)]
        return self._names[type_]

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
            case Form.NULL:
                return [f"if {value} is not None: raise Misfit", f"append({tag!r})"]
            case Form.BOOLEAN:
                return [
                    f"if {value} is True: append({tag + _TRUE!r})",
                    f"elif {value} is False: append({tag + _FALSE!r})",
                    "else: raise Misfit",
                ]
            case Form.INTEGER:
                small = f"0 <= {value} < {SMALL}"
                return [
                    f"if type({value}) is not int: raise Misfit",
                    self._integer(value, small, leaf.bounds, tag),
                ]
            case Form.TEXT:
                return [
                    f"if type({value}) is not str: raise Misfit",
                    *self._text(value, tag),
                ]
        encoded = f"{self._global(leaf.encode)}({value})"
        return [f"append({tag!r} + {encoded})" if tag else f"append({encoded})"]

    def _text(self, text: str, tag: bytes = b"") -> list[str]:
        return [
            f"data = {text}.encode()",
            "size = len(data)",
            self._integer("size", f"size < {SMALL}", LONG, tag),
            "append(data)",
        ]

    def _integer(
        self, value: str, small: str, bounds: tuple[int, int], tag: bytes
    ) -> str:
        table = self._global(small_integers(tag))
        otherwise = self._global(any_integer(bounds, tag))
        return f"append({table}[{value}] if {small} else {otherwise}({value}))"

    def _record(self, record: Record) -> list[str]:
        lines = [
            "if type(value) is not dict: raise Misfit",
            "get = value.get",
            f"undeclared = len(value) - {len(record.fields)}",
        ]
        for field in record.fields:
            lines += [f"item = get({field.json!r})", *self._field(field)]
        return [*lines, "if undeclared: raise Misfit"]

    def _field(self, field: Field) -> list[str]:
        absent = f"{field.json!r} not in value"
        encoded = self._value(field.type, "item")
        if isinstance(field.type, Union) and field.may_be_absent:
            if _beside_null(field.type) is not None:
                encoded = self._branch(field.type, 1, "item")
            return [
                "if item is None:",
                f"    append({_tag(0)!r})",
                f"    if {absent}: undeclared += 1",
                "else:",
                *_indented(encoded),
            ]
        if type(None) in field.type.json:
            return [f"if item is None and {absent}: raise Misfit", *encoded]
        return encoded  # None, which stands for absent too, does not fit

    def _block(self, type_: Array | Map, value: str) -> list[str]:
        if isinstance(type_, Array):
            return self._array(type_, value)
        return self._map(type_, value)

    def _array(self, array: Array, value: str) -> list[str]:
        return [
            f"if type({value}) is not list: raise Misfit",
            f"if {value}:",
            *_indented(self._count(value)),
            f"    for item in {value}:",
            *_indented(_indented(self._value(array.items, "item"))),
            f"append({_END!r})",
        ]

    def _map(self, map_: Map, value: str) -> list[str]:
        return [
            f"if type({value}) is not dict: raise Misfit",
            f"if {value}:",
            *_indented(self._count(value)),
            f"    for key, item in {value}.items():",
            *_indented(_indented(self._text("key"))),
            *_indented(_indented(self._value(map_.values, "item"))),
            f"append({_END!r})",
        ]

    def _count(self, value: str) -> list[str]:
        return [
            f"size = len({value})",
            self._integer("size", f"size < {SMALL}", LONG, b""),
        ]

    def _union(self, union: Union) -> list[str]:
        """Tries, in order, the branches that take the value's JSON type."""
        lines = ["kind = type(value)"]
        for kind in union.json:
            *others, last = (
                index
                for index, branch in enumerate(union.branches)
                if kind in branch.json
            )
            lines += [
                f"if kind is {kind.__name__}:",
                *_indented(line for other in others for line in self._try(union, other)),
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

    def _global(self, value: object) -> str:
        """The name, in the source, of an object of this module's."""
        name = f"global_{id(value)}"
        self._globals[name] = value
        return name


def _beside_null(union: Union) -> int | None:
    """The index of T in `["null", T]` or `[T, "null"]`; None of any other union."""
    names = [branch.name for branch in union.branches]
    if len(names) == 2 and "null" in names:
        return 1 - names.index("null")
    return None


def _tag(index: int) -> bytes:
    """What goes before the value of a union's branch."""
    return zig_zag(index)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
