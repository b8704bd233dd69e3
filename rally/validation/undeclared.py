"""Leaves out of a payload what its schema does not declare.

In a revision's first days its author learns by that what clients send beyond it: the
rest of a ping is stored, and what is undeclared is counted by the object in which it
stood. It agrees with rally.validation.mismatches on what is undeclared.
"""

from collections.abc import Sequence
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
        The payload without them, and for each object that had some the place in the
        schema, in words; the payload itself where that is nothing.
    """
    found = list[str]()
    return _leave_out(type_, payload, "", found), found


def _leave_out(type_: Type, value: Any, path: str, found: list[str]) -> Any:
    before, made = len(found), value
    match type_:
        case Union(branches=branches):
            of_kind = [branch for branch in branches if type(value) in branch.json]
            if len(of_kind) == 1:
                return _leave_out(of_kind[0], value, path, found)
        case Record(fields=fields) if type(value) is dict:
            types = {field.json: field.type for field in fields}
            made = {
                name: _leave_out(types[name], each, f"{path}/{name}", found)
                for name, each in value.items()
                if name in types
            }
        case Map(values=values) if type(value) is dict:
            keys, at = type_.keys or KeyBounds(), f"{path}/{ANY}"
            made = {
                key: _leave_out(values, each, at, found)
                for key, each in value.items()
                if takes_key(keys, key)
            }
        case Array(items=items) if type(value) is list:
            at = f"{path}/{ANY}"
            made = [_leave_out(items, each, at, found) for each in value]
    if made is not value and len(made) < len(value):
        found.append(Mismatch(path, MismatchKind.UNDECLARED).words)
    return made if len(found) > before else value
