"""Reads the bounds that a schema sets on texts, numbers, lists and maps.

They are properties of our own beside Avro's, which other readers of Avro ignore and
compiled encoders enforce (docs/studies.md lists them). A property of a plain type that
is neither Avro's nor one of these is a fault: a bound that is misspelt must not pass
for one that was never meant.

Functions take `where`, the place in the schema in words, for their refusal.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from rally.errors import ConfigurationError
from rally.validation.avro_types import Cases, Field, KeyBounds, Map, Record, Union
from rally.validation.formats import FORMATS, Format
from rally.validation.integer_bounds import BOUNDS
from rally.validation.leaves import (
    PRIMITIVES,
    Leaf,
    TextLimit,
    formatted_text,
    integer,
    limited_text,
    listed_text,
)

KeyLists = Mapping[str, Sequence[str]]
"""Lists of keys by the names that records of a schema give them."""

_AVRO = ("type", "doc", "logicalType", "precision", "scale", "items", "values")
_OF = {
    "string": ("one_of", "format", "max_bytes", "max_utf16"),
    "int": ("min", "max"),
    "long": ("min", "max"),
    "array": ("max_items",),
    "map": ("keys", "key_format", "max_key_bytes", "max_entries"),
}
_LIMITS = frozenset({"max_bytes", "max_utf16"})
BOUND_NAMES = frozenset(name for names in _OF.values() for name in names)
"""Properties that bound the values of some type."""

_KNOWN = {base: frozenset({*_AVRO, *names}) for base, names in _OF.items()}
_PLAIN = frozenset(_AVRO)
_MOST = 2**31 - 1


def refuse(where: str, reason: str) -> NoReturn:
    """Raises the one-line ConfigurationError of a place in the schema."""
    raise ConfigurationError(f"{where}: {reason}")


def check_known(schema: Mapping[str, Any], base: str, where: str) -> None:
    """Refuses properties of a type without a name that nobody would enforce."""
    if schema.keys() <= _KNOWN.get(base, _PLAIN):
        return
    known = _OF.get(base, ())
    for name in schema:
        if name in _AVRO or name in known:
            continue
        if name in BOUND_NAMES:
            bases = " or ".join(base for base, names in _OF.items() if name in names)
            refuse(where, f'"{name}" is a bound of {bases}; remove it')
        bounds = f", whose bounds are {', '.join(known)}" if known else ""
        refuse(where, f"{name!r} is no property of {base}{bounds}; remove it")


def check_no_bounds(schema: Mapping[str, Any], what: str, where: str) -> None:
    """Refuses bounds where they have no meaning: beside a name."""
    if BOUND_NAMES.isdisjoint(schema):
        return
    name = next(name for name in schema if name in BOUND_NAMES)
    refuse(where, f'"{name}" is a bound of a type, not of {what}; put it there')


def read_text(schema: Mapping[str, Any], where: str) -> Leaf:
    """Reads a string with its bounds: a closed list, a format, or a greatest length."""
    if BOUND_NAMES.isdisjoint(schema):
        return PRIMITIVES["string"]
    listed, formatted = "one_of" in schema, "format" in schema
    limited = not _LIMITS.isdisjoint(schema)
    if listed + formatted + limited > 1:
        given = [name for name in _OF["string"] if name in schema]
        refuse(where, f"{', '.join(given)} stand together; keep one kind of bound")
    if listed:
        return listed_text(_texts(schema["one_of"], f"{where}.one_of"))
    if formatted:
        return formatted_text(_format(schema, "format", where))
    return limited_text(
        TextLimit(
            _optional(schema, "max_bytes", where), _optional(schema, "max_utf16", where)
        )
    )


def read_integer(
    schema: Mapping[str, Any], base: str, logical: str | None, where: str
) -> Leaf:
    """Reads an int or a long with its bounds, inclusive."""
    if "min" not in schema and "max" not in schema:
        return integer(base, logical)
    if logical:
        refuse(where, f"{logical} has bounds of its own; remove min and max")
    low, high = BOUNDS[base, None]
    bounds = schema.get("min", low), schema.get("max", high)
    if any(type(each) is not int for each in bounds):
        refuse(where, '"min" and "max" are whole numbers')
    if not low <= bounds[0] <= bounds[1] <= high:
        refuse(where, f'"min" is at most "max", and both are of {base}')
    return integer(base, None, bounds)


def read_max_items(schema: Mapping[str, Any], where: str) -> int | None:
    """Reads the most items of an array; None for any number."""
    return _count(schema, "max_items", where) if "max_items" in schema else None


def read_keys(
    schema: Mapping[str, Any], key_lists: KeyLists, where: str
) -> KeyBounds | None:
    """Reads the bounds of a map's keys; None where there are none.

    Args:
        schema: definition of the map.
        key_lists: lists that records around it have named.
        where: place of the map.
    """
    if not any(name in schema for name in _OF["map"]):
        return None
    listed, others = schema.get("keys"), ("key_format", "max_key_bytes")
    if listed is not None and any(name in schema for name in others):
        refuse(where, '"keys" lists all keys; remove the other bounds of keys')
    if isinstance(listed, str):
        if listed not in key_lists:
            refuse(where, f'"keys": no record around has a list {listed!r}; add it')
        listed = key_lists[listed]
    return KeyBounds(
        listed=None if listed is None else _texts(listed, f"{where}.keys"),
        format=_format(schema, "key_format", where) if "key_format" in schema else None,
        max_bytes=_optional(schema, "max_key_bytes", where),
        max_entries=_optional(schema, "max_entries", where),
    )


def read_key_lists(schema: Mapping[str, Any], where: str) -> KeyLists:
    """Reads the lists of keys that a record names for maps inside of it."""
    lists = schema.get("key_lists", {})
    if not isinstance(lists, dict):
        refuse(where, '"key_lists" has lists of keys by name')
    return {
        name: _texts(each, f"{where}.key_lists.{name}") for name, each in lists.items()
    }


def read_cases(
    schema: Mapping[str, Any], fields: Sequence[Field], where: str
) -> Cases | None:
    """Reads which values of a record's text fields may stand together.

    Args:
        schema: definition of the record.
        fields: fields of the record.
        where: place of the record.
    """
    if "cases" not in schema:
        return None
    cases, where = schema["cases"], f"{where}.cases"
    names = {"of", "keys_of", "allowed"}
    if not isinstance(cases, dict) or cases.keys() != names:
        refuse(where, 'has "of", "keys_of" and "allowed", and nothing else')
    of, keys_of = _texts(cases["of"], f"{where}.of"), cases["keys_of"]
    by_name = {field.json: field for field in fields}
    for name in of:
        if name not in by_name or not _is_text(by_name[name]):
            refuse(where, f"the record has no string {name!r}; correct either")
    if keys_of not in by_name or not _is_object(by_name[keys_of]):
        refuse(where, f"the record has no object {keys_of!r}; correct either")
    if not isinstance(cases["allowed"], list) or not cases["allowed"]:
        refuse(where, '"allowed" is a list of cases')
    allowed: dict[tuple[str, ...], frozenset[str]] = {}
    for index, case in enumerate(cases["allowed"]):
        at = f"{where}.allowed[{index}]"
        if not isinstance(case, list) or len(case) != len(of) + 1:
            refuse(at, f"is a list of {', '.join(of)} and the keys of {keys_of}")
        values = _texts(case[:-1], at, may_repeat=True)
        if values in allowed:
            refuse(at, "stands twice; remove one")
        allowed[values] = frozenset(_texts(case[-1], at)) if case[-1] else frozenset()
    return Cases(of, keys_of, allowed)


def _is_text(field: Field) -> bool:
    return not field.may_be_absent and field.type.name == "string"


def _is_object(field: Field) -> bool:
    type_ = field.type
    branches = type_.branches if isinstance(type_, Union) else (type_,)
    return all(
        isinstance(each, Map | Record) or each.name == "null" for each in branches
    )


def _optional(schema: Mapping[str, Any], name: str, where: str) -> int | None:
    return _count(schema, name, where) if name in schema else None


def _count(schema: Mapping[str, Any], name: str, where: str) -> int:
    value = schema[name]
    if type(value) is not int or not 0 <= value <= _MOST:
        refuse(where, f'"{name}" is a whole number, at least 0')
    return value


def _format(schema: Mapping[str, Any], name: str, where: str) -> Format:
    if not isinstance(schema[name], str) or schema[name] not in FORMATS:
        refuse(where, f'"{name}" is one of {", ".join(FORMATS)}')
    return FORMATS[schema[name]]


def _texts(value: object, where: str, *, may_repeat: bool = False) -> tuple[str, ...]:
    """Reads a list of texts, each once."""
    if not isinstance(value, list | tuple) or not value:
        refuse(where, "is a list of texts, one or more")
    if not all(map(_is_unicode, value)):
        refuse(where, "is a list of texts, one or more")
    if not may_repeat and len(set(value)) < len(value):
        refuse(where, "has a text twice; remove one")
    return tuple(value)


def _is_unicode(value: object) -> bool:
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
