"""Reads hand-written files strictly, and says exactly where one is wrong.

Every value is taken out of its mapping with the type that it must have. What is left
over when the mapping is closed is unknown, and an error: a promise that is misspelt
must not pass as a promise that was never made.
"""

from collections.abc import Callable, Hashable
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import yaml

from rally.errors import ConfigurationError
from rally.times import RANGE, InvalidTime, check_day, parse_day, parse_time

if TYPE_CHECKING:
    from yaml import SafeLoader as _Loader
else:  # libyaml's parser reads the shipped registry about ten times as fast
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_WORD_LIMIT = 100


class Place(NamedTuple):
    """Where in which file a value stands."""

    file: str
    path: tuple[str, ...] = ()

    def at(self, *parts: str | int) -> "Place":
        """The place of an entry below this one."""
        return Place(self.file, (*self.path, *map(str, parts)))

    def error(self, reason: str) -> ConfigurationError:
        """One line: the file, the path inside it, and the reason."""
        where = [self.file, ".".join(self.path)] if self.path else [self.file]
        return ConfigurationError(": ".join([*where, " ".join(reason.split())]))


Reader = Callable[[Place, object], T]


class Fields:
    """The entries of one mapping, each taken once."""

    def __init__(self, place: Place, value: object) -> None:
        """Begins with all entries. Raises ConfigurationError on anything else."""
        if not isinstance(value, dict):
            raise place.error("must be a mapping of names to values")
        self.place = place
        self._left = dict(value)
        for name in value:
            if not isinstance(name, str):
                raise place.at(name).error("a name must be text; put it in quotes")

    def need(self, name: str, read: Reader[T]) -> T:
        """The entry's value. Raises ConfigurationError where there is none."""
        if name not in self._left:
            raise self.place.at(name).error("is missing; add it")
        return read(self.place.at(name), self._left.pop(name))

    def maybe(self, name: str, read: Reader[T]) -> T | None:
        """The entry's value, or None without the entry; an empty entry is an error."""
        return self.need(name, read) if name in self._left else None

    def close(self) -> None:
        """Raises ConfigurationError where an entry was not asked for."""
        for name in self._left:
            raise self.place.at(name).error(
                "is not known; remove it or correct its name"
            )

    def items(self) -> list[tuple[str, object]]:
        """The entries of a mapping whose names are free."""
        return list(self._left.items())


def text(place: Place, value: object) -> str:
    """Reads text that is not empty and has one line."""
    if not isinstance(value, str) or not value.strip():
        raise place.error("must be text; write some, in quotes where YAML needs them")
    if not value.isprintable():
        raise place.error("must be one line of printable text")
    return value


def word(place: Place, value: object) -> str:
    """Reads text without spaces, of at most 100 characters."""
    read = text(place, value)
    if len(read) > _WORD_LIMIT or " " in read:
        raise place.error("must be at most 100 characters without spaces")
    return read


def day(place: Place, value: object) -> date:
    """Reads a date; a date with a time is none."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise place.error("must be a date such as 2022-03-10, without quotes")
    try:
        return check_day(value)
    except InvalidTime:
        raise place.error(f"must be {RANGE}; remove it where there is no end") from None


def iso_day(place: Place, value: object) -> date:
    """Reads a date that is text, as in JSON."""
    try:
        return parse_day(text(place, value))
    except InvalidTime:
        raise place.error(f"must be a day such as 2022-03-10, {RANGE}") from None


def moment(place: Place, value: object) -> datetime:
    """Reads a time that knows its zone; gives it in UTC."""
    try:
        return parse_time(text(place, value), needs_zone=True)
    except InvalidTime:
        raise place.error(
            f"must be a time with its zone, such as 2022-03-10T12:00Z, {RANGE}"
        ) from None


def note(place: Place, value: object) -> str:
    """Reads text of one line, which may be empty."""
    return "" if value == "" else text(place, value)


def positive(place: Place, value: object) -> int:
    """Reads an integer of at least 1; `true` is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise place.error("must be a whole number of at least 1")
    return value


def choice(kind: type[E]) -> Reader[E]:
    """Reads one of an enumeration's values."""

    def read(place: Place, value: object) -> E:
        if isinstance(value, str) and value in set(kind):
            return kind(value)
        raise place.error(f"must be one of: {', '.join(kind)}")

    return read


def many(read: Reader[T]) -> Reader[tuple[T, ...]]:
    """Reads a list of one kind of value."""

    def read_all(place: Place, value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise place.error("must be a list; write [one, two]")
        return tuple(read(place.at(i), entry) for i, entry in enumerate(value))

    return read_all


class _StrictLoader(_Loader):
    """YAML's safe loader, which keeps the last of two equal keys, made to refuse."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        keys = (key for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        seen: set[str] = set()
        for key in keys:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'"{key.value}" stands twice', key.start_mark
                )
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def read_yaml(file: str, data: bytes) -> object:
    """Parses a YAML file of plain values.

    Raises:
        ConfigurationError: it is no YAML, or has a key twice.
    """
    try:
        return yaml.load(data, _StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}" if mark else "its text"
        raise Place(file, (line,)).error(f"{error.problem}; correct it") from None
    except ValueError as error:
        raise Place(file).error(f"holds what cannot be ({error}); correct it") from None
    except yaml.YAMLError:
        raise Place(file).error("is not YAML in UTF-8; correct it") from None
