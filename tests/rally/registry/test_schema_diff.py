"""What a schema collects that another does not, and whether readers see one table."""

import pytest

from rally.registry.schema_diff import (
    Change,
    ChangeKind,
    DiffScope,
    compare,
)
from tests.rally.registry.diffed_schemas import inner, leaf, maybe, record, schema_of

ID = leaf("id", identifier=True)


URL = maybe("url", category=3)


ENUM = {"type": "enum", "name": "kind", "symbols": ["a", "b"]}


PART = record(leaf("size", "int"), name="part")


def changed(old, new):
    """The differences of fields beside the id and one of category 3."""
    diff = compare(schema_of(ID, URL, *old), schema_of(ID, URL, *new))
    return diff, [each[:4] for each in diff.changes]


CASES = {
    "nothing": ([leaf("a")], [leaf("a")], [], DiffScope.SAME),
    "doc": (
        [leaf("a")],
        [leaf("a", doc="better")],
        [("/a", ChangeKind.DOC, "what it is", "better")],
        DiffScope.WORDS,
    ),
    "purpose-and-benefit": (
        [leaf("a")],
        [leaf("a", purpose="more", benefit="much")],
        [
            ("/a", ChangeKind.PURPOSE, "a test", "more"),
            ("/a", ChangeKind.BENEFIT, "-", "much"),
        ],
        DiffScope.WORDS,
    ),
    "removed": (
        [leaf("a"), maybe("b", "long", category=2)],
        [leaf("a", doc="better")],
        [
            ("/a", ChangeKind.DOC, "what it is", "better"),
            ("/b", ChangeKind.REMOVED, "long, category 2", ""),
        ],
        DiffScope.NARROWING,
    ),
    "sooner": (
        [maybe("a", expires="2027-01-01")],
        [maybe("a", expires="2026-12-31")],
        [("/a", ChangeKind.EXPIRY, "2027-01-01", "2026-12-31")],
        DiffScope.NARROWING,
    ),
    "narrowed": (
        [leaf("a", ["null", "long"])],
        [leaf("a", "int")],
        [("/a", ChangeKind.NARROWED, "long or null", "int")],
        DiffScope.NARROWING,
    ),
    "symbols": (
        [leaf("a", ENUM)],
        [leaf("a", {**ENUM, "symbols": ["b"]})],
        [("/a", ChangeKind.NARROWED, "enum kind (a, b)", "enum kind (b)")],
        DiffScope.NARROWING,
    ),
    "widened": (
        [leaf("a", "int"), leaf("k", ENUM)],
        [maybe("a", "double"), leaf("k", {**ENUM, "symbols": ["c", "b", "a"]})],
        [
            ("/a", ChangeKind.WIDENED, "int", "double or null"),
            ("/k", ChangeKind.WIDENED, "enum kind (a, b)", "enum kind (c, b, a)"),
        ],
        DiffScope.INCREMENTAL,
    ),
    "added": (
        [leaf("a")],
        [leaf("a"), maybe("b", {"type": "map", "values": "int"}, category=3)],
        [("/b", ChangeKind.ADDED, "", "map of int, category 3")],
        DiffScope.INCREMENTAL,
    ),
    "category-falls": (
        [leaf("a", category=3)],
        [leaf("a", category=2)],
        [("/a", ChangeKind.CATEGORY, "3", "2")],
        DiffScope.INCREMENTAL,
    ),
    "in-records": (
        [inner("parts", {"type": "array", "items": PART})],
        [
            inner(
                "parts",
                {
                    "type": "array",
                    "items": record(leaf("size", "long"), maybe("n"), name="part"),
                },
            )
        ],
        [
            ("/parts/*/size", ChangeKind.WIDENED, "int", "long"),
            ("/parts/*/n", ChangeKind.ADDED, "", "string, category 1"),
        ],
        DiffScope.INCREMENTAL,
    ),
    "bounds": (
        [
            leaf("a", {"type": "string", "max_bytes": 100}),
            leaf("b", {"type": "array", "items": "int"}),
            leaf("c", {"type": "long", "min": 0, "max": 9}),
            leaf("d", {"type": "string", "one_of": ["x", "y"]}),
            leaf("e", {"type": "map", "values": "int", "keys": ["x"]}),
        ],
        [
            leaf("a", {"type": "string", "max_bytes": 90}),
            leaf("b", {"type": "array", "items": "int", "max_items": 5}),
            leaf("c", {"type": "long", "min": 1, "max": 8}),
            leaf("d", {"type": "string", "one_of": ["y"]}),
            leaf(
                "e", {"type": "map", "values": "int", "keys": ["x"], "max_entries": 1}
            ),
        ],
        [
            (
                "/a",
                ChangeKind.NARROWED,
                "string of at most 100 bytes",
                "string of at most 90 bytes",
            ),
            ("/b", ChangeKind.NARROWED, "array of int", "array of int (at most 5)"),
            ("/c", ChangeKind.NARROWED, "long from 0 to 9", "long from 1 to 8"),
            (
                "/d",
                ChangeKind.NARROWED,
                "one of 2 strings (x, y)",
                "one of 1 strings (y)",
            ),
            (
                "/e",
                ChangeKind.NARROWED,
                "map of int (keys x)",
                "map of int (keys x; at most 1)",
            ),
        ],
        DiffScope.NARROWING,
    ),
    "other-bounds": (
        [leaf("a", {"type": "string", "one_of": ["x", "y"]}), leaf("b", "int")],
        [
            leaf("a", {"type": "string", "format": "digits"}),
            leaf("b", {"type": "long", "min": 0}),
        ],
        [
            (
                "/a",
                ChangeKind.WIDENED,
                "one of 2 strings (x, y)",
                "string of format digits",
            ),
            ("/b", ChangeKind.WIDENED, "int", f"long from 0 to {2**63 - 1}"),
        ],
        DiffScope.INCREMENTAL,
    ),
    "no-longer-absent": (
        [maybe("a")],
        [leaf("a", ["null", "string"])],
        [("/a", ChangeKind.ABSENCE, "may be absent", "must be there")],
        DiffScope.NARROWING,
    ),
}


