"""What the columns of a document say: the newest words, and the strictest of all."""

from dataclasses import replace

from rally.dataset.documented_columns import document_columns
from rally.fields import Place
from rally.registry.registry import SHIPPED, Registry
from rally.registry.schemas import payload_schema
from rally.validation.avro_schema import read_schema
from tests.support.schemas import described


def field(name, type, **says):
    return {"name": name, "type": type, **says}


def schema(*fields):
    made = described({"type": "record", "name": "v", "fields": list(fields)})
    return payload_schema(Place("v.avsc"), made, read_schema(made))


def test_column_says_what_the_newest_schema_says_and_is_as_strict_as_any():
    registry = Registry.load(SHIPPED)
    document = registry.studies["rally-lab-study"].documents["page-visit.1"]
    older = schema(
        field("a", "int", category=3, doc="old"),
        field("b", "string", identifier=True),
        field("gone", "string", category=4),
    )
    newer = schema(
        field("b", ["null", "string"], doc="new"),
        field("a", "long", category=2, doc="new", json="A"),
        field("c", {"type": "array", "items": {
            "type": "record", "name": "item", "fields": [field("n", "int")],
        }}),
    )  # fmt: skip
    columns = document_columns(replace(document, schema=newer, older=(older,)))
    assert list(columns) == ["a", "b", "gone", "c"]
    assert {
        name: (each.type.name, each.field.doc, each.field.category,
               each.field.identifier)
        for name, each in columns.items() if each.field
    } == {
        "a": ("long", "new", 3, False),
        "b": ("string", "new", 1, True),
        "gone": ("string", "A field of a test", 4, False),
    }  # fmt: skip
    assert columns["c"].field is None
    assert all(each.name == name for name, each in columns.items())


def test_every_column_of_the_shipped_registry_is_documented_or_a_list():
    registry = Registry.load(SHIPPED)
    for study in registry.studies.values():
        for document in study.documents.values():
            for name, each in document_columns(document).items():
                assert each.field or each.type.name in ("array", "map"), name
