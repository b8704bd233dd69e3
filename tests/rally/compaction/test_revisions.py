"""Rows of several schemas in one partition: a file for each, and each row once."""

import io
import json
from contextlib import suppress

import fastavro
import pytest

from rally.compaction.outcomes import CompactionOutcome, CompactionResult, LeftOutRows
from rally.registry.rows import row_schema
from rally.storage.container import encode_container
from rally.storage.header import read_header
from tests.fakes.memory_store import nothing
from tests.rally.compaction.memory_study import (
    STUDY,
    SURVEY,
    VISIT,
    Killed,
    Row,
    expected_rows,
    partition,
)

OLD, NEW = 0, 1


def of(revision, *rows):
    return [row._replace(revision=revision) for row in rows]


def path(study, *compacted):
    return f"data/study={STUDY}/document={VISIT}/date={study.compacted(*compacted)}"


def test_each_bucket_has_a_file_for_each_schema_that_says_which(study):
    old, new = of(OLD, Row(0, 1), Row(0xF, 1)), of(NEW, Row(0, 2), Row(0xF, 2))
    study.add(*old, *new)

    done = study.compact()

    files = {
        study.compacted(0, bucket, VISIT, revision): [row]
        for revision, rows in ((OLD, old), (NEW, new))
        for bucket, row in zip(("2-0", "2-3"), rows, strict=True)
    }
    assert study.files() == files
    assert done == [CompactionResult(partition(), CompactionOutcome.COMPACTED, 2, 4, 4)]
    for revision in (OLD, NEW):
        schema = study.schema(revision)
        entries = study.entries(path(study, 0, "2-0", VISIT, revision))
        assert entries["rally.schema"].decode() == schema.fingerprint
        assert entries["avro.schema"].decode() == row_schema(schema)
    assert study.compact() == []


def test_a_file_names_inputs_of_its_own_schema_alone(study):
    names = study.add(*of(OLD, Row(0, 1)), *of(NEW, Row(0, 2)))
    study.compact()
    for revision in (OLD, NEW):
        entries = study.entries(path(study, 0, "2-0", VISIT, revision))
        inputs = json.loads(entries["rally.inputs"])
        assert [name for name, *_ in inputs] == [names[revision]]


@pytest.mark.parametrize("order", ["at once", "in turn", "backwards"])
@pytest.mark.parametrize("day", [0, 1], ids=["one date", "two dates"])
@pytest.mark.parametrize("first", [OLD, NEW])
def test_the_earliest_of_duplicates_stays_whatever_its_schema(study, first, day, order):
    rows = [Row(5, 1, 0, 3, "z", first), Row(5, 1, day, 7, "a", 1 - first)]
    for row in reversed(rows) if order == "backwards" else rows:
        study.add(row)
        if order != "at once":
            study.compact()
    study.compact()
    assert study.view() == rows[:1]
    assert list(study.files()) == [study.compacted(0, "2-1", VISIT, first)]


@pytest.mark.parametrize("order", ["at once", "in turn", "backwards"])
@pytest.mark.parametrize("last", [OLD, NEW])
def test_the_latest_answer_stays_whatever_its_schema(study, last, order):
    rows = [
        *(Row(5, 1, 0, 0, "", 1 - last), Row(5, 2, 4, 1, "", last)),
        *(Row(5, 3, 4, 2, "", 1 - last), Row(5, 4, 9, 0, "", last)),
    ]
    for row in reversed(rows) if order == "backwards" else rows:
        study.add(row, document=SURVEY)
        if order != "at once":
            study.compact()
    study.compact()
    assert study.view(SURVEY) == rows[-1:]


def test_a_file_of_another_schema_stays_byte_for_byte(study):
    study.add(*of(OLD, Row(0, 1)), *of(NEW, Row(0, 2)))
    study.compact()
    before = study.generations()
    study.add(*of(NEW, Row(0, 3)))

    done = study.compact()

    old = path(study, 0, "2-0", VISIT, OLD)
    assert study.generations()[old] == before[old]
    assert done == [CompactionResult(partition(), CompactionOutcome.COMPACTED, 3, 2, 3)]


