"""Finds the places of a schema that a JSON value does not fit.

Compiled encoders say no more than that a value does not fit, since they are to be
quick. This walk comes after them, over the few values that they refuse, and agrees with
them: a value has no mismatch exactly where its encoder takes it.
"""

from collections.abc import Iterator
from typing import Any

from rally.outcomes import Mismatch, MismatchKind
from rally.validation.avro_types import (
    Array,
    Cases,
    KeyBounds,
    Map,
    Record,
    Type,
    Union,
)
from rally.validation.leaves import MISFITS, Leaf

ANY = "*"
"""Stands in a path for the items of an array, and for the values of a map."""


def find_mismatches(type_: Type, value: object, path: str = "") -> Iterator[Mismatch]:
    """Yields the places that a value does not fit, in the order of the schema.

    Items of an array, and values of a map, that do not fit in one way yield equal
    mismatches. Of a union without a fitting branch the place is the union's own, unless
    only one of its branches takes the value's JSON type: then it lies within that.

    Args:
        type_: type that the value should have.
        value: JSON value, as orjson parses it.
        path: path of the value in the schema.
    """
    match type_:
        case Record():
            yield from _in_record(type_, value, path)
        case Array():
            yield from _in_array(type_, value, path)
        case Map():
            yield from _in_map(type_, value, path)
        case Union():
            yield from _in_union(type_, value, path)
        case Leaf():
            if not _takes(type_, value):
                yield _wrong_value(type_, path)


def _in_record(record: Record, value: object, path: str) -> Iterator[Mismatch]:
    if type(value) is not dict:
        yield _wrong_value(record, path)
        return
    for field in record.fields:
        at = f"{path}/{field.json}"
        if field.json in value:
            yield from find_mismatches(field.type, value[field.json], at)
        elif not field.may_be_absent:
            yield Mismatch(at, MismatchKind.MISSING)
    if not value.keys() <= {field.json for field in record.fields}:
        yield Mismatch(path, MismatchKind.UNDECLARED)
    elif record.cases is not None and _is_no_case(record, record.cases, value):
        yield Mismatch(path, MismatchKind.WRONG_VALUE, "record of a declared case")


def _in_array(array: Array, value: object, path: str) -> Iterator[Mismatch]:
    if type(value) is not list:
        yield _wrong_value(array, path)
        return
    if array.max_items is not None and len(value) > array.max_items:
        wants = f"array of at most {array.max_items} items"
        yield Mismatch(path, MismatchKind.WRONG_VALUE, wants)
    at = f"{path}/{ANY}"
    for item in value:
        yield from find_mismatches(array.items, item, at)


def _in_map(map_: Map, value: object, path: str) -> Iterator[Mismatch]:
    if type(value) is not dict:
        yield _wrong_value(map_, path)
        return
    keys = map_.keys or KeyBounds()
    if not keys.takes_count(len(value)):
        wants = f"map of at most {keys.max_entries} keys"
        yield Mismatch(path, MismatchKind.WRONG_VALUE, wants)
    at = f"{path}/{ANY}"
    for key, item in value.items():
        if not takes_key(keys, key):
            yield Mismatch(path, MismatchKind.UNDECLARED)
        yield from find_mismatches(map_.values, item, at)


def _in_union(union: Union, value: object, path: str) -> Iterator[Mismatch]:
    of_kind = [branch for branch in union.branches if type(value) in branch.json]
    if len(of_kind) == 1:
        yield from find_mismatches(of_kind[0], value, path)
    elif not any(_takes(branch, value) for branch in of_kind):
        yield _wrong_value(union, path)


def _takes(type_: Type, value: object) -> bool:
    if not isinstance(type_, Leaf):
        return next(find_mismatches(type_, value), None) is None
    try:
        type_.encode(value)
    except MISFITS:
        return False
    return True


def _is_no_case(record: Record, cases: Cases, value: dict[str, Any]) -> bool:
    """Tells whether a record, all of whose fields fit, is none of its cases.

    What fits no field is told already, and could not be looked up among the cases.
    """
    of = [field for field in record.fields if field.json in (*cases.of, cases.keys_of)]
    fits = all(
        _takes(field.type, value[field.json])
        if field.json in value
        else field.may_be_absent
        for field in of
    )
    return fits and not cases.takes(value)


def takes_key(keys: KeyBounds, key: str) -> bool:
    """Tells whether a map takes a key, which may be no Unicode."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return keys.takes(key)


def _wrong_value(type_: Type, path: str) -> Mismatch:
    return Mismatch(path, MismatchKind.WRONG_VALUE, _name(type_))


def _name(type_: Type) -> str:
    """Names what a type takes; null beside other branches goes without saying."""
    match type_:
        case Leaf():
            return type_.wants or type_.name
        case Union(branches=branches):
            others = [branch for branch in branches if branch.name != "null"]
            return " or ".join(map(_name, others)) or "null"
        case Record():
            return "record"
    return type_.name
