"""Ingest from a Pub/Sub subscription, through the emulator."""

import signal
import subprocess
import sys
import threading
import time

import apache_beam as beam
import pytest

from pipelines import cli
from pipelines.run_step import read_counts
from pipelines.runners import LOCAL_RUNNER
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start
from rally.outcomes import Count
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.root import ROOT
from tests.support.pubsub_topic import Topic
from tests.support.world import (
    AS_OF,
    GARDEN,
    SENT_LATER,
    World,
    document_id,
    lists_of_rows,
    rally_id,
    stored_events,
    stored_ids,
)
from transforms.ingest_subscription import IngestSubscription

pytestmark = pytest.mark.integration

DEADLINE = 300.0
ACK_SECONDS = 8
STOPPABLE = """
import signal, sys
from pipelines.ingest import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job may ignore it
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


@pytest.fixture
def topic(pubsub_emulator):
    return Topic()


class Reader(threading.Thread):
    """A running stream of this process; `counts` when it has ended."""

    def __init__(self, topic, settings, idle=8.0):
        super().__init__()
        check_before_start(settings)
        self._pipeline = beam.Pipeline(runner=LOCAL_RUNNER)
        _ = self._pipeline | IngestSubscription(topic.subscription, settings, 0.2, idle)
        self.start()

    def run(self):
        result = self._pipeline.run()
        result.wait_until_finish()
        self.counts = read_counts(result)

    def end(self):
        self.join(DEADLINE)
        assert not self.is_alive()
        return self.counts


def wait_for(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow("streams")
def test_stream_stores_everything_and_acknowledges_it(world, store, topic, capsys):
    topic.publish(
        *(world.visit(person, person) for person in range(1500)),
        world.message(
            f"{GARDEN}/study-unenrollment/1", {"rally.id": rally_id(1)}, 2001
        ),
        world.message(f"{GARDEN}/visit/9", {}, 2002, x_forwarded_for="192.0.2.1"),
    )

    status = cli.main(
        [
            "ingest",
            f"--subscription={topic.subscription}",
            "--flush_seconds=0.5",
            "--stop_after_idle_seconds=2",
            f"--ack_deadline_seconds={ACK_SECONDS}",
            *world.options(store),
        ]
    )

    assert (status, *capsys.readouterr()) == (
        0,
        "STUDY         DOCUMENT              OUTCOME                  PINGS\n"
        "rally-garden  study-unenrollment.1  left                         1\n"
        "rally-garden  unknown               failed unknown document      1\n"
        "rally-garden  visit.1               stored                   1,500\n",
        "",
    )
    assert len(stored_ids(store)) == len(set(stored_ids(store))) == 1500
    assert len(stored_events(store)) == 1
    (letter,) = world.dead_letters(store)
    assert "192.0.2.1" not in repr(letter)
    assert topic.is_empty(ACK_SECONDS + 1)


def test_stream_that_is_empty_ends_with_no_pings(world, store, topic, capsys):
    argv = ["ingest", f"--subscription={topic.subscription}", *world.options(store)]

    assert cli.main([*argv, "--stop_after_idle_seconds=0.1"]) == 0
    assert capsys.readouterr() == ("no pings\n", "")


def test_subscription_that_is_not_there_is_one_line(world, store, topic, capsys):
    path = f"{topic.subscription}-not"

    assert cli.main(["ingest", f"--subscription={path}", *world.options(store)]) == 2
    expected = f"rally: --subscription {path}: there is none of that name\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.slow("streams")
def test_running_stream_honours_a_pause(world, store, topic):
    reload_seconds = 0.5
    world.make_stores(store)
    settings = IngestSettings(
        store=store,
        ping_keys=world.keys,
        studies=world.studies,
        as_of=AS_OF,
        reload_seconds=reload_seconds,
    )
    before, after = "2026-05-20T11:00:00Z", "2026-05-20T13:00:00Z"
    reader = Reader(topic, settings)
    topic.publish(world.visit(1, 1, sent=after))
    wait_for(lambda: stored_ids(store))

    where = [f"--studies={world.studies}", f"--store={store}"]
    paused = ["studies", "pause", GARDEN, "--as_of=2026-05-20T12:00:00Z"]
    assert cli.main([*paused, *world.signed("stop"), *where]) == 0
    end = time.monotonic() + reload_seconds
    number = 2
    while time.monotonic() < end:  # what is sent meanwhile is one or the other
        topic.publish(world.visit(1, number, sent=after))
        number += 1
    in_between = number
    topic.publish(*(world.visit(1, n, sent=after) for n in range(number, number + 5)))
    topic.publish(world.visit(1, number + 5, sent=before))

    counts = reader.end()
    numbers = {document for _, document in stored_ids(store)}
    expected = {document_id(1), document_id(in_between + 5)}
    possible = {document_id(n) for n in range(2, in_between)}
    assert expected <= numbers <= expected | possible
    assert counts[Count(GARDEN, "visit.1", "refused", "paused")] >= 5
    assert sum(counts.values()) == in_between + 5


@pytest.mark.slow("streams")
def test_two_readers_share_a_subscription(world, store, topic):
    world.make_stores(store)
    settings = IngestSettings(
        store=store, ping_keys=world.keys, studies=world.studies, as_of=AS_OF
    )
    readers = [Reader(topic, settings) for _ in range(2)]
    for start in range(0, 1000, 50):
        topic.publish(*(world.visit(1, start + number) for number in range(50)))

    counts = [reader.end() for reader in readers]

    stored = Count(GARDEN, "visit.1", "stored")
    assert counts[0][stored] + counts[1][stored] == 1000
    assert len(stored_ids(store)) == len(set(stored_ids(store))) == 1000


@pytest.mark.slow("streams")
def test_stream_that_a_person_stops_ends_with_one_line(world, store, topic):
    topic.publish(world.visit(1, 1))
    job = subprocess.Popen(
        [
            *(sys.executable, "-c", STOPPABLE, "--flush_seconds=0.3"),
            *(f"--subscription={topic.subscription}", *world.options(store)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: stored_ids(store) or job.poll() is not None)

    job.send_signal(signal.SIGINT)

    expected = ("", "rally: stopped; run it again for what is not done\n")
    assert job.communicate(timeout=DEADLINE) == expected
    assert job.returncode == 128 + signal.SIGINT


@pytest.mark.slow("streams")
def test_running_stream_honours_the_withdrawal_list(world, store, topic):
    """What is late of who has left meanwhile is refused, or parked; others go on."""
    world.make_stores(store)
    settings = IngestSettings(
        store=store,
        ping_keys=world.keys,
        studies=world.studies,
        as_of=AS_OF,
        reload_seconds=0.2,
    )
    reader = Reader(topic, settings)
    topic.publish(world.visit(1, 1))
    wait_for(lambda: stored_ids(store))

    world.publish(store, 1, world.left(1, GARDEN))
    number = 2
    while 1 not in lists_of_rows(store).values():  # until the stream has seen it
        topic.publish(world.visit(2, number))
        wait_for(lambda n=number: document_id(n) in lists_of_rows(store))
        number += 1
    topic.publish(
        world.visit(1, number),
        world.visit(1, number + 1, sent=SENT_LATER),
        world.visit(2, number + 2, sent=SENT_LATER),
    )

    counts = reader.end()
    stored = [*range(1, number), number + 2]
    assert sorted(lists_of_rows(store)) == [document_id(n) for n in stored]
    assert counts == {
        Count(GARDEN, "visit.1", "stored"): len(stored),
        Count(GARDEN, "visit.1", "refused", "withdrawn"): 1,
        Count(GARDEN, "visit.1", "failed", "left"): 1,
    }
    (letter,) = world.dead_letters(store)
    assert letter.envelope.uri[-36:] == document_id(number + 1)
    assert letter.reason == "left"


@pytest.mark.slow("streams")
@pytest.mark.parametrize("lost", [True, False], ids=["lost", "put back"])
def test_stream_that_loses_the_list_ends_with_one_line(world, store, topic, lost):
    """What it had not stored by then stays in Pub/Sub."""
    world.publish(store, 5)
    job = subprocess.Popen(
        [
            *(sys.executable, "-c", STOPPABLE, "--flush_seconds=0.3"),
            *("--reload_seconds=0.1", f"--ack_deadline_seconds={ACK_SECONDS}"),
            *(f"--subscription={topic.subscription}", *world.options(store)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    topic.publish(world.visit(1, 1))
    wait_for(lambda: stored_ids(store) or job.poll() is not None)

    if lost:
        platform = open_store(f"{store}/platform")
        platform.delete(ROOT, platform.stat(ROOT).generation)
        problem = "the withdrawal list is missing, and who has left is not known"
    else:
        world.publish(store, 4)
        problem = "is list 4, and this job has acted on list 5; restore the newest"
    number = 2
    end = time.monotonic() + DEADLINE
    while job.poll() is None:
        assert time.monotonic() < end
        topic.publish(world.visit(1, number))
        number += 1

    out, errors = job.communicate(timeout=DEADLINE)
    assert (job.returncode, out, errors.count("\n")) == (2, "", 1)
    assert errors.startswith(f"rally: {store}/platform/{ROOT}: {problem}")
    left_behind = number - 1 - len(stored_ids(store))
    assert left_behind
    world.publish(store, 5)
    argv = [f"--subscription={topic.subscription}", *world.options(store)]
    idle = f"--stop_after_idle_seconds={ACK_SECONDS + 4}"
    assert cli.main(["ingest", *argv, "--flush_seconds=1", idle]) == 0
    assert {n for _, n in stored_ids(store)} == set(map(document_id, range(1, number)))
