"""Rally ids that a person gives on standard input, never in a command's options."""

from typing import BinaryIO

from rally.errors import ConfigurationError, PingFailed
from rally.validation.ids import canonical_id


def read_ids(stream: BinaryIO) -> list[str]:
    """The canonical ids, one a line; empty lines are none.

    Raises:
        ConfigurationError: there is none, or a line is no id. It is not repeated.
    """
    lines = map(str.strip, stream.read().decode(errors="replace").split("\n"))
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
