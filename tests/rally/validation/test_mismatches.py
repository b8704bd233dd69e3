"""A value that an encoder refuses has a place, and the place is the schema's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import PingFailed
from rally.outcomes import MismatchKind
from rally.validation.avro_schema import read_schema
from rally.validation.encoder import compile_encoder
from rally.validation.mismatches import find_mismatches
from tests.rally.validation.avro_examples import (
    ENUM,
    FIXED,
    RECORD,
    field,
    logical,
    optional,
    record,
)
from tests.rally.validation.avro_strategies import (
    fitting_values,
    json_values,
    mutations,
    schemas,
)
from tests.rally.validation.reference import PRIMITIVES, collect_names, full_name_of


def places(schema, value):
    return [each.words for each in find_mismatches(read_schema(schema), value)]


QUANTITIES = record(optional("attention", "long", json="page.attention"), name="Q")
PING = record(
    field("metrics", record(optional("quantity", QUANTITIES), name="M")),
    field("id", logical("string", "uuid")),
    optional("seen", logical("long", "timestamp-micros")),
    optional("labels", {"type": "map", "values": {"type": "map", "values": "int"}}),
    optional("events", {"type": "array", "items": RECORD}),
    field("kind", [ENUM, "null"]),
    field("either", ["null", "string", FIXED, {**RECORD, "name": "R2"}]),
    name="Ping",
)
GOOD = {
    "metrics": {"quantity": {"page.attention": 7}},
    "id": "5f0c1d7e-8a6b-4c3d-9e2f-1a2b3c4d5e6f",
    "kind": "a",
    "either": None,
}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        (
            {"metrics": {"quantity": {"page.attention": "7"}}},
            ["/metrics/quantity/page.attention wants long"],
        ),
        (
            {"metrics": {"quantity": {"page.attention": 2**63, "secret": 1}}},
            [
                "/metrics/quantity/page.attention wants long",
                "undeclared, below /metrics/quantity",
            ],
        ),
        ({"metrics": {"quantity": 7}}, ["/metrics/quantity wants record"]),
        ({"metrics": None}, ["/metrics wants record"]),
        ({"id": "5F0C"}, ["/id wants uuid"]),
        ({"id": ...}, ["/id is missing"]),
        ({"seen": -(2**62)}, ["/seen wants timestamp-micros"]),
        ({"labels": {"secret": {"secret": 1.5}}}, ["/labels/*/* wants int"]),
        ({"labels": {"secret": 5, "other": []}}, ["/labels/* wants map"] * 2),
        (
            {"events": [{"a": 1}, {"secret": 1}, {"a": "1"}]},
            [
                "/events/*/a is missing",
                "undeclared, below /events/*",
                "/events/*/a wants int",
            ],
        ),
        ({"kind": ...}, ["/kind is missing"]),
        ({"kind": "secret"}, ["/kind wants enum E"]),
        ({"either": 5}, ["/either wants string or fixed F of 2 bytes or record"]),
        ({"either": {"a": "secret"}}, ["/either/a wants int"]),
        ({"either": {}}, ["/either/a is missing"]),
        ({"secret": 1, "secrets": 2}, ["undeclared, below /"]),
    ],
    ids=str,
)
def test_each_place_that_does_not_fit_is_named_by_the_schema(changes, found):
    value = {
        name: each for name, each in {**GOOD, **changes}.items() if each is not ...
    }
    assert places(PING, value) == found


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        (PING, [], "/ wants record"),
        ("null", 1, "/ wants null"),
        (["null"], 1, "/ wants null"),
        ([ENUM, "string"], 7, "/ wants enum E or string"),
        ([ENUM, FIXED], "secret", "/ wants enum E or fixed F of 2 bytes"),
        (
            logical("bytes", "decimal", precision=3),
            "secret",
            "/ wants bytes as decimal(3, 0)",
        ),
        (
            {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
            "secret",
            "/ wants fixed D of 12 bytes",
        ),
        ({"type": "map", "values": "int"}, {"\ud800": 1}, "undeclared, below /"),
        ("string", "\ud800", "/ wants string"),
        ("double", 10**400, "/ wants double"),
    ],
    ids=str,
)
def test_place_of_a_value_that_is_no_record(schema, value, found):
    assert places(schema, value) == [found]


def test_union_of_two_records_is_the_place_where_neither_fits():
    other = record(field("b", "int"), name="Other")
    schema = record(field("u", [RECORD, other]), name="Outer")
    assert places(schema, {"u": {"a": 1}}) == places(schema, {"u": {"b": 1}}) == []
    assert places(schema, {"u": {"a": "1"}}) == ["/u wants record or record"]


@given(st.data())
def test_value_has_a_place_where_its_encoder_refuses_it(data):
    schema = data.draw(schemas())
    encode, type_ = compile_encoder(schema), read_schema(schema)
    fits = data.draw(fitting_values(schema))
    for value in (fits, data.draw(mutations(fits)), data.draw(json_values)):
        found = list(find_mismatches(type_, value))
        refused = None
        try:
            encode(value)
        except PingFailed as failed:
            refused = failed.where
        assert found[:1] == ([refused] if refused else [])


@given(st.data())
def test_places_and_types_are_the_schema_s_whatever_the_value(data):
    """Their number is bounded by the schema's, since no part of one is a ping's."""
    schema = data.draw(schemas())
    type_ = read_schema(schema)
    known = paths_of(schema)
    fits = data.draw(fitting_values(schema))
    for value in (data.draw(mutations(fits)), data.draw(json_values)):
        for mismatch in find_mismatches(type_, value):
            assert mismatch.path in known
            if mismatch.kind is not MismatchKind.WRONG_VALUE:
                assert mismatch.wants == ""


def paths_of(schema):
    names = {}
    collect_names(schema, "", names)
    return set(walk(schema, "", "", names))


def walk(schema, namespace, path, names):
    if isinstance(schema, list):
        for branch in schema:
            yield from walk(branch, namespace, path, names)
        return
    yield path
    if isinstance(schema, str) and schema not in PRIMITIVES:
        full = schema if "." in schema or not namespace else f"{namespace}.{schema}"
        schema, namespace = names[full]
    if isinstance(schema, str):
        return
    for part in ("items", "values"):
        if part in schema:
            yield from walk(schema[part], namespace, f"{path}/*", names)
    if "fields" in schema:
        namespace = full_name_of(schema, namespace).rpartition(".")[0]
    for each in schema.get("fields", []):
        name = each.get("json", each["name"])
        yield from walk(each["type"], namespace, f"{path}/{name}", names)
