"""Who will leave Rally takes a copy first of what is held about her."""

import importlib.util
import io
import json
import zipfile
from pathlib import Path

from pipelines.demo.desk import Desk
from pipelines.demo.jobs import Jobs
from pipelines.demo.ledger import Ledger
from pipelines.demo.people import People
from rally.person_copy.paths import MANIFEST

_AT = "2026-11-22T17:00:00Z"
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
    desk = _CaseDesk(jobs, people.leaves_rally, folder)
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


class _CaseDesk:
    """Types commands about one person, and shows what they print.

    Attributes:
        evidence: Option that names what the account service said.
    """

    def __init__(self, jobs: Jobs, person: str, folder: Path) -> None:
        """Takes the id that the person gave, and a folder for what is said of it."""
        self._person = person
        self._registry, *self._places = jobs.places
        self._desk = Desk()
        statement = folder / "statement.json"
        statement.write_text(json.dumps({"authenticated_again": _AT}) + "\n")
        self.evidence = f"--evidence={statement}"

    @property
    def faults(self) -> int:
        """How many commands ended with anything but 0."""
        return self._desk.faults

    def type(self, command: str, *words: str) -> str:
        """Types one command, unless one before it failed; what it prints."""
        places = [*self._places, f"--as_of={_AT}"]
        if command in ("export", "fetch"):
            places.append(self._registry)
        words = "person", command, *words
        return self._desk.type(*words, places=places, typed=self._person)


def _unpack(archive: bytes, folder: Path) -> int:
    """Unpacks her copy into a folder, and counts its rows."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        files.extractall(folder)
        return int(json.loads(files.read(MANIFEST))["rows"])
