"""Payload schemas: what Avro allows and the store does not, and the ids' places."""

import hashlib
import json
from copy import deepcopy

import pytest

from rally.errors import ConfigurationError, faults_of
from rally.registry.schemas import check_ids, read_schema, type_at
from rally.registry.study import Means
from rally.validation import avro_schema
from rally.validation.encoder import compile_encoder
from tests.support.schemas import SAYS, described

FILE = "schemas/rally-x/visit.1.avsc"


def record(*fields, name="visit", **properties):
    return {"type": "record", "name": name, "fields": list(fields), **properties}


def field(name, type, **properties):
    return {"name": name, "type": type, **SAYS, **properties}


ID = field("rally_id", "string", json="rally.id")
UUIDS = field("uuid", record(ID, name="uuids"))
METRICS = field("metrics", ["null", record(UUIDS, name="metrics")], default=None)
GOOD = record(METRICS, participant="/metrics/uuid/rally.id")


def read(schema, means=Means.DATA):
    data = schema if isinstance(schema, bytes) else json.dumps(schema).encode()
    file = read_schema(FILE, data)
    check_ids(file, means)
    return file.schema


def error(schema, means=Means.DATA):
    with pytest.raises(ConfigurationError) as caught:
        read(schema, means)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{FILE}: ")
    return message.removeprefix(f"{FILE}: ")


def test_good_schema_keeps_its_json_and_properties():
    schema = read(GOOD)
    assert schema.json == GOOD
    assert compile_encoder(schema.json)({"metrics": {"uuid": {"rally.id": "x"}}})
    assert (schema.participant, schema.deletion_id) == ("/metrics/uuid/rally.id", None)


def test_fingerprint_is_of_the_canonical_json_without_words():
    good = described(GOOD)
    less = described(GOOD)
    for each in (less["fields"][0], *_fields_of(less["fields"][0]["type"][1])):
        del each["doc"]
    canonical = json.dumps(less, sort_keys=True, separators=(",", ":")).encode()
    assert read(good).fingerprint == hashlib.sha256(canonical).hexdigest()
    assert read(dict(reversed(good.items()))).fingerprint == read(good).fingerprint
    other_words = json.loads(json.dumps(good).replace("A field of a test", "Other"))
    assert read(other_words).fingerprint == read(good).fingerprint


def _fields_of(record):
    for each in record["fields"]:
        yield each
        if isinstance(each["type"], dict):
            yield from _fields_of(each["type"])


APPROVED = {
    "category": 2,
    "purpose": "Another",
    "benefit": "Some",
    "expires": "2030-01-01",
    "identifier": True,
    "sdk": "glean",
    "json": "rally.ids",
    "default": "x",
}


@pytest.mark.parametrize(("name", "value"), APPROVED.items(), ids=APPROVED)
def test_fingerprint_covers_what_a_review_approves(name, value):
    # What has a last day may be absent; what has a default is of its type.
    type_ = ["null", "string"] if name == "expires" else "string"
    more = {"default": None} if name == "expires" else {}
    other = field("other", type_, **more)
    plain = described(record(ID, other, participant="/rally.id"))
    changed = deepcopy(plain)
    changed["fields"][1][name] = value
    assert read(changed).fingerprint != read(plain).fingerprint


def test_doc_that_is_data_is_in_the_fingerprint():
    """A field or a key of a default may be called doc."""
    labels = {"type": "map", "values": "string"}

    def with_default(**default):
        doc = field("doc", labels, default=default)
        return described(record(ID, doc, participant="/rally.id"))

    one, other = read(with_default(doc="a")), read(with_default(doc="b"))
    assert one.fingerprint != other.fingerprint


def test_deletion_id_stands_beside_or_instead():
    ids = [field("id", "string"), field("deletionId", ["null", "string"])]
    enrolment = record(*ids, participant="/id", deletion_id="/deletionId")
    request = record(ids[1], deletion_id="/deletionId")
    assert read(enrolment, Means.JOINS).deletion_id == "/deletionId"
    assert read(request, Means.DELETION_ID).participant is None


