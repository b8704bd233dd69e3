"""Paths of this machine by globs, without end only where there is no end of files."""

import glob
import os
from collections.abc import Iterator

_ANY_DEPTH = "**"


def match_paths(pattern: str) -> Iterator[str]:
    """What a glob names, sorted; `**` enters no folder by a link.

    Python's own follows links there, and two that lead to the folder in which they are
    keep it busy for ever. What is named in plain, or by `*`, may be a link. As in a
    shell, names that begin with a dot are matched by no wildcard.

    Args:
        pattern: of paths; `**` is any number of folders.
    """
    yield from sorted(set(_match(pattern)))


def _match(pattern: str) -> Iterator[str]:
    parts = pattern.split("/")
    if _ANY_DEPTH not in parts:
        yield from glob.iglob(pattern)
        return
    place = parts.index(_ANY_DEPTH)
    for top in glob.iglob("/".join([*parts[:place], ""])) if place else ("",):
        for folder in _folders(top):
            rest = parts[place + 1 :] or ["*"]
            yield from _match(glob.escape(folder) + "/".join(rest))


def _folders(top: str) -> Iterator[str]:
    """A folder and all below it, with a slash at the end; "" is the working folder."""
    yield top
    for parent, inner, _ in os.walk(top or "."):
        inner[:] = [each for each in inner if not each.startswith(".")]
        for each in inner:
            folder = os.path.join(parent if top else parent[2:], each)
            if not os.path.islink(folder):
                yield f"{folder}/"
