"""Compaction and deletion on Flink: a TaskManager is killed while both workers write.

The locks of the folders are held meanwhile, so that none is further than that. What the
killed TaskManager has started lives on and writes when it can, beside the worker that
takes its place: so it is with a machine that only the network has lost.
"""

import pytest

from pipelines import cli
from tests.engines.jobs import Job
from tests.engines.stores import entries, folders, held, objects, partitions
from tests.integration.test_crash_deletion import (
    Case,
    after_deletion,
    forker,
    here,
    populated,
    world,
)

__all__ = ["forker", "here", "populated", "world"]

pytestmark = [pytest.mark.integration, pytest.mark.flink, pytest.mark.slow("flink")]


@pytest.fixture
def local(world, populated, here):
    return a_copy(world, populated, here / "local")


@pytest.fixture
def engine(world, populated, here):
    return a_copy(world, populated, here / "engine")


def a_copy(world, populated, folder):
    folder.mkdir(exist_ok=True)
    return Case(world, None, populated, folder)


def run_disturbed(cluster, job, case):
    """Kills a TaskManager when both workers have begun to write, each its partition."""
    before = entries(case.store)
    with Job(cluster, job, case.argv) as running:
        with held(folders(case.store)):
            running.kill_taskmanager_when(
                lambda: len(partitions(entries(case.store) - before)) == 2
            )
        return running.succeed()


def test_compaction_leaves_what_the_local_runner_leaves(cluster, engine, local):
    assert cli.main(["compact", *local.argv]) == 0
    run_disturbed(cluster, "compact", engine)

    assert objects(engine.store) == objects(local.store)


def test_deletion_leaves_what_the_local_runner_leaves(cluster, world, engine, local):
    assert cli.main(["delete", *local.argv]) == 0
    run_disturbed(cluster, "delete", engine)

    assert objects(engine.store) == objects(local.store)
    assert after_deletion(engine) == after_deletion(local)
    where = [f"--store={engine.store}", f"--keys={world.keys}"]
    assert cli.main(["receipts", "verify", *where]) == 0
