import io
import json
import time
import warnings

import avro.io
import avro.schema
import fastavro
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.checking.encoder import compile_encoder
from rally.errors import ConfigurationError, PingFailed
from rally.outcomes import FailureReason
from tests.rally.checking.avro_strategies import (
    fitting_values,
    json_values,
    mutations,
    schemas,
)
from tests.rally.checking.reference import Mismatch, to_datum, without_branches

ENUM = {"type": "enum", "name": "E", "symbols": ["a", "b"]}
FIXED = {"type": "fixed", "name": "F", "size": 2}
RECORD = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}


def record(*fields, name="R"):
    return {"type": "record", "name": name, "fields": list(fields)}


def field(name, type_, **more):
    return {"name": name, "type": type_, **more}


def optional(name, type_, **more):
    return field(name, ["null", type_], default=None, **more)


def logical(base, name, **more):
    return {"type": base, "logicalType": name, **more}


def written(schema, datum):
    """What fastavro writes."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), datum)
    return buffer.getvalue()


def is_refused(encode, value):
    with pytest.raises(PingFailed) as failed:
        encode(value)
    return failed.value.reason is FailureReason.SCHEMA_MISMATCH


# One JSON value of each type that JSON has, and of each number that Avro tells apart.
JSON_TYPES = {
    "null": None,
    "true": True,
    "integer": 3,
    "past-int": 2**31,
    "past-long": 2**63,
    "fraction": 1.5,
    "whole-fraction": 3.0,
    "past-float": 1e39,
    "letter": "a",
    "two-letters": "ab",
    "digits": "15",
    "wide-letter": "\u0100",
    "list": [],
    "list-of-integer": [3],
    "object": {},
    "object-of-integer": {"a": 3},
}
EVERY_NUMBER = {"integer", "past-int", "past-long", "fraction", "whole-fraction"}
TAKEN = {
    "null": ("null", {"null"}),
    "boolean": ("boolean", {"true"}),
    "int": ("int", {"integer"}),
    "long": ("long", {"integer", "past-int"}),
    "float": ("float", EVERY_NUMBER),
    "double": ("double", EVERY_NUMBER | {"past-float"}),
    "bytes": ("bytes", {"letter", "two-letters", "digits"}),
    "string": ("string", {"letter", "two-letters", "digits", "wide-letter"}),
    "enum": (ENUM, {"letter"}),
    "fixed": (FIXED, {"two-letters", "digits"}),
    "array": ({"type": "array", "items": "int"}, {"list", "list-of-integer"}),
    "map": ({"type": "map", "values": "int"}, {"object", "object-of-integer"}),
    "record": (RECORD, {"object-of-integer"}),
    "optional": (["null", "int"], {"null", "integer"}),
    "union": (["string", "int", "null"], {"null", "integer", "letter", "two-letters", "digits", "wide-letter"}),
}  # fmt: skip


@pytest.mark.parametrize("avro_type", TAKEN)
def test_every_avro_type_takes_its_own_json_types_only(avro_type):
    schema, taken = TAKEN[avro_type]
    encode = compile_encoder(schema)
    in_record = compile_encoder(record(field("x", schema), name="Outer"))
    in_array = compile_encoder({"type": "array", "items": schema})
    for name, value in JSON_TYPES.items():
        if name in taken:
            expected = written(schema, to_datum(schema, value))
            assert encode(value) == expected, name
            assert in_record({"x": value}) == expected, name
            assert in_array([value]) == b"\2" + expected + b"\0", name
        else:
            assert is_refused(encode, value), name
            assert is_refused(in_record, {"x": value}), name
            assert is_refused(in_array, [value]), name


DAY = 24 * 60 * 60
LEAVES = {
    "int": ("int", [2**31 - 1, -(2**31), 0, -1], [2**31, -(2**31) - 1, True]),
    "long": ("long", [2**63 - 1, -(2**63)], [2**63, -(2**63) - 1, 3.0, "3"]),
    "float": ("float", [1, 2**64, 3.4028235e38], [3.4028236e38, float("inf"), 10**400]),
    "double": ("double", [1, 1e308, -0.0], [float("nan"), float("inf"), 10**400]),
    "string": ("string", ["", "\0", "é\U0001f600"], ["\ud800", "a\udfff", b"a"]),
    "bytes": ("bytes", ["", "\0\xff"], ["\u0100", "\ud800"]),
    "fixed": (FIXED, ["\0\xff"], ["a", "abc", "", "a\u0100"]),
    "enum": (ENUM, ["a", "b"], ["c", "A", "", 0, ["a"]]),
    "uuid": (
        logical("string", "uuid"),
        ["48d11605-b396-4a61-8414-50cf71489a16", "48D11605-B396-4a61-8414-50CF71489A16"],
        ["48d11605b3964a61841450cf71489a16", "{48d11605-b396-4a61-8414-50cf71489a16}", ""]
        + ["48d11605-b396-4a61-8414-50cf71489a16\n", "48d11605-b396-4a61-8414-50cf71489a1g"]
        + ["48d11605-b396-4a61-8414-50cf71489a1\uff16"],
    ),
    "uuid-of-16-bytes": ({**FIXED, **logical("fixed", "uuid", size=16)}, ["x" * 16], ["x" * 36]),
    "date": (logical("int", "date"), [-719_162, 0, 2_932_896], [-719_163, 2_932_897, "2022-02-02"]),
    "time-millis": (logical("int", "time-millis"), [0, DAY * 1000 - 1], [-1, DAY * 1000]),
    "time-micros": (logical("long", "time-micros"), [0, DAY * 10**6 - 1], [-1, DAY * 10**6]),
    **{
        f"{local}timestamp-millis": (
            logical("long", f"{local}timestamp-millis"),
            [-62_135_596_800_000, -1, 253_402_300_799_999],
            [-62_135_596_800_001, 253_402_300_800_000],
        )
        for local in ("", "local-")
    },
    **{
        f"{local}timestamp-micros": (
            logical("long", f"{local}timestamp-micros"),
            [-62_135_596_800_000_000, 1, 253_402_300_799_999_999],
            [-62_135_596_800_000_001, 253_402_300_800_000_000],
        )
        for local in ("", "local-")
    },
    "timestamp-nanos": (logical("long", "timestamp-nanos"), [2**63 - 1], [2**63]),
    "decimal": (
        logical("bytes", "decimal", precision=3, scale=1),
        ["\x03\xe7", "\0\0\x03\xe7", "\xfc\x19", "\xff"],  # 999, 999, -999, -1
        ["\x03\xe8", "\xfc\x18", "", "1.5", 1.5],
    ),
    "decimal-fixed": (
        {**FIXED, **logical("fixed", "decimal", precision=4)},
        ["\x27\x0f", "\xd8\xf1"],  # 9999, -9999
        ["\x27\x10", "\xd8\xf0", "\x01"],
    ),
    "duration": ({**FIXED, **logical("fixed", "duration", size=12)}, ["\xff" * 12], ["\0" * 11]),
    "unknown-logical-type": (logical("string", "colour"), ["any"], [1]),
    "logical-type-that-is-no-name": (logical("string", ["uuid"]), ["any"], [1]),
}  # fmt: skip


@pytest.mark.parametrize("name", LEAVES)
def test_leaf_takes_its_range_and_no_more(name):
    schema, good, bad = LEAVES[name]
    encode = compile_encoder(schema)
    in_union = compile_encoder(["null", schema])
    for value in good:
        expected = written(schema, to_datum(schema, value))
        assert encode(value) == expected
        assert in_union(value) == b"\2" + expected
    for value in bad:
        assert is_refused(encode, value)
        assert is_refused(in_union, value)


def test_record_takes_no_field_that_is_not_declared_at_any_depth():
    inner = record(optional("b", "int"), name="Inner")
    encode = compile_encoder(record(field("a", {"type": "array", "items": inner})))
    assert encode({"a": [{"b": 1}, {}]}) == b"\4\2\2\0\0"
    assert is_refused(encode, {"a": [], "c": None})
    assert is_refused(encode, {"a": [{"b": 1}, {"c": None}]})
    assert is_refused(encode, {"a": [{"b": 1}, {"b": 1, "c": 1}]})


@pytest.mark.parametrize(
    ("type_", "more"),
    [
        (["null", "int"], {}),
        (["int", "null"], {"default": 1}),
        ("int", {"default": 1}),
        ("null", {"default": None}),
        ({"type": "array", "items": "int"}, {"default": []}),
    ],
    ids=["no-default", "null-last", "default-1", "null", "default-empty"],
)
def test_field_that_is_not_null_first_with_default_null_is_never_absent(type_, more):
    encode = compile_encoder(record(field("a", type_, **more), optional("b", "int")))
    present = [] if isinstance(type_, dict) else None if "null" in type_ else 1
    assert encode({"a": present}).endswith(b"\0")
    assert is_refused(encode, {})
    assert is_refused(encode, {"b": 1})


@pytest.mark.parametrize("others", [["int"], ["int", "string"], []])
def test_optional_field_may_be_null_or_absent(others):
    encode = compile_encoder(record(field("a", ["null", *others], default=None)))
    assert encode({}) == encode({"a": None}) == b"\0"
    assert is_refused(encode, {"a": []})
    assert is_refused(encode, {"b": None})


def test_field_is_found_by_its_json_name_only():
    odd = "it's \"so\"\n\\ {x}"
    encode = compile_encoder(
        record(optional("rally_id", "string", json="rally.id"), optional("odd", "int", json=odd))
    )  # fmt: skip
    assert encode({"rally.id": "x", odd: 3}) == b"\2\2x\2\6"
    assert is_refused(encode, {"rally_id": "x"})
    assert is_refused(encode, {"rally.id": "x", "rally_id": "x"})
    assert is_refused(encode, {"odd": 3})


def test_json_names_may_be_other_fields_avro_names():
    encode = compile_encoder(
        record(field("a", "int", json="b"), field("b", "int", json="a"))
    )
    assert encode({"a": 1, "b": 2}) == b"\4\2"


def test_first_branch_that_accepts_has_the_value():
    one = record(field("a", "int"), optional("b", "string"), name="One")
    two = record(field("a", "long"), name="Two")
    encode = compile_encoder(["long", one, "double", two, ENUM, "string"])
    assert encode(3) == b"\0\6"
    assert encode(3.0)[:1] == b"\4"
    assert encode(2**63)[:1] == b"\4"
    assert encode({"a": 1}) == b"\2\2\0"
    assert encode({"a": 2**40})[:1] == b"\6"
    assert encode("b") == b"\x08\2"
    assert encode("\0") == b"\x0a\2\0"
    for value in (None, True, {"a": 2**40, "b": "x"}, {}, [], "\ud800"):
        assert is_refused(encode, value)


def test_map_keys_are_strings_that_unicode_has():
    encode = compile_encoder({"type": "map", "values": "int"})
    assert encode({"\0": 1, "": 2}) == b"\4\2\0\2\0\4\0"
    assert is_refused(encode, {"\ud800": 1})
    assert is_refused(encode, {"a": 1, "b": "1"})


@pytest.mark.parametrize("count", [0, 1, 63, 64, 1023, 1024, 9000, 70_000])
def test_lengths_and_counts_are_written_as_fastavro_does(count):
    for schema, value in [
        ("string", "x" * count),
        ("bytes", "x" * count),
        ({"type": "array", "items": "long"}, list(range(count))),
        ({"type": "map", "values": "string"}, {str(i): "é" * i for i in range(count % 999)}),
    ]:  # fmt: skip
        expected = written(schema, to_datum(schema, value))
        assert compile_encoder(schema)(value) == expected


def test_named_types_are_found_by_name_within_their_namespace():
    inner = {**RECORD, "name": "Inner"}
    outer = {
        **record(
            field("a", inner),
            field("b", "Inner"),
            field("c", "x.y.Inner"),
            field("d", {**ENUM, "namespace": "z"}),
            field("e", ["null", "z.E"]),
        ),
        "namespace": "x.y",
    }
    encode = compile_encoder(outer)
    value = {"a": {"a": 1}, "b": {"a": 2}, "c": {"a": 3}, "d": "a", "e": "b"}
    assert encode(value) == b"\2\4\6\0\2\2"
    assert is_refused(encode, {**value, "b": 2})


def test_refusal_holds_nothing_of_the_value():
    encode = compile_encoder(record(field("a", ["null", "string", "float"])))
    for value in ({"a": "sécret\ud800"}, {"a": 10**400}, {"sécret": 1}, "sécret"):
        with pytest.raises(PingFailed) as failed:
            encode(value)
        error = failed.value
        assert error.args == ("schema_mismatch",)
        assert error.__cause__ is None
        assert error.__context__ is None
        # Frames of the compiled code, whose variables quote the value, are not there.
        assert len(failed.traceback) == 2


def test_deep_json_is_refused_without_recursion():
    deep = orjson.loads(b'{"a":' * 1000 + b"1" + b"}" * 1000)
    deep_list = orjson.loads(b"[" * 1000 + b"]" * 1000)
    flat = record(optional("a", ["int", "string"][0]))
    assert is_refused(compile_encoder(flat), deep)
    assert is_refused(compile_encoder({"type": "map", "values": ["int", RECORD]}), deep)
    assert is_refused(compile_encoder({"type": "array", "items": "int"}), deep_list)


def nested(depth):
    """A schema of that depth, and a value that goes to its bottom."""
    schema, value = "int", 1
    for level in range(depth - 1):
        if level % 4 < 2:
            schema, value = {"type": "array", "items": schema}, [value]
        elif level % 4 == 2:
            schema = record(field("a", schema), name=f"R{level}")
            value = {"a": value}
        else:
            schema = ["null", schema]
    return schema, value


def test_schema_nests_64_deep_and_no_deeper():
    schema, value = nested(64)
    assert compile_encoder(schema)(value) == written(schema, to_datum(schema, value))
    for depth in (65, 5_000):
        with pytest.raises(ConfigurationError, match="nest more than 64 deep; flatten"):
            compile_encoder(nested(depth)[0])


def test_references_count_in_the_depth():
    fields = [field("f0", record(field("a", "int"), name="R0"))]
    for level in range(1, 70):
        inner = record(field("a", f"R{level - 1}"), name=f"R{level}")
        fields.append(field(f"f{level}", inner))
    with pytest.raises(ConfigurationError, match="nest more than 64 deep"):
        compile_encoder(record(*fields))


def test_types_that_are_referred_to_twice_at_each_level_compile_once():
    fields = [field("f0", record(optional("a", "int"), name="R0"))]
    for level in range(1, 30):
        below = f"R{level - 1}"
        inner = record(optional("a", below), optional("b", below), name=f"R{level}")
        fields.append(optional(f"f{level}", inner))
    started = time.monotonic()
    encode = compile_encoder(record(*fields))  # 2**30 places, 30 types
    assert time.monotonic() - started < 5
    assert encode({"f0": {}, "f29": {"b": {"a": {}}}}) == (
        b"\0" + b"\0" * 28 + b"\2\0\2\2\0\0\0"
    )


REFUSED_SCHEMAS = {
    "nothing": (None, "schema: a type is a name, a list of types or an object"),
    "number": (3, "schema: a type is a name"),
    "unknown": ("strin", "schema: the type 'strin' is unknown; define it before"),
    "complex-as-name": (record(field("a", "array")), "schema.a: a type of its own"),
    "type-of-type": ({"type": {"type": "int"}}, 'schema: the "type" of a definition'),
    "error": ({**RECORD, "type": "error"}, 'schema: the "type" of a definition'),
    "no-type": ({"name": "R"}, 'schema: the "type" of a definition'),
    "no-items": ({"type": "array"}, "schema.items: a type is"),
    "no-values": ({"type": "map"}, "schema.values: a type is"),
    "no-fields": ({"type": "record", "name": "R"}, 'schema: a record has a list of "fi'),
    "no-name": ({"type": "record", "fields": []}, 'schema: a named type has a "name"'),
    "bad-name": ({**RECORD, "name": "rally-id"}, "schema: 'rally-id' is no name in Avro"),
    "newline-name": ({**RECORD, "name": "a\n"}, "schema: 'a\\n' is no name in Avro"),
    "bad-namespace": ({**RECORD, "namespace": "a-b"}, "schema: 'a-b' is no name"),
    "namespace-null": ({**RECORD, "namespace": None}, "schema: a named type has"),
    "own-name": ({**RECORD, "name": "a.string"}, "schema: 'string' is a type of Avro's"),
    "aliases": ({**RECORD, "aliases": "x"}, 'schema: "aliases" is a list of names'),
    "alias": ({**RECORD, "aliases": ["a.b-c"]}, "schema: 'b-c' is no name in Avro"),
    "recursive": (record(optional("a", "R")), "schema.a[1]: 'R' contains itself"),
    "used-before": (
        record(field("a", "E"), field("b", ENUM)),
        "schema.a: the type 'E' is unknown",
    ),
    "other-namespace": (
        {**record(field("a", "E")), "namespace": "x"},
        "schema.a: the type 'x.E' is unknown",
    ),
    "defined-twice": ([ENUM, {**FIXED, "name": "E"}], "schema[1]: 'E' is defined twice"),
    "field-is-text": (record("a"), "schema.fields[0]: a field is an object"),
    "field-name": (record(field("a.b", "int")), "schema.fields[0]: 'a.b' is no name"),
    "field-no-type": (record({"name": "a"}), "schema.a: a type is"),
    "field-twice": (
        record(field("a", "int"), field("a", "int", json="b")),
        "schema: two fields have the name 'a'; rename one",
    ),
    "json-twice": (
        record(field("a", "int", json="b"), field("b", "int")),
        "schema: two fields have the JSON name 'b'; rename one",
    ),
    "json-number": (record(field("a", "int", json=1)), 'schema.a: "json" is the field'),
    "json-in-type": (
        record(field("a", {"type": "int", "json": "b"})),
        'schema.a: "json" renames a field',
    ),
    "logical-in-field": (
        record(field("a", "int", logicalType="date")),
        'schema.a: "logicalType" is of a type; put it inside',
    ),
    "order": (record(field("a", "int", order="up")), 'schema.a: "order" is one of'),
    "union-empty": ([], "schema: a union has one branch or more"),
    "union-of-union": (["null", ["int", "string"]], "schema: a union has one branch"),
    "union-twice": (["int", logical("int", "date")], "schema: a union has one branch"),
    "union-named-twice": (
        record(field("a", ENUM), field("b", ["E", "E"])),
        "schema.b: a union has one branch",
    ),
    "no-symbols": ({**ENUM, "symbols": []}, 'schema: an enum has a list of "symbols"'),
    "symbol-name": ({**ENUM, "symbols": ["a-b"]}, "schema: 'a-b' is no name in Avro"),
    "symbol-twice": ({**ENUM, "symbols": ["a", "a"]}, "schema: a symbol stands twice"),
    "enum-default": ({**ENUM, "default": "c"}, "schema: the enum's default is none of"),
    "no-size": ({"type": "fixed", "name": "F"}, 'schema: a fixed has a "size"'),
    "size-true": ({**FIXED, "size": True}, 'schema: a fixed has a "size"'),
    "size-0": ({**FIXED, "size": 0}, 'schema: a fixed has a "size"'),
    "date-on-long": (logical("long", "date"), "schema: the logical type date stands on"),
    "uuid-on-int": (logical("int", "uuid"), "schema: the logical type uuid stands on st"),
    "uuid-size": ({**FIXED, "logicalType": "uuid"}, "schema: a uuid on a fixed has the"),
    "duration-size": ({**FIXED, "logicalType": "duration"}, "schema: a duration on a f"),
    "no-precision": (logical("bytes", "decimal"), 'schema: a decimal has a "precision"'),
    "scale": (
        logical("bytes", "decimal", precision=2, scale=3),
        'schema: a decimal has a "precision"',
    ),
    "precision-of-fixed": (
        {**FIXED, **logical("fixed", "decimal", precision=5)},
        "schema: a precision of 5 does not fit the size 2",
    ),
    "default-type": (record(field("a", "int", default="1")), "schema.a: the default does"),
    "default-range": (record(field("a", "int", default=2**31)), "schema.a: the default"),
    "default-null-last": (
        record(field("a", ["int", "null"], default=None)),
        "schema.a: the default does not fit the type (of a union, its first branch)",
    ),
    "default-item": (
        record(field("a", {"type": "array", "items": "int"}, default=[1, "1"])),
        "schema.a: the default",
    ),
    "default-record": (
        record(field("a", record(field("b", "int"), name="S"), default={})),
        "schema.a: the default",
    ),
    "default-by-json-name": (
        record(field("a", record(field("b", "int", json="c"), name="S"), default={"c": 1})),
        "schema.a: the default",
    ),
    "fastavro": (
        record(field("a", {"type": "double"}, default=1)),
        "schema: fastavro refuses it: Default value <1> must match schema type: double",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_SCHEMAS)
def test_schema_that_cannot_be_served_is_refused_with_its_place(name):
    schema, message = REFUSED_SCHEMAS[name]
    with pytest.raises(ConfigurationError) as refused:
        compile_encoder(schema)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("type_", "default"),
    [
        ("double", 0),
        ("bytes", "\xff"),
        (["int", "null"], 3),
        ({"type": "map", "values": "int"}, {"a": 1}),
        (record(field("b", "int", json="c"), field("d", "int", default=1), name="S"), {"b": 1}),
        ({**ENUM, "default": "a"}, "b"),
    ],
    ids=["double", "bytes", "union", "map", "record", "enum"],
)  # fmt: skip
def test_schema_with_a_default_that_fits_is_served(type_, default):
    compile_encoder(record(field("a", type_, default=default)))


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


@given(st.data())
def test_mutated_schema_is_refused_or_parsed_by_every_reader(data):
    schema = data.draw(mutations(data.draw(schemas())))
    try:
        compile_encoder(schema)
    except ConfigurationError as refused:
        assert "\n" not in str(refused)
    else:
        fastavro.parse_schema(schema)
        parsed_by_apache(schema)


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


def parsed_by_apache(schema):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it ignores unknown logical types
        return avro.schema.parse(json.dumps(schema))


def read_by_apache(schema, encoded):
    parsed = parsed_by_apache(schema)
    buffer = io.BytesIO(encoded)
    value = avro.io.DatumReader(parsed, parsed).read(avro.io.BinaryDecoder(buffer))
    assert buffer.read() == b""
    return value
