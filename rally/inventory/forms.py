"""Says in words what form a field has, with an example that is made up of its type."""

import json

from rally.registry.collected_fields import CollectedField

_PLAIN = {
    "string": ("text", "words"),
    "long": ("whole number", 42),
    "int": ("whole number", 42),
    "double": ("number", 0.5),
    "float": ("number", 0.5),
    "boolean": ("yes or no", True),
    "bytes": ("bytes", "00ff"),
}
"""Words and an example for each type of Avro that has no parts."""

_ID = "00000000-0000-4000-8000-000000000000"
_LIST, _MAP, _OR = "array of ", "map of ", " or "
_OTHER = ("one of a fixed list, or a value of a fixed form", None)


def say_type(type: str) -> str:
    """Returns an Avro type in words for people: "list of text".

    Args:
        type: Type as rally.registry.collected_fields describes it.
    """
    if type.startswith(_LIST):
        return f"list of {say_type(type.removeprefix(_LIST))}"
    if type.startswith(_MAP):
        return f"{say_type(type.removeprefix(_MAP))}, by name"
    if _OR in type:
        return _OR.join(dict.fromkeys(map(say_type, type.split(_OR))))
    return _PLAIN.get(type, _OTHER)[0]


def make_example(field: CollectedField) -> object:
    """Returns a made-up value of a field's type, of JSON; None where none is known."""
    return _example(field.type, is_id=field.identifier)


def show_example(field: CollectedField) -> str | None:
    """Returns the example as text of JSON; None of ids, and where none is known."""
    value = None if field.identifier else make_example(field)
    return None if value is None else json.dumps(value)


def _example(type: str, *, is_id: bool) -> object:
    if type.startswith(_LIST):
        return [_example(type.removeprefix(_LIST), is_id=is_id)]
    if type.startswith(_MAP):
        return {"name": _example(type.removeprefix(_MAP), is_id=is_id)}
    first = type.partition(_OR)[0]
    return _ID if is_id and first == "string" else _PLAIN.get(first, _OTHER)[1]