@pytest.mark.parametrize("change", range(1, 8))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_that_is_killed_between_the_files_of_a_bucket_is_finished(
    study, change, after
):
    """Each file loses a row to the other: whichever is first, a row may stand twice."""
    stored = [Row(0, 1, second=5), Row(0, 2, second=5, revision=NEW)]
    study.add(*stored)
    study.compact()
    winners = [Row(0, 1, second=1, revision=NEW), Row(0, 2, second=1)]
    study.add(*winners)
    left = [change]

    def kill(operation, _):
        if operation in ("create", "replace", "delete"):
            left[0] -= 1
            if not left[0]:
                raise Killed

    setattr(study.store, "after" if after else "fault", kill)
    with suppress(Killed):
        study.compact()
    study.store.fault = study.store.after = nothing

    assert set(winners) <= set(study.view())
    assert len(study.view()) <= 4
    study.compact()
    assert study.view() == winners
    assert study.compact() == []


def test_rows_that_lost_are_counted(study):
    study.add(*of(OLD, Row(0, 1, second=5)), *of(NEW, Row(0, 2)))
    study.compact()
    study.add(*of(NEW, Row(0, 1, second=1), Row(0, 1, second=2)))
    (done,) = study.compact()
    assert (done.counts, done.rows_after) == (LeftOutRows(duplicates=2), 2)


def test_a_file_without_a_fingerprint_has_one_of_its_own_schema(study):
    """Another program's rows do not become those of a reviewed schema."""
    study.add(Row(0, 1))
    row = study.encode(Row(0, 2))
    schema = row_schema(study.schema())
    data = encode_container(schema, [row], {}, bytes(16), indexed=True)
    study.store.create(f"{partition().folder}part-0.avro", data)
    study.compact()
    assert sorted(study.files().values()) == [[Row(0, 1)], [Row(0, 2)]]
    stated = {study.entries(name)["rally.schema"] for name in study.generations()}
    assert stated == {b"", study.schema().fingerprint.encode()}


def test_a_compacted_file_under_the_name_of_another_schema_is_left_as_it_is(study):
    study.add(Row(0, 1))
    study.compact()
    own, other = (path(study, 0, "2-0", VISIT, each) for each in (OLD, NEW))
    study.store.create(other, study.store.read(own))
    study.add(Row(0, 2))

    (done,) = study.compact()

    assert [(each.outcome, each.name) for each in done.troubles] == [
        (CompactionOutcome.NOT_INDEXED, other)
    ]
    assert study.view() == [Row(0, 1), Row(0, 1), Row(0, 2)]


@pytest.mark.parametrize(
    ("schemas", "outcome"), [(32, "compacted"), (33, "schemas differ")]
)
def test_a_partition_of_very_many_schemas_is_left_alone(study, schemas, outcome):
    text = row_schema(study.schema())
    for number in range(schemas):
        entries = {"rally.schema": f"{number:064x}"[::-1]}
        row = study.encode(Row(number % 16, number))
        data = encode_container(text, [row], entries, bytes(16), indexed=True)
        name = f"{partition().folder}bucket=new/{number}.avro"
        study.store.create(name, data)
    (done,) = study.compact()
    assert done.outcome == outcome
    assert len(study.view()) == schemas


def test_readers_with_the_newest_schema_see_one_table(study):
    study.add(*of(OLD, Row(0, 1)), *of(NEW, Row(0, 2)))
    study.compact()
    reader = json.loads(row_schema(study.schema(NEW)))
    seen = {
        row["document_id"][-1]: row["payload"]
        for name in study.generations()
        for row in fastavro.reader(io.BytesIO(study.store.read(name)), reader)
    }
    assert seen == {
        "1": {"id": "x", "page": "", "seconds": None},
        "2": {"id": "x", "page": "", "seconds": None},
    }
    assert (
        len({read_header(study.store.read(n)).schema for n in study.generations()}) == 2
    )


def test_a_partition_of_many_files_of_two_schemas_is_compacted(study):
    """More than are read side by side: rows go by way of temporary files."""
    rows = [
        Row(number % 16, number % 50, 0, 100 - number, "", number % 3 % 2)
        for number in range(100)
    ]
    for row in rows:
        study.add(row)
    study.compact()
    assert study.view() == expected_rows(rows, VISIT, study.order)
    assert len(study.files()) == 8
