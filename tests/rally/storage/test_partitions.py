"""Readers see each row once, at whatever moment compaction was killed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.storage.container import encode_container
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import GenerationMismatch, ObjectInfo
from rally.storage.partitions import (
    EVERYBODY,
    Bucket,
    FilesByBucket,
    Range,
    StoredFile,
    by_partition,
    compacted_file,
    is_settled,
    list_files,
    read_view,
)
from tests.fakes.memory_store import MemoryStore

DAY = Partition("rally-grove", "visit.1", "2026-05-18")
NEW = f"{DAY.folder}bucket=new/"


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def compacted(store, schema):
    """Makes a compacted file that lists others as they are now."""

    def make(bucket, *names):
        inputs = [[name, store.stat(name).generation, "0"] for name in names]
        entries = {"rally.inputs": json.dumps(inputs)}
        data = encode_container(schema, [], entries, bytes(16), indexed=True)
        name = compacted_file(DAY, bucket, "0123456789ab")
        assert store.create(name, data)
        return name

    return make


def dead(store):
    """The dead participants of each file that has such."""
    view = read_view(store, DAY)
    return {each.file.info.name: each.dead for each in view if each.dead}


@pytest.mark.parametrize(
    ("bucket", "name", "start", "end"),
    [
        ((0, 0), "0-0", b"", b"\xff"),
        ((1, 0), "1-0", b"", b"80000000-0000-0000-0000-000000000000"),
        ((1, 1), "1-1", b"80000000-0000-0000-0000-000000000000", b"\xff"),
        (
            (6, 0x2A),
            "6-2a",
            b"a8000000-0000-0000-0000-000000000000",
            b"ac000000-0000-0000-0000-000000000000",
        ),
        ((5, 0x1F), "5-1f", b"f8000000-0000-0000-0000-000000000000", b"\xff"),
    ],
    ids=["all", "first", "last", "middle", "odd"],
)
def test_bucket_names_its_people(bucket, name, start, end):
    assert Bucket(*bucket).name == name
    assert Bucket(*bucket).people == Range(start, end)


@pytest.mark.parametrize("bits", [0, 1, 4, 7])
def test_buckets_leave_out_nobody(bits):
    ranges = [Bucket(bits, number).people for number in range(1 << bits)]
    assert (ranges[0].start, ranges[-1].end) == EVERYBODY
    assert [each.end for each in ranges[:-1]] == [each.start for each in ranges[1:]]


def test_files_are_listed_by_partition_whatever_their_names(store):
    names = [
        "data/study=rally-grove/document=visit.1/date=2026-05-18/bucket=2-1/compacted-0123456789ab.avro",
        "data/study=rally-grove/document=visit.1/date=2026-05-18/bucket=2-1/other.avro",
        "data/study=rally-grove/document=visit.1/date=2026-05-18/bucket=2-7/compacted-0123456789ab.avro",
        "data/study=rally-grove/document=visit.1/date=2026-05-18/bucket=new/ab.avro",
        "data/study=rally-grove/document=visit.1/date=2026-05-18/part-0.avro",
        "data/study=rally-grove/document=visit.1/date=2026-05-19/bucket=new/cd.avro",
        "data/study=rally-grove/stray.avro",
    ]
    for name in (
        *names,
        "data/study=rally-grove/_SUCCESS",
        "data/study=rally-x/a.avro",
    ):
        store.create(name, b"")

    found = by_partition(list_files(store, "rally-grove"))

    assert {
        partition: [(file.info.name, file.bucket, file.is_new) for file in files]
        for partition, files in found.items()
    } == {
        DAY: [
            (names[0], Bucket(2, 1), False),
            (names[1], None, False),
            (names[2], None, False),
            (names[3], None, True),
            (names[4], None, False),
        ],
        DAY._replace(day="2026-05-19"): [(names[5], None, True)],
        Partition("rally-grove", "", ""): [(names[6], None, False)],
    }


def test_new_files_and_settled_partitions_are_live_and_no_header_is_read(
    store, compacted
):
    for name in ("a", "b"):
        store.create(f"{NEW}{name}.avro", b"no header")
    assert dead(store) == {}
    for name in ("a", "b"):
        store.delete(f"{NEW}{name}.avro", store.stat(f"{NEW}{name}.avro").generation)
    compacted(Bucket(1, 0)), compacted(Bucket(1, 1))
    assert is_settled(list_files(store, DAY.study))
    store.reads.clear()

    assert dead(store) == {}
    assert store.reads == []


def test_an_input_is_dead_where_a_compacted_file_speaks_for_it(store, compacted):
    for name in ("a", "b"):
        store.create(f"{NEW}{name}.avro", b"")
    compacted(Bucket(2, 1), f"{NEW}a.avro")
    compacted(Bucket(2, 3), f"{NEW}a.avro")

    assert dead(store) == {f"{NEW}a.avro": (Bucket(2, 1).people, Bucket(2, 3).people)}
    view = read_view(store, DAY)
    (live,) = [each for each in view if each.file.info.name == f"{NEW}a.avro"]
    assert live.live == [Bucket(2, 0).people, Bucket(2, 2).people]
    people = ["0", "4", "7", "8", "b", "c", "f"]
    assert [p for p in people if live.holds(f"{p}fffffff".encode())] == ["0", "8", "b"]


def test_an_input_that_was_written_again_is_live(store, compacted):
    name = f"{NEW}a.avro"
    generation = store.create(name, b"") and store.stat(name).generation
    compacted(Bucket(0, 0), name)
    store.replace(name, b"again", generation)

    assert dead(store) == {}


def test_another_number_of_buckets_supersedes_the_old_one(store, compacted):
    store.create(f"{NEW}a.avro", b"")
    old = compacted(Bucket(1, 0), f"{NEW}a.avro")
    compacted(Bucket(2, 0), old, f"{NEW}a.avro")
    compacted(Bucket(2, 1), old, f"{NEW}a.avro")

    view = {each.file.info.name: each.live for each in read_view(store, DAY)}

    assert view[old] == []
    assert view[f"{NEW}a.avro"] == [Bucket(1, 1).people]


def test_a_listing_that_compaction_overtakes_is_made_again(store, compacted):
    name = f"{NEW}a.avro"
    store.create(name, b"")
    overtaken = []

    def overtake(operation, listed):
        if operation == "stat" or overtaken:
            return
        if operation == "list":
            overtaken.append(listed)
            compacted(Bucket(0, 0), name)
            store.delete(name, store.stat(name).generation)

    store.fault = overtake
    view = read_view(store, DAY)

    assert [each.file.info.name for each in view] == [
        compacted_file(DAY, Bucket(0, 0), "0123456789ab")
    ]


def test_a_partition_that_changes_all_the_time_is_told(store):
    numbers = iter(range(1000))

    def write(operation, _):
        if operation == "list":
            store.create(f"{NEW}{next(numbers)}.avro", b"")

    store.fault = write
    with pytest.raises(GenerationMismatch):
        read_view(store, DAY)


@pytest.mark.parametrize("entry", ["{}x", "[1]", '[["a"]]', '[["a", "b", "c"]]'])
def test_a_header_that_does_not_say_its_inputs_is_damaged(store, schema, entry):
    store.create(f"{NEW}a.avro", b"")
    data = encode_container(
        schema, [], {"rally.inputs": entry}, bytes(16), indexed=True
    )
    store.create(compacted_file(DAY, Bucket(0, 0), "0123456789ab"), data)
    with pytest.raises(CorruptFile):
        read_view(store, DAY)


some_buckets = st.integers(0, 4).flatmap(
    lambda bits: st.builds(Bucket, st.just(bits), st.integers(0, (1 << bits) - 1))
)


@given(st.sets(st.none() | some_buckets), some_buckets)
def test_files_that_may_have_rows_of_a_bucket_are_found(buckets, wanted):
    files = [
        StoredFile(ObjectInfo(str(bucket), 1, 1), DAY, bucket, is_new=bucket is None)
        for bucket in buckets
    ]
    start, end = wanted.people
    assert {it.identity for it in FilesByBucket(files).overlapping(wanted)} == {
        it.identity for it in files if it.people.start < end and start < it.people.end
    }
