import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.validation.avro_schema import MAX_TRIES, MAX_TYPES, read_schema
from rally.validation.encoder import compile_encoder
from tests.rally.validation.avro_examples import (
    ENUM,
    FIXED,
    RECORD,
    field,
    logical,
    optional,
    parsed_by_apache,
    record,
    written,
)
from tests.rally.validation.avro_strategies import mutations, schemas
from tests.rally.validation.reference import to_datum

REFUSED_SCHEMAS = {
    "nothing": (None, "schema: a type is a name, a list of types or an object"),
    "number": (3, "schema: a type is a name"),
    "unknown": ("strin", "schema: the type 'strin' is unknown; define it before"),
    "complex-as-name": (record(field("a", "array")), "schema.a: a type of its own"),
    "type-of-type": ({"type": {"type": "int"}}, 'schema: the "type" of a definition'),
    "error": ({**RECORD, "type": "error"}, 'schema: the "type" of a definition'),
    "no-type": ({"name": "R"}, 'schema: the "type" of a definition'),
    "no-items": ({"type": "array"}, "schema.items: a type is"),
    "no-values": ({"type": "map"}, "schema.values: a type is"),
    "no-fields": (
        {"type": "record", "name": "R"},
        'schema: a record has a list of "fi',
    ),
    "no-name": ({"type": "record", "fields": []}, 'schema: a named type has a "name"'),
    "bad-name": (
        {**RECORD, "name": "rally-id"},
        "schema: 'rally-id' is no name in Avro",
    ),
    "newline-name": ({**RECORD, "name": "a\n"}, "schema: 'a\\n' is no name in Avro"),
    "bad-namespace": ({**RECORD, "namespace": "a-b"}, "schema: 'a-b' is no name"),
    "namespace-null": ({**RECORD, "namespace": None}, "schema: a named type has"),
    "namespace-empty": (
        {**record(field("a", {**ENUM, "namespace": ""})), "namespace": "x"},
        'schema.a: readers differ over an empty "namespace" inside another; name it',
    ),
    "own-name": (
        {**RECORD, "name": "a.string"},
        "schema: 'string' is a type of Avro's",
    ),
    "aliases": ({**RECORD, "aliases": "x"}, 'schema: "aliases" is a list of names'),
    "alias": ({**RECORD, "aliases": ["a.b-c"]}, "schema: 'b-c' is no name in Avro"),
    "recursive": (record(optional("a", "R")), "schema.a[1]: 'R' contains itself"),
    "used-before": (
        record(field("a", "E"), field("b", ENUM)),
        "schema.a: the type 'E' is unknown",
    ),
    "other-namespace": (
        {**record(field("a", "E")), "namespace": "x"},
        "schema.a: the type 'x.E' is unknown",
    ),
    "defined-twice": (
        [ENUM, {**FIXED, "name": "E"}],
        "schema[1]: 'E' is defined twice",
    ),
    "field-is-text": (record("a"), "schema.fields[0]: a field is an object"),
    "field-name": (record(field("a.b", "int")), "schema.fields[0]: 'a.b' is no name"),
    "field-no-type": (record({"name": "a"}), "schema.a: a type is"),
    "field-twice": (
        record(field("a", "int"), field("a", "int", json="b")),
        "schema: two fields have the name 'a'; rename one",
    ),
    "json-twice": (
        record(field("a", "int", json="b"), field("b", "int")),
        "schema: two fields have the JSON name 'b'; rename one",
    ),
    "json-number": (record(field("a", "int", json=1)), 'schema.a: "json" is the field'),
    "json-empty": (record(field("a", "int", json="")), 'schema.a: "json" is the field'),
    "json-in-type": (
        record(field("a", {"type": "int", "json": "b"})),
        'schema.a: "json" renames a field',
    ),
    "logical-in-field": (
        record(field("a", "int", logicalType="date")),
        'schema.a: "logicalType" is of a type; put it inside',
    ),
    "order": (record(field("a", "int", order="up")), 'schema.a: "order" is one of'),
    "union-empty": ([], "schema: a union has one branch or more"),
    "union-of-union": (["null", ["int", "string"]], "schema: a union has one branch"),
    "union-twice": (["int", logical("int", "date")], "schema: a union has one branch"),
    "union-named-twice": (
        record(field("a", ENUM), field("b", ["E", "E"])),
        "schema.b: a union has one branch",
    ),
    "no-symbols": ({**ENUM, "symbols": []}, 'schema: an enum has a list of "symbols"'),
    "symbol-name": ({**ENUM, "symbols": ["a-b"]}, "schema: 'a-b' is no name in Avro"),
    "symbol-twice": ({**ENUM, "symbols": ["a", "a"]}, "schema: a symbol stands twice"),
    "enum-default": ({**ENUM, "default": "c"}, "schema: the enum's default is none of"),
    "no-size": ({"type": "fixed", "name": "F"}, 'schema: a fixed has a "size"'),
    "size-true": ({**FIXED, "size": True}, 'schema: a fixed has a "size"'),
    "size-0": ({**FIXED, "size": 0}, 'schema: a fixed has a "size"'),
    "date-on-long": (
        logical("long", "date"),
        "schema: the logical type date stands on",
    ),
    "uuid-on-int": (
        logical("int", "uuid"),
        "schema: the logical type uuid stands on st",
    ),
    "logical-list": (
        logical("string", ["uuid"]),
        'schema: the "logicalType" is a name',
    ),
    "uuid-size": (
        {**FIXED, "logicalType": "uuid"},
        "schema: a uuid on a fixed has the",
    ),
    "duration-size": (
        {**FIXED, "logicalType": "duration"},
        "schema: a duration on a f",
    ),
    "no-precision": (
        logical("bytes", "decimal"),
        'schema: a decimal has a "precision"',
    ),
    "scale": (
        logical("bytes", "decimal", precision=2, scale=3),
        'schema: a decimal has a "scale" from 0 to its precision',
    ),
    "precision-large": (
        logical("bytes", "decimal", precision=2**62),
        'schema: a decimal has a "precision" of 1 to 1000 digits',
    ),
    "size-large": (
        {**FIXED, **logical("fixed", "decimal", precision=1, size=2**62)},
        'schema: a fixed has a "size" of 1 to 65536 bytes',
    ),
    "precision-of-fixed": (
        {**FIXED, **logical("fixed", "decimal", precision=5)},
        "schema: a precision of 5 does not fit the size 2",
    ),
    "default-type": (
        record(field("a", "int", default="1")),
        "schema.a: the default does",
    ),
    "default-range": (
        record(field("a", "int", default=2**31)),
        "schema.a: the default",
    ),
    "default-null-last": (
        record(field("a", ["int", "null"], default=None)),
        "schema.a: the default does not fit the type (of a union, its first branch)",
    ),
    "default-item": (
        record(field("a", {"type": "array", "items": "int"}, default=[1, "1"])),
        "schema.a: the default",
    ),
    "default-record": (
        record(field("a", record(field("b", "int"), name="S"), default={})),
        "schema.a: the default",
    ),
    "default-by-json-name": (
        record(
            field("a", record(field("b", "int", json="c"), name="S"), default={"c": 1})
        ),
        "schema.a: the default",
    ),
    "fastavro": (
        record(field("a", {"type": "double"}, default=1)),
        "schema: fastavro refuses it: Default value <1> must match schema type: double",
    ),
}


