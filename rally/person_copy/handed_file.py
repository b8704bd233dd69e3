"""Writes the file that is handed to a person, for its owner's eyes alone."""

import hashlib
import os
from collections.abc import Callable

from rally.errors import ConfigurationError, cause_of
from rally.file_replacement import FOR_OWNER


def hand_out(path: str, data: bytes, record: Callable[[], bool]) -> None:
    """Writes the encrypted copy for a person, and records that it was handed out.

    Args:
        path: Path of a file that is not there.
        data: The encrypted archive.
        record: Function that records it; whether no other run did so before.

    Raises:
        ConfigurationError: Another file is there, or it cannot be written.
        ConnectionError: Another run handed it out; the file that this one made is gone.
    """
    is_new = _write(path, data)
    if not record():
        if is_new:
            os.remove(path)
        raise ConnectionError(
            "another run has just handed it out; use the file that it wrote"
        )


def _write(path: str, data: bytes) -> bool:
    """Makes the file; False where it is there with the same bytes, of a killed run."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(path, flags, FOR_OWNER), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        if _digest_of(path, len(data)) != hashlib.sha256(data).digest():
            raise ConfigurationError(
                f"--out {path}: is there already; name a file that is not"
            ) from None
        return False
    except OSError as error:
        raise ConfigurationError(
            f"--out {path}: cannot be written ({cause_of(error)})"
        ) from None
    return True


def _digest_of(path: str, most: int) -> bytes:
    """Returns the SHA-256 of a file's first bytes, one more than there should be."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read(most + 1)).digest()
    except OSError:
        return b""
