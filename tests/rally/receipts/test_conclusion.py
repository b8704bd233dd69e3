"""The platform's last receipt: read as it was signed, and refused otherwise."""

import json
from datetime import UTC, datetime

import pytest

from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.receipts.conclusion import (
    NAME,
    ConclusionReceipt,
    GoneRecords,
    read_conclusion,
    write_conclusion,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.people import job_key
from tests.support.stores import found_platform

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
GONE = GoneRecords("events", 12, 3456, NOON)


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    return store


def receipt(platform, *gone, finished=None):
    return ConclusionReceipt(7, read_chain(platform).head, gone, finished)


def read(platform):
    return read_conclusion(platform, read_chain(platform))


def test_it_is_read_as_it_was_written_and_written_on(platform):
    assert read(platform) is None
    first = receipt(platform)
    write_conclusion(platform, job_key(Job.PURGE), first)
    assert read(platform) == first
    last = receipt(platform, GONE, finished=NOON)
    write_conclusion(platform, job_key(Job.PURGE), last)
    assert read(platform) == last
    assert (last.has("events"), last.has("consents")) == (True, False)


def test_what_purge_did_not_sign_is_refused(platform):
    write_conclusion(platform, job_key(Job.DELETE), receipt(platform, GONE))
    with pytest.raises(ConfigurationError) as caught:
        read(platform)
    assert str(caught.value) == (
        f"memory://test/{NAME}: is not as the purge signed it; restore it from a backup"
    )


def put(platform, data):
    info = platform.stat(NAME)
    platform.replace(NAME, data, info.generation)


@pytest.mark.parametrize("name", ["decision", "head", "gone", "finished", "signature"])
def test_whatever_is_changed_is_noticed(platform, name):
    write_conclusion(platform, job_key(Job.PURGE), receipt(platform, GONE))
    content = json.loads(platform.read(NAME))
    changed = {
        "decision": 8,
        "head": {"number": 2, "digest": "0" * 64},
        "gone": [],
        "finished": "2027-03-01T12:00:00Z",
        "signature": "00" * 64,
    }
    put(platform, json.dumps(content | {name: changed[name]}).encode())
    with pytest.raises(ConfigurationError, match="is not as the purge signed it"):
        read(platform)
    del content[name]
    put(platform, json.dumps(content).encode())
    with pytest.raises(ConfigurationError, match=name):
        read(platform)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b"[" * 100_000,
        b"\xff",
        b'"' + b"a" * (1 << 21) + b'"',
    ],
    ids=["empty", "list", "cut", "null", "deep", "no text", "long"],
)
def test_anything_else_is_one_line(platform, data):
    platform.create(NAME, data)
    with pytest.raises(ConfigurationError) as caught:
        read(platform)
    assert str(caught.value).startswith(f"memory://test/{NAME}: ")
    assert len(str(caught.value)) < 200