@pytest.mark.parametrize("name", REFUSED_SCHEMAS)
def test_schema_that_cannot_be_served_is_refused_with_its_place(name):
    schema, message = REFUSED_SCHEMAS[name]
    with pytest.raises(ConfigurationError) as refused:
        compile_encoder(schema)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", REFUSED_SCHEMAS)
def test_reader_refuses_all_that_compiling_does_and_names_the_file(name):
    schema, message = REFUSED_SCHEMAS[name]
    with pytest.raises(ConfigurationError) as refused:
        read_schema(schema, "x.avsc: schema")
    assert str(refused.value).startswith(f"x.avsc: {message}")


@pytest.mark.parametrize(
    ("type_", "default"),
    [
        ("double", 0),
        ("bytes", "\xff"),
        (["int", "null"], 3),
        ({"type": "map", "values": "int"}, {"a": 1}),
        (
            record(field("b", "int", json="c"), field("d", "int", default=1), name="S"),
            {"b": 1},
        ),
        ({**ENUM, "default": "a"}, "b"),
    ],
    ids=["double", "bytes", "union", "map", "record", "enum"],
)
def test_schema_with_a_default_that_fits_is_served(type_, default):
    compile_encoder(record(field("a", type_, default=default)))


@given(st.data())
def test_mutated_schema_is_refused_or_parsed_by_every_reader(data):
    schema = data.draw(mutations(data.draw(schemas())))
    try:
        compile_encoder(schema)
    except ConfigurationError:
        return
    fastavro.parse_schema(schema)
    parsed_by_apache(schema)


