"""Adds documents to a study.yaml that a person has written, and leaves the rest alone.

The file is text with comments: an entry goes to the end of `documents:`, in the way
that the others are written, and nothing is added where a reader of YAML would not see
exactly the entries before and the new ones.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from rally.fields import Place
from rally.plain_yaml import read_yaml

_KEY = re.compile(r"documents:\s*(\{\s*\}\s*)?(#.*)?")
_WORD = re.compile("[A-Za-z][a-z-]+|TODO")
_ENTRY = re.compile(r"( +)[^\s#]")


def read_documents(file: str, data: bytes) -> Mapping[str, Any]:
    """Gives the entries of `documents:`. Raises ConfigurationError where it is none."""
    place = Place(file)
    content = read_yaml(file, data).value
    if not isinstance(content, dict):
        raise place.error("must be a mapping of names to values")
    documents = content.get("documents") or {}
    if not isinstance(documents, dict):
        raise place.at("documents").error("must be a mapping of names to values")
    return documents


def add_documents(
    file: str, text: str, entries: Mapping[str, Mapping[str, str]]
) -> str:
    """Adds entries to `documents:`.

    Args:
        file: name of the file, for messages.
        text: content of the file.
        entries: plain values of each new document, by its name.

    Raises:
        ConfigurationError: the file is written in a way that this cannot add to.
    """
    if not entries:
        return text
    before = read_documents(file, text.encode())
    lines = text.splitlines()
    begin, end, indent = _find_block(lines)
    added = [
        line
        for name, values in entries.items()
        for line in (
            f"{indent}{name}:",
            *(f"{indent}{indent}{key}: {_scalar(it)}" for key, it in values.items()),
        )
    ]
    if begin is None:
        lines += ["documents:", *added]
    else:
        lines[begin] = re.sub(r"\{\s*\}", "", lines[begin]).rstrip()
        lines[end:end] = added
    made = "\n".join(lines) + "\n"
    expected = {**before, **{name: {**values} for name, values in entries.items()}}
    if read_documents(file, made.encode()) != expected:
        names = ", ".join(entries)
        raise Place(file, ("documents",)).error(
            f"cannot be added to as it is written; add {names} by hand, each with"
            " means and purpose, and run this again"
        )
    return made


def _scalar(value: str) -> str:
    """Writes text in quotes, of which JSON's are YAML's, but for a plain word."""
    is_word = _WORD.fullmatch(value)
    return value if is_word else json.dumps(value, ensure_ascii=False)


def _find_block(lines: list[str]) -> tuple[int | None, int, str]:
    """Finds the line of `documents:`, the one behind its entries, and their indent."""
    begin = next((i for i, line in enumerate(lines) if _KEY.fullmatch(line)), None)
    if begin is None:
        return None, len(lines), "  "
    end, indent = begin + 1, ""
    for index, line in enumerate(lines[begin + 1 :], begin + 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _ENTRY.match(line)
        if entry is None:
            break
        end, indent = index + 1, indent or entry[1]
    return begin, end, indent or "  "
