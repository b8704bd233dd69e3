"""Versions are held against what the platform needs."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from rally.version import PYTHONS
from rally.versions import LOCK, Version, find_versions

BEAM = version("apache-beam")
PROJECT = tomllib.loads((LOCK.parent / "pyproject.toml").read_text())["project"]
_IMAGE = "the workers' image has Python 3.11"
OLDEST = Version(True, "Python 3.11")
IMAGE = Version(True, _IMAGE)
OTHER_IMAGE = Version(True, f"{_IMAGE}; launch to it from the image")
PINNED = Version(True, f"apache-beam {BEAM}")
LOCKED = Version(True, "packages: those that uv.lock names have its versions")


def lock(path: Path, **packages: str) -> Path:
    path.write_text(
        "".join(
            f'[[package]]\nname = "{name.replace("_", "-")}"\nversion = "{number}"\n'
            for name, number in packages.items()
        )
    )
    return path


def test_this_environment_is_the_locks():
    found = [*find_versions(LOCK, (3, 11))]
    assert found == [OLDEST, IMAGE, PINNED, LOCKED]


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ((3, 13), [Version(True, "Python 3.13"), OTHER_IMAGE]),
        (
            (3, 10),
            [
                Version(
                    False,
                    "Python 3.10: must be one of 3.11, 3.12, 3.13; use one of them",
                ),
                OTHER_IMAGE,
            ],
        ),
        (
            (3, 14),
            [
                Version(
                    False,
                    "Python 3.14: must be one of 3.11, 3.12, 3.13; use one of them",
                ),
                OTHER_IMAGE,
            ],
        ),
    ],
)
def test_python_is_one_of_those_that_serve(python, expected):
    assert [*find_versions(LOCK, python)][:2] == expected


def test_packages_are_held_against_the_lock(tmp_path):
    path = lock(
        tmp_path / "uv.lock",
        apache_beam="2.1.0",
        fastavro=version("fastavro"),
        no_such_package="1.0",
        rally_pipeline="99",
    )
    assert [*find_versions(path, (3, 11))] == [
        *(OLDEST, IMAGE, PINNED),
        Version(False, f"apache-beam {BEAM}: uv.lock has 2.1.0; install what it says"),
    ]


def test_lock_that_is_not_there_is_unknown(tmp_path):
    assert [*find_versions(tmp_path / "uv.lock", (3, 11))] == [
        *(OLDEST, IMAGE, PINNED),
        Version(None, "packages: no uv.lock is here to hold them against"),
    ]


def test_pythons_are_those_of_the_project():
    first, last = PYTHONS[0], PYTHONS[-1]
    below = re.fullmatch(r">=(\d+)\.(\d+),<(\d+)\.(\d+)", PROJECT["requires-python"])
    assert below
    assert tuple(map(int, below.groups())) == (*first, last[0], last[1] + 1)
