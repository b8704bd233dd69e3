"""A field's values go out of encoded rows, and every other byte stays."""

import io
import json

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.storage.field_eraser import FieldEraser, FieldRequired, find_eraser
from rally.validation.leaves import zig_zag

PART = {
    "type": "record",
    "name": "part",
    "namespace": "rally.test",
    "fields": [
        {
            "name": "kind",
            "type": {"type": "enum", "name": "kind", "symbols": ["A", "B"]},
        },
        {"name": "url", "json": "u.r/l", "type": ["null", "string"]},
        {"name": "sizes", "type": {"type": "array", "items": "long"}},
    ],
}
PAYLOAD = {
    "type": "record",
    "name": "payload",
    "fields": [
        {"name": "page", "type": ["string", "null"]},
        {"name": "count", "type": "long"},
        {"name": "hash", "type": {"type": "fixed", "name": "md5", "size": 3}},
        {"name": "parts", "type": ["null", {"type": "array", "items": PART}]},
        {"name": "by_name", "type": {"type": "map", "values": "rally.test.part"}},
        {"name": "either", "type": ["null", "double", "rally.test.part"]},
        {"name": "ok", "type": "boolean"},
    ],
}
ROW = {
    "type": "record",
    "name": "row",
    "fields": [
        {"name": "participant", "type": "string"},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "payload", "type": PAYLOAD},
    ],
}
SCHEMA = json.dumps(ROW)
PARSED = fastavro.parse_schema(ROW)

long = st.integers(-(1 << 63), (1 << 63) - 1)
parts = st.fixed_dictionaries(
    {
        "kind": st.sampled_from("AB"),
        "url": st.none() | st.text(max_size=3),
        "sizes": st.lists(long, max_size=3),
    }
)
payloads = st.fixed_dictionaries(
    {
        "page": st.none() | st.text(max_size=100),
        "count": long,
        "hash": st.binary(min_size=3, max_size=3),
        "parts": st.none() | st.lists(parts, max_size=3),
        "by_name": st.dictionaries(st.text(max_size=3), parts, max_size=3),
        "either": st.none() | st.floats(allow_nan=False) | parts,
        "ok": st.booleans(),
    }
)


def encode(payload):
    stream = io.BytesIO()
    row = {"participant": "somebody", "when": 1_780_000_000_000_000, "payload": payload}
    fastavro.schemaless_writer(stream, PARSED, row)
    return stream.getvalue()


def parts_of(payload, name):
    found = payload[name]
    if name == "by_name":
        return list(found.values())
    if name == "either":
        return [found] if isinstance(found, dict) else []
    return found or []


def empty(payload, path):
    """What the model leaves of a payload."""
    left = json.loads(json.dumps(payload, default=lambda data: data.hex()))
    name, _, inner = path[1:].replace("/*", "").partition("/")
    if not inner:
        left[name] = {"by_name": {}}.get(name)
    for part in parts_of(left, name) if inner else ():
        if inner == "u.r/l":
            part["url"] = None
        else:
            part["sizes"] = []
    return left | {"hash": bytes.fromhex(left["hash"])}


PATHS = (
    *("/page", "/parts", "/by_name", "/either", "/parts/*/u.r/l", "/parts/*/sizes"),
    *("/by_name/*/u.r/l", "/by_name/*/sizes", "/either/u.r/l", "/either/sizes"),
)


@given(payloads, st.sampled_from(PATHS))
def test_erasing_leaves_what_the_model_leaves(payload, path):
    eraser, row = find_eraser(SCHEMA, path), encode(payload)
    erased = eraser.erase(row)
    assert erased == encode(empty(payload, path))
    assert eraser.holds(row) is (erased != row)
    assert eraser.erase(erased) is erased


@pytest.mark.parametrize(
    "path", ["/count", "/hash", "/ok", "/parts/*/kind", "/either/kind"]
)
def test_required_field_can_not_be_erased(path):
    with pytest.raises(FieldRequired, match=r"required, and can be neither null nor"):
        FieldEraser(SCHEMA, path)


