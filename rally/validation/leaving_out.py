"""Leaves out of a payload what a schema has given up: values that nobody collects.

A client of yesterday sends what yesterday's schema had. What today's has not any more,
and a field past its last day, is no mistake of the client's: it is left out before the
payload is encoded, and counted by its place in the schema.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rally.validation.avro_types import Array, Map, Record, Type, Union

_EACH = "*"


@dataclass(frozen=True, slots=True)
class LeavingOut:
    """Parts to leave out of the values of one type.

    Attributes:
        names: Names of an object's entries that are left out.
        inside: Parts to leave out of the values of other entries, by name.
        each: Parts to leave out of each item of a list, or value of a map.
    """

    names: frozenset[str]
    inside: "Mapping[str, LeavingOut]"
    each: "LeavingOut | None" = None

    def __bool__(self) -> bool:
        """Tells whether anything is left out."""
        return bool(self.names or self.inside or self.each)


NOTHING = LeavingOut(frozenset(), {})
"""Leaves out nothing."""


def find_given_up(newer: Type, older: Iterable[Type]) -> LeavingOut:
    """Finds what older schemas had, and a newer one has not.

    Args:
        newer: Type by which payloads are stored.
        older: Types of the schemas before it.
    """
    return _compare([newer], list(older))


def find_expired(type_: Type, day: date) -> LeavingOut:
    """Finds the fields of a schema whose last day is over on a day."""
    return _expired([type_], day)


def leave_out(
    payload: Any, leaving: LeavingOut, path: str = ""
) -> tuple[Any, Sequence[str]]:
    """Leaves values out of a payload.

    Args:
        payload: JSON value; it stays as it is.
        leaving: Parts to leave out.
        path: Place of the value in the schema.

    Returns:
        The payload without them, and the places in the schema of what was left out;
        the payload itself where that is nothing.
    """
    found = list[str]()
    return _leave_out(payload, leaving, path, found), found


def _leave_out(value: Any, leaving: LeavingOut, path: str, found: list[str]) -> Any:
    if type(value) is list and leaving.each:
        before = len(found)
        made = [_leave_out(it, leaving.each, f"{path}/{_EACH}", found) for it in value]
        return made if len(found) > before else value
    if type(value) is not dict:
        return value
    before, kept = len(found), dict[str, Any]()
    for name, each in value.items():
        at = f"{path}/{name}"
        if name in leaving.names:
            found.append(at)
            continue
        if inside := leaving.inside.get(name):
            each = _leave_out(each, inside, at, found)
        elif leaving.each:
            each = _leave_out(each, leaving.each, f"{path}/{_EACH}", found)
        kept[name] = each
    return kept if len(found) > before else value


def _compare(newer: Sequence[Type], older: Sequence[Type]) -> LeavingOut:
    """Compares what types of one place take; a union's branches are all of them."""
    has, had = _fields(newer), _fields(older)
    names = frozenset(had.keys() - has.keys()) if has else frozenset()
    inside = {
        name: found
        for name in has.keys() & had.keys()
        if (found := _compare(has[name], had[name]))
    }
    items, old_items = _items(newer), _items(older)
    each = _compare(items, old_items) if items and old_items else NOTHING
    return LeavingOut(names, inside, each or None)


def _expired(types: Sequence[Type], day: date) -> LeavingOut:
    over, inside = set[str](), dict[str, LeavingOut]()
    for type_ in _branches(types):
        if not isinstance(type_, Record):
            continue
        for field in type_.fields:
            last = field.properties.get("expires")
            if isinstance(last, str) and date.fromisoformat(last) < day:
                over.add(field.json)
            elif found := _expired([field.type], day):
                inside[field.json] = found
    items = _items(types)
    each = _expired(items, day) if items else NOTHING
    return LeavingOut(frozenset(over), inside, each or None)


def _branches(types: Iterable[Type]) -> list[Type]:
    found = list[Type]()
    for type_ in types:
        found += type_.branches if isinstance(type_, Union) else (type_,)
    return found


def _fields(types: Iterable[Type]) -> dict[str, list[Type]]:
    """Gives the types that each entry of an object may have, by its name in JSON."""
    found = dict[str, list[Type]]()
    for type_ in _branches(types):
        if isinstance(type_, Record):
            for field in type_.fields:
                found.setdefault(field.json, []).append(field.type)
    return found


def _items(types: Iterable[Type]) -> list[Type]:
    """Gives the types that items of a list, or values of a map, may have."""
    found = list[Type]()
    for type_ in _branches(types):
        if isinstance(type_, Array):
            found.append(type_.items)
        elif isinstance(type_, Map):
            found.append(type_.values)
    return found
