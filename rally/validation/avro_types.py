"""Holds the types of an Avro schema as typed records, which the schema's reader makes.

Every type has a name (Avro's, full if it is a named type), the JSON types it may take,
and its depth: 1 for a leaf, one more than its deepest part's for the others. `tries` is
the most looks that an encoder may take at one part of a value: a union tries its
branches one after the other, and so does a union in each of them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from rally.validation.formats import Format
from rally.validation.leaves import MISFITS, Leaf


class KeyBounds(NamedTuple):
    """Bounds of the keys of a map; None bounds nothing.

    Attributes:
        listed: all keys that there may be.
        format: format of a key.
        max_bytes: most bytes of a key in UTF-8.
        max_entries: most keys.
    """

    listed: tuple[str, ...] | None = None
    format: Format | None = None
    max_bytes: int | None = None
    max_entries: int | None = None

    def takes(self, key: str) -> bool:
        """Tells whether a map may have this key."""
        return (
            (self.listed is None or key in self.listed)
            and (self.format is None or self.format.takes(key.encode()))
            and (self.max_bytes is None or len(key.encode()) <= self.max_bytes)
        )

    def takes_count(self, entries: int) -> bool:
        """Tells whether a map may have so many keys."""
        return self.max_entries is None or entries <= self.max_entries


class Cases(NamedTuple):
    """Which values of a record's texts stand together, each with the keys of an object.

    Attributes:
        of: JSON names of the fields whose texts make the case.
        keys_of: JSON name of the object whose keys the case allows.
        allowed: keys of the object by the texts.
    """

    of: tuple[str, ...]
    keys_of: str
    allowed: Mapping[tuple[str, ...], frozenset[str]]

    def takes(self, value: Mapping[str, Any]) -> bool:
        """Tells whether an object whose fields fit their types is one of the cases."""
        keys = self.allowed.get(tuple(value[name] for name in self.of))
        return keys is not None and keys.issuperset(value.get(self.keys_of) or ())


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """An array: a JSON list, of at most `max_items` where that is no None."""

    items: "Type"
    depth: int
    name: str = "array"
    json: tuple[type, ...] = (list,)
    tries: int = 1
    max_items: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """A map: a JSON object whose keys are data, within bounds or of any kind."""

    values: "Type"
    depth: int
    name: str = "map"
    json: tuple[type, ...] = (dict,)
    tries: int = 1
    keys: KeyBounds | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """A union: a value belongs to the first of its branches that takes it."""

    branches: tuple["Type", ...]
    depth: int
    json: tuple[type, ...]
    name: str = "union"
    tries: int = 1


class Field(NamedTuple):
    """A field of a record.

    Attributes:
        name: name in Avro.
        json: name in the JSON object.
        type: type of its value.
        has_default: whether the schema gives a default.
        properties: all that the schema says of the field, as parsed JSON.
    """

    name: str
    json: str
    type: "Type"
    has_default: bool
    properties: Mapping[str, Any]

    @property
    def may_be_absent(self) -> bool:
        """Whether the field is `["null", T]` with default null: absent is then null."""
        return self.has_default and takes_null_first(self.type)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A record: a JSON object whose names are all declared."""

    name: str
    fields: tuple[Field, ...]
    depth: int
    json: tuple[type, ...] = (dict,)
    tries: int = 1
    cases: Cases | None = None


Type = Leaf | Array | Map | Union | Record


def tries_of(type_: Type) -> int:
    """Gives the most looks that an encoder takes at one part of a value of a type."""
    return 1 if isinstance(type_, Leaf) else type_.tries


def takes_null_first(type_: Type) -> bool:
    """Tells whether a type is a union whose first branch, and so default, is null."""
    return isinstance(type_, Union) and type_.branches[0].name == "null"


def is_default(type_: Type, default: Any) -> bool:
    """Tells whether a default, in which fields have Avro's names, fits the type."""
    match type_:
        case Union(branches=branches):
            return is_default(branches[0], default)
        case Array(items=items, max_items=most):
            return (
                type(default) is list
                and (most is None or len(default) <= most)
                and all(is_default(items, item) for item in default)
            )
        case Map(values=values, keys=keys):
            return (
                type(default) is dict
                and all(is_default(values, value) for value in default.values())
                and (keys is None or keys.takes_count(len(default)))
                and (keys is None or all(map(keys.takes, default)))
            )
        case Record(fields=fields):
            return (
                type(default) is dict
                and default.keys() <= {field.name for field in fields}
                and all(
                    is_default(field.type, default[field.name])
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
