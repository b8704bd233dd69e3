"""The job of releases on a real store: what it says, leaves behind and costs."""

from pathlib import Path

import pytest

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
    contents,
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

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.world = folder, World(folder)
        self.store = str(folder / "store")
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


@pytest.fixture(scope="module")
def approved(tmp_path_factory):
    garden = Garden(tmp_path_factory.mktemp("garden"))
    garden.ingest()
    garden.approve()
    garden.mark_releases()
    return garden


def test_plan_says_cost_and_error_and_spends_nothing(approved, capfd):
    before = contents(approved.store)

    assert approved.run("release", GARDEN, "pages", "--plan_only") == 0

    assert capfd.readouterr().out.splitlines() == [
        "people, rows, seen by page: 3 groups",
        "cost   rho 900; left 99",
        "",
        "MEASURE               ERROR",
        "people   ±1, 19 times in 20",
        "rows     ±1, 19 times in 20",
        "seen     ±4, 19 times in 20",
        "",
        "Nothing drawn or spent.",
    ]
    assert contents(approved.store) == before


def test_result_waits_until_another_person_signs_it_and_then_leaves(approved, capfd):
    releases = f"--releases={approved.releases}"
    assert approved.run("release", GARDEN, "pages", releases) == 0

    sha256 = approved.draft.sha256
    assert capfd.readouterr().out.splitlines()[-3:] == [
        f"{GARDEN}/pages: made, and kept inside; sha256 {sha256}",
        "before it may leave: waits for a signature of another person",
        f"Next: rally releases show {GARDEN} pages, then rally releases sign",
    ]
    assert approved.lines == ["Reservation", "Spending"]
    assert approved.placed == []
    # Of a person three rows count in a group; nettles are in none.
    cells = approved.cells
    assert cells.pop("seen")
    assert cells == {
        "page": ("roses", "tulips", "weeds"),
        "people": ("3", "1", "0"),
        "rows": ("6", "1", "0"),
    }

    before = contents(approved.store)
    assert approved.run("release", GARDEN, "pages", releases) == 0
    assert contents(approved.store) == before

    words = ("releases", "sign", GARDEN, "pages", "--result=+")
    assert approved.decide(*words, by="privacy") == 0
    assert approved.run("release", GARDEN, "pages", releases) == 0
    assert approved.lines == ["Reservation", "Spending", "Placing"]
    assert approved.placed == [
        f"study={GARDEN}/pages/{each}"
        for each in ("card.json", "index.html", "table.csv", "table.parquet")
    ]


def test_budget_that_is_spent_releases_nothing_more(approved, capfd):
    assert approved.run("release", GARDEN, "pages") == 0
    before = contents(approved.store)
    capfd.readouterr()

    assert approved.run("release", GARDEN, "costly") == 2

    assert capfd.readouterr().err == (
        f"rally: {GARDEN}: its budget is exhausted: the release costs rho 950, and 99"
        " of 999 is left\n"
    )
    assert contents(approved.store) == before


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ((GARDEN, "nothing"), "nothing: is no recipe of rally-garden; it has costly"),
        (("rally-nowhere", "pages"), "--study: rally-nowhere is no study of the"),
        ((HOUSE, "pages"), "--study: rally-house is the platform's own"),
        ((GARDEN, "pages", "--window=2026-05-19"), "--window: 2026-05-19 begins no"),
        ((GARDEN, "pages", "--window=May"), "--window: must be a date"),
        ((GARDEN,), "--recipe is required; see --help"),
    ],
)
def test_what_there_is_not_is_one_line(approved, capfd, words, fault):
    assert approved.run("release", *words) == 2

    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"rally: {fault}")


def test_release_needs_days_that_are_over(tmp_path, capfd):
    garden = Garden(tmp_path)
    garden.ingest()
    garden.approve()
    capfd.readouterr()

    assert garden.run("release", GARDEN, "pages", as_of="2026-05-24T23:00:00Z") == 2

    assert capfd.readouterr().err.endswith(
        f"rally: {GARDEN}/pages: its days end with 2026-05-24, UTC; run it after that\n"
    )
    assert garden.lines == []


def test_nothing_exact_is_written_anywhere_but_in_rows(tmp_path, caplog):
    """Whatever the numbers are, the job writes and says as much, but for noise."""
    said = []
    for times in (1, 40):
        garden = Garden(tmp_path / str(times))
        garden.ingest(times)
        garden.approve()
        before = contents(garden.store)
        caplog.clear()
        assert garden.run("release", GARDEN, "pages") == 0
        written = contents(garden.store).keys() - before.keys()
        said.append((sorted(written), [each.getMessage() for each in caplog.records]))

    assert said[0] == said[1]
    assert not any("results/" in each for each in said[0][0])
