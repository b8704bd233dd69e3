"""Purge on Flink: a TaskManager is killed when a part of it is done."""

import shutil
from pathlib import Path

import pytest

from pipelines import cli
from rally.retention.plan import BATCH_ENTRIES
from tests.engines.jobs import Job
from tests.engines.stores import files, folders, held
from tests.support.world import GARDEN, HOUSE, World, contents, rally_id, write_lines

pytestmark = [pytest.mark.integration, pytest.mark.flink, pytest.mark.slow("flink")]

OPTIONS = ("--as_of=2026-11-02", "--max_share=1")
"""What was sent before the sixth of May is past its retention, of 180 days."""
DAYS = (2, 3, 4, 5, 20)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "world")


@pytest.fixture
def store(world, tmp_path):
    """More that has expired than one worker takes at once."""
    names = {"rally.id": rally_id(1)}
    joins = [
        world.message(f"{study}/1", names, 1, "2026-05-01T10:00:00Z")
        for study in (f"{HOUSE}/enrollment", f"{GARDEN}/study-enrollment")
    ]
    visits = [world.visit(1, day, sent=f"2026-05-{day:02}T10:00:00Z") for day in DAYS]
    path = write_lines(tmp_path / "pings.in", [*joins, *visits])
    store = str(tmp_path / "store")
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    for day in DAYS:
        (file,) = Path(store).glob(f"data/*/document=visit.1/date=2026-05-{day:02}/*/*")
        for number in range(BATCH_ENTRIES // 3):
            shutil.copy(file, file.with_name(f"{number:032x}.avro"))
    return store


def told(output):
    """What it says below the table.

    The table counts what the last attempt deleted, and not what one before it did. The
    plan's name tells of generations.
    """
    _, rest = output.split("\n\n")
    return [line for line in rest.splitlines() if not line.startswith("plan: ")]


def test_purge_leaves_what_the_local_runner_leaves(
    cluster, world, store, tmp_path, capsys
):
    engine = str(tmp_path / "engine")
    shutil.copytree(store, engine)
    capsys.readouterr()
    assert cli.main(["purge", *world.options(store), *OPTIONS]) == 0
    expected = told(capsys.readouterr().out)

    before = files(engine)
    expiring = [each for each in folders(engine) if "date=2026-05-05" in str(each)]
    with Job(cluster, "purge", world.options(engine), *OPTIONS) as running:
        with held(expiring):  # so it cannot end before
            running.kill_taskmanager_when(lambda: files(engine) != before)
        output = running.succeed()

    assert told(output) == expected
    assert len(files(store)) == BATCH_ENTRIES // 3 + 3
    assert files(engine) == files(store)
    kept = contents(store)
    assert all(contents(engine)[name] == kept[name] for name in files(engine))
