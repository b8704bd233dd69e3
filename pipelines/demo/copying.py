"""Who will leave Rally takes a copy first of what is held about her."""

import importlib.util
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from pipelines import cli
from pipelines.demo.jobs import Jobs
from pipelines.demo.ledger import Ledger
from pipelines.demo.people import People
from rally.person_copy.paths import MANIFEST

_AT = "2026-11-22T17:00:00Z"
_LONG = 40
"""Of a word of a command, which is shown to a person."""

_ASKS = """\
In the afternoon the one who will leave Rally asks for what is held about her. Everybody
who reads rows knows ids, so an id alone shows nothing: one person opens a case, the
account service has seen that it is her, and a second person approves. Her browser made
a key, and nobody else can open the copy:
"""
_OPENS = """
She opens it: age --decrypt -i key.txt copy.zip.age > copy.zip
It has {rows:,} rows, all that is held of her. Look at {folder}/index.html
"""
_WITHOUT_AGE = """\
In the afternoon somebody would ask for a copy of what is held about her; that takes the
extra `access`, which is not installed here.
"""


def tell(jobs: Jobs, people: People) -> int:
    """Makes her copy and opens it as she would; how much was not as promised."""
    if importlib.util.find_spec("pyrage") is None:
        print(_WITHOUT_AGE)
        return 0
    import pyrage

    print(_ASKS)
    held = Ledger(jobs.scene).count_rows(people.leaves_rally)
    folder = jobs.scene.store.parent / "copy"
    folder.mkdir()
    sealed, key = folder / "copy.zip.age", pyrage.x25519.Identity.generate()
    (folder / "key.txt").write_text(f"{key}\n")
    desk = _Desk(jobs, people.leaves_rally, folder)
    said = desk.type("open", "--by=decide", f"--recipient={key.to_public()}")
    case = said.split()[2].rstrip(";") if said else ""
    desk.type("verify", case, "--account", desk.evidence, "--by=service")
    desk.type("approve", case, "--by=decide-2")
    desk.type("export", case)
    desk.type("fetch", case, f"--out={sealed}")
    if desk.faults:
        return desk.faults
    rows = _unpack(pyrage.decrypt(sealed.read_bytes(), [key]), folder)
    print(_OPENS.format(rows=rows, folder=folder))
    return int(rows != held)


class _Desk:
    """Types commands about one person, and shows what they print.

    Attributes:
        evidence: Option that names what the account service said.
        faults: How many commands ended with anything but 0.
    """

    def __init__(self, jobs: Jobs, person: str, folder: Path) -> None:
        """Takes the id that the person gave, and a folder for what is said of it."""
        self._person = person
        self._registry, *self._places = jobs.places
        self.faults = 0
        statement = folder / "statement.json"
        statement.write_text(json.dumps({"authenticated_again": _AT}) + "\n")
        self.evidence = f"--evidence={statement}"

    def type(self, command: str, *words: str) -> str:
        """Types one command, unless one before it failed; what it prints."""
        if self.faults:
            return ""
        print(f"$ rally person {' '.join([command, *_short(words)])}")
        places = [*self._places, f"--as_of={_AT}"]
        if command in ("export", "fetch"):
            places.append(self._registry)
        shown = io.StringIO()
        with standard_input(self._person), redirect_stdout(shown):
            status = cli.main(["person", command, *words, *places])
        print(shown.getvalue(), end="")
        self.faults += status != 0
        return shown.getvalue()


@contextmanager
def standard_input(text: str) -> Iterator[None]:
    """Gives the command below what a person would type, or pipe, into it."""
    original = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    try:
        yield
    finally:
        sys.stdin = original


def _short(words: tuple[str, ...]) -> list[str]:
    """The words as a person reads them: of a key only how it begins."""
    return [
        each if "/" in each or len(each) <= _LONG else f"{each[:_LONG]}…"
        for each in words
    ]


def _unpack(archive: bytes, folder: Path) -> int:
    """Unpacks her copy into a folder, and counts its rows."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        files.extractall(folder)
        return int(json.loads(files.read(MANIFEST))["rows"])
