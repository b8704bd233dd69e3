"""Other jobs at work at the same time: leases, generations, another purge."""

import json
import os

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.retention import row_search
from rally.storage.layout import Partition
from rally.storage.leases import LeaseHeld, Leases
from rally.storage.runs import RUNS
from tests.rally.retention.stored_studies import (
    key_files,
    only_the_garden_is_gone,
    store_two_studies,
)
from tests.support.memory_deployment import Row
from tests.support.purge_deployment import deleted_counts
from tests.support.world import GARDEN, HOUSE, POND

OLD = Partition(GARDEN, "visit.1", "2025-01-01")


def put(deployment, name="a", day=OLD.day):
    deployment.join(1, when=-1000)
    return deployment.put(
        deployment.indexed_file([Row(1, 1), Row(2, 2)]), name, date=day
    )


def test_partition_that_another_job_has_is_left_and_named(deployment):
    put(deployment)
    put(deployment, "b", "2025-01-02")
    with Leases(deployment.platform, "2" * 32, "compact") as leases:
        leases.acquire(OLD)
        report = deployment.purge()
    assert [name for name, _ in report.faults] == [f"{OLD.folder}bucket=new/a.avro"]
    assert "`rally compact` works there" in report.faults[0][1]
    assert len(deployment.names()) == 1
    assert deployment.purge().exit_status == 0
    assert deployment.names() == []


def test_rewrite_waits_for_the_lease_too(deployment):
    put(deployment, day="2026-05-11")
    with Leases(deployment.platform, "2" * 32, "delete") as leases:
        leases.acquire(Partition(GARDEN, "visit.1", "2026-05-11"))
        assert deployment.purge().exit_status == 1
    assert deployment.numbers() == [1, 2]
    deployment.purge()
    assert deployment.numbers() == [1]


def test_leases_are_given_back(deployment):
    put(deployment)
    deployment.purge()
    assert list(deployment.platform.list("leases/")) == []


def test_file_that_is_written_meanwhile_is_left(deployment):
    name = put(deployment)

    def write(operation, what):
        if what.endswith("purge.ndjson"):
            info = deployment.data.stat(name)
            deployment.data.replace(
                name, deployment.indexed_file([Row(1, 9)]), info.generation
            )

    deployment.platform.after = write
    report = deployment.purge()
    assert report.faults == [(name, "changed meanwhile")]
    assert deployment.numbers() == [9]
    deployment.platform.after = lambda *_: None
    assert deployment.purge().exit_status == 0


def test_file_that_goes_meanwhile_is_fine(deployment):
    name = put(deployment)

    def remove(operation, what):
        if what.endswith("purge.ndjson"):
            deployment.data.delete(name, deployment.data.stat(name).generation)

    deployment.platform.after = remove
    report = deployment.purge()
    assert ([*report.problems], deleted_counts(report)) == ([], {})


def test_file_that_arrives_meanwhile_is_named(deployment):
    put(deployment)

    def arrive(operation, what):
        if what.endswith("purge.ndjson"):
            put(deployment, "late")

    deployment.platform.after = arrive
    report = deployment.purge()
    assert report.faults == [
        ("1 objects", "should have gone and are there; the next run looks at them")
    ]
    deployment.platform.after = lambda *_: None
    assert deployment.purge().exit_status == 0
    assert deployment.names() == []


def arriving(deployment):
    """What a stream writes that has not yet seen the conclusion."""
    letter = (
        f"{LetterPlace(GARDEN, LetterKind.PING, '2026-05-29').folder}{'2' * 32}.avro"
    )
    return {
        "row": lambda: deployment.put(deployment.indexed_file([Row(1, 200)]), "late"),
        "letter": lambda: deployment.platform.create(letter, b"sealed"),
        "event": lambda: deployment.join(9, GARDEN, when=29),
    }


@pytest.mark.parametrize("what", ["row", "letter", "event"])
def test_keys_wait_for_what_arrives_at_the_end(deployment, what):
    store_two_studies(deployment)
    deployment.conclude()
    arrive, came = arriving(deployment)[what], []

    def late(operation, name):
        if operation == "old_copies" and not came:
            came.append(arrive())

    deployment.data.fault = late
    report = deployment.purge()
    assert report.faults == [
        (GARDEN, "something of it arrived meanwhile; its keys wait for the next run")
    ]
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    assert deployment.purge().exit_status == 0
    assert only_the_garden_is_gone(deployment)


