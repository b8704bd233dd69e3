"""Fetches Flink with Beam's job server, once, and holds every jar against a checksum.

    python -m tests.engines.fetch

prints the folder of the jars. They come by Maven, from wherever it is set up to ask,
and are kept in the user's cache folder; with them there, nothing is asked.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "flink"
NAME = "rally-flink-1.16-beam-2.51"
JARS = "gradle/wrapper"
"""The job server sends its whole class path with every job, but for what lies so.

All parts have the same jars here, and to send 150 MB takes longer than a small job.
"""


class Unavailable(Exception):
    """This machine cannot have the engine; the message says what is missing."""


class WrongJars(Exception):
    """What was fetched is not what was reviewed."""


def fetch() -> Path:
    """The folder of the jars, each as jars.sha256 says.

    Raises:
        Unavailable: there is no Java or no Maven, or Maven could not fetch.
        WrongJars: a jar is another one, is missing, or is too many.
    """
    need("java")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    if not (cache / NAME).is_dir():
        _fetch_into(cache / NAME)
    _check(cache / NAME / JARS)
    return cache / NAME / JARS


def need(program: str) -> None:
    """Raises Unavailable where a program is not on this machine."""
    if not shutil.which(program):
        raise Unavailable(f"needs {program}, which is not on this machine")


def _fetch_into(folder: Path) -> None:
    """Whole or not at all: it is moved into its place when it was checked."""
    need("mvn")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{NAME}-") as scratch:
        whole = Path(scratch) / "whole"
        jars = whole / JARS
        pom = shutil.copy(HERE / "pom.xml", scratch)
        command = ["mvn", "--batch-mode", "--quiet", f"--file={pom}"]
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        done = subprocess.run([*command, *goal], capture_output=True, text=True)
        if done.returncode:
            errors = [line for line in done.stdout.splitlines() if "ERROR" in line]
            why = errors[0] if errors else f"exit status {done.returncode}"
            raise Unavailable(f"Maven could not fetch Flink: {why}")
        _check(jars)
        whole.rename(folder)


def _check(folder: Path) -> None:
    lines = (HERE / "jars.sha256").read_text().splitlines()
    expected = {name: checksum for checksum, name in map(str.split, lines)}
    found = {jar.name: _checksum(jar) for jar in folder.iterdir()}
    for name in sorted(expected.keys() | found.keys()):
        if found.get(name) != expected.get(name):
            raise WrongJars(f"{folder / name}: is not as {HERE / 'jars.sha256'} says")


def _checksum(jar: Path) -> str:
    with jar.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    try:
        print(fetch())
    except (Unavailable, WrongJars) as error:
        sys.exit(str(error))
