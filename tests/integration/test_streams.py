"""Streams are stopped, killed, shared and taken back, and nothing is lost."""

import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import cli
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start
from rally.observability.measures import Sum
from tests.support.ports import free_port
from tests.support.pubsub_topic import Topic
from tests.support.world import (
    AS_OF,
    GARDEN,
    SENT_LATER,
    World,
    document_id,
    rally_id,
    stored_events,
    stored_ids,
    stored_rows,
)
from transforms.ingest_subscription import _IngestSubscriptionFn

pytestmark = [pytest.mark.integration, pytest.mark.slow("streams")]

WAIT = 300.0
ACK_SECONDS = 6
LAST_DAY = SENT_LATER[:10]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


def wait_for(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def start(world, store):
    """Starts a `rally ingest` of a topic; what still runs at the end is killed."""
    started = []

    def start(topic, *more):
        job = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipelines.cli", "ingest"),
                *(f"--subscription={topic.subscription}", "--flush_seconds=0.3"),
                f"--ack_deadline_seconds={ACK_SECONDS}",
                *world.options(store, *more),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(job)
        return job

    yield start
    for job in started:
        job.kill()
        job.communicate()


def finish(world, store, topic):
    """A plain run after all that happened; the ack deadlines pass in it.

    So does the subscription's own, of 10 seconds, of what was just pulled.
    """
    idle = f"--stop_after_idle_seconds={ACK_SECONDS + 6}"
    argv = [f"--subscription={topic.subscription}", "--flush_seconds=1", idle]
    assert cli.main(["ingest", *argv, *world.options(store)]) == 0


def documents(store):
    return {document for _, document in stored_ids(store)}


def check_copies_are_equal(store):
    rows = {}
    for partition, row in stored_rows(store):
        assert rows.setdefault((partition, row["document_id"]), row) == row


def compact(world, store):
    """Duplicates go; gives how often each ping is stored now."""
    assert cli.main(["compact", *world.options(store)]) == 0
    return Counter(document for _, document in stored_ids(store))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stream_that_is_stopped_loses_nothing(
    world, store, pubsub_emulator, start, number
):
    """What it had stored by then comes again only where it was not acknowledged."""
    topic, count = Topic(), 1200
    job = start(topic)
    for begin in range(0, count, 100):
        topic.publish(*(world.visit(n, n) for n in range(begin, begin + 100)))
    wait_for(lambda: stored_ids(store) or job.poll() is not None)

    job.send_signal(number)

    expected = ("", "rally: stopped; run it again for what is not done\n")
    assert job.communicate(timeout=WAIT) == expected
    assert job.returncode == 128 + number
    finish(world, store, topic)
    assert documents(store) == {document_id(n) for n in range(count)}
    check_copies_are_equal(store)
    assert set(compact(world, store).values()) == {1}


def stored_by(port):
    """How many rows the job that serves this port has stored; 0 before it serves."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
            text = page.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return 0
    lines = [line for line in text.splitlines() if line.startswith("rally_pings_")]
    return sum(float(line.split()[-1]) for line in lines if 'outcome="stored"' in line)


def test_two_processes_share_a_subscription_and_one_is_killed(
    world, store, pubsub_emulator, start
):
    topic, ports = Topic(), [free_port(), free_port()]
    idle = f"--stop_after_idle_seconds={ACK_SECONDS + 4}"
    jobs = [start(topic, f"--prometheus={port}", idle) for port in ports]
    count = 0

    def both_have_stored():
        nonlocal count
        stored = [stored_by(port) for port in ports]
        if count - sum(stored) < 400:  # no more than they are at work on
            topic.publish(*(world.visit(n, n) for n in range(count, count + 40)))
            count += 40
        return all(stored)

    wait_for(both_have_stored)
    topic.publish(*(world.visit(n, n) for n in range(count, count + 400)))
    count += 400
    jobs[0].send_signal(signal.SIGKILL)
    topic.publish(*(world.visit(n, n) for n in range(count, count + 400)))
    count += 400

    assert jobs[0].wait(WAIT) == -signal.SIGKILL
    out, errors = jobs[1].communicate(timeout=WAIT)

    assert (jobs[1].returncode, errors) == (0, "")
    assert GARDEN in out
    assert documents(store) == {document_id(n) for n in range(count)}
    check_copies_are_equal(store)
    assert compact(world, store) == {document_id(n): 1 for n in range(count)}
    assert topic.is_empty(ACK_SECONDS + 1)


def test_day_that_is_lost_comes_back_by_seek(world, store, pubsub_emulator):
    """Who has left meanwhile does not come back, and duplicates go."""
    topic = Topic(message_retention_duration=timedelta(days=7))
    start = datetime.now(UTC)
    topic.publish(
        *(world.visit(n, n) for n in range(60)),
        *(world.visit(n, 60 + n, sent=SENT_LATER) for n in range(60)),
        world.message(f"{GARDEN}/study-enrollment/1", {"rally.id": rally_id(1)}, 200),
        world.message(
            *(f"{GARDEN}/study-unenrollment/1", {"rally.id": rally_id(7)}, 201),
            sent=SENT_LATER,
        ),
        world.message(f"{GARDEN}/visit/9", {}, 202),
    )
    finish(world, store, topic)
    assert cli.main(["delete", *world.options(store)]) == 0
    before = sorted(stored_ids(store))
    events, letters = stored_events(store), world.dead_letters(store)
    gone = {document_id(7), document_id(67)}
    assert {d for _, d in before} == {document_id(n) for n in [*range(120), 200]} - gone

    lost = list(Path(store).glob(f"data/*/*/date={LAST_DAY}"))
    assert lost
    for folder in lost:
        shutil.rmtree(folder)
    topic.seek(start)
    finish(world, store, topic)

    assert set(stored_ids(store)) == set(before)
    assert len(stored_ids(store)) > len(before)
    check_copies_are_equal(store)
    assert set(compact(world, store).values()) == {1}
    assert stored_ids(store) == before
    assert stored_events(store) == events
    assert len(world.dead_letters(store)) == len(letters)


def test_seek_gives_up_what_was_published_before_its_time(
    world, store, pubsub_emulator
):
    topic = Topic(message_retention_duration=timedelta(days=7))
    topic.publish(world.visit(1, 1))
    topic.seek(datetime.now(UTC))
    topic.publish(world.visit(2, 2))

    finish(world, store, topic)

    assert documents(store) == {document_id(2)}


def test_worker_process_is_served_by_its_job(world, store, pubsub_emulator, start):
    topic, port = Topic(), free_port()
    two = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    job = start(topic, f"--prometheus={port}", *two)
    topic.publish(*(world.visit(n, n) for n in range(30)))

    wait_for(lambda: stored_by(port) >= 30 or job.poll() is not None)

    assert job.poll() is None
    job.send_signal(signal.SIGTERM)
    assert job.wait(WAIT) == 128 + signal.SIGTERM
    assert stored_by(port) == 0


def test_messages_that_cannot_be_acknowledged_are_counted(
    world, store, pubsub_emulator
):
    world.make_stores(store)
    settings = IngestSettings(
        store=store, ping_keys=world.keys, studies=world.studies, as_of=AS_OF
    )
    check_before_start(settings)
    reader = _IngestSubscriptionFn(settings, 1.0, None, ACK_SECONDS)
    reader.setup()

    reader._acknowledge(f"{Topic().subscription}-not", ["one", "two"])

    assert reader._intake.measures.sums == {Sum.ACKNOWLEDGE_FAILURES: 2}
