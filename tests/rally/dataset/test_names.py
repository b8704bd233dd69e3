import pytest

from rally.dataset.names import leaves, name_columns
from rally.validation.avro_schema import read_schema


def record(name, *fields):
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": each, "type": type_} for each, type_ in fields],
    }


def metric(type_, name, of):
    return record("p", ("metrics", record("m", (type_, record("t", (name, of))))))


def names(*schemas):
    return list(name_columns([read_schema(each) for each in schemas]).values())


@pytest.mark.parametrize(
    ("schema", "columns"),
    [
        (record("p", ("url", "string"), ("at", "long")), ["url", "at"]),
        (
            record("p", ("visit", record("v", ("url", "string")))),
            ["visit_url"],
        ),
        (metric("quantity", "page_attention", "long"), ["page_attention"]),
        (
            metric("timespan", "load", record("s", ("time_unit", "string"))),
            ["load_time_unit"],
        ),
        (record("p", ("metrics", "string")), ["metrics"]),
        (
            record("p", ("events", {"type": "array", "items": record("e")})),
            ["events"],
        ),
        (record("p", ("pages", {"type": "map", "values": "long"})), ["pages"]),
        (
            record("p", ("info", ["null", record("i", ("os", "string"))])),
            ["info_os"],
        ),
        # A value that may be one record or another is one column.
        (
            record("p", ("info", [record("i", ("a", "int")), record("j")])),
            ["info"],
        ),
    ],
)
def test_columns_are_named_after_their_fields(schema, columns):
    assert names(schema) == columns


def test_row_s_own_columns_keep_their_names():
    schema = metric("string", "participant", "string")

    assert names(schema) == ["metrics_string_participant"]


def test_names_that_differ_in_capitals_alone_are_told_apart():
    schema = record("p", ("Load", "int"), ("load", "int"), ("a", record("r")))

    assert names(schema) == ["Load", "load_2"]


def test_revisions_are_one_table_and_rename_nothing():
    old = record("p", ("a_b", "int"), ("c", "int"))
    new = record("p", ("a", record("r", ("b", "int"))), ("c", "long"), ("d", "int"))

    assert names(old) == ["a_b", "c"]
    assert names(old, new) == ["a_b", "c", "a_b_2", "d"]


def test_leaves_are_in_the_schema_s_order():
    schema = record("p", ("z", record("r", ("y", "int"), ("x", "int"))), ("a", "int"))

    assert [*leaves(read_schema(schema))] == [("z", "y"), ("z", "x"), ("a",)]
