import copy
import io
import re

import fastavro
import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rally.dataset.columns import find_decoder
from rally.dataset.row_bytes import RowBytes
from rally.errors import CorruptFile, PingFailed
from rally.validation.encoder import compile_encoder
from rally.validation.leaves import zig_zag
from tests.rally.validation.avro_strategies import fitting_values, schemas

KEPT = ("timestamp", "local-timestamp", "date")


def decode(schema, rows, wanted):
    decoder = find_decoder(orjson.dumps(schema).decode(), frozenset(wanted))
    bounds = np.cumsum([0, *map(len, rows)])
    return decoder.decode(RowBytes(rows), bounds[:-1], bounds[1:])


def with_decoded_types(schema):
    """The schema without logical types that a table does not show as such."""
    if isinstance(schema, list):
        return [with_decoded_types(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: with_decoded_types(each)
        for key, each in schema.items()
        if key != "logicalType" or each.startswith(KEPT)
    }


def as_avro(value, type_):
    """What fastavro makes of a value: a union is the value of its one branch."""
    if value is None:
        return None
    if pa.types.is_list(type_):
        return [as_avro(each, type_.value_type) for each in value]
    if pa.types.is_map(type_):
        return {key: as_avro(each, type_.item_type) for key, each in value.items()}
    if not pa.types.is_struct(type_):
        return value
    if all(re.fullmatch(r"f\d", each.name) for each in type_):
        return {each.name: as_avro(value[each.name], each.type) for each in type_}
    ((type_, value),) = [
        (each.type, value[each.name]) for each in type_ if value[each.name] is not None
    ]
    return as_avro(value, type_)


@st.composite
def rows_of_any_schema(draw):
    """A schema of two columns, encoded rows, and how often they are repeated."""
    schema = {
        "type": "record",
        "name": "row_of_a_test",
        "fields": [
            {"name": "payload", "type": draw(schemas())},
            {"name": "behind", "type": "long"},
        ],
    }
    encode, rows = compile_encoder(schema), []
    for payload in draw(st.lists(fitting_values(schema["fields"][0]["type"]))):
        try:
            rows.append(encode({"payload": payload, "behind": len(rows) * 50}))
        except PingFailed:
            continue
    assume(rows)
    return schema, rows * draw(st.sampled_from([1, 40]))


@given(rows_of_any_schema())
def test_columns_are_what_fastavro_reads(case):
    schema, rows = case
    parsed = fastavro.parse_schema(with_decoded_types(copy.deepcopy(schema)))
    expected = [
        fastavro.schemaless_reader(io.BytesIO(row), parsed, None) for row in rows
    ]

    columns = decode(schema, rows, [("payload",), ("behind",)])
    behind = decode(schema, rows, [("behind",)])

    for array in columns.values():
        array.validate(full=True)
    payload = columns["payload",]
    found = [
        as_avro(each, payload.type)
        for each in payload.to_pylist(maps_as_pydicts="strict")
    ]
    assert found == [each["payload"] for each in expected]
    assert behind["behind",].equals(columns["behind",])
    assert behind["behind",].to_pylist() == [each["behind"] for each in expected]


@given(rows_of_any_schema(), st.data())
def test_damaged_rows_are_corrupt_or_read_as_something(case, data):
    schema, rows = case
    whole = bytearray(b"".join(rows))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    bounds, at = [], 0
    for row in rows:
        bounds.append(bytes(whole[at : at + len(row)]))
        at += len(row)

    try:
        columns = decode(schema, bounds, [("payload",), ("behind",)])
    except CorruptFile:
        return
    for array in columns.values():
        array.validate(full=True)
        assert len(array) == len(rows)


def of_record(name, field, type_):
    inner = {"name": field, "type": type_}
    return {"type": "record", "name": name, "fields": [inner]}


def test_fields_of_records_that_may_be_null_are_columns():
    fields = {
        "one": [of_record("r1", "a", "int")],
        "two": ["null", of_record("r2", "b", "string")],
        "three": [of_record("r3", "c", ["null", "long"]), "null"],
        "several": ["null", of_record("r4", "d", "int"), "long"],
    }
    schema = {
        "type": "record",
        "name": "row_of_a_test",
        "fields": [{"name": name, "type": each} for name, each in fields.items()],
    }
    values = [
        {"one": {"a": 1}, "two": {"b": "x"}, "three": {"c": 5}, "several": {"d": 1}},
        {"one": {"a": 2}, "two": None, "three": {"c": None}, "several": 7},
        {"one": {"a": 3}, "two": {"b": "y"}, "three": None, "several": None},
    ]
    encode = compile_encoder(schema)
    rows = [encode(each) for each in values]
    wanted = [("one", "a"), ("two", "b"), ("three", "c"), ("several",)]

    columns = decode(schema, rows, [*wanted, ("two", "none"), ("several", "d")])

    assert {path: each.to_pylist() for path, each in columns.items()} == {
        ("one", "a"): [1, 2, 3],
        ("two", "b"): ["x", None, "y"],
        ("three", "c"): [5, None, None],
        ("several",): [
            {"r4": {"d": 1}, "long": None},
            {"r4": None, "long": 7},
            None,
        ],
    }
    assert decode(schema, rows, [("two", "b")])["two", "b"] == columns["two", "b"]


LISTS = {
    "type": "record",
    "name": "row_of_a_test",
    "fields": [{"name": "items", "type": {"type": "array", "items": "null"}}],
}
DEEP = {
    **LISTS,
    "fields": [
        {
            "name": "items",
            "type": {"type": "array", "items": {"type": "map", "values": "string"}},
        }
    ],
}


@pytest.mark.parametrize(
    ("schema", "row"),
    [
        (LISTS, zig_zag(2**40) + b"\0"),
        (LISTS, zig_zag(-(2**63)) + b"\0\0"),
        (LISTS, b"\2" * 3_000),
        (DEEP, zig_zag(2**62)),
        (DEEP, b"\2\2\2a" + zig_zag(2**62)),
        (DEEP, b"\2\2\2a" + zig_zag(-1)),
        (DEEP, b"\2\2\2\xff\2a\0\0"),
        (DEEP, b"\xff" * 11),
        (DEEP, b"\2\2"),
        (DEEP, b"\0\0"),
    ],
)
@pytest.mark.parametrize("times", [1, 100])
def test_hostile_rows_are_corrupt(schema, row, times):
    with pytest.raises(CorruptFile):
        decode(schema, [row] * times, [("items",)])


@pytest.mark.parametrize("times", [1, 100])
def test_items_of_several_blocks_are_one_list(times):
    blocks = b"\2\2\2a\2b\0" + zig_zag(-2) + zig_zag(8) + b"\2\2c\2d\0\0" + b"\0"

    columns = decode(DEEP, [blocks, b"\0"] * times, [("items",)])

    found = columns["items",].to_pylist(maps_as_pydicts="strict")
    assert found == [[{"a": "b"}, {"c": "d"}, {}], []] * times


@pytest.mark.parametrize(
    "schema",
    [
        "{",
        "[" * 100_000,
        '"string"',
        orjson.dumps(
            {**LISTS, "fields": [{"name": "again", "type": "row_of_a_test"}]}
        ).decode(),
    ],
)
def test_schemas_that_are_none_of_rows_are_corrupt(schema):
    with pytest.raises(CorruptFile):
        find_decoder(schema, frozenset())


def test_schema_of_too_many_places_is_corrupt():
    def nested(level):
        inner = nested(level - 1) if level else "null"
        name = f"t{level}"
        fields = [{"name": "a", "type": inner}, {"name": "b", "type": _name(inner)}]
        return {"type": "record", "name": name, "fields": fields}

    with pytest.raises(CorruptFile):
        find_decoder(orjson.dumps(nested(30)).decode(), frozenset())


def _name(schema):
    return schema["name"] if isinstance(schema, dict) else schema
