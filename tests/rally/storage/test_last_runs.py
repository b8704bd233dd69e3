"""Records of last runs: what one says comes back, and what is none is passed over."""

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rally.storage.last_runs import (
    JOBS,
    LastRun,
    begin_run,
    name_of,
    read_runs,
    write_run,
)
from rally.storage.records import is_record
from tests.fakes.memory_store import MemoryStore

AT = datetime(2026, 5, 26, 6, tzinfo=UTC)
DONE = LastRun(
    "delete", AT, "a-machine", 7, AT, 1, {"faults": 1}, {"no_key": 2}, "4711"
)


def test_each_run_takes_the_place_of_the_last_one():
    store = MemoryStore()
    assert read_runs(store) == {}
    for run in (replace(DONE, ended=None, status=None), DONE):
        write_run(store, run)
        assert read_runs(store) == {"delete": run}
    write_run(store, replace(DONE, job="audit"))
    assert list(read_runs(store)) == ["delete", "audit"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"began": "2026-05-26T06:00:00", "host": "a", "pid": 1, "process": "",'
        b' "figures": {}, "failures": {}}',
        b'{"began": "2026-05-26T06:00:00Z", "host": "a\\u001b[2J", "pid": 1,'
        b' "process": "", "figures": {}, "failures": {}}',
        b'{"began": "2026-05-26T06:00:00Z", "host": "a", "pid": -1, "process": "",'
        b' "figures": {}, "failures": {}}',
        b'{"began": "2026-05-26T06:00:00Z", "host": "a", "pid": 1, "process": "",'
        b' "figures": {"faults": "many"}, "failures": {}}',
        b" " * 20_000 + b"{}",
    ],
    ids=[
        "empty",
        "list",
        "nothing",
        "deep",
        "no zone",
        "steers",
        "pid",
        "word",
        "long",
    ],
)
def test_what_is_no_record_is_passed_over(text):
    store = MemoryStore()
    write_run(store, replace(DONE, job="purge"))
    store.create(name_of("delete"), text)
    assert list(read_runs(store)) == ["purge"]


def test_store_that_refuses_stops_nobody():
    class Refuses(MemoryStore):
        def create(self, name, data):
            raise PermissionError(13, "refused")

    write_run(Refuses(), DONE)


def test_only_its_own_machine_knows_that_a_run_was_killed():
    own = begin_run("ingest", AT)
    assert (own.host, own.pid) == (socket.gethostname(), os.getpid())
    assert own.is_alive
    assert not replace(own, process="1").is_alive
    assert replace(own, process="1", host="another").is_alive
    assert not replace(own, ended=AT).is_alive


def test_records_are_the_platforms_own():
    assert all(is_record(name_of(job)) for job in JOBS)
    assert not is_record(name_of("demo"))
