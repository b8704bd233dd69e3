"""Writes a report to this machine: as a whole or not at all, for its owner's eyes."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rally.errors import ConfigurationError, cause_of


def check_writable(option: str, name: str) -> None:
    """Tries whether a file can be written, before there is anything to write.

    Args:
        option: which names it, for the message.
        name: its path.

    Raises:
        ConfigurationError: it cannot be written.
    """
    with _refusing(option, name):
        path = Path(name)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        handle, temporary = _make_temporary(path)
        os.close(handle)
        os.unlink(temporary)


def write_private(option: str, name: str, text: str) -> None:
    """Makes or replaces a file that only its owner can read.

    Args:
        option: which names it, for the message.
        name: its path.
        text: becomes all of it.

    Raises:
        ConfigurationError: it cannot be written.
    """
    with _refusing(option, name):
        path = Path(name)
        handle, temporary = _make_temporary(path)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def _make_temporary(path: Path) -> tuple[int, str]:
    return tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)


@contextmanager
def _refusing(option: str, name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = cause_of(error)
        raise ConfigurationError(
            f"{option} {name}: cannot be written ({reason})"
        ) from None