def test_file_of_a_program_that_knows_no_json_names_loses_the_field():
    schema = SCHEMA.replace('"json": "u.r/l", ', "").replace('"url"', '"u_r_l"')
    part = {"kind": "A", "u_r_l": "x", "sizes": []}
    stream = io.BytesIO()
    row = {"participant": "p", "when": 0, "payload": {**PLAIN, "parts": [part]}}
    fastavro.schemaless_writer(stream, fastavro.parse_schema(json.loads(schema)), row)
    whole, path = stream.getvalue(), "/parts/*/u.r_l"
    erased = FieldEraser(schema, path).erase(whole)
    assert len(erased) == len(whole) - 2
    assert not FieldEraser(SCHEMA.replace('"url"', '"u_r_l"'), path).is_there


@pytest.mark.parametrize(
    "path", ["/pag", "/page/x", "/parts/u.r/l", "/url", "/parts/*", "/", "", "/payload"]
)
def test_path_of_no_field_erases_nothing(path):
    eraser, row = FieldEraser(SCHEMA, path), encode(PLAIN)
    assert not eraser.is_there
    assert eraser.erase(row) is row
    assert not eraser.holds(row)


PLAIN = {
    "page": "p",
    "count": 1,
    "hash": b"abc",
    "parts": [],
    "by_name": {},
    "either": None,
    "ok": True,
}
TAGS = json.dumps(
    {
        "type": "record",
        "name": "row",
        "fields": [
            {
                "name": "payload",
                "type": {
                    "type": "record",
                    "name": "payload",
                    "fields": [
                        {
                            "name": "tags",
                            "type": {
                                "type": "array",
                                "items": {
                                    "type": "record",
                                    "name": "tag",
                                    "fields": [
                                        {"name": "a", "type": ["null", "string"]}
                                    ],
                                },
                            },
                        }
                    ],
                },
            }
        ],
    }
)
NONE, TAG = b"\0", b"\2\2x"


def test_block_with_its_size_loses_the_size_where_an_item_changes():
    sized = zig_zag(-2) + zig_zag(4) + NONE + TAG
    same = zig_zag(-1) + zig_zag(1) + NONE
    row = same + sized + NONE
    erased = FieldEraser(TAGS, "/tags/*/a").erase(row)
    assert erased == same + zig_zag(2) + NONE + NONE + NONE
    assert FieldEraser(TAGS, "/tags").erase(row) == NONE


@pytest.mark.parametrize(
    "row",
    [
        b"",
        TAG,
        b"\2\2",
        b"\2\4x\0",
        b"\2\2\2x\0x",
        zig_zag(1 << 40) + TAG,
        b"\xff" * 12,
    ],
    ids=["empty", "no end", "cut off", "no branch", "more", "many", "no number"],
)
def test_what_is_no_row_is_corrupt(row):
    with pytest.raises(CorruptFile, match="a row is not what its schema says"):
        FieldEraser(TAGS, "/tags/*/a").erase(row)


def nested(depth):
    type_ = "string"
    for level in range(depth):
        fields = [{"name": name, "type": type_} for name in "ab"]
        record = {"type": "record", "name": f"r{level}", "fields": fields}
        record["fields"][1] = {"name": "b", "type": f"r{level - 1}" if level else "int"}
        type_ = record
    return json.dumps(
        {
            "type": "record",
            "name": "row",
            "fields": [{"name": "payload", "type": type_}],
        }
    )


@pytest.mark.parametrize(
    "schema",
    [
        "no JSON",
        "[]",
        '{"type": "record", "name": "row"}',
        json.dumps(
            {
                "type": "record",
                "name": "row",
                "fields": [{"name": "payload", "type": ["null", "row"]}],
            }
        ),
        nested(60),
    ],
    ids=["text", "list", "no fields", "contains itself", "grows without bound"],
)
def test_schema_that_can_not_be_walked_is_corrupt(schema):
    with pytest.raises(CorruptFile, match="its schema cannot be walked to a field"):
        FieldEraser(schema, "/a")
