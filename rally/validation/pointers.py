"""Follows JSON pointers (RFC 6901) to the places that schemas and studies name."""

from typing import Any

Pointer = tuple[str, ...]


def parse_pointer(text: str) -> Pointer:
    """Reads `/metrics/uuid/rally.id`.

    Raises:
        ValueError: it does not begin with "/".
    """
    if not text.startswith("/"):
        raise ValueError('a JSON pointer begins with "/"')
    return tuple(
        token.replace("~1", "/").replace("~0", "~") for token in text[1:].split("/")
    )


def look_up(value: object, pointer: Pointer) -> object:
    """Gives the value at a place; None where it is absent, or null."""
    for token in pointer:
        if type(value) is not dict:
            return None
        value = value.get(token)
    return value


def put(value: dict[str, Any], pointer: Pointer, new: object) -> None:
    """Replaces the value at a place that look_up has found."""
    for token in pointer[:-1]:
        value = value[token]
    value[pointer[-1]] = new
