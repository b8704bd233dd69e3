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
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any

from rally.errors import ConfigurationError, faults_of
from rally.fields import Place, Reader, T, choice, flag, iso_day, raise_all, text
from rally.validation.avro_types import Array, Field, Map, Record, Type, Union
from rally.validation.leaves import Leaf

CATEGORIES = (1, 2, 3, 4)
"""Of Mozilla's data collection review."""

OPEN = "TODO"
"""Begins the words of a property that somebody still has to write."""

MOST_FIELDS = 20_000
"""Of one schema; a named record counts at each of its places."""

_NULL = "null"
_DOC = "doc"
_NEEDED = (_DOC, "category", "purpose")
_PROPERTIES = (*_NEEDED, "benefit", "expires", "identifier", "sdk")


class Sdk(StrEnum):
    """An SDK that adds fields of its own."""

    GLEAN = "glean"


@dataclass(frozen=True, slots=True)
class CollectedField:
    """One leaf of a payload schema.

    Attributes:
        path: JSON names from the top, joined by "/"; items of arrays and values of maps
            are "*": `/events/*/extra/url`.
        doc: Description in plain words.
        type: Avro type in short: `string`, `array of long`, `map of string`.
        optional: Whether a ping may come without it.
        category: Category of the data, 1 to 4.
        purpose: What it is used for.
        benefit: What people have of it.
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
    return _without(schema, frozenset(_PROPERTIES))


def _without(schema: Any, names: frozenset[str]) -> Any:
    """Gives a schema, or a field of one, without properties of these names."""
    if isinstance(schema, list):
        return [_without(branch, names) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without(value, names)
        if name in ("type", "items", "values", "fields")
        else value
        for name, value in schema.items()
        if name not in names
    }


def read_fields(place: Place, type_: Type) -> tuple[CollectedField, ...]:
    """Reads the leaves of a payload schema, in their order.

    Args:
        place: The schema's file, for messages.
        type_: The schema, as it was read from there.

    Raises:
        ConfigurationError: a leaf does not say what it is; all faults are told.
    """
    found, faults = list[CollectedField](), dict[str, None]()
    for field, path, optional in _walk(type_, "", optional=False):
        if len(found) >= MOST_FIELDS:
            raise place.error(f"has more than {MOST_FIELDS:,} fields; split the schema")
        try:
            found.append(_read_field(place, field, path, optional))
        except ConfigurationError as error:
            faults |= dict.fromkeys(faults_of(error))
    raise_all(list(faults))
    return tuple(found)


def _walk(
    type_: Type, path: str, *, optional: bool
) -> Iterator[tuple[Field, str, bool]]:
    """Yields the leaves that a type reaches, each with its path."""
    match type_:
        case Array(items=items) | Map(values=items):
            yield from _walk(items, f"{path}/*", optional=True)
        case Union(branches=branches):
            for branch in branches:
                yield from _walk(branch, path, optional=True)
        case Record(fields=fields):
            for field in fields:
                at, absent = (
                    f"{path}/{field.json}",
                    optional or _may_be_null(field.type),
                )
                if _reaches_value(field.type):
                    yield field, at, absent
                yield from _walk(field.type, at, optional=absent)


def _reaches_value(type_: Type) -> bool:
    """Tells whether a type reaches anything that is neither a record nor null."""
    match type_:
        case Array(items=items) | Map(values=items):
            return _reaches_value(items)
        case Union(branches=branches):
            return any(map(_reaches_value, branches))
        case Leaf(name=name):
            return name != _NULL
    return False


def _may_be_null(type_: Type) -> bool:
    return isinstance(type_, Union) and any(
        each.name == _NULL for each in type_.branches
    )


def _read_field(
    place: Place, field: Field, path: str, optional: bool
) -> CollectedField:
    """Reads the properties of one leaf. Raises ConfigurationError with all faults."""
    at, declared = place.at(path), field.properties
    missing = [name for name in _NEEDED if name not in declared]
    faults = [str(at.error(f"has no {', '.join(missing)}; say it"))] if missing else []

    def read(name: str, reader: Reader[T]) -> T | None:
        if name not in declared:
            return None
        try:
            return reader(at.at(name), declared[name])
        except ConfigurationError as error:
            faults.extend(faults_of(error))
            return None

    found = CollectedField(
        path=path,
        doc=read("doc", words) or "",
        type=describe_type(field.type),
        optional=optional,
        category=read("category", category) or 0,
        purpose=read("purpose", words) or "",
        benefit=read("benefit", words),
        expires=read("expires", iso_day),
        identifier=read("identifier", flag) or False,
        sdk=read("sdk", choice(Sdk)),
    )
    if found.expires and not field.may_be_absent:
        what = 'needs a field that may be absent; write ["null", …] with default null'
        faults.append(str(at.at("expires").error(what)))
    raise_all(faults)
    return found


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


def describe_type(type_: Type) -> str:
    """Describes an Avro type in short, without null: `map of string`."""
    match type_:
        case Array(items=items):
            return f"array of {describe_type(items)}"
        case Map(values=values):
            return f"map of {describe_type(values)}"
        case Union(branches=branches):
            named = [each for each in branches if each.name != _NULL]
            return " or ".join(map(describe_type, named)) or _NULL
        case Record():
            return "record"
    return type_.name
