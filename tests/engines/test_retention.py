"""Purge on Flink: a TaskManager is killed when a part of it is done."""

import pytest

from pipelines import cli
from tests.engines.jobs import Job
from tests.engines.stores import files, folders, held
from tests.integration.test_crash_purge import (
    Case,
    furnished,
    here,
    warm,
    world,
)

__all__ = ["furnished", "here", "warm", "world"]

pytestmark = pytest.mark.integration


def a_copy(world, furnished, folder):
    folder.mkdir()
    return Case(world, None, furnished, folder)


def told(output):
    """Without the plan's name."""
    return [line for line in output.splitlines() if not line.startswith("plan: ")]


def test_purge_leaves_what_the_local_runner_leaves(
    cluster, world, furnished, here, capsys
):
    local = a_copy(world, furnished, here / "local")
    engine = a_copy(world, furnished, here / "engine")
    capsys.readouterr()
    assert cli.main(["purge", *local.argv]) == 0
    expected = told(capsys.readouterr().out)
    before = files(engine.store)
    with Job(cluster, "purge", engine.argv) as running:
        with held(folders(engine.store)[::2]):
            running.kill_taskmanager_when(lambda: len(files(engine.store)) < len(before))
        output = running.succeed()
    assert engine.rest() == local.rest()
    assert told(output) == expected
