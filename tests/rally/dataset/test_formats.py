"""Files of rows: what each format makes of a value, always the same."""

import io
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rally.dataset.formats import Format, open_writer

SCHEMA = pa.schema(
    [
        pa.field("text", pa.string()),
        pa.field("time", pa.timestamp("us", "UTC")),
        pa.field("number", pa.float64()),
        pa.field("values", pa.map_(pa.string(), pa.int64())),
        pa.field("bytes", pa.binary()),
    ]
)
TIME = datetime(2026, 5, 18, 1, 2, 3, 4000, UTC)
BATCH = pa.RecordBatch.from_pylist(
    [
        {
            "text": "=1+1",
            "time": TIME,
            "number": -0.5,
            "values": {"a": 1},
            "bytes": b"\0\xff",
        },
        {"text": 'a "b"\n', "number": float("nan")},
    ],
    SCHEMA,
)


def written(format, *batches):
    stream = io.BytesIO()
    writer = open_writer(format, SCHEMA, stream)
    for each in batches:
        writer.write(each)
    writer.close()
    return stream.getvalue()


@pytest.mark.parametrize("format", Format)
def test_same_rows_are_the_same_bytes(format):
    assert written(format, BATCH, BATCH) == written(format, BATCH, BATCH)
    assert written(format, BATCH) != written(format, BATCH, BATCH)


def test_csv_has_no_formula_and_cells_of_json():
    assert written(Format.CSV, BATCH).decode() == (
        "text,time,number,values,bytes\r\n"
        '\'=1+1,2026-05-18T01:02:03.004000Z,-0.5,"{""a"":1}",00ff\r\n'
        '"a ""b""\n",,nan,,\r\n'
    )


def test_json_lines_have_times_as_text_and_no_number_that_json_lacks():
    lines = written(Format.JSONL, BATCH).splitlines()

    assert [json.loads(each) for each in lines] == [
        {
            "text": "=1+1",
            "time": "2026-05-18T01:02:03.004000Z",
            "number": -0.5,
            "values": {"a": 1},
            "bytes": "00ff",
        },
        {
            "text": 'a "b"\n',
            "time": None,
            "number": None,
            "values": None,
            "bytes": None,
        },
    ]


def test_parquet_and_arrow_have_types_with_rows_and_without():
    for batches in ((BATCH,), ()):
        expected = pa.Table.from_batches(batches, SCHEMA)
        parquet = pq.read_table(io.BytesIO(written(Format.PARQUET, *batches)))
        arrow = pa.ipc.open_file(written(Format.ARROW, *batches)).read_all()
        assert parquet.schema == arrow.schema == SCHEMA
        rows = repr(expected.to_pylist())  # of which one is no number
        assert repr(parquet.to_pylist()) == repr(arrow.to_pylist()) == rows
