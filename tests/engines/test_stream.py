"""Ingest of a subscription on Flink: a TaskManager is killed, nothing is lost."""

from collections import Counter

import pytest

from pipelines import cli
from tests.engines.jobs import Job
from tests.engines.rest import wait_for
from tests.engines.stores import files
from tests.support.pubsub_topic import Topic
from tests.support.world import World, document_id, stored_ids

pytestmark = [pytest.mark.integration, pytest.mark.flink, pytest.mark.slow("flink")]

PINGS = 1500
CANCELLED = (
    "rally: the engine was told to cancel the job; when that is mended or over, run it"
    " again for what is not done\n"
)
CHECKPOINT_SECONDS = 30
"""Longer than the workers take to start: a stream whose first bundle meets a checkpoint
stands still (docs/engines.md)."""

ACK_SECONDS = 45
"""Longer than to gather, to write, and to wait for the next checkpoint."""

CHECKPOINTS = ACK_SECONDS // CHECKPOINT_SECONDS + 2
"""In these comes what a reader had pulled when it was killed, and is acknowledged."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


def test_stream_loses_nothing(cluster, world, store, pubsub_emulator):
    line = Topic()
    pings = [world.visit(n % 50, n) for n in range(PINGS)]
    everything = {document_id(n) for n in range(PINGS)}
    source = f"--subscription={line.subscription}"
    argv = [source, "--flush_seconds=0.5", f"--ack_deadline_seconds={ACK_SECONDS}"]
    every = CHECKPOINT_SECONDS * 1000
    checkpoints = [
        f"--checkpointing_interval={every}",
        f"--min_pause_between_checkpoints={every}",
    ]
    on_flink = [*checkpoints, *argv, *world.options(store)]
    emulator = {"PUBSUB_EMULATOR_HOST": pubsub_emulator}
    line.publish(*pings[:1000])
    with Job(cluster, "ingest", on_flink, **emulator) as job:
        job.kill_taskmanager_when(lambda: files(store))
        line.publish(*pings[1000:])
        wait_for(lambda: {n for _, n in stored_ids(store)} == everything, "all rows")
        (running,) = cluster.running()
        until = cluster.checkpoints(running) + CHECKPOINTS
        wait_for(lambda: cluster.checkpoints(running) >= until, "checkpoints")
        cluster.cancel(running)
        assert job.end() == (1, "", CANCELLED)

    assert line.is_empty(ACK_SECONDS + 1)
    rows = Counter(stored_ids(store))
    print(f"{rows.total() - PINGS} of {PINGS} rows are in two files")
    assert {number for _, number in rows} == everything
    assert len(rows) == PINGS  # so each copy of a document id has the same participant
    assert cli.main(["compact", *world.options(store)]) == 0
    assert Counter(stored_ids(store)) == dict.fromkeys(rows, 1)
