import io

import fastavro
import pytest

from rally.errors import ConfigurationError, PingFailed
from rally.validation.avro_schema import read_schema
from rally.validation.encoder import compile_encoder
from tests.rally.validation.avro_examples import (
    ENUM,
    field,
    logical,
    optional,
    record,
    written,
)


def takes(schema, value):
    """Whether the encoder takes a value, alone, in a record and beside null."""
    around = [
        (schema, value),
        (record(field("x", schema), name="Around"), {"x": value}),
        (["null", schema], value),
        ([ENUM, schema], value),
    ]
    outcomes = []
    for each, inside in around:
        try:
            compile_encoder(each)(inside)
        except PingFailed:
            outcomes.append(False)
        else:
            outcomes.append(True)
    assert len(set(outcomes)) == 1
    return outcomes[0]


GLEAN_STRING = {"type": "string", "max_bytes": 255, "max_utf16": 100}
EVENT = {
    "type": "record",
    "name": "Event",
    "cases": {
        "of": ["category", "name"],
        "keys_of": "extra",
        "allowed": [["page", "opened", ["url", "at.once"]], ["page", "closed", []]],
    },
    "fields": [
        field("category", "string"),
        field("name", "string"),
        optional(
            "extra",
            record(
                optional("url", "string"),
                optional("at_once", "string", json="at.once"),
                name="Extra",
            ),
        ),
    ],
}


def event(name, category="page", **more):
    return {"category": category, "name": name, **more}