def test_row_that_arrives_while_events_go_keeps_the_keys(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    came = []

    def late(operation, name):
        if operation == "delete" and name.startswith("events/") and not came:
            came.append(arriving(deployment)["row"]())

    deployment.platform.after = late
    assert deployment.purge().exit_status == 1
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


def test_enrolments_that_change_while_they_are_searched_are_looked_at_again(
    deployment, monkeypatch
):
    """Deletion writes the file between its listing and its reading."""
    store_two_studies(deployment)
    deployment.conclude()
    name, real = deployment.names(f"data/study={HOUSE}/")[0], row_search.read_view

    def view(store, partition):
        found = real(store, partition)
        if partition.study == HOUSE:
            data = deployment.data.read(name)
            deployment.data.replace(name, data, deployment.data.stat(name).generation)
        return found

    monkeypatch.setattr(row_search, "read_view", view)
    assert (name, "changed meanwhile") in deployment.purge().faults
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    monkeypatch.undo()
    assert deployment.purge().exit_status == 0
    assert only_the_garden_is_gone(deployment)


def test_what_cannot_be_done_elsewhere_does_not_hide_what_arrives(deployment, tmp_path):
    put(deployment)
    archive = tmp_path / "1.ndjson"
    archive.write_text("{}")
    os.utime(archive, (1e9, 1e9))

    def arrive(operation, what):
        if what.endswith("purge.ndjson"):
            archive.write_text("more")
            put(deployment, "late")

    deployment.platform.after = arrive
    assert deployment.purge(archives=str(archive)).faults == [
        ("1.ndjson", "changed meanwhile"),
        ("1 objects", "should have gone and are there; the next run looks at them"),
    ]


@pytest.mark.parametrize("rows", [[Row(2, 2)], [Row(1, 1), Row(2, 2), Row(3, 3)]])
def test_enrolment_that_arrives_meanwhile_keeps_its_rows(deployment, rows):
    deployment.join(1, when=-1000)
    name = deployment.put(deployment.indexed_file(rows))

    def enrol(operation, what):
        if what.endswith("purge.ndjson"):
            deployment.join(2, when=3)

    deployment.platform.after = enrol
    report = deployment.purge()
    assert report.faults == [(name, "changed meanwhile")]
    assert deployment.numbers() == [row.number for row in rows]
    deployment.platform.after = lambda *_: None
    assert deployment.purge().exit_status == 0
    assert deployment.numbers() == [row.number for row in rows if row.person != 3]


def test_half_compacted_partition_is_for_compaction_first(deployment):
    name = put(deployment, day="2026-05-11")
    info = deployment.data.stat(name)
    inputs = json.dumps([[info.name, info.generation, "x"]])
    data = deployment.indexed_file([Row(1, 1), Row(2, 2)], **{"rally.inputs": inputs})
    folder = name.rpartition("bucket=")[0]
    deployment.data.create(f"{folder}bucket=0-0/compacted-0123456789ab.avro", data)
    report = deployment.purge()
    assert report.faults == [
        (folder, "is compacted by half; run `rally compact`, then purge again")
    ]
    assert deployment.numbers() == [1, 1, 2, 2]


@pytest.mark.parametrize("rows", [[Row(2, 2)], [Row(1, 1), Row(2, 2)]])
def test_compaction_that_dies_after_the_search_is_gone_on_with_first(deployment, rows):
    deployment.join(1, when=-1000)
    name = deployment.put(deployment.indexed_file(rows))
    folder = name.rpartition("bucket=")[0]

    def compact(operation, what):
        if what.endswith("purge.ndjson"):
            info = deployment.data.stat(name)
            inputs = json.dumps([[info.name, info.generation, "x"]])
            data = deployment.indexed_file(rows, **{"rally.inputs": inputs})
            deployment.data.create(
                f"{folder}bucket=0-0/compacted-0123456789ab.avro", data
            )

    deployment.platform.after = compact
    report = deployment.purge()
    assert report.faults == [
        (name, "is compacted by half; run `rally compact`, then purge again")
    ]
    assert len(deployment.numbers()) == 2 * len(rows)


def test_partition_is_leased_once_for_all_its_buckets(deployment):
    taken = []
    for number in range(4):
        name = f"{OLD.folder}bucket=2-{number}/compacted-0123456789ab.avro"
        deployment.data.create(name, deployment.indexed_file([Row(1, number)]))
    deployment.platform.after = lambda operation, name: (
        taken.append(name) if operation == "create" and "date=" in name else None
    )
    deployment.purge()
    assert len(taken) == 1
    assert deployment.names() == []


def test_one_purge_at_a_time(deployment):
    put(deployment)
    with Leases(deployment.platform, "2" * 32, "purge") as leases:
        leases.acquire("purge")
        with pytest.raises(LeaseHeld):
            deployment.purge()
        with pytest.raises(LeaseHeld):
            deployment.purging().plan()
    assert len(deployment.names()) == 1
    assert deployment.purge().exit_status == 0


def test_deletion_at_work_keeps_plans(deployment):
    deployment.now = deployment.now.replace(year=2027)
    name = f"plans/{1:032}/plan.json"
    now, deployment.now = deployment.now, deployment.now.replace(year=2026)
    deployment.platform.create(name, b"{}")
    deployment.now = now
    with Leases(deployment.platform, "2" * 32, "delete") as leases:
        leases.acquire("deletion")
        report = deployment.purge()
    assert name in deployment.records()
    assert report.exit_status == 1
    assert deployment.purge().exit_status == 0
    assert name not in deployment.records()
    assert [info.name for info in deployment.platform.list(RUNS)] == []
