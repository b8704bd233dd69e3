"""Reads clear pings that a person made or recorded, to try out a study with.

A ping is one line of JSON, its payload before a client encrypts it:

    {"metrics": {"uuid": {"rally.id": "…"}}}

A line may say what the edge would say of that ping, in the words of its messages:

    {"attributes": {"submission_timestamp": "…", "dnt": "1"}, "payload": {"metrics": …}}

One ping alone may also stand on several lines, as an editor writes it.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import orjson

from rally.bounded_json import InvalidJson, parse_json
from rally.decryption.inflate import LIMIT
from rally.errors import ConfigurationError
from rally.fields import raise_all

MOST_BYTES = 16 * 1024 * 1024
"""Most bytes of all pings that are tried at once."""

MOST_PINGS = 100_000
"""Most pings that are tried at once."""

_WHERE = "standard input"
_ATTRIBUTES = frozenset({"attributes", "attributeMap"})
_PAYLOAD = frozenset({"payload", "data"})


class ClearPing(NamedTuple):
    """A ping before its encryption.

    Attributes:
        line: number of its line, from 1.
        data: payload as a client encrypts it, JSON.
        payload: the same, parsed.
        attributes: attributes of its message, as far as its line says them.
    """

    line: int
    data: bytes
    payload: dict[str, Any]
    attributes: Mapping[str, object]

    @property
    def place(self) -> str:
        """The place of the ping, for messages."""
        return f"{_WHERE}: line {self.line}"


def read_clear_pings(stream: BinaryIO, declared: Collection[str]) -> list[ClearPing]:
    """Reads pings, one a line; empty lines hold none.

    Args:
        stream: binary standard input.
        declared: names at the top of the document's payload. An object of attributes
            and payload is itself the payload of a document that declares such names.

    Raises:
        ConfigurationError: there is no ping, there are too many, or lines are none; the
            messages have the lines' numbers and nothing of them.
    """
    data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ConfigurationError(
            f"{_WHERE}: has more than {MOST_BYTES >> 20} MiB; give fewer pings at once"
        )
    lines = list(_lines_of(data))
    if len(lines) > MOST_PINGS:
        raise ConfigurationError(
            f"{_WHERE}: has more than {MOST_PINGS:,} pings; give fewer at once"
        )
    if not lines:
        raise ConfigurationError(f"{_WHERE}: is empty; write pings, one a line")
    found, faults = list[ClearPing](), list[str]()
    for number, line in lines:
        ping = _read(number, line, declared)
        if isinstance(ping, ClearPing):
            found.append(ping)
        else:
            faults.append(f"{_WHERE}: line {number}: {ping}")
    raise_all(faults)
    return found


def _lines_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the lines with their numbers; of one ping on several lines the whole."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    lines = [each for each in enumerate(data.split(b"\n"), 1) if each[1].strip()]
    if len(lines) > 1 and _object(lines[0][1]) is None and _object(data) is not None:
        yield 1, data
        return
    yield from lines


def _read(number: int, line: bytes, declared: Collection[str]) -> ClearPing | str:
    """Reads a line, or says what is wrong with it."""
    if len(line) > LIMIT:
        return f"is longer than a ping's {LIMIT >> 20} MiB; shorten it"
    value = _object(line)
    if value is None:
        return "is no JSON object; write each ping on one line"
    names = value.keys()
    attributes, payload = names & _ATTRIBUTES, names & _PAYLOAD
    if len(names) == 2 and attributes and payload and not names <= set(declared):
        said, clear = value[attributes.pop()], value[payload.pop()]
        if type(said) is type(clear) is dict:
            return ClearPing(number, orjson.dumps(clear), clear, said)
    return ClearPing(number, line.strip(), value, {})


def _object(data: bytes) -> dict[str, Any] | None:
    if len(data) > LIMIT:
        return None
    try:
        value = parse_json(data)
    except InvalidJson:
        return None
    return value if type(value) is dict else None
