"""Leaves out of a payload what its schema does not declare.

In a revision's first days its author learns by that what clients send beyond it: the
rest of a ping is stored, and what is undeclared is counted by the object in which it
stood. It agrees with rally.validation.mismatches on what is undeclared.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from rally.outcomes import Mismatch, MismatchKind
from rally.validation.avro_types import Array, KeyBounds, Map, Record, Type, Union
from rally.validation.mismatches import ANY, takes_key


def leave_out_undeclared(type_: Type, payload: Any) -> tuple[Any, Sequence[str]]:
    """Leaves out names of objects, and keys of maps, that a schema does not declare.

    Within a union it does so where one branch alone takes the value's JSON type: else
    nobody can tell which was meant, and the value stays as it is.

    Args:
        type_: Type that the payload should have.
        payload: JSON value; it stays as it is.

    Returns:
        The payload without them, and each place in the schema at which objects had
        some, once and in words; the payload itself where that is nothing.
    """
    found = dict[str, None]()
    made = _leave_out(type_, payload, "", found)
    return made, [Mismatch(path, MismatchKind.UNDECLARED).words for path in found]


def _leave_out(type_: Type, value: Any, path: str, found: dict[str, None]) -> Any:
    """Gives a value without what is undeclared, the very value where that is nothing.

    The paths of objects that had some are added to those found.
    """
    match type_:
        case Union(branches=branches):
            of_kind = [branch for branch in branches if type(value) in branch.json]
            if len(of_kind) == 1:
                return _leave_out(of_kind[0], value, path, found)
        case Record() if type(value) is dict:
            types = _types_by_name(type_)
            left = {
                name: _leave_out(types[name], each, f"{path}/{name}", found)
                for name, each in value.items()
                if name in types
            }
            return _unless_equal(value, left, path, found)
        case Map(values=values) if type(value) is dict:
            keys, at = type_.keys or KeyBounds(), f"{path}/{ANY}"
            left = {
                key: _leave_out(values, each, at, found)
                for key, each in value.items()
                if takes_key(keys, key)
            }
            return _unless_equal(value, left, path, found)
        case Array(items=items) if type(value) is list:
            at = f"{path}/{ANY}"
            made = [_leave_out(items, each, at, found) for each in value]
            if any(new is not old for new, old in zip(made, value, strict=True)):
                return made
    return value


def _unless_equal(
    value: dict[str, Any], left: dict[str, Any], path: str, found: dict[str, None]
) -> dict[str, Any]:
    """Gives what is left of an object, or the very object where that is all of it."""
    if len(left) < len(value):
        found[path] = None
        return left
    return left if any(left[name] is not value[name] for name in left) else value


# A ping may have a hundred thousand records of one type, and a type as many fields.
@lru_cache(maxsize=1024)
def _types_by_name(record: Record) -> Mapping[str, Type]:
    return {field.json: field.type for field in record.fields}
