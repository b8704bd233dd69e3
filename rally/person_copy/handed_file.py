"""Writes the file that is handed to a person, for its owner's eyes alone."""

import hashlib
import os

from rally.errors import ConfigurationError, cause_of
from rally.file_replacement import FOR_OWNER


def write_handed(path: str, data: bytes) -> None:
    """Writes the encrypted copy; a file of the same bytes, of a killed run, serves.

    Args:
        path: Path of a file that is not there.
        data: The encrypted archive.

    Raises:
        ConfigurationError: Another file is there, or it cannot be written.
    """
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
    except OSError as error:
        raise ConfigurationError(
            f"--out {path}: cannot be written ({cause_of(error)})"
        ) from None


def _digest_of(path: str, most: int) -> bytes:
    """Returns the SHA-256 of a file's first bytes, one more than there should be."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read(most + 1)).digest()
    except OSError:
        return b""
