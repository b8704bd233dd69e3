"""Reads what the fields of a payload schema say of themselves.

A data review approves fields, so each one says what it is (design: "What may be
collected"), by properties of the Avro field beside its name and type:

    "doc": "Address of the page"        plain words
    "category": 3                       1 technical, 2 interaction, 3 browsing and
                                        stored content, 4 highly sensitive
    "purpose": "Which pages are news"   what it is used for
    "benefit": "…"                      optional: what people have of it
    "expires": "2027-03-31"             optional: last day on which it is collected
    "identifier": true                  optional: an id, be it random or hashed
    "sdk": "glean"                      optional: a field that an SDK adds by itself

A field says it if its type reaches something that is no record; the fields of a record
speak for themselves.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from rally.errors import ConfigurationError, faults_of
from rally.fields import Place, Reader, choice, flag, iso_day, raise_all, text
from rally.validation.avro_types import Array, Field, Map, Record, Type, Union
from rally.validation.leaves import PRIMITIVES, Leaf

CATEGORIES = (1, 2, 3, 4)
"""Categories of Mozilla's data collection review."""

OPEN = "TODO"
"""Begins the words of a property that somebody still has to write."""

MOST_FIELDS = 20_000
"""Most fields of one schema; a named record counts at each of its places."""

_MOST_PLACES = 10 * MOST_FIELDS
"""Records among them, which may reach no field that says anything."""

_INNER = frozenset(("type", "items", "values", "fields"))
"""Properties of a type whose values are types, or fields."""

_NULL = "null"
_DOC = "doc"
_NEEDED = frozenset((_DOC, "category", "purpose"))
_PROPERTIES = frozenset((*_NEEDED, "benefit", "expires", "identifier", "sdk"))


class Sdk(StrEnum):
    """An SDK that adds fields of its own."""

    GLEAN = "glean"


class CollectedField(NamedTuple):
    """One leaf of a payload schema.

    Attributes:
        path: JSON names from the top, joined by "/"; items of arrays and values of maps
            are "*": `/events/*/extra/url`.
        doc: Description in plain words.
        type: Avro type in short: `string`, `array of long`, `map of string`.
        optional: Whether a ping may come without it.
        category: Category of the data, 1 to 4.
        purpose: Use of the field.
        benefit: Benefit for people.
        expires: Last day, in UTC, on which it is collected.
        identifier: Whether it is an id.
        sdk: SDK that adds it by itself.
    """

    path: str
    doc: str
    type: str
    optional: bool
    category: int
    purpose: str
    benefit: str | None = None
    expires: date | None = None
    identifier: bool = False
    sdk: Sdk | None = None


