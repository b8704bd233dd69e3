"""Runs glean_parser over files of definitions, and makes one line of each fault it has.

glean_parser is a build tool: what it refuses it explains in a page with the definition
in it, and for some mistakes it raises an exception that names no file.
"""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rally.bounded_files import read_bounded
from rally.errors import ConfigurationError
from rally.fields import Place, raise_all
from rally.glean.yaml_limits import MAX_BYTES, check_yaml

_CONFIG = {"do_not_disable_expired": True}  # so that an expired metric keeps its day
_BLOCK = re.compile(r"```\n(.*?)```", re.DOTALL)
_DOCUMENTATION = "Documentation for this node:"
_LINE = re.compile(r":(\d+)")
_SINGLE_KEY = re.compile(r"( *)([^\s:]+):")
_REDUNDANT = frozenset({"EMPTY_DATAREVIEW", "EXPIRED"})
"""Lints of which rally.glean.checks has more to say."""


class RawObject(NamedTuple):
    """A metric or a ping as glean_parser has it.

    Attributes:
        name: id of a metric, name of a ping.
        value: glean_parser's object.
        place: place of the definition.
    """

    name: str
    value: Any
    place: Place


class RawDefinitions(NamedTuple):
    """Metrics, pings and remarks that glean_parser found.

    Attributes:
        metrics: metrics in the order of their ids.
        pings: pings in the order of their names.
        notes: remarks of its linter on names and habits, one line each.
    """

    metrics: tuple[RawObject, ...]
    pings: tuple[RawObject, ...]
    notes: tuple[str, ...]


def read_file(file: str) -> None:
    """Checks that a file can be given to glean_parser. Raises ConfigurationError."""
    check_yaml(Place(file), read_bounded(file, MAX_BYTES, "split it"))


def parse(files: Sequence[str]) -> RawDefinitions:
    """Parses files of which each passed read_file.

    Raises:
        ConfigurationError: glean_parser refuses a definition; all faults are told.
    """
    parser = _glean_parser()
    try:
        result = parser.parse_objects([Path(each) for each in files], _CONFIG)
        errors = list(result)
    except Exception as error:
        raise_all([line for each in files for line in _crashes(each)])
        # Each file alone is good: what is wrong lies between them.
        raise Place(files[0]).error(f"glean_parser stops: {_in_line(error)}") from None
    raise_all(sorted({_as_line(error, files) for error in errors}))
    return _sort(result.value, files)


def _glean_parser() -> Any:
    """Imports glean_parser, which is slow, and which only who adds studies needs."""
    try:
        from glean_parser import parser
    except ImportError:
        raise ConfigurationError(
            "glean_parser: is not installed; install rally-pipeline[glean]"
        ) from None
    return parser


def _crashes(file: str) -> list[str]:
    """Finds out what a file, alone, makes glean_parser say or raise."""
    try:
        return [
            _as_line(each, [file])
            for each in _glean_parser().parse_objects([Path(file)], _CONFIG)
        ]
    except Exception as error:
        return [str(Place(file).error(f"glean_parser stops: {_in_line(error)}"))]


def _in_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _as_line(error: str, files: Sequence[str]) -> str:
    """Makes one line of an error: file, line, place in the file, and reason."""
    place, rest = Place(""), error
    for file in files:
        resolved = str(Path(file).resolve())
        if error.startswith(f"{resolved}:"):
            place, rest = Place(file), error.removeprefix(resolved)
    if line := _LINE.match(rest):
        place, rest = place.at(f"line {line[1]}"), rest[line.end() :]
    rest = rest.removeprefix(":")
    if block := _BLOCK.search(rest):
        place = place.at(*_path_of(block[1]))
        rest = rest[: block.start()] + rest[block.end() :]
    reason = " ".join(rest.partition(_DOCUMENTATION)[0].split())
    return str(place.error(reason))


def _path_of(shown: str) -> list[str]:
    """Reads where in a file a shown part stands: below single keys, two at most."""
    lines = [line[4:] for line in shown.splitlines()]
    path = list[str]()
    for line in lines[:2]:
        depth = " " * 2 * len(path)
        beside = [each for each in lines if re.match(f"{depth}[^ -]", each)]
        key = _SINGLE_KEY.match(line)
        if not key or key[1] != depth or len(beside) > 1:
            break
        path.append(key[2])
    return path


def _sort(tree: Any, files: Sequence[str]) -> RawDefinitions:
    """Takes glean_parser's tree apart."""
    given = {str(Path(each)): each for each in files}
    metrics, pings = list[RawObject](), list[RawObject]()
    for category, members in tree.items():
        if category == "tags":
            continue
        for value in members.values():
            if value is None:  # an error has told why
                continue
            name, where = value.identifier(), value.defined_in or {}
            file = given.get(where.get("filepath", ""), "")
            place = Place(file, (name,), {(name,): where.get("line", 0)})
            found = RawObject(name, value, place)
            (pings if category == "pings" else metrics).append(found)
    notes = _lint(tree, {each.name: each.place for each in (*metrics, *pings)})
    metrics.sort(key=lambda each: each.name)
    pings.sort(key=lambda each: each.name)
    return RawDefinitions(tuple(metrics), tuple(pings), notes)


def _lint(tree: Any, places: dict[str, Place]) -> tuple[str, ...]:
    """Asks glean_parser's linter, whose errors are about names that clients have."""
    from glean_parser import lint

    try:
        nits = lint.lint_metrics(tree, {}, io.StringIO())
    except Exception:  # it stops over expiry dates, of which the checks tell
        return ()
    return tuple(
        str(
            places.get(nit.name, Place("", (nit.name,))).error(
                f"{' '.join(str(nit.msg).split())} ({nit.check_name})"
            )
        )
        for nit in nits
        if nit.check_name not in _REDUNDANT
    )
