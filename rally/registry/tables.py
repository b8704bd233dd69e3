"""Researchers' own tables: which folders a study may name in `derived`.

All that is in such a folder goes when its study is concluded. So it is a folder for
that alone: never a disk, a home, or whatever a relative name happens to mean.
"""

import posixpath
import re
from pathlib import Path

from rally.fields import Place, word

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]+)(/.*)?")
_HOMES = ("/home", "/Users", "/root", "/var/home")
_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/sbin", "/sys", "/usr")


def read_tables(place: Place, value: object) -> str:
    """Reads the URI of researchers' own tables: a bucket, its folder, or one here."""
    uri = word(place, value)
    match = _SCHEME.fullmatch(uri)
    path = (match[3] or "/") if match else uri
    if not path.startswith("/"):
        raise place.error(
            "must be a URI such as gs://tables, or a folder from the root on; relative"
            " names and ~ mean another folder to each who reads them"
        )
    if posixpath.normpath(path) not in (path, path.rstrip("/") or "/"):
        raise place.error('must not have "..", "." or "//" in it; write it out')
    if match is None and _is_others(path.rstrip("/")):
        raise place.error(
            "is no folder of researchers' tables alone; name one that is made for them,"
            " since all in it goes with the study"
        )
    return uri


def _is_others(path: str) -> bool:
    """Whether a folder is the root, on its first level, a home, or the system's."""
    parts = Path(path).parts
    return (
        len(parts) < len(("/", "srv", "tables"))
        or str(Path(path).parent) in _HOMES
        or Path.home().is_relative_to(path)
        or f"/{parts[1]}" in _SYSTEM
    )
