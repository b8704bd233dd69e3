"""Reads an Avro schema into typed records: what an encoder is compiled from.

As strict as the Avro 1.12 specification, so that every reader takes the schema, and
stricter where a mistake would weaken a check: a logical type that is known must stand
on its base type, a default must fit, nothing contains itself.
"""

from collections.abc import Sequence
from typing import Any, NoReturn, cast

from rally.errors import ConfigurationError
from rally.validation.avro_leaves import (
    COMPLEX,
    check_aliases,
    full_name,
    logical_type,
    plain_name,
    read_enum,
    read_fixed,
    read_primitive,
    refuse,
    refuse_repeated,
)
from rally.validation.avro_types import (
    Array,
    Field,
    Map,
    Record,
    Type,
    Union,
    is_default,
    tries_of,
)
from rally.validation.leaves import PRIMITIVES

MAX_DEPTH = 64
"""How deep types may nest: an encoder calls itself as deep, on Python's own stack."""

MAX_TRIES = 64
"""How often a ping's value may be looked at; it doubles with each level of unions."""

MAX_TYPES = 5000
"""How many types a schema may have: each becomes some lines of an encoder."""

_ORDERS = ("ascending", "descending", "ignore")


def read_schema(schema: object, where: str = "schema") -> Type:
    """Reads a schema, as parsed JSON: an encoder can be compiled from the result.

    Args:
        schema: may have `"json": "<name>"` on a field.
        where: the schema's own place in words, such as its file; messages begin so.

    Raises:
        ConfigurationError: the place in the schema, what is wrong and what to do.
    """
    try:
        type_ = _Reader().type_of(schema, "", where)
    except RecursionError:
        _refuse_depth(where)
    _check_writer(schema, where)
    return type_


def _check_writer(schema: object, where: str) -> None:
    """Asks fastavro, which writes the files, whether it agrees."""
    from fastavro import parse_schema  # slow to import
    from fastavro.schema import SchemaParseException

    try:
        parse_schema(cast(Any, schema))
    except (SchemaParseException, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"{where}: fastavro refuses it: {reason}") from None


def _refuse_depth(where: str) -> NoReturn:
    refuse(where, f"types nest more than {MAX_DEPTH} deep; flatten them")


class _Reader:
    """Reads one schema; keeps the named types that it has met.

    A `namespace` is the one around the place that is being read, and `where` says the
    place in words: "schema.metrics.uuid".
    """

    def __init__(self) -> None:
        self._named: dict[str, Type | None] = {}  # None while it is being read
        self._left = MAX_TYPES

    def type_of(self, schema: object, namespace: str, where: str) -> Type:
        self._left -= 1
        if self._left < 0:
            refuse(where, f"there are more than {MAX_TYPES:,} types; split the schema")
        if isinstance(schema, str):
            return self._reference(schema, namespace, where)
        if isinstance(schema, list):
            return self._union(schema, namespace, where)
        if isinstance(schema, dict):
            return self._definition(schema, namespace, where)
        refuse(where, 'a type is a name, a list of types or an object with "type"')

    def _reference(self, name: str, namespace: str, where: str) -> Type:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        if name in COMPLEX:
            refuse(where, f'a type of its own is an object, {{"type": "{name}", ...}}')
        full = f"{namespace}.{name}" if namespace and "." not in name else name
        if full not in self._named:
            refuse(where, f"the type {full!r} is unknown; define it before its use")
        known = self._named[full]
        if known is None:
            refuse(where, f"{full!r} contains itself; spell out the levels it may have")
        return known

    def _union(self, schema: list[Any], namespace: str, where: str) -> Type:
        branches = tuple(
            self.type_of(branch, namespace, f"{where}[{index}]")
            for index, branch in enumerate(schema)
        )
        names = [branch.name for branch in branches]
        if not names or "union" in names or len(set(names)) < len(names):
            refuse(
                where,
                "a union has one branch or more, none of them a union, and of each "
                "type without a name of its own one at most",
            )
        json = dict.fromkeys(kind for branch in branches for kind in branch.json)
        tries = max(
            sum(tries_of(branch) for branch in branches if kind in branch.json)
            for kind in json
        )
        if tries > MAX_TRIES:
            refuse(
                where,
                f"a value may have to be tried {tries:,} times, and {MAX_TRIES} are the"
                " most; let fewer branches of unions in unions take the same JSON type",
            )
        return Union(branches, _depth(where, branches), tuple(json), tries=tries)

    def _definition(self, schema: dict[str, Any], namespace: str, where: str) -> Type:
        base = schema.get("type")
        if not isinstance(base, str) or base not in (*PRIMITIVES, *COMPLEX):
            refuse(
                where,
                'the "type" of a definition is a primitive type or one of '
                f"{', '.join(COMPLEX)}; write a reference or a union without an object",
            )
        if "json" in schema:
            refuse(where, '"json" renames a field; put it beside the field\'s "name"')
        logical = logical_type(schema, base, where)
        if base == "array":
            items = self.type_of(schema.get("items"), namespace, f"{where}.items")
            return Array(items, _depth(where, [items]), tries=tries_of(items))
        if base == "map":
            values = self.type_of(schema.get("values"), namespace, f"{where}.values")
            return Map(values, _depth(where, [values]), tries=tries_of(values))
        if base in PRIMITIVES:
            return read_primitive(schema, base, logical, where)
        return self._named_type(schema, base, logical, namespace, where)

    def _named_type(
        self,
        schema: dict[str, Any],
        base: str,
        logical: str | None,
        namespace: str,
        where: str,
    ) -> Type:
        full = full_name(schema, namespace, where)
        if full in self._named:
            refuse(where, f"{full!r} is defined twice; refer to the first by its name")
        self._named[full] = None
        if base == "record":
            named: Type = self._record(schema, full, where)
        elif base == "enum":
            named = read_enum(schema, full, where)
        else:
            named = read_fixed(schema, full, logical, where)
        self._named[full] = named
        return named

    def _record(self, schema: dict[str, Any], full: str, where: str) -> Record:
        declared = schema.get("fields")
        if not isinstance(declared, list):
            refuse(where, 'a record has a list of "fields"')
        namespace = full.rpartition(".")[0]
        fields = tuple(
            self._field(field, namespace, where, f"{where}.fields[{index}]")
            for index, field in enumerate(declared)
        )
        refuse_repeated(where, "name", [field.name for field in fields])
        refuse_repeated(where, "JSON name", [field.json for field in fields])
        types = [field.type for field in fields]
        tries = max(map(tries_of, types), default=1)
        return Record(full, fields, _depth(where, types), tries=tries)

    def _field(self, field: object, namespace: str, record: str, where: str) -> Field:
        if not isinstance(field, dict):
            refuse(where, 'a field is an object with "name" and "type"')
        name = plain_name(field.get("name"), where)
        where = f"{record}.{name}"
        json = field.get("json", name)
        if not isinstance(json, str) or not json:
            refuse(where, '"json" is the field\'s name in JSON, text that is not empty')
        if "logicalType" in field:
            refuse(where, '"logicalType" is of a type; put it inside, {"type": {...}}')
        if field.get("order", "ascending") not in _ORDERS:
            refuse(where, f'"order" is one of {", ".join(_ORDERS)}')
        check_aliases(field, where)
        type_ = self.type_of(field.get("type"), namespace, where)
        if "default" in field and not is_default(type_, field["default"]):
            refuse(
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
