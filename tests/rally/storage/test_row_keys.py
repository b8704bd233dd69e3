"""Whose row it is, and when it was sent, is read in whatever form a writer chose."""

import io
import json
from datetime import UTC, datetime

import fastavro
import pytest

from rally.errors import CorruptFile
from rally.storage.header import read_header
from rally.storage.row_keys import RowKey, RowWalker, row_walker
from rally.storage.snapshots import frame_rows, parse_frame
from tests.support.foreign_avro import FORMS, with_columns, write_foreign

SCHEMA = {
    "type": "record",
    "name": "stored_row",
    "namespace": "rally",
    "fields": [
        {"name": "participant", "type": "string"},
        {"name": "document_id", "type": "string"},
        {
            "name": "submission_timestamp",
            "type": {"type": "long", "logicalType": "timestamp-micros"},
        },
        {"name": "client_agent", "type": ["null", "string"], "default": None},
        {
            "name": "payload",
            "type": {
                "type": "record",
                "name": "ping",
                "fields": [{"name": "tags", "type": {"type": "map", "values": "long"}}],
            },
        },
    ],
}
PEOPLE = [f"{number:08x}-0bad-8cab-8dad-{number:012x}" for number in range(1, 4)]
IDS = [f"{number:08x}-feed-4cab-9dad-{number:012x}" for number in range(1, 4)]
MICROS = 1_760_000_000_123_000
TIME = datetime.fromtimestamp(MICROS // 1000 / 1000, UTC)
RECORDS = [
    {
        "participant": participant,
        "document_id": document_id,
        "submission_timestamp": TIME,
        "client_agent": None,
        "payload": {"tags": {"x" * size: size}},
    }
    for size, participant, document_id in zip((0, 5, 300), PEOPLE, IDS, strict=True)
]


def walked(data, wanted):
    """What the walker finds in the one block of a file."""
    header = read_header(data)
    frame = parse_frame(data[header.length :], 0, header.sync)
    rows = frame_rows(frame, header.codec)
    found = RowWalker(header.schema).walk(rows, frame.rows, wanted)
    assert b"".join(row for _, row in found) == rows
    return [key for key, _ in found]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_keys_are_read_in_every_form(form):
    data = write_foreign(form, SCHEMA, RECORDS)
    wanted = {PEOPLE[0].encode(), PEOPLE[2].encode()}
    first, other, last = walked(data, wanted)
    assert first == RowKey(PEOPLE[0].encode(), IDS[0].encode(), MICROS)
    assert other is None
    assert last == RowKey(PEOPLE[2].encode(), IDS[2].encode(), MICROS)


def written(columns, **values):
    """A file of one row with other types and values of some columns."""
    schema = with_columns(**columns)(SCHEMA)
    stream = io.BytesIO()
    fastavro.writer(stream, schema, [RECORDS[0] | values])
    return stream.getvalue()


def test_null_is_nobody_no_document_and_before_all_times():
    participant = PEOPLE[0].encode()
    nothing = {
        "document_id": ["null", "string"],
        "submission_timestamp": ["null", "long"],
    }
    data = written(nothing, document_id=None, submission_timestamp=None)
    assert walked(data, {participant}) == [RowKey(participant, b"", 0)]
    nobody = written({"participant": ["string", "null"]}, participant=None)
    assert walked(nobody, {participant, b"", None}) == [None]


@pytest.mark.parametrize("unit", ["timestamp-nanos", "local-timestamp-nanos"])
def test_nanoseconds_are_microseconds_rounded_down(unit):
    schema = json.loads(json.dumps(SCHEMA))
    stream, plain = io.BytesIO(), with_columns(submission_timestamp="long")(SCHEMA)
    record = RECORDS[0] | {"submission_timestamp": MICROS * 1000 + 999}
    fastavro.schemaless_writer(stream, plain, record)
    schema["fields"][2]["type"]["logicalType"] = unit
    participant = PEOPLE[0].encode()
    ((key, _),) = RowWalker(json.dumps(schema)).walk(
        stream.getvalue(), 1, {participant}
    )
    assert key == RowKey(participant, IDS[0].encode(), MICROS)


@pytest.mark.parametrize(
    "value", [b"short", bytes(15), bytes(17), b"z" * 32, b"{" + PEOPLE[0].encode()]
)
def test_what_is_no_uuid_is_nobody_known(value):
    data = written({"participant": "bytes"}, participant=value)
    assert walked(data, {each.encode() for each in PEOPLE}) == [None]


def test_text_of_sixteen_characters_is_no_uuid():
    text = "0123456789abcdef"
    identifier = f"{text.encode().hex()}"
    data = written({}, participant=text)
    hyphenated = "-".join(
        (identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20])
    )
    wanted = {f"{hyphenated}-{identifier[20:]}".encode()}
    assert walked(data, wanted) == [None]


@pytest.mark.parametrize(
    "schema",
    [
        "no JSON",
        "[]",
        '"string"',
        '{"type": "record", "name": "a", "fields": []}',
        json.dumps({**SCHEMA, "fields": SCHEMA["fields"][1:]}),
        json.dumps(with_columns(submission_timestamp="string")(SCHEMA)),
        json.dumps(with_columns(submission_timestamp=["null", "double"])(SCHEMA)),
        json.dumps(with_columns(participant={"type": {"type": "string"}})(SCHEMA)),
        json.dumps(with_columns(payload="unheard_of")(SCHEMA)),
    ],
)
def test_schema_without_the_columns_is_a_fault_in_one_line(schema):
    with pytest.raises(CorruptFile, match=r"^its schema has not the columns"):
        RowWalker(schema)


def test_files_of_one_schema_share_a_walker_and_few_walkers_are_kept():
    def text(name):
        return json.dumps(SCHEMA | {"name": name})

    first = row_walker(text("first"))
    assert row_walker(text("first")) is first
    others = {row_walker(text(f"other{number}")) for number in range(8)}
    assert len(others) == 8
    assert first not in others
    assert row_walker(text("first")) is not first


def test_walkers_of_long_schemas_are_not_kept():
    long = json.dumps(SCHEMA | {"doc": "x" * (1 << 18)})
    assert row_walker(long) is not row_walker(long)


def test_a_schema_that_was_refused_is_refused_again():
    for _ in range(2):
        with pytest.raises(CorruptFile):
            row_walker('"string"')


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_rows_that_do_not_add_up_are_a_fault(count):
    data = write_foreign(FORMS["Spark"], SCHEMA, RECORDS)
    header = read_header(data)
    frame = parse_frame(data[header.length :], 0, header.sync)
    with pytest.raises(CorruptFile):
        RowWalker(header.schema).walk(frame_rows(frame, "null"), count, ())


def test_no_rows_have_no_keys():
    assert RowWalker(json.dumps(SCHEMA)).walk(b"", 0, ()) == []
