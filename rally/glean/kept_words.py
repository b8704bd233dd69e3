"""Keeps in a schema that is made anew what people wrote into the one before.

Definitions have no purpose of a field and often no category: a person writes them into
the schema, where the review reads them. They stay as long as the field does.
"""

import copy
from collections.abc import Iterator
from typing import Any

from rally.registry.collected_fields import OPEN

_WORDS = ("purpose", "benefit")


def leaves(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the fields of a schema that say what they are, each with its path.

    Args:
        schema: parsed JSON of a good schema.
        path: place of the leaf: JSON names joined by "/", parts of arrays and maps "*".
    """
    if isinstance(schema, list):
        for branch in schema:
            yield from leaves(branch, path)
    elif isinstance(schema, dict):
        for part in ("items", "values"):
            if part in schema:
                yield from leaves(schema[part], f"{path}/*")
        for field in schema.get("fields", ()):
            at = f"{path}/{field.get('json', field['name'])}"
            if "category" in field:
                yield at, field
            yield from leaves(field["type"], at)


def open_fields(schema: Any) -> list[str]:
    """Lists the paths of fields of which something is still open."""
    return [
        path
        for path, field in leaves(schema)
        if any(str(value).startswith(OPEN) for value in field.values())
    ]


def keep_words(old: Any, new: Any) -> Any:
    """Makes a copy of a schema in which people's words of an older one stand.

    A purpose or a benefit stays where the definitions have none; a category stays where
    it is stricter than theirs, or theirs is missing; an id stays an id.

    Args:
        old: the schema before.
        new: the schema that was made from definitions.
    """
    made = copy.deepcopy(new)
    before = dict(leaves(old))
    for path, field in leaves(made):
        known = before.get(path, {})
        for name in _WORDS:
            if _is_said(known.get(name)) and not _is_said(field.get(name)):
                _put(field, name, known[name])
        if _is_category(known.get("category")):
            ours = field["category"] if _is_category(field["category"]) else 0
            field["category"] = max(ours, known["category"])
        if known.get("identifier") is True:
            _put(field, "identifier", True)
    return made


def _is_said(value: object) -> bool:
    return isinstance(value, str) and not value.startswith(OPEN)


def _is_category(value: object) -> bool:
    return type(value) is int and 1 <= value <= 4


_ORDER = (
    *("name", "json", "doc", "category", "purpose", "benefit", "expires"),
    *("identifier", "sdk", "type", "default"),
)


def _put(field: dict[str, Any], name: str, value: object) -> None:
    """Puts a property in its place among the others."""
    field[name] = value
    ordered = {each: field[each] for each in _ORDER if each in field}
    field.clear()
    field.update(ordered)