@pytest.mark.parametrize(("old", "new", "found", "scope"), CASES.values(), ids=CASES)
def test_each_difference_is_told_by_path(old, new, found, scope):
    diff, changes = changed(old, new)
    assert changes == found
    assert diff.scope is scope
    assert diff.is_incremental


@pytest.mark.parametrize(
    ("old", "new", "excess"),
    [
        (
            [],
            [maybe("b", category=4)],
            "/b is new and of category 4; the highest was 3",
        ),
        ([], [maybe("b", identifier=True)], "/b is a new identifier"),
        ([leaf("a")], [leaf("a", identifier=True)], "/a is a new identifier"),
        ([leaf("a")], [leaf("a", category=2)], "/a was of category 1 and is of 2"),
        ([maybe("a", expires="2026-12-31")], [maybe("a")], "/a expires later"),
        (
            [maybe("a", expires="2026-12-31")],
            [maybe("a", expires="2027-01-01")],
            "/a expires later",
        ),
        ([leaf("a", "long")], [leaf("a")], "/a is of another type"),
    ],
)
def test_what_goes_beyond_an_approval_is_named(old, new, excess):
    diff, _ = changed(old, new)
    assert diff.excesses == (excess,)
    assert not diff.is_incremental
    assert diff.scope is DiffScope.FURTHER


def test_another_place_of_the_id_goes_beyond_an_approval():
    diff = compare(
        schema_of(ID, maybe("x")), schema_of(ID, maybe("x"), participant="/x")
    )
    excess = "another place is the participant's"
    place = Change("participant", ChangeKind.ID_PLACE, "/id", "/x", excess)
    assert diff.changes == (place,)
    assert diff.excesses == (excess,)


@pytest.mark.parametrize(
    ("old", "new", "is_less"),
    [
        ([["a", ["x", "y"]], ["b", []]], [["a", ["x"]], ["b", []]], True),
        ([["a", ["x"]]], [["a", ["x", "y"]]], False),
        ([["a", ["x"]]], [["b", ["x"]]], False),
    ],
)
def test_cases_are_compared_and_no_matter_to_readers(old, new, is_less):
    def events(allowed):
        cases = {"of": ["name"], "keys_of": "extra", "allowed": allowed}
        extra = {"type": "map", "values": "string"}
        fields = leaf("name"), leaf("extra", extra)
        return inner("event", record(*fields, name="event", cases=cases))

    diff = compare(schema_of(ID, events(old)), schema_of(ID, events(new)))
    (change,) = diff.changes
    assert (change.path, change.kind) == ("/event", ChangeKind.CASES)
    assert change.is_less is is_less
    assert diff.faults == ()


def test_schema_that_differs_in_nothing_of_a_ping_is_another_all_the_same():
    old, new = schema_of(ID, maybe("a")), schema_of(maybe("a"), ID)
    diff = compare(old, new)
    assert [each.kind for each in diff.changes] == [ChangeKind.OTHER]
    assert diff.scope is DiffScope.INCREMENTAL
