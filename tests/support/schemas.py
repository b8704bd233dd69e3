"""Payload schemas for tests, whose fields say what they are."""

from typing import Any

SAYS = {"doc": "A field of a test", "category": 1, "purpose": "A test"}
"""What a field says of itself, where a test does not care."""


def described(schema: Any, **says: Any) -> Any:
    """Gives a schema in which each field says what it is.

    Args:
        schema: Avro, as parsed JSON; what its fields say already stays.
        says: other properties than those of SAYS, such as `category=3`.
    """
    if isinstance(schema, list):
        return [described(branch, **says) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        name: described(value, **says) if name in ("type", "items", "values") else value
        for name, value in schema.items()
    }
    if isinstance(schema.get("fields"), list):
        made["fields"] = [
            {**SAYS, **says, **described(field, **says)} for field in schema["fields"]
        ]
    return made