BOUNDS = {
    "bytes": (
        {"type": "string", "max_bytes": 4},
        ["", "abcd", "éé", "\U0001f600"],
        ["abcde", "ééa", 4],
    ),
    "utf16": (
        {"type": "string", "max_utf16": 2},
        ["ab", "éé", "€€", "\U0001f600"],
        ["abc", "€€€", "\U0001f600a"],
    ),
    "either": (
        GLEAN_STRING,
        ["x" * 255, "é" * 127, "€" * 100, "\U0001f600" * 63],
        ["x" * 256, "é" * 128, "€" * 101, "\U0001f600" * 64],
    ),
    "one-of": (
        {"type": "string", "one_of": ["second", "dé"]},
        ["second", "dé"],
        ["Second", "", "d", 3, ["second"], {}],
    ),
    "digits": (
        {"type": "string", "format": "digits"},
        ["0", "18446744073709551615"],
        ["", "-1", "1.0", "1" * 21, "1\n", "\uff11", 1],
    ),
    "integer": (
        {"type": "string", "format": "integer"},
        ["-9223372036854775808", "0"],
        ["", "-", "+1", "1e3"],
    ),
    "uuid": (
        {"type": "string", "format": "uuid"},
        ["aaf3b1a0-1111-4111-8111-0123456789ab"],
        ["aaf3b1a0111141118111-0123456789ab", "urn:uuid"],
    ),
    "datetime": (
        {"type": "string", "format": "glean-datetime"},
        [
            *("2026-03-09+05:30", "2026-03-09T07+05:30", "2026-03-09T07:05-00:00"),
            *("2026-03-09T07:05:04+5.5:00", "2026-03-09T07:05:04.123-2.5:00"),
            *("2026-03-09T07:05:04.123456789+5.75:00", "2026-11-21-08:00"),
        ],
        ["", "2026-03-09", "2026-03-09T07:05:04Z", "9 March 2026", "x@example.org"],
    ),
    "min": ({"type": "long", "min": 0}, [0, 1023, 1024, 2**63 - 1], [-1, 2**63, 1.5]),
    "min-max": (
        {"type": "int", "min": 3, "max": 70},
        [3, 70],
        [0, 2, 71, 1023, 1024, True],
    ),
    "items": (
        {"type": "array", "items": "int", "max_items": 2},
        [[], [1], [1, 2]],
        [[1, 2, 3], ["1"]],
    ),
    "no-items": ({"type": "array", "items": "int", "max_items": 0}, [[]], [[1]]),
    "keys": (
        {"type": "map", "values": "long", "keys": ["link", "é", "__other__"]},
        [{}, {"link": 1}, {"é": 1, "__other__": 2}],
        [{"links": 1}, {"link": 1, "": 2}, {"link": "1"}, {"\ud800": 1}],
    ),
    "key-bytes": (
        {"type": "map", "values": "long", "max_key_bytes": 2, "max_entries": 2},
        [{}, {"ab": 1, "é": 2}],
        [{"abc": 1}, {"éa": 1}, {"a": 1, "b": 2, "c": 3}],
    ),
    "key-format": (
        {"type": "map", "values": "long", "key_format": "digits"},
        [{"1923096": 2}],
        [{"a": 1}, {"-1": 1}],
    ),
    "cases": (
        EVENT,
        [
            event("opened"),
            event("opened", extra=None),
            event("opened", extra={"url": "x", "at.once": "true"}),
            event("closed", extra={}),
        ],
        [
            event("moved"),
            event("opened", category="pages"),
            event("closed", extra={"url": "x"}),
            event("opened", extra={"at_once": "true"}),
            event("opened", extra={"urls": "x"}),
            event(["opened"]),
            event("opened", extra=[]),
            {"name": "opened"},
        ],
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_kept_and_no_byte_changes(name):
    schema, good, bad = BOUNDS[name]
    assert all(takes(schema, value) for value in good)
    assert not any(takes(schema, value) for value in bad)
    for value in good:
        if name != "cases":  # which has names that Avro knows otherwise
            assert compile_encoder(schema)(value) == written(schema, value)


def test_key_lists_are_named_once_and_used_inside_of_their_record():
    counts = {"type": "map", "values": "long", "keys": "metrics"}
    inner = record(optional("b", counts), name="Inner")
    schema = {
        **record(optional("a", counts), field("i", inner)),
        "key_lists": {"metrics": ["page.url", "rally.id"]},
    }
    encode = compile_encoder(schema)
    assert encode({"a": {"page.url": 1}, "i": {"b": {"rally.id": 2}}})
    for bad in ({"a": {"page": 1}, "i": {}}, {"i": {"b": {"a": 1}}}):
        with pytest.raises(PingFailed):
            encode(bad)


def test_other_readers_take_a_schema_with_bounds_and_read_what_was_written():
    schema = record(
        *(field(f"f{index}", each[0]) for index, each in enumerate(BOUNDS.values()))
    )
    values = {f"f{index}": each[1][0] for index, each in enumerate(BOUNDS.values())}
    encoded = compile_encoder(schema)(values)
    parsed = fastavro.parse_schema(schema)
    read = fastavro.schemaless_reader(io.BytesIO(encoded), parsed, None)
    last = f"f{len(BOUNDS) - 1}"
    assert read == {**values, last: {**values[last], "extra": None}}


def string(**bounds):
    return {"type": "string", **bounds}


def a_map(**bounds):
    return {"type": "map", "values": "int", **bounds}


def event_of(**cases):
    return {**EVENT, "cases": {**EVENT["cases"], **cases}}


FAULTS = {
    "unknown": (
        string(maxLength=3),
        "schema: 'maxLength' is no property of string, whose bounds are one_of, format,"
        " max_bytes, max_utf16; remove it",
    ),
    "unknown-of-boolean": (
        {"type": "boolean", "const": True},
        "schema: 'const' is no property of boolean; remove it",
    ),
    "of-another-type": (
        {"type": "array", "items": "int", "max_bytes": 3},
        'schema: "max_bytes" is a bound of string; remove it',
    ),
    "of-either-number": (
        {"type": "double", "min": 0},
        'schema: "min" is a bound of int or long; remove it',
    ),
    "beside-a-name": (
        record(field("x", "string", max_bytes=3)),
        'schema.x: "max_bytes" is a bound of a type, not of a field; put it there',
    ),
    "of-an-enum": (
        {**ENUM, "one_of": ["a"]},
        'schema: "one_of" is a bound of a type, not of a enum; put it there',
    ),
    "of-a-uuid": (
        logical("string", "uuid", max_bytes=36),
        'schema: "max_bytes" is a bound of a type, not of a uuid; put it there',
    ),
    "of-a-date": (
        logical("int", "date", min=0),
        "schema: date has bounds of its own; remove min and max",
    ),
    "negative": (string(max_bytes=-1), 'schema: "max_bytes" is a whole number, at'),
    "true": (string(max_utf16=True), 'schema: "max_utf16" is a whole number, at'),
    "text": (a_map(max_entries="3"), 'schema: "max_entries" is a whole number, at'),
    "together": (
        string(one_of=["a"], max_bytes=3),
        "schema: one_of, max_bytes stand together; keep one kind of bound",
    ),
    "no-format": (
        string(format="email"),
        'schema: "format" is one of digits, integer, uuid, glean-datetime',
    ),
    "no-list": (string(one_of="a"), "schema.one_of: is a list of texts, one or more"),
    "empty-list": (a_map(keys=[]), "schema.keys: is a list of texts, one or more"),
    "list-of-numbers": (a_map(keys=[1]), "schema.keys: is a list of texts, one or"),
    "surrogate": (a_map(keys=["\ud800"]), "schema.keys: is a list of texts, one or"),
    "twice": (string(one_of=["a", "a"]), "schema.one_of: has a text twice; remove one"),
    "keys-and-format": (
        a_map(keys=["a"], key_format="digits"),
        'schema: "keys" lists all keys; remove the other bounds of keys',
    ),
    "no-such-list": (
        a_map(keys="metrics"),
        "schema: \"keys\": no record around has a list 'metrics'; add it",
    ),
    "min-above-max": (
        {"type": "int", "min": 3, "max": 2},
        'schema: "min" is at most "max", and both are of int',
    ),
    "min-of-long": (
        {"type": "int", "min": -(2**31) - 1},
        'schema: "min" is at most "max", and both are of int',
    ),
    "min-is-text": (
        {"type": "int", "min": "0"},
        'schema: "min" and "max" are whole numbers',
    ),
    "key-lists": (
        {**record(), "key_lists": ["a"]},
        'schema: "key_lists" has lists of keys by name',
    ),
    "cases-more": (event_of(more=1), 'schema.cases: has "of", "keys_of" and "allowed"'),
    "cases-of": (
        event_of(of=["kind"]),
        "schema.cases: the record has no string 'kind'",
    ),
    "cases-keys": (
        event_of(keys_of="name"),
        "schema.cases: the record has no object 'name'; correct either",
    ),
    "cases-none": (event_of(allowed=[]), 'schema.cases: "allowed" is a list of cases'),
    "cases-short": (
        event_of(allowed=[["page", []]]),
        "schema.cases.allowed[0]: is a list of category, name and the keys of extra",
    ),
    "cases-twice": (
        event_of(allowed=[["a", "a", []], ["a", "a", ["url"]]]),
        "schema.cases.allowed[1]: stands twice; remove one",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bounds_that_nobody_would_enforce_are_faults(name):
    schema, message = FAULTS[name]
    with pytest.raises(ConfigurationError) as refused:
        read_schema(schema)
    assert str(refused.value).startswith(message)


def test_default_keeps_the_bounds_of_its_type():
    good = record(
        field("a", {"type": "array", "items": "int", "max_items": 1}, default=[1]),
        field("b", a_map(keys=["x"], max_entries=1), default={"x": 1}),
        field("c", string(max_bytes=1), default="x"),
    )
    read_schema(good)
    for index, bad in enumerate(([1, 2], {"y": 1}, "xy")):
        fields = [dict(each) for each in good["fields"]]
        fields[index]["default"] = bad
        with pytest.raises(ConfigurationError, match="the default does not fit"):
            read_schema(record(*fields))
