"""Writes the source of an encoder: Python that checks JSON values and encodes them.

What a schema says is known once and for all, so that the source asks nothing of it: a
field is a line or two, and what its encoding can be made of beforehand is a table.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from types import NoneType
from typing import cast

from rally.validation.avro_types import (
    Array,
    Cases,
    Field,
    KeyBounds,
    Map,
    Record,
    Type,
    Union,
)
from rally.validation.formats import Format
from rally.validation.integer_bounds import LONG
from rally.validation.leaves import (
    MISFITS,
    SMALL,
    Encodings,
    Leaf,
    LeafForm,
    Misfit,
    TextLimit,
    any_integer,
    encoded_text,
    long_text,
    small_integers,
    zig_zag,
)

Write = Callable[[object, Callable[[bytes], None]], None]
"""Function that checks a value, and appends its encoding in parts, or raises a MISFITS.
"""

_IN_LINE = 4  # levels of arrays and maps in one function; Python nests 20 loops at most
_END = b"\0"  # after the block of an array or a map, and all there is of an empty one
_TRUE, _FALSE = b"\1", b"\0"


class EncoderSource:
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
        """Compiles a function that writes the values of a type."""
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
            case LeafForm.LISTED:
                assert leaf.table is not None
                table = Encodings({text: tag + leaf.table[text] for text in leaf.table})
                return [
                    f"if type({value}) is not str: raise Misfit",
                    f"append({self._object(table)}[{value}])",
                ]
            case LeafForm.FORMATTED:
                assert leaf.format is not None
                return [
                    f"if type({value}) is not str: raise Misfit",
                    *self._text(value, tag, format_=leaf.format),
                ]
        encoded = f"{self._object(leaf.encode)}({value})"
        return [f"append({tag!r} + {encoded})" if tag else f"append({encoded})"]

    def _text(
        self,
        text: str,
        tag: bytes = b"",
        limit: TextLimit | None = None,
        format_: Format | None = None,
    ) -> list[str]:
        data = f"data = {text}.encode()"
        if format_ is not None:
            # The shape says the length, so that one look-up checks and encodes it.
            shapes = {shape: tag + zig_zag(len(shape)) for shape in format_.shapes}
            lengths = self._object(Encodings(shapes))
            shape = f"data.translate({self._object(format_.to_shape)})"
            return [data, f"append({lengths}[{shape}])", "append(data)"]
        return [data, "size = len(data)", self._length(tag, limit), "append(data)"]

    def _length(self, tag: bytes, limit: TextLimit | None = None) -> str:
        if limit is None:
            return self._integer("size", f"size < {SMALL}", LONG, tag)
        table = self._object(small_integers(tag))
        otherwise = self._object(long_text(limit, tag))
        most = min(limit.fast_bytes + 1, SMALL)
        return f"append({table}[size] if size < {most} else {otherwise}(data))"

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
        done = 0
        if record.cases is not None:
            done, cased = self._cases(record, record.cases)
            lines += cased
        while done < len(record.fields):
            run = list(takewhile(_may_be_absent, record.fields[done:]))
            lines += self._run(record, done, len(run))
            done += len(run)
            if done < len(record.fields):
                lines += self._field(record.fields[done])
                done += 1
        lines.append("if undeclared: raise Misfit")
        if record.cases is not None:
            lines += [
                f"item = get({record.cases.keys_of!r})",
                "if item and not keys.issuperset(item): raise Misfit",
            ]
        return lines

    def _run(self, record: Record, start: int, count: int) -> list[str]:
        """Encodes fields that may be absent, until no more of them can be there.

        The names of the value that no field has had yet are then as many as the fields
        behind the run that must be there: either they are these, or the value does not
        fit. What is left of the run is null.
        """
        if not count:
            return []
        total, end = len(record.fields), start + count
        must = sum(not field.may_be_absent for field in record.fields[end:])
        lines = ["while True:"]
        for index in range(start, end):
            left = end - index
            lines += [
                f"    if undeclared == {index - total + must}:",
                f"        append({_tag(0) * left!r})",
                f"        undeclared += {left}",
                "        break",
            ]
            lines += _indented(self._field(record.fields[index]))
        return [*lines, "    break"]

    def _cases(self, record: Record, cases: Cases) -> tuple[int, list[str]]:
        """Finds the keys that an object of the record may have.

        Texts with which the record begins are looked up once, and encoded by the way.

        Returns:
            The number of fields that are encoded, and the lines.
        """
        first = record.fields[: len(cases.of)]
        is_first = tuple(field.json for field in first) == cases.of
        lines = [f"text_{i} = get({name!r})" for i, name in enumerate(cases.of)]
        texts = [f"text_{i}" for i in range(len(cases.of))]
        lines += [f"if type({text}) is not str: raise Misfit" for text in texts]
        encoded = {
            case: (keys, _encoded(first, case) if is_first else b"")
            for case, keys in cases.allowed.items()
        }
        taken = {case: each for case, each in encoded.items() if each[1] is not None}
        table = self._object(Encodings(taken))
        lines.append(f"keys, data = {table}[{', '.join(texts)},]")
        if is_first:
            lines.append("append(data)")
        return len(first) if is_first else 0, lines

    def _field(self, field: Field) -> list[str]:
        """Encodes a field; `item` is None if it is null and if it is absent."""
        absent, get = f"{field.json!r} not in value", f"item = get({field.json!r})"
        if field.may_be_absent:
            return [
                get,
                "if item is None:",
                f"    append({_tag(0)!r})",
                f"    if {absent}: undeclared += 1",
                "else:",
                *_indented(self._but_null(field.type)),
            ]
        encoded = self._value(field.type, "item")
        if NoneType in field.type.json:
            return [get, f"if item is None and {absent}: raise Misfit", *encoded]
        return [get, *encoded]

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
            return [f"append({self._object(Encodings(table))}[key])"]
        most = keys.max_bytes
        limit = None if most is None else TextLimit(most, None)
        return self._text("key", limit=limit, format_=keys.format)

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


def _encoded(fields: Sequence[Field], texts: Sequence[str]) -> bytes | None:
    """Encodes texts of fields; None where one of them does not fit its field."""
    try:
        return b"".join(
            field.type.encode(text) if isinstance(field.type, Leaf) else b""
            for field, text in zip(fields, texts, strict=True)
        )
    except MISFITS:
        return None


def _may_be_absent(field: Field) -> bool:
    return field.may_be_absent


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
