"""What became of a copy is believed of the job that makes copies, and nobody else."""

import json
from datetime import timedelta

import pytest

from rally.access.records import (
    FOLDER,
    CaseRecords,
    DestroyedFor,
    archive_name,
    read_records,
    record_name,
)
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.storage.records import is_record
from tests.fakes.memory_store import MemoryStore
from tests.support.access_cases import (
    ARCHIVE,
    CASE,
    built,
    destroyed,
    fetched,
    put_record,
)
from tests.support.people import job_key, signer
from tests.support.stores import found_platform, replace_key

RECORDS = [built(), fetched(), destroyed(), destroyed(why=DestroyedFor.LEFT)]
BUILT = f"{FOLDER}{CASE}/built.json"


def founded():
    store = MemoryStore()
    found_platform(store)
    return store


@pytest.fixture
def platform():
    return founded()


def read(platform):
    return read_records(platform, read_chain(platform))


def overwrite(platform, name, data):
    info = platform.stat(name)
    if info is None:
        platform.create(name, data)
    else:
        platform.replace(name, data, info.generation)


@pytest.mark.parametrize("record", RECORDS)
def test_record_is_read_as_it_was_written(platform, record):
    assert put_record(platform, record)
    found = read(platform)
    expected = CaseRecords()
    expected.add(record)
    assert (found.cases, found.faults) == ({CASE: expected}, [])


def test_records_of_several_cases_are_apart(platform):
    other = "0" * 8
    for record in (built(), fetched(), built(case=other)):
        put_record(platform, record)
    found = read(platform)
    assert found.of(CASE) == CaseRecords(built(), fetched())
    assert found.of(other) == CaseRecords(built(case=other))
    assert found.of("f" * 8) == CaseRecords()


def test_names_are_those_of_the_platforms_own_objects():
    names = [archive_name(CASE, ARCHIVE), *map(record_name, RECORDS)]
    assert sorted({*names}) == [
        f"cases/{CASE}/{ARCHIVE}.age",
        f"cases/{CASE}/built.json",
        f"cases/{CASE}/destroyed.json",
        f"cases/{CASE}/fetched.json",
    ]
    assert all(map(is_record, names))
    assert not is_record(f"cases/{CASE}/{ARCHIVE[1:]}.age")
    assert not is_record(f"cases/{CASE.upper()}/built.json")


def test_record_is_made_once(platform):
    put_record(platform, built())
    later = built(at=built().at + timedelta(days=3))
    assert not put_record(platform, later)
    assert read(platform).of(CASE).built == built()


def test_what_was_planted_is_named_and_replaced(platform):
    platform.create(BUILT, b"{}")
    assert read(platform).faults == [f"{BUILT}: record: is missing; add it"]
    assert put_record(platform, built())
    assert (read(platform).of(CASE).built, read(platform).faults) == (built(), [])


def changed(data, **changes):
    content = {**json.loads(data), **changes}
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode() + b"\n"


UNSIGNED = "is not signed by the job that makes copies"
FORGERIES = [
    (lambda data: data[:-1], "is not as it was written"),
    (lambda data: b"no JSON", "is not JSON"),
    (lambda data: data + b" " * 5000, "is too long to be a record"),
    (lambda data: changed(data, record="opened"),
     "record: must be one of: built, fetched, destroyed"),
    (lambda data: changed(data, more=1), "more: is not known; remove it or correct its"
     " name"),
    (lambda data: changed(data, bytes=42), UNSIGNED),
    (lambda data: changed(data, at="2026-06-08T12:00:00+00:00"), UNSIGNED),
    (lambda data: changed(data, archive="b" * 64), UNSIGNED),
    (lambda data: changed(data, case="0" * 8),
     "is a record of another place; nobody acts on it"),
    (lambda data: changed(data, signature=""),
     "signature: must be text; write some, in quotes where YAML needs them"),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "fault"), FORGERIES)
def test_changed_record_counts_for_nothing(platform, forge, fault):
    put_record(platform, built())
    overwrite(platform, BUILT, forge(platform.read(BUILT)))
    found = read(platform)
    assert (found.cases, found.faults) == ({}, [f"{BUILT}: {fault}"])


def test_record_of_another_case_or_platform_counts_for_nothing(platform):
    elsewhere, other = founded(), "0" * 8
    put_record(elsewhere, built())
    overwrite(platform, BUILT, elsewhere.read(BUILT))
    put_record(elsewhere, built(case=other))
    moved = f"{FOLDER}{'1' * 8}/built.json"
    overwrite(platform, moved, elsewhere.read(f"{FOLDER}{other}/built.json"))
    found = read(platform)
    assert found.cases == {}
    assert found.faults == [
        f"{moved}: is a record of another place; nobody acts on it",
        f"{BUILT}: {UNSIGNED}",
    ]


@pytest.mark.parametrize("key", [job_key(Job.DELETE), signer("decide").key])
def test_nobody_else_writes_records(platform, key):
    with pytest.raises(ConfigurationError) as caught:
        put_record(platform, built(), key)
    assert str(caught.value).startswith("signing.copy: is not the key that")
    assert read(platform).cases == {}


def test_record_counts_after_its_key_was_replaced(platform):
    put_record(platform, built())
    new = signer("jo").key
    replace_key(platform, Job.COPY, new)
    put_record(platform, fetched(), new)
    assert read(platform).of(CASE) == CaseRecords(built(), fetched())


def test_what_else_lies_there_is_no_record(platform):
    for name in (
        archive_name(CASE, ARCHIVE),
        f"{FOLDER}notes.txt",
        f"{FOLDER}{CASE}/x.json",
    ):
        platform.create(name, b"x")
    assert (read(platform).cases, read(platform).faults) == ({}, [])
