"""Reads hand-written files strictly, and says exactly where one is wrong.

Every value is taken out of its mapping with the type that it must have. What is left
over when the mapping is closed is unknown, and an error: a promise that is misspelt
must not pass as a promise that was never made.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from rally.errors import ConfigurationError, ManyFaults, faults_of
from rally.times import RANGE, InvalidTime, check_day, parse_day, parse_time
from rally.web_address import https_host

T = TypeVar("T")
U = TypeVar("U")
E = TypeVar("E", bound=StrEnum)

_HEX = re.compile("[0-9a-f]+")
_WORD_LIMIT = 100
_TEXT_LIMIT = 2000
_SHOWN = 200
_UNSEEN = "\N{REPLACEMENT CHARACTER}"

MOST_FAULTS = 500
"""How many faults one message names; a file with more is no work of a person."""

UNREAD: Any = object()
"""Stands for a value that could not be read, until its mapping is closed."""

Lines = Mapping[tuple[str, ...], int]
"""The line, from 1 on, on which the entry at each path inside a file stands."""

_NO_LINES: Lines = MappingProxyType({})


class Place(NamedTuple):
    """A value's place in a file.

    Attributes:
        file: The file's name.
        path: The names and numbers of the entries that lead to the value.
        lines: Line numbers of the file's entries, where its format has them.
    """

    file: str
    path: tuple[str, ...] = ()
    lines: Lines = _NO_LINES

    def at(self, *parts: str | int) -> "Place":
        """Returns the place of an entry below this one."""
        return Place(self.file, (*self.path, *map(str, parts)), self.lines)

    def error(self, reason: str) -> ConfigurationError:
        """Makes an error of one line: file, line, path inside the file, and reason."""
        line, path = self._line(), _shown(".".join(self.path))
        parts = (self.file, line and f"line {line}", path, _shown(reason))
        return ConfigurationError(": ".join(part for part in parts if part))

    def _line(self) -> int | None:
        """The line of this entry; of a missing one, that of the entry around it."""
        for length in range(len(self.path), 0, -1):
            if line := self.lines.get(self.path[:length]):
                return line
        return None


class UnreadableValue(NamedTuple):
    """A value that its file's format allows and nobody can read, such as 2022-02-30.

    Attributes:
        reason: Fault, for the error of whoever asks for the value.
    """

    reason: str


Reader = Callable[[Place, object], T]


class Fields:
    """The entries of one mapping, each taken once."""

    def __init__(self, place: Place, value: object) -> None:
        """Begins with all entries. Raises ConfigurationError on anything else."""
        _check_readable(place, value)
        if not isinstance(value, dict):
            raise place.error("must be a mapping of names to values")
        self.place = place
        self._left = {name: each for name, each in value.items() if type(name) is str}
        raise_all(
            [
                str(place.at(name).error("a name must be text; put it in quotes"))
                for name in value
                if type(name) is not str
            ]
        )

    def need(self, name: str, read: Reader[T]) -> T:
        """The entry's value. Raises ConfigurationError where there is none."""
        place = self.place.at(name)
        if name not in self._left:
            raise place.error("is missing; add it")
        value = self._left.pop(name)
        _check_readable(place, value)
        return read(place, value)

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


class AllFields(Fields):
    """The entries of a mapping that a person wrote, of which all faults are told.

    What cannot be read is UNREAD until `close`; nothing is made of it before.
    """

    def __init__(self, place: Place, value: object) -> None:
        """Begins with all entries. Raises ConfigurationError on anything else."""
        self._faults: list[str] = []
        self._known: list[str] = []
        try:
            super().__init__(place, value)
        except ConfigurationError as error:
            if not isinstance(value, dict):
                raise
            self._faults += faults_of(error)
        self._named = frozenset(self._left)

    def need(self, name: str, read: Reader[T]) -> T:
        """The entry's value, or UNREAD."""
        self._known.append(name)
        try:
            return super().need(name, read)
        except ConfigurationError as error:
            self._faults += faults_of(error)
            unread: T = UNREAD
            return unread

    def add(self, faults: Iterable[str]) -> None:
        """Adds faults that were found elsewhere, one line each."""
        self._faults += faults

    def attempt(self, make: Callable[[], T], *values: object) -> T:
        """What is made of these values; UNREAD where one is, or where it is a fault."""
        if any(value is UNREAD for value in values):
            unread: T = UNREAD
            return unread
        try:
            return make()
        except ConfigurationError as error:
            self._faults += faults_of(error)
            unread = UNREAD
            return unread

    def attempt_two(
        self, make: Callable[[], tuple[T, U]], *values: object
    ) -> tuple[T, U]:
        """The same of a pair, of which each may be UNREAD then."""
        pair: tuple[T, U] = self.attempt(make, *values)
        return pair if isinstance(pair, tuple) else (UNREAD, UNREAD)

    def maybe(self, name: str, read: Reader[T]) -> T | None:
        """The entry's value, None without the entry, or UNREAD."""
        if name in self._left:
            return self.need(name, read)
        self._known.append(name)
        return None

    def close(self) -> None:
        """Raises ConfigurationError with all faults, unknown entries among them."""
        what = "is not known; remove it or correct its name"
        if unused := [name for name in self._known if name not in self._named]:
            what += f" ({', '.join(unused)})"
        self._faults += [str(self.place.at(name).error(what)) for name in self._left]
        raise_all(self._faults)


