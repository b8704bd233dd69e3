"""Other jobs at work at the same time: leases, generations, another purge."""

import json
import os

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.retention import row_search
from rally.storage.layout import Partition
from rally.storage.leases import LeaseHeld, Leases
from rally.storage.runs import RUNS
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row
from tests.rally.retention.furnished import furnish, is_over, keys
from tests.rally.retention.place import gone

OLD = Partition(GARDEN, "visit.1", "2025-01-01")


def put(place, name="a", day=OLD.day):
    place.join(1, when=-1000)
    return place.put(place.ours([Row(1, 1), Row(2, 2)]), name, date=day)


def test_partition_that_another_job_has_is_left_and_named(place):
    put(place)
    put(place, "b", "2025-01-02")
    with Leases(place.platform, "2" * 32, "compact") as leases:
        leases.acquire(OLD)
        report = place.purge()
    assert [name for name, _ in report.faults] == [f"{OLD.folder}bucket=new/a.avro"]
    assert "`rally compact` works there" in report.faults[0][1]
    assert len(place.names()) == 1
    assert place.purge().exit_status == 0
    assert place.names() == []


def test_rewrite_waits_for_the_lease_too(place):
    put(place, day="2026-05-11")
    with Leases(place.platform, "2" * 32, "delete") as leases:
        leases.acquire(Partition(GARDEN, "visit.1", "2026-05-11"))
        assert place.purge().exit_status == 1
    assert place.numbers() == [1, 2]
    place.purge()
    assert place.numbers() == [1]


def test_leases_are_given_back(place):
    put(place)
    place.purge()
    assert list(place.platform.list("leases/")) == []


def test_file_that_is_written_meanwhile_is_left(place):
    name = put(place)

    def write(operation, what):
        if what.endswith("purge.ndjson"):
            info = place.data.stat(name)
            place.data.replace(name, place.ours([Row(1, 9)]), info.generation)

    place.platform.after = write
    report = place.purge()
    assert report.faults == [(name, "changed meanwhile")]
    assert place.numbers() == [9]
    place.platform.after = lambda *_: None
    assert place.purge().exit_status == 0


def test_file_that_goes_meanwhile_is_fine(place):
    name = put(place)

    def remove(operation, what):
        if what.endswith("purge.ndjson"):
            place.data.delete(name, place.data.stat(name).generation)

    place.platform.after = remove
    report = place.purge()
    assert ([*report.problems], gone(report)) == ([], {})


def test_file_that_arrives_meanwhile_is_named(place):
    put(place)

    def arrive(operation, what):
        if what.endswith("purge.ndjson"):
            put(place, "late")

    place.platform.after = arrive
    report = place.purge()
    assert report.faults == [
        ("1 objects", "should have gone and are there; the next run looks at them")
    ]
    place.platform.after = lambda *_: None
    assert place.purge().exit_status == 0
    assert place.names() == []


def arriving(place):
    """What a stream writes that has not yet seen the conclusion."""
    letter = (
        f"{LetterPlace(GARDEN, LetterKind.PING, '2026-05-29').folder}{'2' * 32}.avro"
    )
    return {
        "row": lambda: place.put(place.ours([Row(1, 200)]), "late"),
        "letter": lambda: place.platform.create(letter, b"sealed"),
        "event": lambda: place.join(9, GARDEN, when=29),
    }


@pytest.mark.parametrize("what", ["row", "letter", "event"])
def test_keys_wait_for_what_arrives_at_the_end(place, what):
    furnish(place)
    place.conclude()
    arrive, came = arriving(place)[what], []

    def late(operation, name):
        if operation == "old_copies" and not came:
            came.append(arrive())

    place.data.fault = late
    report = place.purge()
    assert report.faults == [
        (GARDEN, "something of it arrived meanwhile; its keys wait for the next run")
    ]
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    assert place.purge().exit_status == 0
    assert is_over(place)


def test_row_that_arrives_while_events_go_keeps_the_keys(place):
    furnish(place)
    place.conclude()
    came = []

    def late(operation, name):
        if operation == "delete" and name.startswith("events/") and not came:
            came.append(arriving(place)["row"]())

    place.platform.after = late
    assert place.purge().exit_status == 1
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


