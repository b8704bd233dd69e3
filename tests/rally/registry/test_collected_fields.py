"""Fields of a schema say what they are, or the schema is refused."""

from datetime import date

import pytest

from rally.errors import ConfigurationError, faults_of
from rally.fields import Place
from rally.registry import collected_fields
from rally.registry.collected_fields import (
    CollectedField,
    Sdk,
    read_fields,
    without_descriptions,
)
from rally.validation.avro_schema import read_schema
from tests.support.schemas import described

SAYS = {"doc": "A word", "category": 2, "purpose": "To see"}
EVENT = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "name", "type": "string", **SAYS},
        {
            "name": "extra",
            "type": ["null", {"type": "map", "values": "string"}],
            "default": None,
            **SAYS,
        },
    ],
}
VISIT = {
    "type": "record",
    "name": "visit",
    "doc": "A visit",
    "fields": [
        {
            "name": "rally_id",
            "json": "rally.id",
            "type": "string",
            "doc": "Who",
            "category": 1,
            "purpose": "To know them again",
            "benefit": "They may leave",
            "identifier": True,
        },
        {
            "name": "events",
            "type": ["null", {"type": "array", "items": EVENT}],
            "default": None,
        },
        {"name": "last", "type": ["null", "event"], "default": None},
        {"name": "size", "type": ["long", "double"], "sdk": "glean", **SAYS},
        {"name": "mixed", "type": ["null", "string", "event"], **SAYS},
    ],
}


def fields_of(schema):
    return read_fields(Place("visit.1.avsc"), read_schema(schema))


def faults(schema):
    with pytest.raises(ConfigurationError) as caught:
        fields_of(schema)
    return list(faults_of(caught.value))


def leaf(**properties):
    declared = {"name": "page", "type": "string", **SAYS, **properties}
    left_out = {name for name, value in declared.items() if value is None}
    for name in left_out:
        del declared[name]
    return {"type": "record", "name": "visit", "fields": [declared]}


def test_each_leaf_is_one_field():
    said = ("A word", "To see")

    def word(path, type_, optional=True, **more):
        doc, purpose = said
        return CollectedField(path, doc, type_, optional, 2, purpose, **more)

    assert fields_of(VISIT) == (
        CollectedField(
            path="/rally.id",
            doc="Who",
            type="string",
            optional=False,
            category=1,
            purpose="To know them again",
            benefit="They may leave",
            identifier=True,
        ),
        word("/events/*/name", "string"),
        word("/events/*/extra", "map of string"),
        word("/last/name", "string"),
        word("/last/extra", "map of string"),
        word("/size", "long or double", optional=False, sdk=Sdk.GLEAN),
        word("/mixed", "string or record"),
        word("/mixed/name", "string"),
        word("/mixed/extra", "map of string"),
    )


_OPEN = "is still open; write it in the place of TODO"
_CATEGORY = "/page.category: must be 1, 2, 3 or 4"
REFUSED = {
    "no doc": ({"doc": None}, "/page: has no doc; say it"),
    "nothing": (
        {"doc": None, "category": None, "purpose": None},
        "/page: has no doc, category, purpose; say it",
    ),
    "category 0": ({"category": 0}, _CATEGORY),
    "category 5": ({"category": 5}, _CATEGORY),
    "text": ({"category": "1"}, _CATEGORY),
    "true": ({"category": True}, _CATEGORY),
    "open doc": ({"doc": "TODO: what it is"}, f"/page.doc: {_OPEN}"),
    "open purpose": ({"purpose": "TODO"}, f"/page.purpose: {_OPEN}"),
    "blank": (
        {"doc": " "},
        "/page.doc: must be text; write some, in quotes where YAML needs them",
    ),
    "two lines": (
        {"doc": "a\nb"},
        "/page.doc: must be one line of printable text",
    ),
    "no day": (
        {"expires": "soon"},
        "/page.expires: must be a day such as 2022-03-10, from 2000-01-01 to"
        " 2199-12-31",
    ),
    "no flag": ({"identifier": "yes"}, "/page.identifier: must be true or false"),
    "no SDK": ({"sdk": "other"}, "/page.sdk: must be one of: glean"),
}


@pytest.mark.parametrize(("properties", "fault"), REFUSED.values(), ids=REFUSED)
def test_field_that_does_not_say_what_it_is_is_a_fault(properties, fault):
    assert faults(leaf(**properties)) == [f"visit.1.avsc: {fault}"]


def test_field_that_expires_may_be_absent_afterwards():
    schema = leaf(type=["null", "string"], expires="2027-03-31")
    schema["fields"][0]["default"] = None
    assert fields_of(schema)[0].expires == date(2027, 3, 31)
    assert faults(leaf(expires="2027-03-31")) == [
        'visit.1.avsc: /page.expires: needs a field that may be absent; write ["null",'
        " …] with default null"
    ]


def test_all_faults_are_told_at_once():
    schema = leaf(category=9, purpose=None)
    schema["fields"].append({"name": "note", "type": "string"})
    assert faults(schema) == [
        "visit.1.avsc: /page: has no purpose; say it",
        f"visit.1.avsc: {_CATEGORY}",
        "visit.1.avsc: /note: has no doc, category, purpose; say it",
    ]


def test_named_record_is_read_at_each_place_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(collected_fields, "MOST_FIELDS", 8)
    (fault,) = faults(VISIT)
    assert fault == "visit.1.avsc: has more than 8 fields; split the schema"
    monkeypatch.setattr(collected_fields, "MOST_FIELDS", 9)
    assert len(fields_of(VISIT)) == 9


def test_places_of_records_that_say_nothing_are_bounded():
    """They double at each level, and no field of them would be counted."""
    record = {"type": "record", "name": "r0", "fields": []}
    for level in range(1, 40):
        fields = [{"name": "a", "type": record}, {"name": "b", "type": f"r{level - 1}"}]
        record = {"type": "record", "name": f"r{level}", "fields": fields}
    (fault,) = faults(record)
    assert fault == "visit.1.avsc: has more than 20,000 fields; split the schema"


def test_files_hold_the_structure_alone():
    plain = {
        "type": "record",
        "name": "visit",
        "fields": [
            {"name": "doc", "json": "rally.id", "type": "string"},
            {"name": "at", "type": {"type": "map", "values": "long"}, "default": {}},
        ],
    }
    assert without_descriptions(described(plain, benefit="Some", sdk="glean")) == plain
