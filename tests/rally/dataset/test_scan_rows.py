"""Which rows and columns a scan leaves out, and what it need not read."""

import io
import json
from datetime import UTC, date, datetime

import fastavro
import pyarrow as pa
import pytest

from rally.dataset import scan as scanning
from rally.errors import CorruptFile
from rally.registry.rows import row_schema
from rally.storage.objectstore.interface import GenerationMismatch
from rally.storage.partitions import EVERYBODY
from rally.storage.row_streams import UnreadableRows
from rally.withdrawal.view_object import ExpungedRows
from tests.fakes.memory_store import nothing
from tests.rally.compaction.memory_study import (
    SURVEY,
    VISIT,
    Row,
    day_of,
    participant,
    partition,
)
from tests.rally.dataset.tables import Left, rows_of, scan
from tests.support.foreign_avro import FORMS, write_foreign

TIME, PAGE = "submission_timestamp", "page"
ROWS = [Row(0, 1), Row(5, 2, 1, 30, "b"), Row(5, 3, 2, 40, "c"), Row(15, 4, 3)]
LATER = datetime(2026, 5, 19, 0, 0, 30, tzinfo=UTC)


def test_table_has_the_columns_of_every_revision(study):
    study.add(Row(0, 1, page="a"), Row(5, 2, revision=1))

    table = pa.Table.from_batches(scan(study).read())

    assert table.schema == scan(study).schema
    assert table.schema.names == [
        *("participant", "document_id", "submission_timestamp", "client_agent"),
        *("source_tags", "id", "page", "seconds"),
    ]
    assert table.sort_by("participant").to_pylist()[0] == {
        "participant": participant(0),
        "document_id": "00000000-0000-0000-0000-000000000001",
        "submission_timestamp": datetime(2026, 5, 18, tzinfo=UTC),
        "client_agent": None,
        "source_tags": None,
        "id": "x",
        "page": "a",
        "seconds": None,
    }


def test_chosen_columns_come_in_the_order_asked_for(study):
    study.add(*ROWS)

    scanned = scan(study, columns=["page", "participant"])

    assert scanned.schema.names == ["page", "participant"]
    (batch, *_) = scanned.read()
    assert batch.to_pylist() == [{"page": "", "participant": participant(0)}]


def test_rows_of_who_left_are_not_read(study):
    study.add(*ROWS)
    before = ROWS[2].time

    assert rows_of(scan(study, exclusions=Left(0, 15))) == [ROWS[1], ROWS[2]]
    assert rows_of(scan(study, exclusions=Left(5, before=before))) == [
        ROWS[0],
        *ROWS[2:],
    ]


def test_rows_that_are_too_many_for_the_memory_are_read_twice(study, monkeypatch):
    twins = [Row(7, 9, 0, 9, page, 0) for page in ("b", "a")]
    study.add(*ROWS, twins[0], Row(7, 8, 0, 8), Row(7, 8, 1, 8))
    study.compact(0)
    study.add(twins[1])
    given = {
        "exclusions": Left(0),
        "columns": ["participant", "document_id", TIME, PAGE],
    }
    expected = rows_of(scan(study, **given))
    assert expected == sorted([*ROWS[1:], twins[1], Row(7, 8, 0, 8)])
    monkeypatch.setattr(scanning, "_MOST_HELD", 0)

    assert rows_of(scan(study, **given)) == expected
    seen = [
        found
        for _, batch in scan(study, **given).batches_by_file()
        for found in batch[PAGE].to_pylist()
    ]
    assert sorted(seen) == sorted(each.page for each in expected)


def test_file_that_goes_while_its_rows_are_read_twice_is_named(study, monkeypatch):
    study.add(ROWS[0])
    monkeypatch.setattr(scanning, "_MOST_HELD", 0)
    rows = scan(study)._rows(EVERYBODY)
    _, batches = next(rows)
    name, generation = batches[0].source
    study.store.delete(name, generation)

    with pytest.raises(GenerationMismatch, match=name):
        batches[0].load()


def test_row_that_is_left_out_hides_no_other(study):
    earlier, later = Row(5, 1, 0, 10), Row(5, 1, 1, 20)
    study.add(earlier, later)

    assert rows_of(scan(study)) == [earlier]
    left = Left(5, before=later.time)
    assert rows_of(scan(study, exclusions=left)) == [later]


def test_dates_choose_rows_and_duplicates_before_them_count(study):
    study.add(*ROWS, Row(5, 2, 2, 50))

    first, last = (date.fromisoformat(day_of(each)) for each in (2, 2))
    assert rows_of(scan(study, since=first, until=last)) == [ROWS[2]]
    assert rows_of(scan(study, until=last)) == ROWS[:3]


def test_later_answer_replaces_an_earlier_one_even_behind_the_last_date(study):
    study.add(Row(0, 1), Row(0, 2, 3), Row(5, 3), document=SURVEY)

    until = date.fromisoformat(day_of(1))
    assert rows_of(scan(study, SURVEY, until=until)) == [Row(5, 3)]
    assert rows_of(scan(study, SURVEY)) == [Row(0, 2, 3), Row(5, 3)]


def test_rows_past_their_retention_are_not_read(study):
    study.add(*ROWS)

    days = (datetime(2026, 6, 1) - datetime.fromisoformat(day_of(2))).days
    assert rows_of(scan(study, changes={"delete_after_days": days})) == ROWS[2:]


