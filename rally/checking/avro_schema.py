"""Reads an Avro schema into typed records: what an encoder is compiled from.

As strict as the Avro 1.12 specification, so that every reader takes the schema, and
stricter where a mistake would weaken a check: a logical type that is known must stand
on its base type, a default must fit, nothing contains itself.
"""

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from rally.checking.avro_types import Array, Field, Map, Record, Type, Union
from rally.checking.leaves import (
    BOUNDS,
    MISFITS,
    PRIMITIVES,
    UUID,
    Leaf,
    binary,
    enumeration,
    integer,
)
from rally.errors import ConfigurationError

MAX_DEPTH = 64
"""How deep types may nest: an encoder calls itself as deep, on Python's own stack."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ORDERS = ("ascending", "descending", "ignore")
_COMPLEX = ("record", "enum", "fixed", "array", "map")
_BASES = {
    "uuid": ("string", "fixed"),
    "decimal": ("bytes", "fixed"),
    "duration": ("fixed",),
    **{logical: (base,) for base, logical in BOUNDS if logical},
}
_FIXED_SIZES = {"uuid": 16, "duration": 12}


def read_schema(schema: object) -> Type:
    """Reads a schema, as parsed JSON.

    Raises:
        ConfigurationError: the place in the schema, what is wrong and what to do.
    """
    try:
        return _Reader().type_of(schema, "", "schema")
    except RecursionError:
        pass
    _refuse_depth("schema")


def _refuse(where: str, reason: str) -> NoReturn:
    raise ConfigurationError(f"{where}: {reason}")


def _refuse_depth(where: str) -> NoReturn:
    _refuse(where, f"types nest more than {MAX_DEPTH} deep; flatten them")


class _Reader:
    """Reads one schema; keeps the named types that it has met.

    A `namespace` is the one around the place that is being read, and `where` says the
    place in words: "schema.metrics.uuid".
    """

    def __init__(self) -> None:
        self._named: dict[str, Type | None] = {}  # None while it is being read

    def type_of(self, schema: object, namespace: str, where: str) -> Type:
        if isinstance(schema, str):
            return self._reference(schema, namespace, where)
        if isinstance(schema, list):
            return self._union(schema, namespace, where)
        if isinstance(schema, dict):
            return self._definition(schema, namespace, where)
        _refuse(where, 'a type is a name, a list of types or an object with "type"')

    def _reference(self, name: str, namespace: str, where: str) -> Type:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        full = f"{namespace}.{name}" if namespace and "." not in name else name
        if full not in self._named:
            _refuse(where, f"the type {full!r} is unknown; define it before its use")
        known = self._named[full]
        if known is None:
            _refuse(where, f"{full!r} contains itself; spell out the levels it may have")
        return known

    def _union(self, schema: list[Any], namespace: str, where: str) -> Type:
        branches = tuple(
            self.type_of(branch, namespace, f"{where}[{index}]")
            for index, branch in enumerate(schema)
        )
        names = [branch.name for branch in branches]
        if not names or "union" in names or len(set(names)) < len(names):
            _refuse(
                where,
                "a union has one branch or more, none of them a union, and of each "
                "type without a name of its own one at most",
            )
        json = dict.fromkeys(kind for branch in branches for kind in branch.json)
        return Union(branches, _depth(where, branches), tuple(json))

    def _definition(self, schema: dict[str, Any], namespace: str, where: str) -> Type:
        base = schema.get("type")
        if not isinstance(base, str) or base not in (*PRIMITIVES, *_COMPLEX):
            _refuse(
                where,
                f'"type" is {base!r} in a type\'s definition; write a primitive type, '
                f"{', '.join(_COMPLEX)} there, and anything else without an object",
            )
        if "json" in schema:
            _refuse(where, '"json" renames a field; put it beside the field\'s "name"')
        logical = _logical_type(schema, base, where)
        if base == "array":
            items = self.type_of(schema.get("items"), namespace, f"{where}.items")
            return Array(items, _depth(where, [items]))
        if base == "map":
            values = self.type_of(schema.get("values"), namespace, f"{where}.values")
            return Map(values, _depth(where, [values]))
        if base in PRIMITIVES:
            return _primitive(schema, base, logical, where)
        return self._named_type(schema, base, logical, namespace, where)

    def _named_type(
        self,
        schema: dict[str, Any],
        base: str,
        logical: str | None,
        namespace: str,
        where: str,
    ) -> Type:
        full = _full_name(schema, namespace, where)
        if full in self._named:
            _refuse(where, f"{full!r} is defined twice; refer to the first by its name")
        self._named[full] = None
        if base == "record":
            named: Type = self._record(schema, full, where)
        elif base == "enum":
            named = _enum(schema, full, where)
        else:
            named = _fixed(schema, full, logical, where)
        self._named[full] = named
        return named

    def _record(self, schema: dict[str, Any], full: str, where: str) -> Record:
        declared = schema.get("fields")
        if not isinstance(declared, list):
            _refuse(where, 'a record has a list of "fields"')
        namespace = full.rpartition(".")[0]
        fields = tuple(
            self._field(field, namespace, where, f"{where}.fields[{index}]")
            for index, field in enumerate(declared)
        )
        _refuse_repeated(where, "name", [field.name for field in fields])
        _refuse_repeated(where, "JSON name", [field.json for field in fields])
        return Record(full, fields, _depth(where, [field.type for field in fields]))

    def _field(self, field: object, namespace: str, record: str, where: str) -> Field:
        if not isinstance(field, dict):
            _refuse(where, 'a field is an object with "name" and "type"')
        name = _plain_name(field.get("name"), where)
        where = f"{record}.{name}"
        json = field.get("json", name)
        if not isinstance(json, str):
            _refuse(where, '"json" is the field\'s name in JSON, a string')
        if field.get("order", "ascending") not in _ORDERS:
            _refuse(where, f'"order" is one of {", ".join(_ORDERS)}')
        _check_aliases(field, where)
        type_ = self.type_of(field.get("type"), namespace, where)
        if "default" in field and not _is_default(type_, field["default"]):
            _refuse(
                where,
                "the default does not fit the type (of a union, its first branch); "
                "correct or remove it",
            )
        return Field(name, json, type_, "default" in field)


def _depth(where: str, parts: Sequence[Type]) -> int:
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        _refuse_depth(where)
    return depth


def _refuse_repeated(where: str, what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            _refuse(where, f"two fields have the {what} {name!r}; rename one")


def _plain_name(name: object, where: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        _refuse(
            where,
            f"{name!r} is no name in Avro; use letters, digits and _, no digit first",
        )
    return name


def _full_name(schema: dict[str, Any], namespace: str, where: str) -> str:
    """The name with its namespace, its own or the one around it."""
    name, space = schema.get("name"), schema.get("namespace", namespace)
    if not isinstance(name, str) or not isinstance(space, str):
        _refuse(where, 'a named type has a "name", and a "namespace" that is a string')
    full = f"{space}.{name}" if space and "." not in name else name
    parts = [_plain_name(part, where) for part in full.split(".")]
    if parts[-1] in (*PRIMITIVES, *_COMPLEX):
        _refuse(where, f"{parts[-1]!r} is a type of Avro's own; choose another name")
    _check_aliases(schema, where)
    return full


def _check_aliases(schema: dict[str, Any], where: str) -> None:
    aliases = schema.get("aliases", [])
    if not isinstance(aliases, list):
        _refuse(where, '"aliases" is a list of names')
    for alias in aliases:
        for part in alias.split(".") if isinstance(alias, str) else [alias]:
            _plain_name(part, where)


def _logical_type(schema: dict[str, Any], base: str, where: str) -> str | None:
    """The logical type, or None: the specification has us ignore what is unknown."""
    logical = schema.get("logicalType")
    if not isinstance(logical, str) or logical not in _BASES:
        return None
    if base not in _BASES[logical]:
        bases = " or ".join(_BASES[logical])
        _refuse(where, f"the logical type {logical} stands on {bases}, not on {base}")
    return logical


def _primitive(
    schema: dict[str, Any], base: str, logical: str | None, where: str
) -> Leaf:
    if logical is None:
        return PRIMITIVES[base]
    if logical == "uuid":
        return UUID
    if logical == "decimal":
        return binary(base, digits=_precision(schema, where))
    return integer(base, logical)


def _enum(schema: dict[str, Any], full: str, where: str) -> Leaf:
    symbols = schema.get("symbols")
    if not isinstance(symbols, list) or not symbols:
        _refuse(where, 'an enum has a list of "symbols"')
    names = [_plain_name(symbol, where) for symbol in symbols]
    if len(set(names)) < len(names):
        _refuse(where, "a symbol stands twice in the enum; remove one")
    if schema.get("default", names[0]) not in names:
        _refuse(where, "the enum's default is none of its symbols; correct or remove it")
    return enumeration(full, names)


def _fixed(
    schema: dict[str, Any], full: str, logical: str | None, where: str
) -> Leaf:
    size = schema.get("size")
    if type(size) is not int or size < 1:
        _refuse(where, 'a fixed has a "size" of 1 byte or more')
    if logical in _FIXED_SIZES and size != _FIXED_SIZES[logical]:
        _refuse(where, f"a {logical} on a fixed has the size {_FIXED_SIZES[logical]}")
    if logical != "decimal":
        return binary(full, size)
    digits = _precision(schema, where)
    if 10**digits > 2 ** (8 * size - 1):
        _refuse(where, f"a precision of {digits} does not fit the size {size}")
    return binary(full, size, digits)


def _precision(schema: dict[str, Any], where: str) -> int:
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if type(precision) is int and type(scale) is int and 0 <= scale <= precision > 0:
        return precision
    _refuse(where, 'a decimal has a "precision" above 0 and a "scale" from 0 to it')


def _is_default(type_: Type, default: Any) -> bool:
    """Whether a default, in which fields have Avro's names, fits the type."""
    match type_:
        case Union(branches=branches):
            return _is_default(branches[0], default)
        case Array(items=items):
            return type(default) is list and all(
                _is_default(items, item) for item in default
            )
        case Map(values=values):
            return type(default) is dict and all(
                _is_default(values, value) for value in default.values()
            )
        case Record(fields=fields):
            return (
                type(default) is dict
                and default.keys() <= {field.name for field in fields}
                and all(
                    _is_default(field.type, default[field.name])
                    if field.name in default
                    else field.has_default
                    for field in fields
                )
            )
    try:
        type_.encode(default)
    except MISFITS:
        return False
    return True
