"""Which schemas readers see as one table, and which they do not."""

import io

import fastavro
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rally.registry.schema_diff import (
    ChangeKind,
    compare,
    incompatibilities,
)
from tests.rally.registry.diffed_schemas import (
    inner,
    leaf,
    maybe,
    record,
    schema_of,
)

ID = leaf("id", identifier=True)


ENUM = {"type": "enum", "name": "kind", "symbols": ["a", "b"]}


PART = record(leaf("size", "int"), name="part")


KEEP = "keep its type, widen it as Avro allows, or make a new version of the document"


DEFAULT = 'is new and has no default; older rows need one, such as null of ["null", …]'


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ([leaf("a")], [leaf("a", "long")], [f"/a: was string and is long; {KEEP}"]),
        (
            [leaf("a", "bytes")],
            [leaf("a", "string")],
            [f"/a: was bytes and is string; {KEEP}"],
        ),
        (
            [leaf("a", "long")],
            [leaf("a", {"type": "long", "logicalType": "timestamp-micros"})],
            [f"/a: was long and is timestamp-micros; {KEEP}"],
        ),
        (
            [maybe("a")],
            [leaf("a")],
            [f"/a: was string or null and is string; {KEEP}"],
        ),
        ([], [leaf("b")], [f"/b: {DEFAULT}"]),
        ([], [leaf("b", ["null", "string"])], [f"/b: {DEFAULT}"]),
        ([], [leaf("b", default="x"), maybe("c")], []),
        ([leaf("a")], [], []),
        (
            [leaf("a", json="x.y")],
            [leaf("a", json="x.z")],
            ["/x.z: a is /x.y of older pings; keep that, or take another name"],
        ),
        (
            [leaf("a", json="x.y")],
            [leaf("b", json="x.y")],
            ['/x.y: has the "name" b and had a; keep that'],
        ),
        (
            [inner("parts", {"type": "array", "items": PART})],
            [inner("parts", {"type": "map", "values": PART})],
            [f"/parts: was array of record part and is map of record part; {KEEP}"],
        ),
        (
            [inner("parts", {"type": "array", "items": PART})],
            [
                inner(
                    "parts",
                    {
                        "type": "array",
                        "items": record(leaf("size"), leaf("n"), name="part"),
                    },
                )
            ],
            [f"/parts/*/size: was int and is string; {KEEP}", f"/parts/*/n: {DEFAULT}"],
        ),
    ],
)
def test_what_readers_could_not_see_as_one_table_is_named(old, new, faults):
    assert incompatibilities(schema_of(ID, *old), schema_of(ID, *new)) == tuple(faults)


# Types of a leaf, each with values that its schema takes.
TYPES = {
    "int": ("int", [1, -(2**31)]),
    "long": ("long", [2**40]),
    "float": ("float", [0.5]),
    "double": ("double", [0.1]),
    "string": ("string", ["é"]),
    "bytes": ("bytes", [b"\xff"]),
    "boolean": ("boolean", [True]),
    "enum": (ENUM, ["a"]),
    "wider-enum": ({**ENUM, "symbols": ["b", "a", "c"]}, ["c"]),
    "date": ({"type": "int", "logicalType": "date"}, []),
    "array": ({"type": "array", "items": "int"}, [[1]]),
    "map": ({"type": "map", "values": "long"}, [{"k": 1}]),
    "fixed": ({"type": "fixed", "name": "f", "size": 2}, [b"ab"]),
    "record": (PART, [{"size": 1}]),
}


NUMBERS = {"int", "long", "float", "double"}


@st.composite
def leaf_types(draw):
    """A type, or a union of several with or without null, and values of it."""
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=3))
    kept = {"enum" if "enum" in name else name: name for name in names}
    types = [TYPES[name][0] for name in kept.values()]
    if "date" in kept:
        types = [each for each in types if each != "int"]
    values = [value for name in kept.values() for value in TYPES[name][1]]
    if draw(st.booleans()):
        types, values = ["null", *types], [None, *values]
    return types if len(types) > 1 else types[0], values


@given(leaf_types(), leaf_types())
def test_compatible_schema_reads_all_that_the_older_one_wrote(old, new):
    """Avro's own reader is asked, of every value that the older schema takes."""
    (old_type, values), (new_type, _) = old, new
    before = schema_of(ID, leaf("a", old_type))
    after = schema_of(ID, leaf("a", new_type), leaf("b", default="x"))
    if incompatibilities(before, after):
        return
    for value in values:
        buffer = io.BytesIO()
        fastavro.schemaless_writer(buffer, before.json, {"id": "i", "a": value})
        buffer.seek(0)
        row = fastavro.schemaless_reader(buffer, before.json, after.json)
        assert row == {"id": "i", "a": value, "b": "x"}


@given(leaf_types(), leaf_types())
def test_wider_and_narrower_are_each_other_s_converse(old, new):
    for type_, _ in (old, new):  # of two numbers in a union one may take the other's
        assume(
            type(type_) is not list or len(NUMBERS.intersection(map(str, type_))) < 2
        )
    types = [schema_of(ID, leaf("a", each)) for each, _ in (old, new)]
    there = {each.kind for each in compare(*types).changes}
    back = {each.kind for each in compare(*reversed(types)).changes}
    pairs = [
        (ChangeKind.WIDENED, ChangeKind.NARROWED),
        (ChangeKind.ADDED, ChangeKind.REMOVED),
    ]
    converse = dict(pairs) | {after: before for before, after in pairs}
    assert {converse.get(kind, kind) for kind in there} == back
