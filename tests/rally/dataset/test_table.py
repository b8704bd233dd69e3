"""Revisions of a document are one table, by Avro's resolution."""

import json
from types import SimpleNamespace

import pyarrow as pa
import pytest

from rally.dataset.columns import find_decoder
from rally.dataset.row_bytes import RowBytes
from rally.dataset.table import choose, columns_of, conform, widen
from rally.errors import ConfigurationError, CorruptFile, ManyFaults
from rally.validation.encoder import compile_encoder


def record(*fields):
    return {
        "type": "record",
        "name": "p",
        "fields": [{"name": name, "type": type_} for name, type_ in fields],
    }


def document(*newest_first):
    revisions = [SimpleNamespace(json=each) for each in newest_first]
    return SimpleNamespace(namespace="rally-a", name="visit.1", revisions=revisions)


def read(value, old, new):
    """A value of the old schema's field `f`, as the table of both has it."""
    column = columns_of(document(record(("f", new)), record(("f", old))))[-1]
    schema = record(("payload", record(("f", old)) | {"name": "q"}))
    row = compile_encoder(schema)({"payload": {"f": value}})
    decoder = find_decoder(json.dumps(schema), frozenset({column.path}))
    bounds = pa.array([0, len(row)]).to_numpy()
    found = decoder.decode(RowBytes([row]), bounds[:1], bounds[1:])
    (value,) = conform(found[column.path], column.type).to_pylist(
        maps_as_pydicts="strict"
    )
    return value


ITEM = {"type": "record", "name": "i", "fields": [{"name": "a", "type": "int"}]}
NEWER_ITEM = {
    **ITEM,
    "fields": [*ITEM["fields"], {"name": "b", "type": ["null", "string"]}],
}


@pytest.mark.parametrize(
    ("old", "new", "value", "expected"),
    [
        ("int", "long", 7, 7),
        ("int", "double", 7, 7.0),
        ("long", ["null", "long"], 2**40, 2**40),
        ("float", "double", 0.5, 0.5),
        ("string", "bytes", "é", "é".encode()),
        ("string", ["string", "long"], "a", {"string": "a", "long": None}),
        (
            ["string", "long"],
            ["long", "string", "boolean"],
            5,
            {"string": None, "long": 5, "boolean": None},
        ),
        (
            {"type": "array", "items": ITEM},
            {"type": "array", "items": NEWER_ITEM},
            [{"a": 1}, {"a": 2}],
            [{"a": 1, "b": None}, {"a": 2, "b": None}],
        ),
        (
            {"type": "map", "values": "int"},
            {"type": "map", "values": "double"},
            {"a": 1},
            {"a": 1.0},
        ),
        (
            ["null", {"type": "array", "items": "int"}],
            ["null", {"type": "array", "items": "long"}],
            None,
            None,
        ),
        ("null", ["null", "string"], None, None),
    ],
)
def test_older_values_become_those_of_the_newer_type(old, new, value, expected):
    assert read(value, old, new) == expected


def test_fields_that_were_given_up_stay_columns():
    columns = columns_of(
        document(record(("b", "int"), ("c", "string")), record(("a", "string")))
    )

    assert [(each.name, each.path) for each in columns[5:]] == [
        (name, ("payload", name)) for name in ("a", "b", "c")
    ]
    assert [each.name for each in columns if each.is_row_column] == [
        *("participant", "document_id", "submission_timestamp"),
        *("client_agent", "source_tags"),
    ]


def test_types_that_are_no_one_column_are_told():
    with pytest.raises(ConfigurationError, match=r"rally-a/visit.1: f has types"):
        columns_of(document(record(("f", "string")), record(("f", "int"))))
    with pytest.raises(TypeError):
        widen(pa.string(), pa.list_(pa.string()))


def test_values_of_another_type_are_a_damaged_file():
    with pytest.raises(CorruptFile, match="another type"):
        conform(pa.array(["a"]), pa.int64())
    with pytest.raises(CorruptFile, match="another type"):
        conform(pa.array([1]), pa.struct([("a", pa.string())]))


def test_all_unknown_columns_are_told():
    columns = columns_of(document(record(("f", "string"))))

    with pytest.raises(ManyFaults) as error:
        choose(columns, ["g", "f", "h"])

    assert len(error.value.faults) == 2
    assert [each.name for each in choose(columns, ["f", "participant"])] == [
        *("f", "participant")
    ]
