"""Reading recipes: each fault is one line at its place, and all are told at once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError, faults_of
from rally.fields import Place
from rally.releases.recipe import Recipe
from rally.releases.recipe_parsing import read_recipe
from tests.rally.releases.recipes import (
    FILE,
    WEEKLY,
    make_recipe,
    parse_recipe,
    recipe_content,
)

SUM = WEEKLY["measures"][2]
NUMBER = "must be a number such as 12 or 0.5, which nobody takes from the data"
LOSS = "must be a decimal number above 0 and below 1,000, such as 0.0175"
ONE_GROUP = {"groups": 1, "rows_per_group": 1}


def faults(content, id="weekly"):
    """The faults of a recipe, without file and line."""
    with pytest.raises(ConfigurationError) as caught:
        parse_recipe(content, id)
    lines = faults_of(caught.value)
    assert all(each.startswith(f"{FILE}: ") for each in lines), lines
    parts = [each.removeprefix(f"{FILE}: ") for each in lines]
    return [each.partition(": ")[2] if "line " in each else each for each in parts]


def test_all_faults_are_told_at_once_with_their_lines():
    content = recipe_content(
        author="Ann", rho="0", bounds={"groups": 9}, suppress=3, filters=[{}]
    )
    with pytest.raises(ConfigurationError) as caught:
        parse_recipe(content)
    assert list(faults_of(caught.value)) == [
        f"{FILE}: line 2: author: must be up to 40 lower-case letters, digits and"
        " hyphens",
        f"{FILE}: line 10: filters.0.field: is missing; add it",
        f"{FILE}: line 10: filters.0: must have one_of, or at_least and at_most, one of"
        " the two",
        f"{FILE}: line 46: bounds.rows_per_group: is missing; add it",
        f"{FILE}: line 48: rho: {LOSS}",
        f"{FILE}: line 50: suppress: is not known; remove it or correct its name",
    ]


@pytest.mark.parametrize(
    "entry",
    ["question", "author", "purpose", "documents", "from", "until", "measures",
     "bounds", "rho"],
)  # fmt: skip
def test_entry_that_every_recipe_needs_is_missed(entry):
    assert f"{entry}: is missing; add it" in faults(recipe_content(**{entry: None}))


@pytest.mark.parametrize("id", ["Weekly", "weekly.2026-06-01", "", "a" * 41, "-a"])
def test_recipe_is_named_as_its_releases_can_be(id):
    (fault,) = faults(recipe_content(), id)
    assert fault.startswith("must be ")


BAD = [
    ({"question": "TODO"}, "question: is still open; write it in the place of TODO"),
    ({"documents": []}, "documents: is empty; say whose rows count"),
    ({"documents": ["visit"]}, "documents.0: must be a document such as visit.1"),
    ({"documents": ["visit.1", "visit.1"]},
     "documents.1: stands there twice; remove one"),
    ({"until": date(2026, 5, 31)},
     "until: must be from's day, or up to 3,660 days later"),
    ({"until": date(2026, 6, 27)},
     "until: must be the last day of a window: from is 27 days before its end, which is"
     " no multiple of 7"),
    ({"until": date(2030, 5, 31), "window_days": 1},
     "window_days: makes more than 1,000 releases; make another recipe later"),
    ({"window_days": 0}, "window_days: must be a whole number of at least 1"),
    ({"rho": 0}, f"rho: {LOSS}"),
    ({"rho": "-0.1"}, f"rho: {LOSS}"),
    ({"rho": "from data"}, f"rho: {LOSS}"),
    ({"suppress_below": 0}, "suppress_below: must be a whole number of at least 1"),
]  # fmt: skip
BAD_FILTERS = [
    ({"field": "a", "one_of": [1], "at_least": 1},
     "must have one_of, or at_least and at_most, one of the two"),
    ({"field": "a", "at_least": 2, "at_most": 1},
     "at_most: must not be below at_least"),
    ({"field": "a", "one_of": []}, "one_of: is empty; name the values"),
    ({"field": "a", "one_of": [1, "1"]},
     "one_of: must be values of one kind; put texts in quotes"),
    ({"field": "a", "one_of": [True, 1]},
     "one_of.1: stands there twice; remove one"),
    ({"field": "a", "one_of": [date(2026, 6, 1)]},
     "one_of.0: must be a text, a whole number, true or false"),
    ({"field": "a", "one_of": [2**63]}, "one_of.0: must be a whole number of 64 bits"),
    ({"field": "a", "one_of": ["a" * 101]}, "one_of.0: must be at most 100 characters"),
    ({"field": "a", "at_least": "1e3"}, f"at_least: {NUMBER}"),
    ({"field": "a b", "one_of": [1]},
     "field: must be at most 100 characters without spaces"),
    ({"field": "a", "one_of": [1], "equals": 1}, "equals: is not known"),
]  # fmt: skip
BAD_GROUPINGS = [
    ({"field": "region"}, "must have values or bands, one of the two"),
    ({"field": "region", "values": [1], "bands": [0, 1]},
     "must have values or bands, one of the two"),
    ({"values": ["a"]}, "must have field or demographic, one of the two"),
    ({"field": "a", "demographic": "b", "values": ["a"]},
     "must have field or demographic, one of the two"),
    ({"demographic": "Age", "values": ["a"]},
     "demographic: must be up to 30 lower-case letters, digits and underlines"),
    ({"field": "a", "values": "all"}, "values: must be a list; write [one, two]"),
    ({"field": "a", "values": ["x", "x"]}, "values.1: stands there twice; remove one"),
    ({"field": "a", "bands": [0]},
     "bands: must be two edges or more, such as [0, 10, 100]"),
    ({"field": "a", "bands": [0, 10, 10]},
     "bands.2: must be greater than the edge before it"),
    ({"field": "a", "bands": "from data"}, "bands: must be a list; write [one, two]"),
]  # fmt: skip
BAD_MEASURES = [
    ("everything", "must be a mapping of names to values"),
    ({"name": "a"}, "must have one of: count, sum, mean, histogram"),
    ({"name": "a", "count": "rows", "sum": "b"},
     "must have one of: count, sum, mean, histogram"),
    ({"name": "a", "count": "domains"}, "count: must be one of: people, rows"),
    ({"name": "A", "count": "rows"},
     "name: must be up to 40 lower-case letters, digits and underlines, a letter"
     " first"),
    ({"count": "rows"}, "name: is missing; add it"),
    ({"name": "a", "count": "rows", "minimum": 1}, "minimum: is not known"),
    ({"name": "a", "count": "rows", "weight": 0},
     "weight: must be a whole number of at least 1"),
    *(
        ({name: each for name, each in SUM.items() if name != entry},
         f"{entry}: is missing; add it")
        for entry in ("minimum", "maximum", "digits")
    ),
    ({**SUM, "maximum": "from data"}, f"maximum: {NUMBER}"),
    ({**SUM, "minimum": 120}, "maximum: must be above minimum"),
    ({**SUM, "digits": 7}, "digits: must be a whole number from 0 to 6"),
    ({**SUM, "digits": -1}, "digits: must be a whole number from 0 to 6"),
    ({**SUM, "maximum": "1.25"},
     "maximum: must have at most the 1 digits after the point of digits"),
    ({**SUM, "maximum": 100_000_001},
     "maximum: must be at most 1,000,000,000 units of the last of its digits"),
    ({"name": "a", "histogram": "b"}, "edges: is missing; add it"),
    ({"name": "a", "histogram": "b", "edges": [1, 0]},
     "edges.1: must be greater than the edge before it"),
]  # fmt: skip


def nested(entry, bad):
    """Faults of the one entry of a list, at its place."""
    for content, why in bad:
        separator = ": " if why.startswith("must") else "."
        yield {entry: [content], "bounds": ONE_GROUP}, f"{entry}.0{separator}{why}"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        *BAD,
        *nested("filters", BAD_FILTERS),
        *nested("group_by", BAD_GROUPINGS),
        *nested("measures", BAD_MEASURES),
    ],
)
def test_fault_is_one_line_at_its_place(changes, fault):
    (found,) = faults(recipe_content(**changes))
    assert found.startswith(fault)


def test_columns_of_the_table_have_different_names():
    region = {"field": "region", "values": ["a"]}
    group_by = [region, {"field": "region", "bands": [0, 1]}]
    measures = ["people", {"name": "people", "count": "rows"}]
    taken = [{"name": "region", "count": "rows"}]
    bounds = {"bounds": ONE_GROUP}
    assert faults(recipe_content(group_by=group_by, measures=measures, **bounds)) == [
        "group_by.1: stands there twice; remove one",
        "measures.1: stands there twice; remove one",
    ]
    assert faults(recipe_content(group_by=group_by[:1], measures=taken, **bounds)) == [
        "measures.0: has the name of a field of group_by"
    ]
    assert faults(recipe_content(measures=[])) == [
        "measures: is empty; say what is counted"
    ]


def test_release_has_no_more_numbers_than_anybody_can_hide():
    edges = list(range(1251))
    group_by = [{"field": "pages", "bands": edges}, *WEEKLY["group_by"][:2]]
    bounds = {"groups": 5001, "rows_per_group": 1}
    assert faults(
        recipe_content(group_by=group_by, measures=["people", "rows"], bounds=bounds)
    ) == ["bounds.groups: must be at most 5,000, the groups that group_by declares"]
    (fault,) = faults(recipe_content(group_by=group_by))
    assert fault == (
        "measures: makes 35,000 numbers of 5,000 groups; at most 10,000 can be released"
    )
    bounds = {"groups": 5000, "rows_per_group": 1}
    largest = make_recipe(group_by=group_by, measures=["people", "rows"], bounds=bounds)
    assert (largest.groups, largest.cells) == (5000, 10_000)


def test_whole_numbers_need_no_quotes():
    assert make_recipe(rho=1).rho == make_recipe(rho="1.0").rho == 1


@pytest.mark.parametrize("content", [None, [], "weekly", 7])
def test_file_that_is_no_mapping_is_no_recipe(content):
    with pytest.raises(ConfigurationError):
        parse_recipe(content)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.dates()
    | st.sampled_from(["0.5", "people", "rows", "from data", "1e9", "-0"])
)
VALUES = st.recursive(
    SCALARS,
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(), some, max_size=3)
    ),
    max_leaves=6,
)


def entries(value, path=()):
    """The paths of all entries of a recipe's content."""
    yield path
    if isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in named:
            yield from entries(each, (*path, name))


@given(st.data())
def test_whatever_stands_in_an_entry_is_a_recipe_or_its_faults(data):
    content = recipe_content()
    path = data.draw(st.sampled_from([*entries(content)][1:]))
    *above, last = path
    at = content
    for name in above:
        at = at[name]
    at[last] = data.draw(VALUES)
    found = read_or_faults(content)
    if isinstance(found, Recipe):
        assert len(found.fingerprint) == 64
        assert found.cells > 0
        assert all(found.window_of(found.release_id(it)) for it in found.windows())
    else:
        assert all(each.startswith(f"{FILE}: ") for each in found)


def read_or_faults(content):
    try:
        return read_recipe(Place(FILE), "rally-birds", "weekly", content)
    except ConfigurationError as error:
        return faults_of(error)
