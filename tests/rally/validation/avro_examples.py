"""Small schemas, and what other people's Avro makes of schemas and values."""

import io
import json
import warnings

import avro.schema
import fastavro

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


def parsed_by_apache(schema):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it ignores unknown logical types
        return avro.schema.parse(json.dumps(schema))
