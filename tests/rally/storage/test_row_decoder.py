"""Rows come back as the JSON that clients sent, for every schema."""

import io
import json

import fastavro
import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rally.errors import ConfigurationError, CorruptFile, PingFailed
from rally.storage.row_decoder import RowDecoder
from rally.validation.encoder import compile_encoder
from tests.rally.storage.test_row_skipper import LEAF, TREE, encoded
from tests.rally.validation.avro_strategies import fitting_values, schemas

OPTIONAL = {
    "type": "record",
    "name": "r",
    "fields": [
        {"name": "a_b", "json": "a.b", "type": "long"},
        {"name": "gone", "type": ["null", "string"], "default": None},
        {"name": "none", "type": ["string", "null"], "default": "x"},
    ],
}


def test_names_of_clients_and_fields_that_were_absent():
    data = encoded(OPTIONAL, {"a_b": 7, "gone": None, "none": None})
    assert RowDecoder(OPTIONAL).decode(data) == {"a.b": 7, "none": None}


def test_types_that_recur_and_bytes_as_text():
    tree = LEAF | {"more": [LEAF], "named": {"é": LEAF}, "leaf": 2**62}
    leaf = LEAF | {"mark": "abc", "again": "xyz"}
    assert RowDecoder(TREE).decode(encoded(TREE, tree)) == leaf | {
        "more": [leaf],
        "named": {"é": leaf},
        "leaf": 2**62,
    }


@given(st.data())
def test_what_is_decoded_is_encoded_to_the_same_bytes(data):
    schema = data.draw(schemas())
    try:
        encode = compile_encoder(schema)
    except ConfigurationError:
        assume(False)
    value = data.draw(fitting_values(schema))
    try:
        row = encode(value)
    except PingFailed:
        assume(False)
    decoded = RowDecoder(json.loads(json.dumps(schema))).decode(row)
    assert encode(orjson.loads(orjson.dumps(decoded))) == row


@given(st.data(), st.binary(max_size=40))
def test_damaged_rows_are_refused_or_are_rows(data, bytes_):
    schema = data.draw(schemas())
    try:
        RowDecoder(schema).decode(bytes_)
    except CorruptFile:
        return
    stream = io.BytesIO(bytes_)
    fastavro.schemaless_reader(stream, fastavro.parse_schema(schema), None)


@pytest.mark.parametrize(
    "schema",
    ["nobody", {"type": "record"}, [{"type": "array"}], 7, None],
    ids=["unknown name", "no fields", "no items", "number", "none"],
)
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(CorruptFile):
        RowDecoder(schema)


@pytest.mark.parametrize(
    "row", [b"", b"\x0e\x00\x02\xff", b"\x0e\x00\x02\x00", b"\x0e\x04\x02"]
)
def test_cut_off_and_longer_rows_are_refused(row):
    with pytest.raises(CorruptFile):
        RowDecoder(OPTIONAL).decode(row)


def test_an_array_of_more_items_than_bytes_is_refused():
    schema = {"type": "array", "items": "null"}
    with pytest.raises(CorruptFile):
        RowDecoder(schema).decode(b"\xfe\xff\xff\xff\x0f\x00")
