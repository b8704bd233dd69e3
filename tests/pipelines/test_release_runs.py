"""Releases that are killed, or made twice at once, and rows wherever they lie."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from rally.errors import ConfigurationError
from rally.registry.registry import Registry
from rally.releases.collecting import Collector, ReleaseSettings, Sealing
from rally.releases.draft import draft_name
from rally.releases.ledger_lines import line_name
from rally.releases.recipe_files import find_recipe
from rally.storage.partitions import Bucket
from tests.pipelines.release_garden import Garden
from tests.support.stores import restore_list, save_list
from tests.support.world import AS_OF, GARDEN, contents

pytestmark = pytest.mark.slow("jobs")

MADE = ["Reservation", "Spending", "Placing"]


def collector(garden: Garden, counter: int = 0) -> Collector:
    """What a worker of the job is."""
    registry = Registry.load(garden.world.studies)
    recipe = find_recipe(garden.world.studies, registry, GARDEN, "pages").require()
    (window,) = recipe.windows()
    settings = ReleaseSettings(
        store=garden.store,
        studies=garden.world.studies,
        ping_keys=garden.world.keys,
        as_of=AS_OF,
        study=GARDEN,
    )
    return Collector(settings, recipe, window, Sealing("pages").public, counter)


@pytest.fixture
def garden(tmp_path):
    made = Garden(tmp_path)
    made.ingest()
    return made


def test_sums_are_the_same_wherever_the_rows_lie(garden):
    made = collector(garden)
    before = made.sum_up()
    assert made.sum_up(Bucket(0, 0).people).tolist() == before.tolist()
    halves = [made.sum_up(Bucket(2, number).people) for number in range(4)]
    assert np.sum(halves, axis=0).tolist() == before.tolist()

    garden.ingest()  # the same pings again, as other files
    assert collector(garden).sum_up().tolist() == before.tolist()
    assert garden.run("compact") == 0
    assert collector(garden).sum_up().tolist() == before.tolist()
    # 3 people, 6 rows of 4: one has 5 rows of a group, of which 3 count.
    assert before.tolist() == [3, 1, 0, 6, 1, 0, 24, 4, 0]


def test_nobody_counts_who_has_left(garden):
    garden.leave(3)
    assert garden.run("delete") == 0

    assert collector(garden).sum_up().tolist() == [2, 1, 0, 3, 1, 0, 12, 4, 0]


def test_nobody_counts_who_left_while_deletion_did_not_run(garden, capfd):
    """The list says nothing of who left since: it must be as new as readers' views."""
    garden.approve()
    garden.leave(3)
    later = "2026-06-03T12:00:01Z"
    capfd.readouterr()
    assert garden.run("release", GARDEN, "pages", as_of=later) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "is of 2026-06-01T12:00:00Z, and people may have left since" in line
    assert garden.lines == []

    garden.delete(later)
    assert garden.run("release", GARDEN, "pages", as_of=later) == 0
    assert garden.cells["people"] == ("2", "1", "0")


def test_list_that_was_put_back_is_refused_by_launcher_and_workers(garden, capfd):
    garden.approve()
    before = save_list(garden.platform)
    garden.leave(3)
    garden.delete()
    restore_list(garden.platform, before)
    capfd.readouterr()

    assert garden.run("release", GARDEN, "pages") == 2
    assert garden.lines == []
    assert "an older one was put back" in capfd.readouterr().err
    with pytest.raises(ConfigurationError, match="is list 0, and list 1 was published"):
        collector(garden, 1)


def test_release_is_not_drawn_again_when_draft_and_lines_are_gone(garden, capfd):
    """The study's view names the ledger that deletion has seen."""
    garden.approve()
    assert garden.run("release", GARDEN, "pages") == 0
    garden.delete()
    for name in (draft_name(GARDEN, "pages"), line_name(2), line_name(1)):
        garden.platform.delete(name, garden.platform.stat(name).generation)
    garden.delete()
    capfd.readouterr()

    assert garden.run("release", GARDEN, "pages") == 2
    assert "is not the ledger whose line 2 deletion has seen" in capfd.readouterr().err
    assert garden.lines == []


def test_rows_count_only_as_long_as_they_are_kept_today(tmp_path):
    """However far back the job looks: they are gone, or should be."""
    garden = Garden(tmp_path, days=20)
    garden.ingest()
    garden.approve()
    assert garden.run("release", GARDEN, "pages") == 0
    assert garden.cells["people"] == ("0", "0", "0")


@pytest.mark.parametrize(
    ("function", "moment"),
    [
        *(("append", "after"), ("draw", "before"), ("draw", "after")),
        *(("create_draft", "before"), ("create_draft", "after")),
        *(("_spend", "after"), ("_put", "before"), ("_put", "after")),
    ],
)
def test_a_plain_next_run_after_kill_9_makes_one_release(garden, function, moment):
    garden.approve()
    garden.mark_releases()
    if function == "_put":
        assert garden.run("release", GARDEN, "pages") == 0
        garden.sign()

    killed = garden.run_killed(function, moment)
    assert killed == -signal.SIGKILL
    before = contents(garden.store)
    assert garden.run("release", GARDEN, "pages", f"--releases={garden.releases}") == 0

    # What was written is as it was; a draft that was there is the release.
    after = contents(garden.store)
    assert {name: after[name] for name in before if "/releases/" in name} == {
        name: data for name, data in before.items() if "/releases/" in name
    }
    draft = garden.draft
    if garden.placed == []:
        garden.sign()
        words = ("release", GARDEN, "pages", f"--releases={garden.releases}")
        assert garden.run(*words) == 0
    assert garden.draft == draft
    assert garden.lines == MADE
    assert len(garden.placed) == 4


def test_two_runs_at_once_make_one_release(garden):
    garden.approve()
    words = [sys.executable, "-m", "pipelines.cli", "release", GARDEN, "pages"]
    command = [*words, *garden.world.options(garden.store)]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [each.communicate() for each in runs]

    assert [each.returncode for each in runs] == [0, 0], said
    assert garden.lines == MADE[:2]
    assert all(garden.draft.sha256.encode() in out for out, _ in said)
