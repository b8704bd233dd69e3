"""Versions of Python and of packages, held against those that the platform needs."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

from rally.version import PACKAGE, PYTHONS, WORKERS_PYTHON

LOCK = Path(__file__).parent.parent / "uv.lock"
"""Beside the packages where this is a checkout; nothing has it that is installed."""

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^;]+)")
_MOST_BYTES = 8 * 1024 * 1024


class Version(NamedTuple):
    """A version that was held against what is needed.

    Attributes:
        is_right: Whether it is what is needed; None where nobody can tell.
        message: Finding in one line, with the remedy where it is wrong.
    """

    is_right: bool | None
    message: str


def find_versions(
    lock: Path = LOCK, python: tuple[int, int] = sys.version_info[:2]
) -> Iterator[Version]:
    """Looks at Python, at the workers' image, and at the packages.

    Args:
        lock: Path of uv's lock file, which may be missing.
        python: Version of the Python that runs this.
    """
    own = _dotted(python)
    known = ", ".join(map(_dotted, PYTHONS))
    if python in PYTHONS:
        yield Version(True, f"Python {own}")
    else:
        yield Version(False, f"Python {own}: must be one of {known}; use one of them")
    image = _dotted(WORKERS_PYTHON)
    yield Version(
        True,
        f"the workers' image has Python {image}"
        + ("" if python == WORKERS_PYTHON else "; launch to it from the image"),
    )
    yield from _pins()
    yield from _held_against(lock)


def _pins() -> Iterator[Version]:
    """Packages of which workers and launcher must have the same version."""
    try:
        texts = requires(PACKAGE) or []
    except PackageNotFoundError:
        yield Version(None, f"{PACKAGE}: is not installed, only its code is here")
        return
    for text in texts:
        match = _REQUIREMENT.fullmatch(text.strip())
        if match:
            name, wanted = match.groups()
            has = _installed(name)
            if has == wanted:
                yield Version(True, f"{name} {has}")
            else:
                what = f"{name} {has or 'is not installed'}: must be {wanted}"
                yield Version(False, f"{what}; install it anew")


def _held_against(lock: Path) -> Iterator[Version]:
    """Packages that are installed in another version than the lock says."""
    try:
        with lock.open("rb") as file:
            text = file.read(_MOST_BYTES).decode()
    except OSError:
        yield Version(None, "packages: no uv.lock is here to hold them against")
        return
    wanted, others = _locked(text), 0
    for name, versions in sorted(wanted.items()):
        has = _installed(name)
        if has is not None and has not in versions:
            others += 1
            known = " or ".join(sorted(versions))
            yield Version(
                False, f"{name} {has}: uv.lock has {known}; install what it says"
            )
    if not others:
        yield Version(True, "packages: those that uv.lock names have its versions")


def _locked(text: str) -> Mapping[str, set[str]]:
    """The versions that a lock names; it may have several for other systems."""
    found: dict[str, set[str]] = {}
    for package in tomllib.loads(text).get("package", ()):
        if package["name"] != PACKAGE and "version" in package:
            found.setdefault(package["name"], set()).add(package["version"])
    return found


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _dotted(python: tuple[int, int]) -> str:
    return ".".join(map(str, python))
