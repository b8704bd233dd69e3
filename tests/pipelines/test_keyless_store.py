"""The night after a study's storage key was destroyed: its bucket takes nothing more.

A file stands where the study's folder was: it lists as empty, and every write fails.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import cli
from rally.registry.transitions import StudyAction
from rally.storage.objectstore.open_store import open_store
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND, World, rally_id, write_lines

NIGHT = ("delete", "replay", "compact", "purge", "audit")


@pytest.fixture
def keyless(tmp_path, capsys):
    """The options of jobs, and a world, after the garden was concluded and purged."""
    world = World(tmp_path / "world")
    store, platform = f"{tmp_path}/of-{{study}}", f"{tmp_path}/platform"
    options = [*world.options(store)[:-1], f"--platform={platform}"]
    world.make_stores(store, platform)
    joins = [f"{GARDEN}/study-enrollment/1", f"{HOUSE}/enrollment/1"]
    messages = [
        *(world.message(each, {"rally.id": rally_id(1)}, 1) for each in joins),
        world.visit(1, 2),
    ]
    path = write_lines(tmp_path / "in.ndjson", messages)
    may = "--as_of=2026-06-01"
    assert cli.main(["ingest", f"--input={path}", *options, may]) == 0
    for action, day in ((StudyAction.END, 1), (StudyAction.CONCLUDE, 2)):
        at = datetime(2026, 6, day, tzinfo=UTC)
        decide_study(open_store(platform), GARDEN, action, at)
    options.append("--as_of=2026-06-10")
    for job in ("delete", "purge"):
        assert cli.main([job, *options]) == 0
    garden = Path(store.format(study=GARDEN))
    assert not [each for each in garden.rglob("*.avro")]
    shutil.rmtree(garden)
    garden.write_bytes(b"")
    capsys.readouterr()
    return world, options


@pytest.mark.slow("jobs")
def test_every_job_of_the_day_comes_through(keyless, tmp_path, capsys):
    world, options = keyless
    clear = {"rally.id": rally_id(3), "page": "p", "count": 1}
    path = write_lines(
        tmp_path / "later.ndjson",
        [world.visit(1, 4), world.message(f"{POND}/visit/1", clear, 5)],
    )

    statuses = {"ingest": cli.main(["ingest", f"--input={path}", *options])}
    statuses |= {job: cli.main([job, *options]) for job in NIGHT}

    errors = capsys.readouterr().err
    assert (statuses, errors) == (dict.fromkeys(("ingest", *NIGHT), 0), "")
