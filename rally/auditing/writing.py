"""Writes a report to this machine: as a whole or not at all, for its owner's eyes."""

import os
import tempfile
from pathlib import Path

from rally.errors import ConfigurationError


def write_private(option: str, name: str, text: str) -> None:
    """Makes or replaces a file that only its owner can read.

    Args:
        option: which names it, for the message.
        name: its path.
        text: becomes all of it.

    Raises:
        ConfigurationError: it cannot be written.
    """
    path = Path(name)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"{option} {name}: cannot be written ({reason})"
        ) from None