def raise_all(faults: list[str]) -> None:
    """Raises ConfigurationError where there is a fault.

    Of more than MOST_FAULTS it names the first, and how many more there are.
    """
    if len(faults) > MOST_FAULTS:
        more = f"and {len(faults) - MOST_FAULTS:,} more; correct these first"
        raise ManyFaults([*faults[:MOST_FAULTS], more])
    if faults:
        raise ManyFaults(faults)


def _check_readable(place: Place, value: object) -> None:
    if isinstance(value, UnreadableValue):
        raise place.error(value.reason)


def text(place: Place, value: object) -> str:
    """Reads text that is not empty and has one line."""
    if not isinstance(value, str) or not value.strip():
        raise place.error("must be text; write some, in quotes where YAML needs them")
    if not value.isprintable():
        raise place.error("must be one line of printable text")
    if len(value) > _TEXT_LIMIT:
        raise place.error(f"must be at most {_TEXT_LIMIT:,} characters")
    return value


def word(place: Place, value: object) -> str:
    """Reads text without spaces, of at most 100 characters."""
    read = text(place, value)
    if len(read) > _WORD_LIMIT or " " in read:
        raise place.error("must be at most 100 characters without spaces")
    return read


def https_address(place: Place, value: object) -> str:
    """Reads the https address of a page, to which pages of ours may link."""
    address = text(place, value)
    if https_host(address) is None:
        raise place.error("must be an address such as https://example.org/study")
    return address


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


def whole(place: Place, value: object) -> int:
    """Reads an integer of at least 0; `true` is none."""
    if type(value) is not int or value < 0:
        raise place.error("must be a whole number of at least 0")
    return value


def flag(place: Place, value: object) -> bool:
    """Reads `true` or `false`."""
    if not isinstance(value, bool):
        raise place.error("must be true or false")
    return value


def hexadecimal(length: int | None = None) -> Reader[str]:
    """Reads lower-case hexadecimal digits, of this number or of any."""

    def read(place: Place, value: object) -> str:
        found = text(place, value)
        if not _HEX.fullmatch(found) or length not in (None, len(found)):
            raise place.error("must be lower-case hexadecimal digits, all of them")
        return found

    return read


def up_to(most: int) -> Reader[int]:
    """Reads an integer of at least 1 and at most so much."""

    def read(place: Place, value: object) -> int:
        number = positive(place, value)
        if number > most:
            raise place.error(f"must be at most {most:,}")
        return number

    return read


def choice(kind: type[E]) -> Reader[E]:
    """Reads one of an enumeration's values."""
    known = {str(each): each for each in kind}

    def read(place: Place, value: object) -> E:
        if isinstance(value, str) and value in known:
            return known[value]
        raise place.error(f"must be one of: {', '.join(kind)}")

    return read


def many(read: Reader[T], most: int | None = None) -> Reader[tuple[T, ...]]:
    """Reads a list of one kind of value, of at most so many."""

    def read_all(place: Place, value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise place.error("must be a list; write [one, two]")
        if most is not None and len(value) > most:
            raise place.error(f"must have at most {most:,} entries")
        found, faults = list[T](), list[str]()
        for index, entry in enumerate(value):
            try:
                _check_readable(place.at(index), entry)
                found.append(read(place.at(index), entry))
            except ConfigurationError as error:
                faults += faults_of(error)
        raise_all(faults)
        return tuple(found)

    return read_all


def _shown(text: str) -> str:
    """A text in one line that a terminal shows as it is, cut off where it is long."""
    line = " ".join(text.split())
    seen = "".join(each if each.isprintable() else _UNSEEN for each in line)
    return seen if len(seen) <= _SHOWN else f"{seen[:_SHOWN]}…"