NODE = record(field("next", ["null", "Node"]), name="Node")
SPACED = record(field("next", "a.Node"), name="Node", namespace="a")
POINT = record(field("x", "long"), name="Point")
BY_NAME = [field("a", POINT), field("b", "Point")]
NO_STRING = "is no string of this schema; correct either"
POINTER = 'must be a JSON pointer; begin it with "/"'
RECURSIVE = "contains itself; spell out the levels it may have"
JSON_NAME = '"json" is the field\'s name in JSON, text that is not empty'


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (b"\xff", "is not JSON in UTF-8; correct it"),
        (b"{\n,}", "line 2: is not JSON (Expecting property name enclosed in double "
         "quotes); correct it"),
        (b'{"type": "record", "type": "map"}',
         '"type" stands twice in one object; remove one'),
        ("string", "must be an Avro record; describe the payload as one"),
        ({"type": "map", "values": "string"},
         "must be an Avro record; describe the payload as one"),
        (record(field("x", "varchar")),
         "schema.x: the type 'varchar' is unknown; define it before its use"),
        (record(field("rally.id", "string")),
         "schema.fields[0]: 'rally.id' is no name in Avro; use letters, digits and _, "
         "no digit first"),
        (record(field("x", "string"), field("x", "long", json="y")),
         "schema: two fields have the name 'x'; rename one"),
        (record(field("x", POINT), field("y", POINT)),
         "schema.y: 'Point' is defined twice; refer to the first by its name"),
        (record(field("n", NODE)), f"schema.n.next[1]: 'Node' {RECURSIVE}"),
        (record(field("n", SPACED)), f"schema.n.next: 'a.Node' {RECURSIVE}"),
        (record(field("n", {"type": "array", "items": "visit"})),
         f"schema.n.items: 'visit' {RECURSIVE}"),
        (record(field("n", {"type": "map", "values": "visit"})),
         f"schema.n.values: 'visit' {RECURSIVE}"),
        (record(field("rally_id", "string", json="id"), field("id", "string")),
         "schema: two fields have the JSON name 'id'; rename one"),
        (record(field("in", record(ID, field("x", "string", json="rally.id"),
                                   name="inner"))),
         "schema.in: two fields have the JSON name 'rally.id'; rename one"),
        (record(field("x", "string", json="")), f"schema.x: {JSON_NAME}"),
        (record(field("x", "string", json=7)), f"schema.x: {JSON_NAME}"),
        (record(field("x", {"type": "string", "logicalType": "timestamp-millis"})),
         "schema.x: the logical type timestamp-millis stands on long, not on string"),
        (record(field("x", "int", logicalType="date")),
         'schema.x: "logicalType" is of a type; put it inside, {"type": {...}}'),
        (record(field("x", "long", default="0")),
         "schema.x: the default does not fit the type (of a union, its first branch); "
         "correct or remove it"),
        (record(field("x", {"type": "double"}, default=1)),
         "schema: fastavro refuses it: Default value <1> must match schema type: "
         "double"),
        (b'{"x":' + b"[" * 100_000, "nests too deep to be read; flatten it"),
        (record(METRICS), "participant: is missing; add the JSON pointer to the id in "
         "the payload"),
        (record(METRICS, participant="metrics"), f"participant: {POINTER}"),
        (record(METRICS, participant=None), f"participant: {POINTER}"),
        (record(METRICS, participant="/metrics/uuid/rally_id"),
         f"participant: /metrics/uuid/rally_id {NO_STRING}"),
        (record(METRICS, participant="/metrics/uuid"),
         f"participant: /metrics/uuid {NO_STRING}"),
        (record(field("id", "long"), participant="/id"),
         f"participant: /id {NO_STRING}"),
        (record(field("id", ["string", "long"]), participant="/id"),
         f"participant: /id {NO_STRING}"),
        (record(field("ids", {"type": "array", "items": "string"}),
                participant="/ids/0"), f"participant: /ids/0 {NO_STRING}"),
        (record(METRICS, participant="/metrics/uuid/rally.id", deletion_id="/id"),
         f"deletion_id: /id {NO_STRING}"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, str) else "schema",
)  # fmt: skip
def test_wrong_schema_is_one_line(schema, message):
    assert error(schema) == message


def test_deletion_id_document_names_no_participant():
    schema = record(field("deletionId", "string"), participant="/deletionId")
    with pytest.raises(ConfigurationError) as caught:
        read(schema, Means.DELETION_ID)
    assert faults_of(caught.value) == (
        f"{FILE}: participant: a deletion-id document names none; remove it",
        f"{FILE}: deletion_id: is missing; add the JSON pointer to the id in the"
        " payload",
    )
    del schema["participant"]
    assert error(schema, Means.DELETION_ID) == (
        "deletion_id: is missing; add the JSON pointer to the id in the payload"
    )


@pytest.mark.parametrize(
    ("pointer", "kind"),
    [
        ("/text", "string"),
        ("/maybe", "string"),
        ("/uuid", "string"),
        ("/counts/any.key", "long"),
        ("/flags", "map"),
        ("/a~1b/m~0n", "boolean"),
        ("/first/x", "long"),
        ("/second/x", "long"),
        ("/second/y", None),
        ("/either", None),
        ("/list/0", None),
        ("/text/more", None),
        ("/nothing", None),
        ("/", None),
    ],
)
def test_pointer_finds_the_type_of_a_place(pointer, kind):
    schema = record(
        field("text", "string"),
        field("maybe", ["null", "string"]),
        field("uuid", {"type": "string", "logicalType": "uuid"}),
        field("counts", ["null", {"type": "map", "values": "long"}]),
        field("flags", {"type": "map", "values": "boolean"}),
        field("slash", record(field("t", "boolean", json="m~n"), name="s"), json="a/b"),
        field("first", deepcopy(POINT)),
        field("second", ["null", "Point"]),
        field("either", ["string", "long"]),
        field("list", {"type": "array", "items": "string"}),
    )
    assert type_at(avro_schema.read_schema(schema), pointer) == kind


def test_name_used_twice_is_not_recursive():
    schema = record(ID, *BY_NAME, participant="/rally.id")
    assert read(schema).json == schema


def test_names_are_resolved_in_their_namespace():
    inner = record(field("x", "boolean"), name="Point", namespace="other")
    schema = record(
        field("first", deepcopy(POINT)),
        field("second", inner),
        field("third", "Point"),
        field("fourth", "other.Point"),
        namespace="mine",
    )
    type_ = avro_schema.read_schema(schema)
    assert type_at(type_, "/third/x") == "long"
    assert type_at(type_, "/fourth/x") == "boolean"
