"""Encoders take and write what a reference, fastavro and Apache Avro do."""

import io

import avro.io
import fastavro
from hypothesis import given
from hypothesis import strategies as st

from rally.validation.encoder import compile_encoder
from tests.rally.validation.avro_examples import (
    parsed_by_apache,
    written,
)
from tests.rally.validation.avro_strategies import (
    fitting_values,
    json_values,
    mutations,
    schemas,
)
from tests.rally.validation.reference import Mismatch, to_datum, without_branches
from tests.rally.validation.refusals import is_refused


@given(st.data())
def test_encoder_takes_and_writes_what_the_reference_does(data):
    schema = data.draw(schemas())
    encode = compile_encoder(schema)
    fits = data.draw(fitting_values(schema))
    for value in (fits, data.draw(mutations(fits)), data.draw(json_values)):
        try:
            datum = to_datum(schema, value)
        except Mismatch:
            assert is_refused(encode, value)
        else:
            assert encode(value) == written(schema, datum)


@given(st.data())
def test_encoding_is_read_back_by_fastavro_and_by_apache_avro(data):
    schema = data.draw(schemas())
    value = data.draw(fitting_values(schema))
    try:
        datum = without_branches(to_datum(schema, value))
    except Mismatch:
        return
    encoded = compile_encoder(schema)(value)
    bare = without_logical_types(schema)
    assert read_by_fastavro(bare, encoded) == datum
    assert read_by_apache(bare, encoded) == datum
    read_by_fastavro(schema, encoded)  # neither stumbles over a logical value
    read_by_apache(schema, encoded)


def without_logical_types(schema):
    if isinstance(schema, list):
        return [without_logical_types(part) for part in schema]
    if isinstance(schema, dict):
        return {
            key: without_logical_types(part)
            for key, part in schema.items()
            if key != "logicalType"
        }
    return schema


def read_by_fastavro(schema, encoded):
    buffer = io.BytesIO(encoded)
    value = fastavro.schemaless_reader(buffer, fastavro.parse_schema(schema), None)
    assert buffer.read() == b""
    return value


def read_by_apache(schema, encoded):
    parsed = parsed_by_apache(schema)
    buffer = io.BytesIO(encoded)
    value = avro.io.DatumReader(parsed, parsed).read(avro.io.BinaryDecoder(buffer))
    assert buffer.read() == b""
    return value
