"""Reads YAML of plain values, with a bound on what a file may cost.

YAML's own loaders read much that nobody wants in a hand-written promise: aliases and
merge keys whose cost doubles a level, `1:20` as 80, `010` as 8, `NO` as false. What is
read here is what the file shows: mappings, lists, texts, dates, whole numbers in
decimal, true, false and null. All else is a text, or a fault.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

import yaml

from rally.errors import ManyFaults
from rally.fields import MOST_FAULTS, Lines, Place, UnreadableValue, raise_all

if TYPE_CHECKING:
    from yaml import SafeLoader as _Loader
else:  # libyaml's parser reads the shipped registry about ten times as fast
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 256 * 1024
"""Largest size of a file; the longest that ships has a fortieth of it."""

MAX_DEPTH = 16
"""How deep mappings and lists may nest."""

MAX_VALUES = 10_000
"""How many values there may be, each as often as aliases repeat it."""

_NUMBER = re.compile("-?(?:0|[1-9][0-9]{0,99})")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_SPELLINGS = ("Null", "NULL", "True", "TRUE", "False", "FALSE")
_WORDS |= {each: _WORDS[each.lower()] for each in _SPELLINGS}


class PlainYaml(NamedTuple):
    """Content of a YAML file, and its faults so far.

    Attributes:
        value: The file's value; Unreadable stands for each part that nobody can read.
        lines: Line numbers of the value's entries, for the places of further faults.
        faults: Faults that have no place inside the value, such as a key that stands
            twice, one line each.
        unreadable: The faults of the Unreadable parts, one line each.
    """

    value: object
    lines: Lines
    faults: Sequence[str]
    unreadable: Sequence[str]


def read_yaml(file: str, data: bytes) -> PlainYaml:
    """Parses a YAML file of plain values as far as it is good.

    Args:
        file: The file's name, for messages.
        data: The file's content, of any length.

    Raises:
        ConfigurationError: it is no YAML, or too large: nothing can be said of it.
    """
    place = Place(file)
    if len(data) > MAX_BYTES:
        raise place.error(f"is longer than {MAX_BYTES:,} bytes; shorten it")
    try:
        return _Reader(place, data.decode()).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = place.at(f"line {mark.line + 1}" if mark else "its text")
        raise where.error(f"{error.problem}; correct it") from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise place.error("is not YAML in UTF-8; correct it") from None


_Path = tuple[str, ...]


class _Node(NamedTuple):
    """A value, how many values it is with all its parts, and how deep these nest."""

    value: Any
    size: int = 1
    height: int = 0


class _Reader:
    """Builds values from the parser's events.

    An alias stands for what it names, and costs as much.
    """

    def __init__(self, place: Place, text: str) -> None:
        self._place = place
        self._events: Iterator[yaml.Event] = yaml.parse(text, _Loader)
        self._anchored: dict[str, _Node] = {}
        self._left = MAX_VALUES
        self._lines: dict[_Path, int] = {}
        self._faults: list[str] = []
        self._unreadable: list[str] = []

    def read(self) -> PlainYaml:
        """Reads the one document. Raises ConfigurationError where it is too large."""
        next(self._events)  # the stream's start
        value: object = None
        if isinstance(next(self._events), yaml.DocumentStartEvent):
            value = self._node(next(self._events), ()).value
            next(self._events)  # the document's end
            extra = next(self._events)
            if isinstance(extra, yaml.DocumentStartEvent):
                self._fault(extra, "begins another document; keep one")
        return PlainYaml(value, self._lines, self._faults, self._unreadable)

    def _node(self, event: yaml.Event, path: _Path) -> _Node:
        if isinstance(event, yaml.ScalarEvent) and not (event.tag or event.anchor):
            self._spend(event, 1, len(path))  # as nearly all nodes are
            return _Node(self._scalar(event))
        if isinstance(event, yaml.AliasEvent):
            node = self._anchored.get(event.anchor or "")
            if node is None:
                reason = f"*{event.anchor}: names nothing that is before it"
                node = _Node(self._unread(event, reason))
            self._spend(event, node.size, len(path) + node.height)
            return node
        self._spend(event, 1, len(path))
        node = self._new(event, path)
        begun = cast("yaml.ScalarEvent | yaml.CollectionStartEvent", event)
        if begun.tag is not None:
            reason = "tags are not read; correct it"
            node = node._replace(value=self._unread(event, reason))
        if begun.anchor is not None:
            self._anchored[begun.anchor] = node
        return node

    def _spend(self, event: yaml.Event, size: int, depth: int) -> None:
        self._left -= size
        if self._left < 0:
            self._stop(
                event, f"is one value too many of {MAX_VALUES:,}; shorten the file"
            )
        if depth > MAX_DEPTH:
            self._stop(event, f"nests more than {MAX_DEPTH} deep; flatten it")

    def _new(self, event: yaml.Event, path: _Path) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            return _Node(self._scalar(event))
        if isinstance(event, yaml.SequenceStartEvent):
            nodes = list[_Node]()
            for index, each in enumerate(self._parts()):
                nodes.append(self._entry(each, each, (*path, str(index))))
            return _around([each.value for each in nodes], nodes)
        return self._mapping(path)

    def _parts(self) -> Iterator[yaml.Event]:
        """The events with which the parts of a list or a mapping begin, to its end."""
        while not isinstance(event := next(self._events), yaml.CollectionEndEvent):
            yield event

    def _mapping(self, path: _Path) -> _Node:
        mapping: dict[Any, Any] = {}
        nodes = list[_Node]()
        for event in self._parts():
            key = self._key(event, path)
            name = (*path, str(key.value))
            value = self._entry(event, next(self._events), name)
            nodes += (key, value)
            if isinstance(key.value, UnreadableValue):
                continue
            if key.value in mapping:
                self._fault(event, f'"{key.value}" stands twice; correct it')
            mapping[key.value] = value.value
        return _around(mapping, nodes)

    def _key(self, event: yaml.Event, path: _Path) -> _Node:
        """Reads a key; what is wrong with it has no place inside the value."""
        before = len(self._unreadable)
        key = self._node(event, (*path, "?"))
        if isinstance(event, yaml.ScalarEvent):
            if event.value == "<<":
                reason = "<<: merge keys are not read; write out what is meant"
                key = key._replace(value=self._unread(event, reason))
        elif isinstance(key.value, dict | list):
            reason = "found unhashable key; correct it"
            key = key._replace(value=self._unread(event, reason))
        if len(self._unreadable) > before:
            self._faults += self._unreadable[before:]
            del self._unreadable[before:]
        return key

    def _entry(self, at: yaml.Event, event: yaml.Event, path: _Path) -> _Node:
        """Reads an entry of a list or a mapping, of which it keeps the line."""
        self._lines[path] = _line(at)
        return self._node(event, path)

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text: str = event.value
        if not event.implicit[0]:  # in quotes, or a block
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NUMBER.fullmatch(text):
            return int(text)
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError as error:
                reason = f"holds what cannot be ({error}); correct it"
                return self._unread(event, reason)
        return text

    def _stop(self, event: yaml.Event, reason: str) -> NoReturn:
        self._fault(event, reason)
        raise ManyFaults([*self._unreadable, *self._faults])

    def _unread(self, event: yaml.Event, reason: str) -> UnreadableValue:
        self._note(self._unreadable, event, reason)
        return UnreadableValue(reason)

    def _fault(self, event: yaml.Event, reason: str) -> None:
        self._note(self._faults, event, reason)

    def _note(self, faults: list[str], event: yaml.Event, reason: str) -> None:
        faults.append(str(self._place.at(f"line {_line(event)}").error(reason)))
        if len(faults) > MOST_FAULTS:
            raise_all(faults)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _around(value: object, parts: Sequence[_Node]) -> _Node:
    """The node of a list or a mapping."""
    size = 1 + sum(each.size for each in parts)
    return _Node(value, size, 1 + max((each.height for each in parts), default=0))
