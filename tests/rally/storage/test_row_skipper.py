"""Where an encoded value ends is found without decoding it, for every schema."""

import io
from itertools import accumulate

import fastavro
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rally.errors import ConfigurationError, PingFailed
from rally.storage.row_skipper import compile_columns, compile_walker
from rally.validation.encoder import compile_encoder
from rally.validation.leaves import zig_zag
from tests.rally.validation.avro_strategies import fitting_values, schemas

TREE = {
    "type": "record",
    "name": "tree",
    "namespace": "some.where",
    "fields": [
        {"name": "leaf", "type": ["null", "string", {"type": "long"}]},
        {"name": "more", "type": {"type": "array", "items": "tree"}},
        {"name": "named", "type": {"type": "map", "values": "some.where.tree"}},
        {"name": "kind", "type": {"type": "enum", "name": "e", "symbols": ["A", "B"]}},
        {"name": "mark", "type": {"type": "fixed", "name": "f", "size": 3}},
        {"name": "again", "type": ["f", "e"]},
        {"name": "numbers", "type": {"type": "array", "items": ["float", "double"]}},
    ],
}
LEAF = {
    "leaf": None,
    "more": [],
    "named": {},
    "kind": "A",
    "mark": b"abc",
    "again": ("some.where.f", b"xyz"),
    "numbers": [1.5, 2.5],
}


def encoded(schema, value):
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, schema, value)
    return stream.getvalue()


def test_types_that_recur_by_short_and_full_names():
    tree = LEAF | {
        "leaf": "x" * 300,
        "more": [LEAF, LEAF | {"leaf": 2**62, "more": [LEAF]}],
        "named": {"a": LEAF, "b" * 200: LEAF | {"kind": "B"}},
        "again": ("some.where.e", "B"),
    }
    data = encoded(TREE, tree)
    assert compile_walker(TREE)(data + data, 2) == [len(data), 2 * len(data)]


def test_blocks_of_arrays_that_say_how_many_bytes_they_have():
    items = b"".join(map(zig_zag, [1, 300, -7]))
    data = zig_zag(-3) + zig_zag(len(items)) + items + zig_zag(1) + b"\x02" + b"\0"
    walk = compile_walker({"type": "array", "items": "long"})
    assert walk(data, 1) == [len(data)]


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ("string", b""),
        ("string", b"\x01"),
        ("bytes", zig_zag(-5) + b"abcdefgh"),
        ("long", b"\xff" * 3),
        (["null", "int"], zig_zag(2)),
        (["null", "int"], zig_zag(-1)),
        ({"type": "array", "items": "null"}, zig_zag(1 << 40) + b"\0"),
        ({"type": "array", "items": "int"}, zig_zag(-2) + zig_zag(-9) + b"\0"),
        ({"type": "map", "values": "int"}, zig_zag(1) + b"\x01"),
    ],
    ids=["nothing", "length below zero", "long length below zero", "cut number",
         "branch above", "branch below", "endless", "size below zero", "bad key"],
)  # fmt: skip
def test_what_is_no_such_value_is_told(schema, data):
    with pytest.raises((IndexError, ValueError)):
        compile_walker(schema)(data, 1)


@pytest.mark.parametrize("size", range(12))
def test_value_that_is_cut_off_never_ends_within_the_bytes(size):
    data = encoded("string", "hello world")
    try:
        (end,) = compile_walker("string")(data[:size], 1)
    except IndexError:
        return
    assert end > size


@pytest.mark.parametrize("schema", ["event_only-of", {"type": "array"}, {"type": []}])
def test_what_is_no_schema_is_told(schema):
    with pytest.raises((ValueError, KeyError, TypeError)):
        compile_walker(schema)


@given(st.data())
def test_walker_finds_every_end_of_values_that_follow_one_another(data):
    schema = data.draw(schemas())
    try:
        encode = compile_encoder(schema)
        values = [encode(data.draw(fitting_values(schema))) for _ in range(4)]
    except (ConfigurationError, PingFailed):
        assume(False)
    ends = list(accumulate(map(len, values)))
    assert compile_walker(schema)(b"".join(values), len(values)) == ends


@given(st.data())
def test_columns_of_rows_are_where_their_values_stand(data):
    types = data.draw(st.lists(schemas(), min_size=1, max_size=4))
    fields = [{"name": f"f{at}", "type": each} for at, each in enumerate(types)]
    schema = {"type": "record", "name": "row_of_fields", "fields": fields}
    try:
        compile_encoder(schema)
        encoders = [compile_encoder(each) for each in types]
        values = [
            encode(data.draw(fitting_values(each)))
            for encode, each in zip(encoders, types, strict=True)
        ]
    except (ConfigurationError, PingFailed):
        assume(False)
    names = data.draw(st.permutations([field["name"] for field in fields]))
    names = names[: data.draw(st.integers(0, len(names)))]
    row, before = b"".join(values), data.draw(st.binary(max_size=3))
    *found, end = compile_columns(schema, names)(before + row + b"\0", len(before))
    assert end == len(before) + len(row)
    assert [
        (before + row)[start:stop]
        for start, stop in zip(found[::2], found[1::2], strict=True)
    ] == [values[int(name[1:])] for name in names]


def test_times_of_every_length_are_skipped():
    schema = {"type": "long", "logicalType": "timestamp-micros"}
    values = [zig_zag(sign * 2**bits) for bits in range(63) for sign in (1, -1)]
    ends = list(accumulate(map(len, values)))
    assert compile_walker(schema)(b"".join(values), len(values)) == ends


@pytest.mark.parametrize("levels", [1, 7, 12, 40])
def test_records_within_records_may_nest_deep(levels):
    schema, value = "string", "leaf"
    for level in range(levels):
        fields = [{"name": "inner", "type": ["null", schema]}]
        schema = {"type": "record", "name": f"level{level}", "fields": fields}
        value = {"inner": value}
    data = encoded(schema, value)
    assert compile_walker(schema)(data * 3, 3) == [
        len(data) * number for number in (1, 2, 3)
    ]
