"""Schemas of one field or two, to be compared."""

from rally.fields import Place
from rally.registry.schemas import payload_schema
from rally.validation import avro_schema

SAYS = {"doc": "what it is", "category": 1, "purpose": "a test"}


def leaf(name, type_="string", **more):
    return {"name": name, "type": type_, **SAYS, **more}


def maybe(name, type_="string", **more):
    return leaf(name, ["null", type_], default=None, **more)


def record(*fields, name="ping", **more):
    return {"type": "record", "name": name, "fields": list(fields), **more}


def inner(name, type_, **more):
    """A field that reaches records alone, and says nothing of itself."""
    return {"name": name, "type": type_, **more}


def schema_of(*fields, **more):
    schema = record(*fields, **{"participant": "/id", **more})
    type_ = avro_schema.read_schema(schema)
    return payload_schema(Place("visit.1.avsc"), schema, type_)
