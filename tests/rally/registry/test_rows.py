import io
import json
from datetime import UTC, datetime

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError, PingFailed
from rally.outcomes import FailureReason
from rally.registry.rows import RowEncoder, row_schema, row_takes
from rally.registry.study import Document, Keep, Means, PayloadSchema
from rally.validation.avro_schema import (
    MAX_DEPTH,
    MAX_TYPES,
    read_schema,
    read_with_names,
)
from tests.rally.validation.avro_strategies import schemas

PARTICIPANT = "00000000-0000-8000-8000-000000000001"
DOCUMENT_ID = "00000000-0000-4000-8000-000000000002"
MICROS = 1_646_916_000_123_456


@pytest.fixture(scope="module")
def document():
    payload = {
        "type": "record",
        "name": "visit",
        "fields": [
            {"name": "rally_id", "json": "rally.id", "type": "string"},
            {"name": "seconds", "type": "long"},
        ],
    }
    return Document(
        *("rally-one", "visit", 1, Means.DATA, (), 180, Keep.ALL, 1, "Tests."),
        PayloadSchema(payload, "/rally.id", None, "f1"),
    )


def read(document, row):
    schema = fastavro.parse_schema(json.loads(row_schema(document.schema)))
    stream = io.BytesIO(row)
    record = fastavro.schemaless_reader(stream, schema, None)
    assert stream.read() == b""
    return record


@pytest.mark.parametrize(
    ("agent", "tags"),
    [(None, None), ("", ""), ("Glean.js/1.4", "automation"), ("\u00fc" * 100, None)],
)
def test_row_is_what_its_schema_says(document, agent, tags):
    payload = {"rally.id": PARTICIPANT, "seconds": 3}
    row = RowEncoder(document, document.schema).encode(
        PARTICIPANT, DOCUMENT_ID, MICROS, agent, tags, payload
    )
    assert read(document, row) == {
        "participant": PARTICIPANT,
        "document_id": DOCUMENT_ID,
        "submission_timestamp": datetime(2022, 3, 10, 12, 40, 0, 123456, UTC),
        "client_agent": agent,
        "source_tags": tags,
        "payload": {"rally_id": PARTICIPANT, "seconds": 3},
    }


def test_rows_sort_by_participant_and_then_document(document):
    encoder = RowEncoder(document, document.schema)
    payload = {"rally.id": "", "seconds": 3}
    ids = [f"{n:08x}-0000-8000-8000-000000000001" for n in (0, 1, 0xABCDEF12)]
    rows = [encoder.encode(p, d, 1, None, None, payload) for p in ids for d in ids]
    assert rows == sorted(rows)
    assert all(row[1:37].decode() in ids and row[38:74].decode() in ids for row in rows)


def test_lone_surrogate_in_an_attribute_becomes_a_question_mark(document):
    payload = {"rally.id": "", "seconds": 3}
    row = RowEncoder(document, document.schema).encode(
        PARTICIPANT, DOCUMENT_ID, 0, "a\ud800b", None, payload
    )
    assert read(document, row)["client_agent"] == "a?b"


@pytest.mark.parametrize(
    "payload",
    [{"rally.id": ""}, {"rally.id": "", "seconds": 3, "more": 1}, [], None],
    ids=["less", "more", "list", "null"],
)
def test_payload_that_is_not_what_the_schema_says_fails(document, payload):
    with pytest.raises(PingFailed) as caught:
        RowEncoder(document, document.schema).encode(
            PARTICIPANT, DOCUMENT_ID, 0, None, None, payload
        )
    assert caught.value.reason is FailureReason.SCHEMA_MISMATCH


def is_good_in_a_row(schema) -> bool:
    try:
        read_schema(json.loads(row_schema(PayloadSchema(schema, "/id", None, "f1"))))
    except ConfigurationError:
        return False
    return True


def named(name, *types, **more):
    fields = [{"name": f"f{index}", "type": each} for index, each in enumerate(types)]
    return {"type": "record", "name": name, "fields": fields, **more}


def nested(depth):
    return "long" if depth == 1 else {"type": "array", "items": nested(depth - 1)}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (named("visit", "long"), True),
        (named("stored_row"), False),
        (named("rally.stored_row"), False),
        (named("visit", named("stored_row")), False),
        (named("other.visit", named("stored_row")), True),
        (named("visit", named("stored_row", namespace="other")), True),
        (named("visit", named("a"), named("rally.a")), False),
        (named("visit", named("a"), named("other.a")), True),
        (named("visit", namespace=""), False),
        (nested(MAX_DEPTH - 1), True),
        (nested(MAX_DEPTH), False),
        (named("visit", *["long"] * (MAX_TYPES - 11)), True),
        (named("visit", *["long"] * (MAX_TYPES - 10)), False),
    ],
)
def test_schema_that_is_good_alone_may_not_be_in_a_row(schema, expected):
    assert row_takes(read_with_names(schema, "schema")) is expected
    assert is_good_in_a_row(schema) is expected


@given(schemas(), st.data())
def test_row_takes_what_is_good_in_its_schema(schema, data):
    names = ["N1", "N2", "a", "a.b", "c.d.N1", "c.d.N2"]
    others = ["stored_row", "rally", "rally.stored_row", "rally.N1", "N3", ""]
    old, new = (data.draw(st.sampled_from(each)) for each in (names, others))
    schema = json.loads(json.dumps(schema).replace(f'"{old}"', f'"{new}"'))
    try:
        read = read_with_names(schema, "schema")
    except ConfigurationError:
        return
    assert row_takes(read) is is_good_in_a_row(schema)