def nested(depth):
    """A schema of that depth, and a value that goes to its bottom."""
    schema, value = "int", 1
    for level in range(depth - 1):
        if level % 4 < 2:
            schema, value = {"type": "array", "items": schema}, [value]
        elif level % 4 == 2:
            schema = record(field("a", schema), name=f"R{level}")
            value = {"a": value}
        else:
            schema = ["null", schema]
    return schema, value


def test_schema_nests_64_deep_and_no_deeper():
    schema, value = nested(64)
    assert compile_encoder(schema)(value) == written(schema, to_datum(schema, value))
    for depth in (65, 5_000):
        with pytest.raises(ConfigurationError, match="nest more than 64 deep; flatten"):
            compile_encoder(nested(depth)[0])


def test_references_count_in_the_depth():
    fields = [field("f0", record(field("a", "int"), name="R0"))]
    for level in range(1, 70):
        inner = record(field("a", f"R{level - 1}"), name=f"R{level}")
        fields.append(field(f"f{level}", inner))
    with pytest.raises(ConfigurationError, match="nest more than 64 deep"):
        compile_encoder(record(*fields))


def tried(levels):
    """Unions of two records each, of which every value is tried twice at each level."""
    inner = "long"
    for level in range(levels):
        again = f"held{level - 1}" if level else "long"
        first = record(field("value", inner), name=f"first{level}")
        more = (field("value", again), field("more", "long"))
        either = [first, record(*more, name=f"second{level}")]
        inner = record(field("either", either), name=f"held{level}")
    return inner


def test_tries_of_a_value_are_bounded():
    assert read_schema(tried(6)).tries == MAX_TRIES == 64
    with pytest.raises(ConfigurationError, match="a value may have to be tried 128"):
        read_schema(tried(7))
    with pytest.raises(ConfigurationError, match="a value may have to be tried 128"):
        read_schema(tried(60))


def test_tries_are_those_of_one_json_type():
    """Whose value a branch cannot take by its type is not tried."""
    branches = ["null", "boolean", "long", "double", "string"]
    nested = branches
    for _ in range(12):
        nested = [
            *branches,
            {"type": "array", "items": nested},
            {"type": "map", "values": "string"},
        ]
    assert read_schema(nested).tries == 2  # a number is a long or a double


def test_number_of_types_is_bounded():
    fields = [field(f"f{number}", "long") for number in range(MAX_TYPES)]
    assert len(read_schema(record(*fields[1:])).fields) == MAX_TYPES - 1
    with pytest.raises(ConfigurationError, match="there are more than 5,000 types"):
        read_schema(record(*fields))
