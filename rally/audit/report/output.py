"""Writes a report to a file, as a whole or not at all.

On this machine only its owner can read the file; in `gs://bucket/folder/file` whoever
may read the bucket may read the report.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rally.errors import ConfigurationError, cause_of
from rally.file_replacement import FOR_OWNER, make_temporary, replace_file
from rally.storage.objectstore.interface import ObjectHeld, upsert
from rally.storage.objectstore.open_store import open_store

_REMOTE = "gs://"


def check_writable(option: str, name: str) -> None:
    """Checks that a file can be written, before there is anything to write.

    Args:
        option: Option that names the file, for the message.
        name: Path of the file, or `gs://bucket/folder/file`.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    with _refusing(option, name):
        if name.startswith(_REMOTE):
            folder, _ = _parts(option, name)
            open_store(folder).check_writable()
            return
        path = Path(name)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        handle, temporary = make_temporary(path)
        os.close(handle)
        os.unlink(temporary)


def write_private(option: str, name: str, text: str) -> None:
    """Makes or replaces a file; on this machine only its owner can read it.

    Args:
        option: Option that names the file, for the message.
        name: Path of the file, or `gs://bucket/folder/file`.
        text: Content of the file.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    with _refusing(option, name):
        if name.startswith(_REMOTE):
            folder, file = _parts(option, name)
            upsert(open_store(folder), file, text.encode())
        else:
            replace_file(Path(name), text, FOR_OWNER)


def _parts(option: str, name: str) -> tuple[str, str]:
    """Returns the folder and the file of `gs://bucket/folder/file`."""
    bucket, _, path = name.removeprefix(_REMOTE).partition("/")
    folder, _, file = path.rpartition("/")
    if not (bucket and file):
        raise ConfigurationError(f"{option} {name}: give gs://<bucket>/<file>")
    return f"{_REMOTE}{bucket}/{folder}", file


@contextmanager
def _refusing(option: str, name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = cause_of(error)
        raise ConfigurationError(
            f"{option} {name}: cannot be written ({reason})"
        ) from None
    except ObjectHeld:
        raise ConfigurationError(
            f"{option} {name}: is under a hold or a retention policy; give another name"
        ) from None
