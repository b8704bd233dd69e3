"""Files of other writers lose the rows of who left, in whatever form they have them."""

import io
import json
from uuid import UUID

import fastavro
import pytest
from avro.datafile import DataFileReader, DataFileWriter
from avro.io import DatumReader, DatumWriter
from avro.schema import parse

from rally.deletion.plan import FileOutcome
from tests.support.foreign_avro import (
    FORMS,
    repacked,
    with_columns,
    with_empty_block,
    write_foreign,
)
from tests.support.memory_deployment import Row

CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]
ROWS = [Row(1, 1), Row(2, 2), Row(1, 3, day=25), Row(3, 4, day=10.25)]
"""Person 1 leaves on day 20: the third row is from later, and no enrolment is known."""


def written(deployment, form, rows, **how):
    """A file of these rows in a form."""
    records = [deployment.record(row) for row in rows]
    return write_foreign(form, json.loads(deployment.schema()), records, **how)


def records_in(deployment, name):
    data = repacked(deployment.data.read(name), "null")
    return list(fastavro.reader(io.BytesIO(data)))


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_who_left_is_taken_out_of_every_form(deployment, form, codec):
    data = written(deployment, form, ROWS, sync_interval=1)
    name = deployment.put(repacked(data, codec))
    before = records_in(deployment, name)
    deployment.leave(1, when=20)

    report = deployment.delete()

    assert report.faults == []
    assert records_in(deployment, name) == [before[1], before[3]]
    assert {each.outcome for each in report.verified} == {FileOutcome.CLEAN}
    (receipt,) = deployment.receipts()
    assert [section.rows for section in receipt.sections] == [2]
    deployment.check()


@pytest.mark.parametrize("name", ["Spark", "BigQuery", "fixed", "nullable fixed"])
@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_who_left_is_taken_out_of_what_avros_own_library_wrote(deployment, name, codec):
    form, stream = FORMS[name], io.BytesIO()
    schema = json.dumps(form.schema(json.loads(deployment.schema())))
    records = [form.record(deployment.record(row)) for row in ROWS]
    writer = DataFileWriter(stream, DatumWriter(), parse(schema), codec)
    for record in records:
        writer.append(record)
    writer.flush()
    name = deployment.put(stream.getvalue())
    deployment.leave(1, when=20)

    report = deployment.delete()

    assert report.faults == []
    found = DataFileReader(io.BytesIO(deployment.data.read(name)), DatumReader())
    assert list(found) == [records[1], records[3]]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_file_of_others_stays_byte_for_byte(deployment, form):
    data = written(deployment, form, ROWS)
    name = deployment.put(data)
    deployment.leave(4, when=20)

    report = deployment.delete()

    assert report.faults == []
    assert deployment.data.read(name) == data


@pytest.mark.parametrize("where", ["front", "end", "bare"])
@pytest.mark.parametrize("codec", CODECS)
def test_block_of_no_rows_is_copied(deployment, where, codec):
    data = written(deployment, FORMS["Spark"], ROWS)
    if where == "bare":
        data = with_empty_block(repacked(data, codec), where)
    else:
        data = repacked(with_empty_block(data, where), codec)
    name = deployment.put(data)
    before = records_in(deployment, name)
    deployment.leave(1, when=20)

    report = deployment.delete()

    assert report.faults == []
    assert records_in(deployment, name) == [before[1], before[3]]


def test_file_of_one_block_of_no_rows_goes_as_one_of_no_blocks(deployment):
    name = deployment.put(
        with_empty_block(written(deployment, FORMS["Spark"], []), "alone")
    )
    deployment.leave(1, when=20)

    report = deployment.delete()

    assert report.faults == []
    assert deployment.data.stat(name) is None


@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "a block damaged"])
def test_who_left_is_taken_out_of_many_rows(deployment, is_damaged):
    rows = [Row(number % 50, number) for number in range(500)]
    rows += [Row(60, number) for number in range(500, 600)]
    records = [deployment.record(row) for row in rows]
    stream = io.BytesIO()
    schema = fastavro.parse_schema(json.loads(deployment.schema()))
    fastavro.writer(stream, schema, records, sync_interval=4000, codec="null")
    data = stream.getvalue()
    if is_damaged:  # where somebody else's row begins
        at = data.rindex(deployment.pseudonym(60).encode()) - 1
        data = data[:at] + b"\xff" + data[at + 1 :]
    name = deployment.put(data)
    deployment.leave(1, when=20)

    report = deployment.delete()

    left = deployment.data.read(name)
    assert deployment.pseudonym(1).encode() not in left
    if not is_damaged:
        kept = [
            each for row, each in zip(rows, records, strict=True) if row.person != 1
        ]
        assert report.faults == []
        assert list(fastavro.reader(io.BytesIO(left))) == kept


def test_row_without_a_time_goes_and_one_without_a_person_stays(deployment):
    schema = with_columns(
        participant=["null", "string"], submission_timestamp=["long", "null"]
    )(json.loads(deployment.schema()))
    one, other = (deployment.record(row) for row in ROWS[:2])
    stream = io.BytesIO()
    rows = [
        one | {"submission_timestamp": None},
        other | {"participant": None, "submission_timestamp": 5},
    ]
    fastavro.writer(stream, schema, rows)
    name = deployment.put(stream.getvalue())
    deployment.leave(1, when=20)

    report = deployment.delete()

    assert report.faults == []
    assert [row["document_id"] for row in records_in(deployment, name)] == [
        other["document_id"]
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        lambda pseudonym: UUID(pseudonym).bytes,
        lambda pseudonym: b"x" + UUID(pseudonym).bytes + b"\xff" * 9,
        lambda pseudonym: pseudonym.upper().encode(),
    ],
    ids=["raw", "raw within more", "upper case"],
)
def test_pseudonym_in_somebody_elses_row_is_left_over(deployment, hidden):
    schema = json.loads(deployment.schema())
    schema["fields"].append({"name": "more", "type": "bytes"})
    stream = io.BytesIO()
    note = hidden(deployment.pseudonym(1))
    fastavro.writer(stream, schema, [deployment.record(ROWS[1]) | {"more": note}])
    name = deployment.put(stream.getvalue())
    deployment.leave(1, when=20)

    report = deployment.delete()

    (fault,) = [
        each for each in report.verified if each.outcome is not FileOutcome.CLEAN
    ]
    assert (fault.name, fault.outcome) == (name, FileOutcome.LEFT_OVER)
