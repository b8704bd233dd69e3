"""A garden with visitors, on which a recipe is approved, to release tables of it."""

import subprocess
import sys
from pathlib import Path

from pipelines import cli
from rally.decisions.verifying import read_chain
from rally.releases.draft import Draft, read_draft
from rally.releases.ledger import read_ledger
from rally.storage.marker import NAME, Marker, PlaceKind, read_marker
from rally.storage.objectstore.open_store import open_store
from tests.support.world import (
    AS_OF,
    GARDEN,
    HOUSE,
    World,
    rally_id,
    write_lines,
)

RECIPE = """
question: How often are the pages of the garden visited?
author: author
purpose: a table for the public report
documents: [visit.1]
from: 2026-05-18
until: 2026-05-24
group_by:
  - {field: page, values: [roses, tulips, weeds]}
measures:
  - people
  - rows
  - {name: seen, sum: count, minimum: 0, maximum: 10, digits: 0}
bounds: {groups: 2, rows_per_group: 3}
rho: 900
"""
"""So high a cost that no number is changed: what is counted shows exactly."""

PAGES = {1: ["roses", "roses", "tulips"], 2: ["roses", "nettles"], 3: ["roses"] * 5}


class Garden:
    """A store with visits of three people, and the places of releases."""

    def __init__(self, folder: Path, days: int = 36_500) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.world = folder, World(folder)
        self.store = str(folder / "store")
        # What is kept is judged by the clock of whoever runs this, too.
        for file in (folder / "studies" / GARDEN).rglob("*.yaml"):
            text = file.read_text()
            file.write_text(text.replace("_days: 180", f"_days: {days}"))
        recipes = folder / "studies" / GARDEN / "releases"
        recipes.mkdir()
        (recipes / "pages.yaml").write_text(RECIPE)
        (recipes / "costly.yaml").write_text(RECIPE.replace("900", "950"))

    def ingest(self, times: int = 1) -> None:
        """Takes in who joins, and the visits, each so many times."""
        numbers = iter(range(1, 10_000))
        messages = [
            self.world.message(path, {"rally.id": rally_id(person)}, next(numbers))
            for person in PAGES
            for path in (f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1")
        ]
        messages += [
            self.world.message(
                f"{GARDEN}/visit/1",
                {"rally.id": rally_id(person), "page": page, "count": 4},
                next(numbers),
            )
            for person, pages in PAGES.items()
            for page in pages * times
        ]
        write_lines(self.folder / "in.ndjson", messages)
        assert self.run("ingest", f"--input={self.folder / 'in.ndjson'}") == 0

    def run(self, *words: str, as_of: str = AS_OF) -> int:
        where = self.world.options(self.store)
        return cli.main([*words, *where, f"--as_of={as_of}"])

    def delete(self, as_of: str = AS_OF) -> None:
        """Publishes who has left."""
        assert self.run("delete", as_of=as_of) == 0

    def leave(self, person: int) -> None:
        """Somebody leaves the garden, after all visits."""
        left = self.world.message(
            f"{GARDEN}/study-unenrollment/1",
            {"rally.id": rally_id(person)},
            5000 + person,
            "2026-05-25T10:00:00Z",
        )
        write_lines(self.folder / "left.ndjson", [left])
        assert self.run("ingest", f"--input={self.folder / 'left.ndjson'}") == 0

    def sign(self) -> None:
        """Somebody signs the result."""
        words = ("releases", "sign", GARDEN, "pages", "--result=+")
        assert self.decide(*words, by="privacy") == 0

    def run_killed(self, function: str, moment: str) -> int:
        """The status of a run in another process, which kills itself there."""
        module = "tests.pipelines.stopped_release"
        words = [sys.executable, "-m", module, function, moment, "release", GARDEN]
        places = [*self.world.options(self.store), f"--releases={self.releases}"]
        ended = subprocess.run(
            [*words, "pages", *places], capture_output=True, check=False
        )
        return ended.returncode

    def decide(self, *words: str, by: str) -> int:
        """A decision, by somebody's key."""
        where = [f"--store={self.store}", f"--studies={self.world.studies}"]
        return cli.main([*words, *where, *self.world.signed(by)])

    def mark_releases(self) -> None:
        """Makes the place where results leave, as `rally init --releases` does."""
        own = read_marker(self.platform)
        marker = Marker.new(PlaceKind.RELEASES, own.platform, founded=own.founded)
        open_store(self.releases).create(NAME, marker.serialise())

    def approve(self) -> None:
        """Allots a budget for one of two recipes, and approves both."""
        assert self.decide("releases", "allot", GARDEN, "--rho=999", by="decide") == 0
        number = str(read_chain(self.platform).head.number)
        assert self.decide("decisions", "approve", number, by="privacy") == 0
        for recipe in ("pages", "costly"):
            words = ("releases", "approve", GARDEN, recipe, "--result=+")
            assert self.decide(*words, "--as=steward", by="steward") == 0

    @property
    def releases(self) -> str:
        return str(self.folder / "releases")

    @property
    def placed(self) -> list[str]:
        return sorted(
            each.name for each in open_store(self.releases).list() if "/" in each.name
        )

    @property
    def draft(self) -> Draft:
        chain = read_chain(self.platform)
        found = read_draft(self.platform, chain, GARDEN, "pages")
        assert found is not None
        return found

    @property
    def cells(self) -> dict[str, object]:
        """The columns of the table."""
        table = self.draft.table
        return {each.name: each.values for each in (*table.labels, *table.numbers)}

    @property
    def platform(self):
        return open_store(f"{self.store}/platform")

    @property
    def lines(self):
        ledger = read_ledger(self.platform, read_chain(self.platform))
        assert not ledger.faults
        return [type(each).__name__ for each in ledger.contents()]
