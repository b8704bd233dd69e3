"""Replaces files of this machine, each as a whole or not at all."""

import os
import tempfile
from pathlib import Path

FOR_EVERYBODY = 0o644
"""Mode of a file that everybody may read."""

FOR_OWNER = 0o600
"""Mode of a file that its owner alone may read."""


def replace_file(path: Path, text: str, mode: int) -> None:
    """Makes or replaces a file; who reads it sees the old text or the new.

    Args:
        path: Path of the file, in a folder that is there.
        text: Content of the file.
        mode: Permissions of the file.

    Raises:
        OSError: It cannot be written; what was there is as it was.
    """
    handle, temporary = make_temporary(path)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def make_temporary(path: Path) -> tuple[int, str]:
    """Makes an empty file beside a path; gives its descriptor and its name."""
    return tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