def fingerprint_of(schema: Any) -> str:
    """Gives the SHA-256, in hex, of a schema's canonical JSON without its "doc"s.

    It covers all that a review approves: structure, categories, purposes, expiry and
    identifiers. A better description needs no new review.
    """
    approved = _without(schema, frozenset({_DOC}))
    canonical = json.dumps(approved, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def without_descriptions(schema: Any) -> Any:
    """Gives a schema without what its fields say of themselves.

    Each file has its schema in the header, which everybody reads who plans; the rest is
    in the registry and in the inventory.
    """
    return _without(schema, _PROPERTIES)


def _without(schema: Any, names: frozenset[str]) -> Any:
    """Gives a schema, or a field of one, without properties of these names."""
    if isinstance(schema, dict):
        return {
            name: _without(value, names)
            if name in _INNER and not isinstance(value, str)
            else value
            for name, value in schema.items()
            if name not in names
        }
    if isinstance(schema, list):
        return [
            branch if isinstance(branch, str) else _without(branch, names)
            for branch in schema
        ]
    return schema


def read_fields(place: Place, type_: Type) -> tuple[CollectedField, ...]:
    """Reads the leaves of a payload schema, in their order.

    Args:
        place: The schema's file, for messages.
        type_: The schema, as it was read from there.

    Raises:
        ConfigurationError: a leaf does not say what it is; all faults are told.
    """
    return _Leaves(place, type_).fields()


class _Leaves:
    """Reads the leaves that a schema reaches, in their order.

    A named record counts at each of its places, and names may double at each level: of
    too many no more are read.
    """

    def __init__(self, place: Place, type_: Type) -> None:
        self._place, self._type = place, type_
        self._found: list[CollectedField] = []
        self._faults: dict[str, None] = {}
        self._left, self._left_places = MOST_FIELDS, _MOST_PLACES

    def fields(self) -> tuple[CollectedField, ...]:
        """Reads them. Raises ConfigurationError with all faults."""
        self._read(self._type, "", optional=False)
        raise_all(list(self._faults))
        return tuple(self._found)

    def _read(self, type_: Type, path: str, *, optional: bool) -> None:
        match type_:
            case Union(branches=branches):
                for branch in branches:
                    if not isinstance(branch, Leaf):
                        self._read(branch, path, optional=True)
            case Record(fields=fields):
                self._left_places -= len(fields)
                for field in fields:
                    of, at = field.type, f"{path}/{field.json}"
                    absent = optional or _may_be_null(of)
                    if _reaches_value(of):
                        self._read_leaf(field, at, optional=absent)
                    if not isinstance(of, Leaf):
                        self._read(of, at, optional=absent)
            case Array(items=items) | Map(values=items):
                self._read(items, f"{path}/*", optional=True)
        if self._left < 0 or self._left_places < 0:
            what = f"has more than {MOST_FIELDS:,} fields; split the schema"
            raise self._place.error(what)

    def _read_leaf(self, field: Field, path: str, *, optional: bool) -> None:
        self._left -= 1
        try:
            self._found.append(_read_field(self._place, field, path, optional=optional))
        except ConfigurationError as error:
            self._faults |= dict.fromkeys(faults_of(error))


@lru_cache(maxsize=256)  # most fields have one of the same few types
def _reaches_value(type_: Type) -> bool:
    """Tells whether a type reaches anything that is neither a record nor null."""
    match type_:
        case Leaf():
            return type_ is not PRIMITIVES[_NULL]
        case Union(branches=branches):
            return any([_reaches_value(branch) for branch in branches])
        case Array(items=items) | Map(values=items):
            return _reaches_value(items)
    return False


def _may_be_null(type_: Type) -> bool:
    if not isinstance(type_, Union):
        return False
    return PRIMITIVES[_NULL] in type_.branches


def _read_field(
    place: Place, field: Field, path: str, *, optional: bool
) -> CollectedField:
    """Reads the properties of one leaf. Raises ConfigurationError with all faults."""
    try:  # without places, which cost more than all else, until one is needed
        said: dict[str, Any] = {
            name: _READERS[name](place, value)
            for name, value in field.properties.items()
            if name in _READERS
        }
    except ConfigurationError:
        said = {}
    is_lost = "expires" in said and not field.may_be_absent
    if is_lost or not said.keys() >= _NEEDED:
        raise_all(list(_find_faults(place.at(path), field)))
    return CollectedField(
        path=path, type=describe_type(field.type), optional=optional, **said
    )


def _find_faults(place: Place, field: Field) -> Iterator[str]:
    """Finds what is wrong with the properties of a leaf, each at its place."""
    declared, said = field.properties, set[str]()
    if missing := [name for name in _READERS if name in _NEEDED - declared.keys()]:
        yield str(place.error(f"has no {', '.join(missing)}; say it"))
    for name in _READERS:
        try:
            if name in declared:
                _READERS[name](place.at(name), declared[name])
                said.add(name)
        except ConfigurationError as error:
            yield from faults_of(error)
    if "expires" in said and not field.may_be_absent:
        what = 'needs a field that may be absent; write ["null", …] with default null'
        yield str(place.at("expires").error(what))


def words(place: Place, value: object) -> str:
    """Reads words of a person, which are not open any more."""
    found = text(place, value)
    if found.startswith(OPEN):
        raise place.error(f"is still open; write it in the place of {OPEN}")
    return found


def category(place: Place, value: object) -> int:
    """Reads a category of data."""
    if type(value) is not int or value not in CATEGORIES:
        is_open = isinstance(value, str) and value.startswith(OPEN)
        what = "is still open; write " if is_open else "must be "
        raise place.error(f"{what}1, 2, 3 or 4")
    return value


@lru_cache(maxsize=256)
def describe_type(type_: Type) -> str:
    """Describes an Avro type in short, without null: `map of string`."""
    match type_:
        case Array(items=items):
            return f"array of {describe_type(items)}"
        case Map(values=values):
            return f"map of {describe_type(values)}"
        case Union(branches=branches):
            named = [describe_type(it) for it in branches if it.name != _NULL]
            return " or ".join(named) or _NULL
        case Record():
            return "record"
    return type_.name


_READERS: Mapping[str, Reader[Any]] = {
    _DOC: words,
    "category": category,
    "purpose": words,
    "benefit": words,
    "expires": iso_day,
    "identifier": flag,
    "sdk": choice(Sdk),
}
"""Reads each property of a field."""
