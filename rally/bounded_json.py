"""Parses JSON that anybody may have written, in bounded time and memory.

Anybody can send a body, and anybody can encrypt to a public key, so no text is parsed
before a scan of its bytes has shown what parsing can cost.
"""

import gc
import json
import re
from threading import Lock
from typing import Any

import orjson

MOST_CONTAINERS = 50_000
"""Most arrays and objects of one text. A megabyte, the most that Glean and Firefox
send, has 40,000 where it is all small objects; this many cost 15 MB and 10 ms."""

_FEW_CONTAINERS = 512
"""Containers below which Python's collector does not run (gc.get_threshold)."""

_PARSING = Lock()
_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))

_LOOSE = json.JSONDecoder(
    parse_int=str, parse_float=lambda _: 0.0, parse_constant=lambda _: 0.0, strict=False
)


class InvalidJson(ValueError):
    """The text is no JSON; the error quotes nothing of it."""


class CrowdedJson(InvalidJson):
    """The text has more arrays and objects than any ping has."""


def parse_json(data: bytes) -> Any:
    r"""Parses a text of JSON.

    Of equal keys the last one counts, as in the clients' own JSON.parse. NaN, invalid
    UTF-8 and nesting beyond 1,024 are refused. A lone surrogate such as `\ud83c` is
    read as U+FFFD, as the TextEncoder of the Encoding Standard writes it: every
    Glean.js before 4.0 cuts strings by UTF-16 unit, through the middle of an emoji.

    Args:
        data: UTF-8, without a byte order mark.

    Raises:
        CrowdedJson: it has more than MOST_CONTAINERS brackets and braces, of which
            those inside of strings count as well.
        InvalidJson: it is no JSON.
    """
    if _count_containers(data) < _FEW_CONTAINERS:
        return _parse(data)
    # Every new list may start the collector, which looks at all that the process has.
    # The lock keeps two threads from each restoring what the other one has set.
    with _PARSING:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return _parse(data)
        finally:
            if was_enabled:
                gc.enable()


def parse_loose_json(data: bytes) -> Any:
    r"""Parses a message's JSON that parse_json refuses for a part that nobody keeps.

    Other tools write user agents that are no UTF-8, or with control characters in them,
    and numbers such as NaN and 1e400. Whole numbers are read as their digits, all
    others as 0.0, and zero bytes and what is no UTF-8 as U+FFFD.

    Raises:
        CrowdedJson: as parse_json does.
        InvalidJson: as parse_json does.
    """
    _count_containers(data)
    data = data.replace(b"\0", b"\xff")  # no UTF-8, either, and nothing hides in it
    text = _without_lone_surrogates(data).decode("utf-8", "replace")
    try:
        return _LOOSE.decode(text)
    except (ValueError, RecursionError):
        raise InvalidJson from None


def _count_containers(data: bytes) -> int:
    """Counts at least as many containers as there are. Raises CrowdedJson."""
    containers = data.count(b"{") + data.count(b"[")
    if containers > MOST_CONTAINERS:
        raise CrowdedJson
    return containers


def _parse(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # No JSON has a zero byte, behind which backslashes are hidden below.
        if b"\0" in data or not _SURROGATE.search(data):
            raise InvalidJson from None
    try:
        return orjson.loads(_without_lone_surrogates(data))
    except orjson.JSONDecodeError:
        raise InvalidJson from None


def _without_lone_surrogates(data: bytes) -> bytes:
    """Puts U+FFFD in place of lone surrogates."""
    # Out of sight, an escaped backslash does not seem to begin another escape.
    hidden = data.replace(rb"\\", b"\0\0")
    return _LONE.sub(rb"\\ufffd", hidden).replace(b"\0\0", rb"\\")
