"""One run at a time has a lease; who is dead has none."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rally.storage.layout import Partition
from rally.storage.leases import LeaseHeld, Leases
from rally.storage.objectstore.open_store import open_store
from rally.storage.runs import LASTS, began, live_runs
from tests.fakes.memory_store import MemoryStore

DAY = Partition("rally-grove", "visit.1", "2026-05-18")
LEASE = "leases/study=rally-grove/document=visit.1/date=2026-05-18.json"


class Clock:
    def __init__(self):
        self.time = datetime(2026, 5, 18, 12, tzinfo=UTC)

    def __call__(self):
        return self.time


@pytest.fixture
def platform():
    return MemoryStore()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(platform, clock):
    """Makes the leases of a run of `rally compact`."""
    return lambda name: Leases(platform, name, "compact", 7, clock)


def names(platform):
    return [info.name for info in platform.list()]


def holder(platform, name=LEASE):
    return json.loads(platform.read(name))["run"]


def test_a_run_is_known_while_it_lives(platform, clock, run):
    with run("one"):
        (known,) = live_runs(platform, clock)
        assert known._replace(host="", pid=0) == (
            *("one", "compact", "", 0, 7, clock.time, clock.time + LASTS),
            began(os.getpid()),
        )
        assert known.pid == os.getpid()
    assert names(platform) == []


def test_a_lease_keeps_other_runs_out_and_says_who_has_it(platform, clock, run):
    with run("one") as one, run("two") as two:
        assert one.acquire(DAY)
        with pytest.raises(LeaseHeld) as held:
            two.acquire(DAY)
        one.release(DAY)
        assert two.acquire(DAY)
        assert holder(platform) == "two"
    assert held.value.holder.run == "one"
    assert f"`rally compact` works there (process {os.getpid()} of" in str(held.value)
    assert "alive until 2026-05-18T12:02:00+00:00 at least" in str(held.value)


def test_workers_of_one_run_share_its_leases(platform, run):
    with run("one"):
        workers = [Leases(platform, "one"), Leases(platform, "one")]
        assert [worker.acquire(DAY) for worker in workers] == [True, False]
        with workers[1].held(DAY):
            pass
        assert holder(platform) == "one"
        with workers[0].held("delete"):
            assert holder(platform, "leases/delete.json") == "one"
        assert "leases/delete.json" not in names(platform)


def test_leaving_takes_all_leases_of_the_run_back_and_no_other(platform, run):
    with run("two") as two:
        two.acquire("delete")
        with run("one"):
            Leases(platform, "one").acquire(DAY)
        assert names(platform) == ["leases/delete.json", "leases/runs/two.json"]


def test_a_lease_is_taken_over_from_a_run_that_no_longer_renews(platform, clock, run):
    one = run("one")
    with one, run("two") as two:
        one.acquire(DAY)
        clock.time += LASTS
        with pytest.raises(LeaseHeld):
            two.acquire(DAY)
        two.renew()
        clock.time += timedelta(seconds=1)
        assert two.acquire(DAY)
        one.release(DAY)
        assert holder(platform) == "two"


def test_renewing_keeps_a_lease(platform, clock, run):
    with run("one") as one, run("two") as two:
        one.acquire(DAY)
        clock.time += LASTS
        one.renew()
        clock.time += LASTS
        with pytest.raises(LeaseHeld):
            two.acquire(DAY)


def test_a_lease_of_a_run_that_nobody_knows_counts_for_nothing(platform, run):
    Leases(platform, "gone").acquire(DAY)
    with run("one") as one:
        assert one.acquire(DAY)
        assert holder(platform) == "one"


def test_a_new_run_clears_away_dead_ones(platform, clock, run):
    first = run("first")
    first.__enter__()
    clock.time += LASTS + timedelta(seconds=1)
    with run("second"):
        assert names(platform) == ["leases/runs/second.json"]
    first.__exit__(None, None, None)


def test_of_many_that_race_for_a_dead_lease_one_gets_it(platform, run):
    Leases(platform, "dead").acquire(DAY)
    together, won = threading.Barrier(8), []

    def race(leases, number):
        together.wait()
        with suppress(LeaseHeld):
            leases.acquire(DAY)
            won.append(number)

    runs = [run(f"run-{number}") for number in range(8)]
    for each in runs:
        each.__enter__()
    threads = [
        threading.Thread(target=race, args=(each, number))
        for number, each in enumerate(runs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert holder(platform) == f"run-{won[0]}"
    for each in runs:
        each.__exit__(None, None, None)
    assert names(platform) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_process_that_began_at_another_time_is_another_one(platform, run):
    """As after a container was started anew, where numbers begin from 1 again."""
    with run("before") as before:
        before.acquire(DAY)
        told = json.loads(platform.read(before._name))
        (info,) = platform.list(before._name)
        changed = json.dumps(told | {"began": str(int(told["began"]) - 1)}).encode()
        platform.replace(before._name, changed, info.generation)
        with run("now") as now:
            assert now.acquire(DAY)


def test_where_nobody_tells_when_a_process_began_its_number_says_it(
    platform, run, monkeypatch
):
    monkeypatch.setattr("rally.storage.runs.began", lambda _: "")
    with run("one") as one, run("two") as two:
        assert one.acquire(DAY)
        with pytest.raises(LeaseHeld):
            two.acquire(DAY)


_HOLDER = """
import sys, time
from rally.storage.layout import Partition
from rally.storage.leases import Leases
from rally.storage.objectstore.open_store import open_store
with Leases(open_store(sys.argv[1]), "killed", "compact") as leases:
    leases.acquire(Partition("rally-grove", "visit.1", "2026-05-18"))
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_loses_its_leases_at_once(tmp_path):
    platform = open_store(str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process, Leases(platform, "mine", "compact") as mine:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LeaseHeld) as held:
            mine.acquire(DAY)
        assert held.value.holder.pid == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert mine.acquire(DAY)