def test_what_is_expunged_is_not_read(study):
    study.add(Row(0, 1, 0, 0, "a", 1), Row(0, 2, 1, 0, "b", 1), Row(0, 3, 2, 0, "c", 1))

    def read(*orders):
        exclusions = Left(expunges=orders)
        scanned = scan(study, exclusions=exclusions, columns=["page", "id"])
        return [row for batch in scanned.read() for row in batch.to_pylist()]

    def order(document, field, day):
        return ExpungedRows(document, field, day_of(day), day_of(day))

    assert [row["page"] for row in read(order(VISIT, None, 1))] == ["a", "c"]
    # Neither null nor empty can stand in its place: the rows are left out.
    assert [row["page"] for row in read(order(VISIT, "/page", 0))] == ["b", "c"]
    assert len(read(order("other.1", None, 1))) == 3
    optional = Left(expunges=[order(VISIT, "/seconds", 1)])
    study_rows = [
        row["seconds"]
        for batch in scan(study, exclusions=optional).read()
        for row in batch.to_pylist()
    ]
    assert study_rows == [None, None, None]


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ([("page", "==", "b")], ROWS[1:2]),
        ([("page", "!=", "b")], [ROWS[0], *ROWS[2:]]),
        ([("page", "in", ["b", "c"])], ROWS[1:3]),
        ([("page", "not in", ["b", "c"])], [ROWS[0], ROWS[3]]),
        ([("page", ">=", "b"), ("page", "<", "c")], ROWS[1:2]),
        ([[("page", "==", "b")], [("page", "==", "c")]], ROWS[1:3]),
        ([("participant", "==", participant(5))], ROWS[1:3]),
        ([("participant", "in", [participant(5), participant(0)])], ROWS[:3]),
        (
            [
                (
                    "submission_timestamp",
                    ">",
                    datetime(2026, 5, 19, 0, 0, 30, tzinfo=UTC),
                )
            ],
            ROWS[2:],
        ),
        ([("seconds", "==", 1)], []),
        ([("seconds", "!=", 1)], []),
        ([], ROWS),
    ],
)
def test_filters_choose_rows(study, filters, rows):
    study.add(*ROWS)

    assert rows_of(scan(study, filters=filters)) == rows
    study.compact()
    assert rows_of(scan(study, filters=filters)) == rows


def test_files_of_other_dates_and_people_are_not_opened(study):
    study.add(*ROWS)
    study.compact()
    opened = set()
    study.store.fault = lambda operation, name: opened.add((operation, name))

    rows_of(scan(study, filters=[("participant", "==", participant(15))]))

    study.store.fault = nothing
    read = {name for operation, name in opened if operation == "open"}
    assert {name.split("bucket=")[1].split("/")[0] for name in read} == {"2-3"}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_rows_that_another_program_wrote_are_in_the_table(study, name):
    form, schema = FORMS[name], json.loads(row_schema(study.schema()))
    records = [
        fastavro.schemaless_reader(
            io.BytesIO(study.encode(row)), fastavro.parse_schema(schema), None
        )
        for row in (Row(0, 1, 0, 5, "a"), Row(0, 1, 0, 5, "a"), Row(15, 2, 0, 7, "b"))
    ]
    study.store.create(
        f"{partition().folder}part-0.avro", write_foreign(form, schema, records)
    )

    assert rows_of(scan(study)) == [Row(0, 1, 0, 5, "a"), Row(15, 2, 0, 7, "b")]


def test_damaged_file_is_named(study):
    (name,) = study.add(ROWS[0])
    data = bytearray(study.store.read(name))
    data[-20] ^= 0xFF
    study.store.replace(name, bytes(data), study.store.stat(name).generation)

    with pytest.raises(UnreadableRows) as error:
        rows_of(scan(study))

    assert error.value.name == name
    assert isinstance(error.value.cause, CorruptFile)


def test_partition_whose_compacted_file_is_damaged_is_named(study):
    study.add(ROWS[0])
    study.compact()
    (name,) = (info.name for info in study.store.list())
    study.store.replace(name, b"Obj", study.store.stat(name).generation)
    study.add(ROWS[0]._replace(second=1))

    with pytest.raises(UnreadableRows) as error:
        rows_of(scan(study))

    assert error.value.name == partition().folder


def test_rows_of_each_file_follow_each_other(study):
    names = study.add(Row(0, 1, 0, 5, "a"), Row(0, 1, 1, 6, "b"))
    names += study.add(Row(0, 2, 0, 7, "c"), Row(5, 1, 1, 8, "d"))

    found = [
        (source, made.column("page").to_pylist())
        for source, made in scan(study).batches_by_file()
    ]

    # What an earlier date has is in none of the later one's files.
    pages = {names[0]: ["a"], names[2]: ["c"], names[3]: ["d"]}
    assert sorted(found) == sorted(
        ((name, study.store.stat(name).generation), pages[name]) for name in pages
    )


def test_study_without_rows_is_an_empty_table(study):
    assert rows_of(scan(study)) == []
    assert len(scan(study).ranges()) == 1


def test_ranges_have_everybody_once(study):
    study.add(*(Row(person, 1, 0, person) for person in range(16)))

    ranges = scan(study).ranges(most_bytes=200)

    assert len(ranges) > 1
    parts = [rows_of(scan(study), people=each) for each in ranges]
    assert sorted(row for part in parts for row in part) == rows_of(scan(study))
