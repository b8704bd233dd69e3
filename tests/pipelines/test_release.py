"""The job of releases on a real store: what it says, leaves behind and costs."""

import pytest

from tests.pipelines.release_garden import Garden
from tests.support.world import GARDEN, HOUSE, contents


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


@pytest.mark.slow("jobs")
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


@pytest.mark.slow("jobs")
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