AHEAD = timedelta(days=3650)


def test_run_whose_clock_is_ahead_is_not_believed_until_then(platform, clock, run):
    ahead = Leases(platform, "ahead", "compact", 7, lambda: clock.time + AHEAD)
    with ahead, run("one") as one:
        ahead.acquire(DAY)
        platform.create("leases/delete.json", b'{"run": "ahead"}')
        assert one.acquire(DAY)
        assert one.acquire("delete")
        assert holder(platform) == "one"
    assert list(live_runs(platform, clock)) == []


def test_clocks_may_differ_by_little(platform, clock, run):
    ahead = timedelta(seconds=20)
    soon = Leases(platform, "soon", "compact", 7, lambda: clock.time + ahead)
    with soon, run("one") as one:
        soon.acquire(DAY)
        with pytest.raises(LeaseHeld):
            one.acquire(DAY)


FOREIGN = [
    b"", b"\xff\x00", b"{}", b"[]", b"null", b'{"run": 7}', b"[" * 100_000,
    b'{"run": "x", "job": "", "host": "", "pid": "1", "list": 0,'
    b' "since": "2026-05-18T12:00:00Z", "until": "2026-05-18T12:01:00Z"}',
    b'{"run": "x", "job": "", "host": "", "pid": 1, "list": 0,'
    b' "since": "", "until": 1}',
]  # fmt: skip


@pytest.mark.parametrize("data", FOREIGN)
def test_what_no_run_wrote_keeps_nobody_out(platform, clock, run, data):
    beside = ["leases/", "leases/.DS_Store", "leases/runs/.DS_Store"]
    for name in (LEASE, "leases/delete.json", "leases/runs/x.json", *beside):
        platform.create(name, data)
    with run("one") as one:
        assert one.acquire(DAY)
        assert one.acquire("delete")
        assert [each.run for each in live_runs(platform, clock)] == ["one"]
    assert names(platform) == [*beside, "leases/runs/x.json"]


@pytest.mark.parametrize("pid", [2**80, -(2**80), 2**31])
def test_number_that_no_process_has_is_no_process(platform, clock, run, pid):
    with run("one") as one:
        told = json.loads(platform.read(one._name)) | {"pid": pid, "began": ""}
        platform.create("leases/runs/odd.json", json.dumps(told).encode())
        assert [each.run for each in live_runs(platform, clock)] == ["one"]
