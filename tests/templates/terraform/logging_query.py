"""Cloud Logging's query language, as far as the alerts use it.

Comparisons `=`, `=~` and `>`, joined by AND and OR, of which OR binds more tightly, and
parentheses. As there, a comparison with a field that an entry does not have is false.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r'\s*(\(|\)|AND\b|OR\b|[\w.]+\s*(?:=~|=|>)\s*(?:"(?:\\.|[^"])*"|\d+))'
)
_COMPARISON = re.compile(r"([\w.]+)\s*(=~|=|>)\s*(.+)", re.DOTALL)


def matches(query: str, entry: Mapping[str, Any]) -> bool:
    """Whether a query finds a log entry."""
    tokens, end = [], 0
    text = query.strip()
    while end < len(text):
        found = _TOKEN.match(text, end)
        assert found, f"not understood: {text[end:]}"
        tokens.append(found[1])
        end = found.end()
    result = _all(tokens, entry)
    assert tokens == [], f"left over: {tokens}"
    return result


def _all(tokens: list[str], entry: Mapping[str, Any]) -> bool:
    results = [_any(tokens, entry)]
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        results.append(_any(tokens, entry))
    return all(results)


def _any(tokens: list[str], entry: Mapping[str, Any]) -> bool:
    results = [_one(tokens, entry)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        results.append(_one(tokens, entry))
    return any(results)


def _one(tokens: list[str], entry: Mapping[str, Any]) -> bool:
    token = tokens.pop(0)
    if token != "(":
        return _compared(token, entry)
    result = _all(tokens, entry)
    assert tokens.pop(0) == ")"
    return result


def _compared(token: str, entry: Mapping[str, Any]) -> bool:
    match = _COMPARISON.fullmatch(token)
    assert match, token
    path, operator, literal = match.groups()
    value: Any = entry
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        return False
    wanted = json.loads(literal)
    if operator == "=~":
        return isinstance(value, str) and re.search(wanted, value) is not None
    return bool(value == wanted if operator == "=" else value > wanted)
