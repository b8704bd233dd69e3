"""Bounds of rows are those of a walk, or are not proved, whatever the bytes are."""

import io
import json
import uuid
from itertools import accumulate

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.storage.row_bounds import RowBounds
from rally.storage.row_keys import ClearBlock, RowWalker
from rally.storage.row_skipper import compile_walker

SCHEMA = {
    "type": "record",
    "name": "stored_row",
    "namespace": "rally",
    "fields": [
        {"name": "participant", "type": "string"},
        {"name": "document_id", "type": "string"},
        {
            "name": "submission_timestamp",
            "type": {"type": "long", "logicalType": "timestamp-micros"},
        },
        {"name": "colour", "type": {"type": "enum", "name": "c", "symbols": ["a"]}},
        {"name": "again", "type": "c"},
        {"name": "hash", "type": {"type": "fixed", "name": "h", "size": 3}},
        {"name": "is_new", "type": "boolean"},
        {"name": "share", "type": "double"},
        {"name": "maybe", "type": ["null", "string", "long"]},
        {"name": "raw", "type": "bytes"},
        {"name": "of", "type": {"type": "map", "values": ["null", "string"]}},
        {
            "name": "visits",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "visit",
                    "fields": [
                        {"name": "at", "type": "long"},
                        {"name": "ids", "type": {"type": "array", "items": "string"}},
                    ],
                },
            },
        },
    ],
}
PARSED = fastavro.parse_schema(SCHEMA)
BOUNDS, WALK = RowBounds(SCHEMA), compile_walker(SCHEMA)

INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
ids = st.uuids().map(str)
# Whole beginnings of rows, their overlaps, and what ends or begins like one.
deceiving = st.lists(
    st.one_of(ids.map(lambda each: f"H{each}"), st.sampled_from(["H", "HH", "-", "é"])),
    max_size=5,
).map("".join)
texts = st.one_of(ids, deceiving, st.text(max_size=70))


def row(participants):
    """A row whose payload may hold what looks like other rows."""
    return st.fixed_dictionaries(
        {
            "participant": participants,
            "document_id": participants,
            "submission_timestamp": st.one_of(
                st.integers(1_700_000_000_000_000, 1_800_000_000_000_000),
                INTEGERS,
            ),
            "colour": st.just("a"),
            "again": st.just("a"),
            "hash": st.binary(min_size=3, max_size=3),
            "is_new": st.booleans(),
            "share": st.floats(allow_nan=False),
            "maybe": st.one_of(
                st.none(), texts, st.integers(-(1 << 63), (1 << 63) - 1)
            ),
            "raw": st.one_of(st.binary(max_size=80), texts.map(str.encode)),
            "of": st.dictionaries(texts, st.one_of(st.none(), texts), max_size=2),
            "visits": st.lists(
                st.fixed_dictionaries(
                    {"at": st.integers(-70, 300), "ids": st.lists(texts, max_size=2)}
                ),
                max_size=2,
            ),
        }
    )


def encoded(record):
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, PARSED, record)
    return stream.getvalue()


def blocks_of(participants):
    rows = st.lists(row(participants).map(encoded), min_size=1, max_size=3)
    return st.lists(rows, min_size=1, max_size=2)


def found(blocks):
    data = [b"".join(rows) for rows in blocks]
    return BOUNDS.find(b"".join(data), list(map(len, data)), list(map(len, blocks)))


def bounds(blocks):
    return [0, *accumulate(len(each) for rows in blocks for each in rows)]


@given(blocks_of(ids))
def test_payloads_cannot_deceive(blocks):
    assert found(blocks) == bounds(blocks)


@given(blocks_of(st.one_of(ids, ids.map(str.upper), texts)))
def test_rows_that_begin_otherwise_are_right_or_not_proved(blocks):
    assert found(blocks) in (None, bounds(blocks))


def walked(data, count):
    try:
        ends = WALK(data, count)
    except (IndexError, ValueError):
        return None
    return [0, *ends] if ends[-1] == len(data) else None


