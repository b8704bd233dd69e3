"""Makes Rally ids canonical; this is the one place that does."""

import re
from typing import BinaryIO

from rally.errors import ConfigurationError, PingFailed
from rally.outcomes import FailureReason

_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
_SENTINELS = frozenset(
    "-".join(digit * length for length in (8, 4, 4, 4, 12)) for digit in "01f"
)
"""Ids that stand for no one: developer mode sends zeros, a client's error ones."""

MOST_BYTES = 4 * 1024 * 1024
"""Largest size of ids on standard input; 100,000 of them take less."""


def canonical_id(value: object) -> str:
    """Gives the lower-case, hyphenated form of an id, of 36 characters.

    It accepts any case, with hyphens or as 32 hexadecimal digits.

    Raises:
        PingFailed: the id is missing, malformed or a sentinel.
    """
    if type(value) is str:
        lowered = value.lower()
        if _ID.fullmatch(lowered):
            canonical = lowered if "-" in lowered else hyphenated(lowered)
            if canonical not in _SENTINELS:
                return canonical
    raise PingFailed(FailureReason.INVALID_ID)


def hyphenated(digits: str) -> str:
    """Writes 32 hexadecimal digits as a UUID (RFC 9562, section 4)."""
    return "-".join(
        (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    )


def read_ids(stream: BinaryIO) -> list[str]:
    """Reads the ids that a person gives on standard input, and never in an option.

    Each line holds one id; empty lines hold none.

    Args:
        stream: binary standard input, of at most MOST_BYTES.

    Raises:
        ConfigurationError: there is no id, there are too many, or a line is none; the
            message does not repeat it.
    """
    data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ConfigurationError(
            f"standard input: is longer than {MOST_BYTES:,} bytes; give fewer ids at"
            " once"
        )
    lines = map(str.strip, data.decode(errors="replace").split("\n"))
    ids = [_read(number, line) for number, line in enumerate(lines, 1) if line]
    if not ids:
        raise ConfigurationError(
            "standard input: is empty; write the Rally id, or several, one a line"
        )
    return ids


def _read(number: int, line: str) -> str:
    try:
        return canonical_id(line)
    except PingFailed:
        raise ConfigurationError(
            f"standard input: line {number}: is no Rally id; write 32 hexadecimal "
            "digits, with or without hyphens"
        ) from None
