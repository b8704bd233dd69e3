import orjson
import pytest

from rally.errors import PingFailed
from rally.validation.encoder import compile_encoder
from tests.rally.validation.avro_examples import (
    ENUM,
    FIXED,
    RECORD,
    field,
    logical,
    optional,
    record,
    written,
)
from tests.rally.validation.reference import to_datum
from tests.rally.validation.refusals import is_refused

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


TEXTS = {"letter", "two-letters", "digits", "wide-letter"}


EVERY_NUMBER = {"integer", "past-int", "past-long", "fraction", "whole-fraction"}


TAKEN = {
    "null": ("null", {"null"}),
    "boolean": ("boolean", {"true"}),
    "int": ("int", {"integer"}),
    "long": ("long", {"integer", "past-int"}),
    "float": ("float", EVERY_NUMBER),
    "double": ("double", EVERY_NUMBER | {"past-float"}),
    "bytes": ("bytes", {"letter", "two-letters", "digits"}),
    "string": ("string", TEXTS),
    "enum": (ENUM, {"letter"}),
    "fixed": (FIXED, {"two-letters", "digits"}),
    "array": ({"type": "array", "items": "int"}, {"list", "list-of-integer"}),
    "map": ({"type": "map", "values": "int"}, {"object", "object-of-integer"}),
    "record": (RECORD, {"object-of-integer"}),
    "optional": (["null", "int"], {"null", "integer"}),
    "union": (["string", "int", "null"], TEXTS | {"null", "integer"}),
}


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
    "float": (
        "float",
        [1, 2**24, -(2**24), 2**64, 0.5, -0.0, 3.4028234663852886e38, 2.0**-149],
        [
            *(2**24 + 1, -(2**24) - 1, 2**53 + 1, 10**400),  # other integers
            *(0.1, 1 / 3, 3.4028235e38, 3.4028236e38, 1e39, 1e-46, 5e-324),
            *(float("inf"), float("nan"), True, "0.5"),
        ],
    ),
    "float-of-javascript": (
        "float",
        [0.10000000149011612, 1152921504606847000],  # Math.fround(0.1), 2 ** 60
        [1152921504606846977],
    ),
    "double": (
        "double",
        [1, 0.1, 1e308, -0.0, 5e-324, 2**53, -(2**53), 2**53 + 2, 2**63],
        [2**53 + 1, -(2**53) - 1, 2**63 - 1, 10**400, *map(float, ("nan", "-inf"))],
    ),
    "double-of-javascript": (  # 2 ** 60, 2 ** 63, 2 ** 70 as JSON.stringify writes them
        "double",
        [1152921504606847000, 9223372036854775807 + 193, 1180591620717411303424],
        [1152921504606847001, 1152921504606847100],
    ),
    "string": ("string", ["", "\0", "é\U0001f600"], ["\ud800", "a\udfff", b"a"]),
    "bytes": ("bytes", ["", "\0\xff"], ["\u0100", "\ud800"]),
    "fixed": (FIXED, ["\0\xff"], ["a", "abc", "", "a\u0100"]),
    "enum": (ENUM, ["a", "b"], ["c", "A", "", 0, ["a"]]),
    "uuid": (
        logical("string", "uuid"),
        [
            "48d11605-b396-4a61-8414-50cf71489a16",
            "48D11605-B396-4a61-8414-50CF71489A16",
        ],
        [
            "",
            "48d11605b3964a61841450cf71489a16",
            "{48d11605-b396-4a61-8414-50cf71489a16}",
            "48d11605-b396-4a61-8414-50cf71489a16\n",
            "48d11605-b396-4a61-8414-50cf71489a1g",
            "48d11605-b396-4a61-8414-50cf71489a1\uff16",
        ],
    ),
    "uuid-of-16-bytes": (
        {**FIXED, **logical("fixed", "uuid", size=16)},
        ["x" * 16],
        ["x" * 36],
    ),
    "date": (
        logical("int", "date"),
        [-719_162, 0, 2_932_896],
        [-719_163, 2_932_897, "2022-02-02"],
    ),
    "time-millis": (
        logical("int", "time-millis"),
        [0, DAY * 1000 - 1],
        [-1, DAY * 1000],
    ),
    "time-micros": (
        logical("long", "time-micros"),
        [0, DAY * 10**6 - 1],
        [-1, DAY * 10**6],
    ),
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
    "duration": (
        {**FIXED, **logical("fixed", "duration", size=12)},
        ["\xff" * 12],
        ["\0" * 11],
    ),
    "unknown-logical-type": (logical("string", "colour"), ["any"], [1]),
}


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
    odd = 'it\'s "so"\n\\ {x}'
    encode = compile_encoder(
        record(
            optional("rally_id", "string", json="rally.id"),
            optional("odd", "int", json=odd),
        )
    )
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
        (
            {"type": "map", "values": "string"},
            {str(i): "é" * i for i in range(count % 999)},
        ),
    ]:
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
    flat = record(optional("a", "int"))
    assert is_refused(compile_encoder(flat), deep)
    assert is_refused(compile_encoder({"type": "map", "values": ["int", RECORD]}), deep)
    assert is_refused(compile_encoder({"type": "array", "items": "int"}), deep_list)


def test_types_that_are_referred_to_twice_at_each_level_compile_once():
    fields = [field("f0", record(optional("a", "int"), name="R0"))]
    for level in range(1, 30):
        below = f"R{level - 1}"
        inner = record(optional("a", below), optional("b", below), name=f"R{level}")
        fields.append(optional(f"f{level}", inner))
    encode = compile_encoder(record(*fields))  # 30 types, in 2**30 places
    assert encode({"f0": {}, "f29": {"b": {"a": {}}}}) == (
        b"\0" + b"\0" * 28 + b"\2\0\2\2\0\0\0"
    )