def test_enrolments_that_change_while_they_are_searched_are_looked_at_again(
    place, monkeypatch
):
    """Deletion writes the file between its listing and its reading."""
    furnish(place)
    place.conclude()
    name, real = place.names(f"data/study={HOUSE}/")[0], row_search.read_view

    def view(store, partition):
        found = real(store, partition)
        if partition.study == HOUSE:
            data = place.data.read(name)
            place.data.replace(name, data, place.data.stat(name).generation)
        return found

    monkeypatch.setattr(row_search, "read_view", view)
    assert (name, "changed meanwhile") in place.purge().faults
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    monkeypatch.undo()
    assert place.purge().exit_status == 0
    assert is_over(place)


def test_what_cannot_be_done_elsewhere_does_not_hide_what_arrives(place, tmp_path):
    put(place)
    archive = tmp_path / "1.ndjson"
    archive.write_text("{}")
    os.utime(archive, (1e9, 1e9))

    def arrive(operation, what):
        if what.endswith("purge.ndjson"):
            archive.write_text("more")
            put(place, "late")

    place.platform.after = arrive
    assert place.purge(archives=str(archive)).faults == [
        ("1.ndjson", "changed meanwhile"),
        ("1 objects", "should have gone and are there; the next run looks at them"),
    ]


@pytest.mark.parametrize("rows", [[Row(2, 2)], [Row(1, 1), Row(2, 2), Row(3, 3)]])
def test_enrolment_that_arrives_meanwhile_keeps_its_rows(place, rows):
    place.join(1, when=-1000)
    name = place.put(place.ours(rows))

    def enrol(operation, what):
        if what.endswith("purge.ndjson"):
            place.join(2, when=3)

    place.platform.after = enrol
    report = place.purge()
    assert report.faults == [(name, "changed meanwhile")]
    assert place.numbers() == [row.number for row in rows]
    place.platform.after = lambda *_: None
    assert place.purge().exit_status == 0
    assert place.numbers() == [row.number for row in rows if row.person != 3]


def test_half_compacted_partition_is_for_compaction_first(place):
    name = put(place, day="2026-05-11")
    info = place.data.stat(name)
    inputs = json.dumps([[info.name, info.generation, "x"]])
    data = place.ours([Row(1, 1), Row(2, 2)], **{"rally.inputs": inputs})
    folder = name.rpartition("bucket=")[0]
    place.data.create(f"{folder}bucket=0-0/compacted.avro", data)
    report = place.purge()
    assert report.faults == [
        (folder, "is compacted by half; run `rally compact`, then purge again")
    ]
    assert place.numbers() == [1, 1, 2, 2]


@pytest.mark.parametrize("rows", [[Row(2, 2)], [Row(1, 1), Row(2, 2)]])
def test_compaction_that_dies_after_the_search_is_gone_on_with_first(place, rows):
    place.join(1, when=-1000)
    name = place.put(place.ours(rows))
    folder = name.rpartition("bucket=")[0]

    def compact(operation, what):
        if what.endswith("purge.ndjson"):
            info = place.data.stat(name)
            inputs = json.dumps([[info.name, info.generation, "x"]])
            data = place.ours(rows, **{"rally.inputs": inputs})
            place.data.create(f"{folder}bucket=0-0/compacted.avro", data)

    place.platform.after = compact
    report = place.purge()
    assert report.faults == [
        (name, "is compacted by half; run `rally compact`, then purge again")
    ]
    assert len(place.numbers()) == 2 * len(rows)


def test_partition_is_leased_once_for_all_its_buckets(place):
    taken = []
    for number in range(4):
        name = f"{OLD.folder}bucket=2-{number}/compacted.avro"
        place.data.create(name, place.ours([Row(1, number)]))
    place.platform.after = lambda operation, name: (
        taken.append(name) if operation == "create" and "date=" in name else None
    )
    place.purge()
    assert len(taken) == 1
    assert place.names() == []


def test_one_purge_at_a_time(place):
    put(place)
    with Leases(place.platform, "2" * 32, "purge") as leases:
        leases.acquire("purge")
        with pytest.raises(LeaseHeld):
            place.purge()
        with pytest.raises(LeaseHeld):
            place.purging().plan()
    assert len(place.names()) == 1
    assert place.purge().exit_status == 0


def test_deletion_at_work_keeps_plans(place):
    place.now = place.now.replace(year=2027)
    name = f"plans/{1:032}/plan.json"
    now, place.now = place.now, place.now.replace(year=2026)
    place.platform.create(name, b"{}")
    place.now = now
    with Leases(place.platform, "2" * 32, "delete") as leases:
        leases.acquire("deletion")
        report = place.purge()
    assert name in place.records()
    assert report.exit_status == 1
    assert place.purge().exit_status == 0
    assert name not in place.records()
    assert [info.name for info in place.platform.list(RUNS)] == []
