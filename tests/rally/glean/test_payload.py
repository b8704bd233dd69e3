import json
from dataclasses import replace
from datetime import date

from rally.fields import Place
from rally.glean.definitions import (
    PARTICIPANT,
    Definitions,
    Extra,
    ExtraType,
    Metric,
    MetricType,
    Ping,
)
from rally.glean.kept_words import leaves
from rally.glean.payload import payload_schema
from rally.glean.schema_text import schema_text
from rally.registry.collected_fields import read_fields
from rally.validation.avro_schema import read_schema

HERE = Place("metrics.yaml")
VISIT = Ping("visit", "Sent now and then", HERE, has_client_id=False)
ID = Metric(PARTICIPANT, MetricType.UUID, "Whose it is", ("visit",), HERE)


def described(*metrics, ping=VISIT):
    """What the leaves of a ping's schema say, by path."""
    return dict(leaves(payload_schema(Definitions((ID, *metrics), (ping,)), ping)))


def event(name, *extras, **says):
    given = (f"page.{name}", MetricType.EVENT, f"Of {name}.", ("visit",), HERE)
    return Metric(*given, **says, extras=extras)


def extra(type_=ExtraType.STRING, description="Where"):
    return Extra("where", type_, description)


def test_every_leaf_of_every_schema_says_what_it_is(schemas):
    for made in schemas.values():
        for name, schema in made.items():
            text = json.dumps(schema).replace('"category": "TODO"', '"category": 4')
            complete = json.loads(text.replace('"TODO"', '"To see"'))
            fields = read_fields(Place(name), read_schema(complete))
            assert [field.path for field in fields] == [
                path for path, _ in leaves(complete)
            ]
            assert all(field.sdk or field.category for field in fields)


def test_participant_is_there_for_ever_and_its_purpose_is_known():
    expiring = Definitions((replace(ID, expires=date(2027, 3, 31)),), (VISIT,))
    said = dict(leaves(payload_schema(expiring, VISIT)))[f"/metrics/uuid/{PARTICIPANT}"]
    assert "expires" not in said
    assert said["type"] == {"type": "string", "format": "uuid"}
    assert said["category"] == 1
    assert said["purpose"].startswith("To bring one person's rows together")


def test_what_a_definition_says_is_said_of_each_part():
    expiry = date(2027, 3, 31)
    said = described(
        Metric(
            "page.time",
            MetricType.TIMESPAN,
            "How long.",
            ("visit",),
            HERE,
            category=2,
            expires=expiry,
            purpose="To see",
            benefit="Shorter pages",
            time_unit="second",
        )
    )
    value = said["/metrics/timespan/page.time/value"]
    names = ("name", "type", "default")
    assert {name: value[name] for name in value if name not in names} == {
        "doc": "How long.",
        "category": 2,
        "purpose": "To see",
        "benefit": "Shorter pages",
        "expires": "2027-03-31",
    }
    unit = said["/metrics/timespan/page.time/time_unit"]
    assert (unit["sdk"], unit["type"]["one_of"]) == ("glean", ["second"])


def test_extra_of_several_events_says_the_strictest_of_each():
    said = described(
        event("opened", extra(), category=2, expires=date(2027, 1, 1), purpose="a"),
        event("closed", extra(description="Why"), category=3, purpose="b"),
    )
    where = said["/events/*/extra/where"]
    assert (where["doc"], where["category"]) == ("Where; Why", 3)
    assert (where["expires"], where["purpose"]) == ("2027-01-01", "a; b")
    assert said["/events/*/name"]["doc"] == (
        "Which event it was. page.opened: Of opened; page.closed: Of closed"
    )
    open_ones = described(
        event("opened", extra(), category=2), event("closed", extra())
    )
    assert open_ones["/events/*/extra/where"]["category"] == "TODO"
    assert open_ones["/events/*/extra/where"]["purpose"] == "TODO"


def test_what_expires_may_be_absent_and_an_event_keeps_its_name(schemas):
    for schema in schemas["lab"].values():
        for _, field in leaves(schema):
            assert "expires" not in field or field["default"] is None
    said = described(event("opened", extra(), expires=date(2027, 1, 1)))
    assert "expires" in said["/events/*/extra/where"]
    assert "expires" not in said["/events/*/name"]


def test_extra_of_different_types_is_a_text():
    types = [
        described(*(event(f"e{i}", extra(each)) for i, each in enumerate(of)))
        for of in ([ExtraType.QUANTITY] * 2, [ExtraType.QUANTITY, ExtraType.BOOLEAN])
    ]
    same, different = (each["/events/*/extra/where"]["type"][1] for each in types)
    assert same == {"type": "string", "format": "integer"}
    assert different == {"type": "string", "max_bytes": 500}


def test_sections_are_those_of_the_ping():
    with_id = Ping("visit", "x", HERE, has_client_id=True, reasons=("left",))
    bare = Ping("visit", "x", HERE, has_client_id=False, has_info=False)
    paths = {
        name: set(described(ping=ping))
        for name, ping in (("id", with_id), ("none", VISIT), ("bare", bare))
    }
    assert {"/client_info/client_id", "/ping_info/reason"} <= paths["id"]
    assert not {"/client_info/client_id", "/ping_info/reason"} & paths["none"]
    assert "/client_info/os" in paths["none"]
    assert {path.split("/")[1] for path in paths["bare"]} == {"metrics"}


def test_schema_reads_well_in_lines_and_lists_are_filled():
    short = {"name": "a", "type": ["null", "string"]}
    texts = [f"label-{number}" for number in range(12)]
    assert schema_text(short) == '{"name": "a", "type": ["null", "string"]}\n'
    assert schema_text({"keys": texts, "of": short, "ü": None}) == (
        "{\n"
        '  "keys": [\n'
        '    "label-0", "label-1", "label-2", "label-3", "label-4", "label-5",'
        ' "label-6",\n'
        '    "label-7", "label-8", "label-9", "label-10", "label-11"\n'
        "  ],\n"
        '  "of": {"name": "a", "type": ["null", "string"]},\n'
        '  "ü": null\n'
        "}\n"
    )
