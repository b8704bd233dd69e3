"""Writes a schema as text that reads well, also as a difference between two."""

import json
from typing import Any

_WIDTH = 88
_INDENT = "  "


def schema_text(schema: Any) -> str:
    """Writes parsed JSON: a value in one line where it fits, else a part a line.

    Lists of short texts are filled, several in a line. The text ends with a newline.
    """
    return f"{_written(schema, '', 0)}\n"


def _written(value: Any, indent: str, before: int) -> str:
    """Writes a value.

    Args:
        value: parsed JSON.
        indent: spaces at the beginning of the value's line.
        before: characters that stand before the value in its line, and one behind it.
    """
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + before + len(line) <= _WIDTH or not isinstance(value, dict | list):
        return line
    inside = indent + _INDENT
    if isinstance(value, list):
        if all(isinstance(each, str) for each in value):
            parts = _filled(value, inside)
        else:
            parts = [_written(each, inside, 1) for each in value]
        return _enclosed("[", parts, "]", indent)
    parts = []
    for name, each in value.items():
        key = f"{json.dumps(name, ensure_ascii=False)}: "
        parts.append(key + _written(each, inside, len(key) + 1))
    return _enclosed("{", parts, "}", indent)


def _enclosed(begin: str, parts: list[str], end: str, indent: str) -> str:
    inside = indent + _INDENT
    lines = f",\n{inside}".join(parts)
    return f"{begin}\n{inside}{lines}\n{indent}{end}"


def _filled(texts: list[str], indent: str) -> list[str]:
    """Fills lines with texts."""
    lines = list[str]()
    for text in texts:
        part = json.dumps(text, ensure_ascii=False)
        if lines and len(indent) + len(lines[-1]) + len(part) + 3 <= _WIDTH:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines
