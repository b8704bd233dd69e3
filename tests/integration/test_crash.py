"""Ingest is killed again and again, and loses nothing.

RALLY_CRASH_ROUNDS says how often each test kills, RALLY_CRASH_SEED which moments.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from rally.storage.container import read_rows
from rally.storage.objectstore.local_files import TEMPORARY_PREFIX
from rally.storage.objectstore.open_store import open_store
from tests.support.pubsub_topic import Topic
from tests.support.world import (
    GARDEN,
    World,
    contents,
    document_id,
    rally_id,
    stored_events,
    stored_ids,
    write_lines,
)

pytestmark = [pytest.mark.integration, pytest.mark.crash, pytest.mark.slow("kills")]

ROUNDS = int(os.environ.get("RALLY_CRASH_ROUNDS", "2"))
PINGS = 3000
PINGS_OF_A_ROUND = 400
ACK_SECONDS = 6
UNIT = "--split_bytes=50000"
KILLS_OF_A_LIFE = 3
LIVES_OF_A_ROUND = 5
ONE, TWO = [], ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
WAYS = [ONE, ONE, TWO] if ROUNDS > 5 else [ONE]
WAIT = 300.0
FILE = re.compile(
    r"data/study=[^/]+/document=[^/]+/date=[0-9-]{10}/bucket=new/[0-9a-f]{32}\.avro"
)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "world")


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


def ping(world, number):
    """One of many: visits of ten days; of twenty, one joins, one leaves, one fails."""
    sent = f"2026-05-{number % 10 + 10}T10:00:00Z"
    who = {"rally.id": rally_id(number % 97)}
    document = {0: "study-enrollment/1", 1: "study-unenrollment/1", 2: "visit/9"}.get(
        number % 20, "visit/1"
    )
    clear = {"page": f"page {number}", "count": number} if number % 20 > 2 else {}
    return world.message(f"{GARDEN}/{document}", who | clear, number, sent)


def check_all_is_there(world, store, numbers):
    """Every ping is a row or a dead letter, and every signal is in the log."""
    numbers = set(numbers)
    assert {number for _, number in stored_ids(store)} == {
        document_id(number) for number in numbers if number % 20 not in (1, 2)
    }
    assert {(event.document_id, event.kind) for event in stored_events(store)} == {
        (document_id(number), "joined" if number % 20 == 0 else "left")
        for number in numbers
        if number % 20 in (0, 1)
    }
    assert {letter.envelope.uri[-36:] for letter in world.dead_letters(store)} == {
        document_id(number) for number in numbers if number % 20 == 2
    }


def check_objects(world, store):
    """What can be seen is whole, and no file holds a ping twice; gives the files."""
    opened = open_store(store)
    files = files_of(store)
    assert on_disk(f"{store}/data") == {name.removeprefix("data/") for name in files}
    assert [name for name in files if not FILE.fullmatch(name)] == []
    for name in files:
        rows = read_rows(opened.read(name))
        ids = Counter((row["participant"], row["document_id"]) for row in rows)
        assert set(ids.values()) == {1}
    stored_events(store)
    world.dead_letters(store)
    return files


def on_disk(folder):
    """All files, but for those that a kill left half written."""
    return {
        os.path.relpath(os.path.join(parent, file), folder)
        for parent, _, files in os.walk(folder)
        for file in files
        if not file.startswith(TEMPORARY_PREFIX)
    }


class Job:
    """`python -m pipelines.ingest` in a process group of its own."""

    def __init__(self, *argv):
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.ingest", *argv],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def seconds(self):
        return time.monotonic() - self._started

    @property
    def is_running(self):
        return self._process.poll() is None

    def wait_for(self, condition):
        """Until the condition holds, or the job has ended."""
        while self.is_running and not condition():
            assert self.seconds < WAIT
            time.sleep(0.01)

    def succeed(self):
        assert self._process.wait(WAIT) == 0

    def kill(self):
        """Kills it with all its children; whether it was still running."""
        was_running = self.is_running
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            assert not was_running
        self._process.wait()
        return was_running


def files_of(store):
    return [info.name for info in open_store(store).list("data/")]


def kill_batch(argv, store, total, duration, moments):
    """Kills a run; whether there was something to kill.

    One in three is killed at any time, the others while they write: when a certain
    number of files can be seen. `duration` is how long a run takes here, in seconds.
    """
    job = Job(*argv)
    moment, count = WAIT, moments.randrange(len(files_of(store)), total) + 1
    if not moments.randrange(3):
        moment, count = moments.uniform(0.1, 0.9) * duration, total + 1
    job.wait_for(lambda: len(files_of(store)) >= count or job.seconds >= moment)
    seconds, killed = job.seconds, job.kill()
    print(f"killed: {killed}, after {seconds:.2f} s, {len(files_of(store))} of {total}")
    return killed


def test_batch_that_is_killed_loses_and_doubles_nothing(world, tmp_path, moments):
    for part in range(4):
        numbers = range(part * PINGS // 4, (part + 1) * PINGS // 4)
        write_lines(tmp_path / f"{part}.in", (ping(world, n) for n in numbers))
    begun, undisturbed = tmp_path / "begun", str(tmp_path / "undisturbed")
    world.make_stores(str(begun))
    shutil.copytree(begun, undisturbed)
    source = [f"--input={tmp_path}/*.in", UNIT]
    job = Job(*source, *world.options(undisturbed))
    job.succeed()
    duration = job.seconds
    expected, total = contents(undisturbed), len(files_of(undisturbed))

    kills = lives = 0
    while kills < ROUNDS:
        lives += 1
        assert lives <= LIVES_OF_A_ROUND * ROUNDS  # a run may end before its kill
        store = str(tmp_path / f"store-{lives}")
        shutil.copytree(begun, store)
        argv = [*source, *world.options(store)]
        for _ in range(KILLS_OF_A_LIFE):
            way = moments.choice(WAYS)
            if len(files_of(store)) < total:
                kills += kill_batch([*argv, *way], store, total, duration, moments)
            check_objects(world, store)

        Job(*argv).succeed()

        check_objects(world, store)
        check_all_is_there(world, store, range(PINGS))
        assert len(stored_ids(store)) == len(set(stored_ids(store))) == PINGS * 18 // 20
        found = contents(store)
        assert found.keys() == expected.keys()
        for name in found:  # seals are different each time, names are not
            differs = name.startswith("platform/dead-letters/")
            assert differs or found[name] == expected[name]
    print(f"{kills} kills in {lives} lives")


def test_stream_that_is_killed_loses_nothing(world, store, pubsub_emulator, moments):
    topic = Topic()
    argv = [
        f"--subscription={topic.subscription}",
        "--flush_seconds=0.3",
        f"--ack_deadline_seconds={ACK_SECONDS}",
        *world.options(store),
    ]

    for kill in range(1, ROUNDS + 1):
        start = (kill - 1) * PINGS_OF_A_ROUND
        before = check_objects(world, store)
        job = Job(*argv)
        topic.publish(
            *(ping(world, start + number) for number in range(PINGS_OF_A_ROUND))
        )
        job.wait_for(
            lambda before=before: [*open_store(store).list("data/")][len(before) :]
        )
        moment = job.seconds + moments.random() ** 3 * 0.6  # most while it writes
        job.wait_for(lambda job=job, moment=moment: job.seconds >= moment)
        assert job.kill()
        print(f"kill {kill} after {moment:.2f} s, {len(before)} files before")

    Job(*argv, f"--stop_after_idle_seconds={ACK_SECONDS + 4}").succeed()

    check_objects(world, store)
    check_all_is_there(world, store, range(ROUNDS * PINGS_OF_A_ROUND))
    twice = len(stored_ids(store)) - len(set(stored_ids(store)))
    print(f"{twice} rows in two files")
    assert topic.is_empty(ACK_SECONDS + 1)