@given(blocks_of(ids), st.data())
def test_damaged_bytes_are_as_the_walk_has_them_or_not_proved(blocks, data):
    damaged = bytearray(b"".join(blocks[0]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = bytes(damaged[: data.draw(st.integers(1, len(damaged)))])
    count = data.draw(st.integers(1, len(blocks[0]) + 1))
    bounds = BOUNDS.find(damaged, [len(damaged)], [count])
    assert bounds is None or bounds == walked(damaged, count)


@given(blocks_of(ids))
def test_wrong_counts_are_not_proved(blocks):
    data = [b"".join(rows) for rows in blocks]
    counts = [len(rows) for rows in blocks]
    joined, sizes = b"".join(data), list(map(len, data))
    assert BOUNDS.find(joined, sizes, [counts[0] + 1, *counts[1:]]) is None
    assert BOUNDS.find(joined, sizes, [counts[0] - 1, *counts[1:]]) is None
    if len(blocks) > 1:
        moved = [counts[0] - 1, counts[1] + 1, *counts[2:]]
        assert BOUNDS.find(joined, sizes, moved) is None


RECORD = {
    "participant": str(uuid.UUID(int=1)),
    "document_id": str(uuid.UUID(int=2)),
    "submission_timestamp": 1_700_000_000_000_000,
    "colour": "a",
    "again": "a",
    "hash": b"abc",
    "is_new": True,
    "share": 0.5,
    "maybe": None,
    "raw": b"",
    "of": {},
    "visits": [],
}


def test_long_arrays_are_left_to_the_walk():
    long = encoded(RECORD | {"visits": [{"at": 1, "ids": []}] * 5000})
    assert found([[encoded(RECORD)] * 300]) is not None
    assert found([[encoded(RECORD)] * 300 + [long]]) is None


@pytest.mark.parametrize(
    "fields",
    [
        SCHEMA["fields"][1:],
        [SCHEMA["fields"][1], SCHEMA["fields"][0], *SCHEMA["fields"][2:]],
        [{"name": "participant", "type": ["null", "string"]}, *SCHEMA["fields"][1:]],
        [*SCHEMA["fields"], {"name": "more", "type": ["null", "rally.stored_row"]}],
    ],
    ids=["one id", "other order", "union", "contains itself"],
)
def test_schemas_of_other_rows_are_refused(fields):
    with pytest.raises((ValueError, KeyError)):
        RowBounds(SCHEMA | {"fields": fields})


def doubled(leaf, depth):
    """Each record has the one before it twice: 2^depth leaves in few bytes."""
    inner = {"type": "record", "name": "r0", "fields": [{"name": "a", "type": leaf}]}
    fields = [{"name": "f0", "type": inner}]
    for level in range(1, depth + 1):
        twice = [{"name": each, "type": f"r{level - 1}"} for each in "ab"]
        inner = {"type": "record", "name": f"r{level}", "fields": twice}
        fields.append({"name": f"f{level}", "type": inner})
    return SCHEMA | {"fields": [*SCHEMA["fields"], *fields]}


def chained(depth):
    """Each record has the one before it, so that none is nested in the JSON."""
    fields = []
    for level in range(depth):
        before = f"r{level - 1}" if level else "null"
        one = [{"name": "a", "type": before}]
        inner = {"type": "record", "name": f"r{level}", "fields": one}
        fields.append({"name": f"f{level}", "type": inner})
    return SCHEMA | {"fields": [*SCHEMA["fields"], *fields]}


def sized(size):
    fixed = {"type": "fixed", "name": "f", "size": size}
    return SCHEMA | {"fields": [*SCHEMA["fields"], {"name": "f", "type": fixed}]}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (doubled("null", 8), doubled("null", 40)),
        (doubled("double", 8), doubled("double", 40)),
        (chained(20), chained(60)),
        (sized(0), sized(1 << 64)),
        (sized(1), sized(1.5)),
    ],
    ids=["no bytes", "bytes", "depth", "size", "no size"],
)
def test_schemas_that_would_cost_too_much_are_refused(good, bad):
    RowBounds(good)
    with pytest.raises(ValueError, match="too large"):
        RowBounds(bad)


def test_rows_of_a_schema_that_doubles_are_left_to_a_walk_that_ends():
    walker = RowWalker(json.dumps(doubled("long", 40)))
    block = ClearBlock(encoded(RECORD) * 300, 300)
    assert walker.prove([block], {RECORD["participant"].encode()}) is None
    with pytest.raises(CorruptFile, match="not what its schema says"):
        walker.cut([block], {RECORD["participant"].encode()})


def test_large_items_of_arrays_take_more_of_the_steps():
    ids = b"".join(b"H" + RECORD[each].encode() for each in list(RECORD)[:2])

    def find(width, items=30):
        flags = [{"name": f"f{number}", "type": "boolean"} for number in range(width)]
        item = {"type": "record", "name": "item", "fields": flags}
        field = {"name": "of", "type": {"type": "array", "items": item}}
        data = ids + bytes([2 * items]) + bytes(width * items + 1)
        bounds = RowBounds(SCHEMA | {"fields": [*SCHEMA["fields"][:2], field]})
        return bounds.find(data, [len(data)], [1])

    assert find(width=20) == [0, 74 + 1 + 20 * 30 + 1]
    assert find(width=640) is None


@pytest.mark.parametrize("upper", [False, True])
def test_keys_are_those_of_the_walk_of_few_rows(upper):
    people = [str(uuid.UUID(int=number % 7)) for number in range(600)]
    records = [
        RECORD | {"participant": each.upper() if upper else each} for each in people
    ]
    for number, record in enumerate(records):
        record |= {"submission_timestamp": number, "raw": b"x" * (number % 200)}
    rows = [encoded(each) for each in records]
    blocks = [rows[:350], rows[350:351], rows[351:]]
    cleared = [ClearBlock(b"".join(each), len(each)) for each in blocks]
    wanted = {people[0].encode(), people[3].encode()}
    walker = RowWalker(json.dumps(SCHEMA))
    together = walker.prove(cleared, wanted)
    assert together is not None
    alone = [walker.cut([ClearBlock(each, 1)], wanted)[0] for each in rows]
    numbered = [each.keys.get(0) for each in alone]
    assert [list(each) for each in together] == blocks
    assert numbered == [
        part.keys.get(number) for part in together for number in range(len(part))
    ]
    assert sum(key is not None for key in numbered) == 172
