"""Recipes against the registry: what exists is used, and nobody is singled out."""

from dataclasses import replace

import pytest

from rally.decisions.contents import Role
from rally.fields import Place
from rally.releases.recipe_checks import find_faults, signing_areas
from tests.rally.releases.recipes import FILE, WEEKLY, make_recipe

ONE = {"groups": 1, "rows_per_group": 1}
STEWARD, BOTH = (Role.STEWARD,), (Role.STEWARD, Role.PRIVACY)
SUM = WEEKLY["measures"][2]


def faults(registry, **changes):
    recipe = make_recipe(**changes)
    found = find_faults(recipe, registry, Place(FILE))
    return [each.removeprefix(f"{FILE}: ") for each in found]


def test_recipe_of_the_tests_is_good(birds):
    assert faults(birds) == []


def test_recipe_of_all_kinds_of_fields_is_good(birds):
    assert (
        faults(
            birds,
            filters=[
                {"field": "is_news", "one_of": [True]},
                {"field": "pages", "one_of": [1, 2]},
                {"field": "page_length", "at_least": 1, "at_most": 10},
                {"field": "code", "one_of": ["de", "at"]},
            ],
            group_by=[
                {"field": "domain", "values": ["example.org", "example.com"]},
                {"field": "income", "values": ["low"]},
                {"field": "page_attention", "bands": ["0.5", 1]},
                {"demographic": "exact_income", "bands": [0, 30000, 60000]},
            ],
        )
        == []
    )


ID = "is an id, by which people could be told apart"
TIME = "is a time; from and until choose days"
FREE = "is free text, which may say anything; have the schema list its values"
VAGUE = "has no single value in a row"
CHOICES = [
    ("participant", ["a"], ID),
    ("document_id", ["a"], ID),
    ("id", ["a"], ID),
    ("visit_id", ["a"], ID),
    ("submission_timestamp", [1], TIME),
    ("began", [1], TIME),
    ("ended", ["2026-06-01T00:00:00Z"], TIME),
    ("client_agent", ["a"], "is of the ping's envelope, which no review describes"),
    ("title", ["a"], FREE),
    ("page", ["a"], FREE),
    ("note", ["a"], FREE),
    ("diagnosis", ["a"], FREE),
    ("links", ["a"], VAGUE),
    ("steps", ["a"], VAGUE),
    ("regoin", ["north"], "is no column of visit.1; is region meant?"),
    ("weather", ["rain"], "is no column of visit.1"),
]


@pytest.mark.parametrize(("field", "values", "why"), CHOICES)
def test_nobody_is_chosen_or_grouped_by_what_tells_people_apart(
    birds, field, values, why
):
    found = faults(birds, filters=[{"field": field, "one_of": values}])
    if field != "diagnosis":
        assert found == [f"filters.0.field: {field} {why}"]
    assert f"filters.0.field: {field} {why}" in found
    group_by = [{"field": field, "values": values}]
    assert faults(birds, group_by=group_by, bounds=ONE) == [
        f"group_by.0.field: {field} {why}"
    ]


def test_nobody_is_picked_out_by_what_is_highly_sensitive(birds):
    what = (
        "filters.0.field: income is of category 4, by which nobody is picked out;"
        " group by declared values of it"
    )
    assert faults(birds, filters=[{"field": "income", "one_of": ["low"]}]) == [what]


@pytest.mark.parametrize(
    ("field", "values", "fault"),
    [
        ("region", ["north", "east"],
         "values.1: is none of its values, north, south"),
        ("size", ["s", "xl"], "values.1: is none of its values, s, l"),
        ("region", [1], "values: must be texts, as region has"),
        ("pages", ["1"], "values: must be whole numbers, as pages has"),
        ("pages", [True], "values: must be whole numbers, as pages has"),
        ("page_length", [-(2**31), 2**31],
         "values.1: is no value that page_length can have, -2147483648 to 2147483647"),
        ("is_news", [1], "values: must be true or false, as is_news has"),
        ("page_minutes", [1],
         "values: page_minutes has numbers; give bounds or bands"),
        *(
            ("browser", ["firefox", value],
             "values.1: is a time, an id or an address, which may be one person's")
            for value in ("2026-06-01T12:00:00Z", "https://example.org/jo",
                          "jo@example.org", "3f07c2aa-1111-4222-8333-444455556666")
        ),
    ],
)  # fmt: skip
def test_values_are_those_of_the_field(birds, field, values, fault):
    group_by = [{"field": field, "values": values}]
    assert faults(birds, group_by=group_by, bounds=ONE) == [f"group_by.0.{fault}"]


@pytest.mark.parametrize(
    ("field", "kind"),
    [("browser", "texts"), ("region", "texts"), ("is_news", "true or false")],
)
def test_bands_and_bounds_are_of_numbers(birds, field, kind):
    why = f"{field} has {kind}, and no numbers; name values of it"
    group_by = [{"field": field, "bands": [0, 1]}]
    assert faults(birds, group_by=group_by, bounds=ONE) == [f"group_by.0.bands: {why}"]
    for entry in ("at_least", "at_most"):
        found = faults(birds, filters=[{"field": field, entry: 1}])
        assert found == [f"filters.0.{entry}: {why}"]


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("browser", "has texts, and no numbers"),
        ("is_news", "has true or false, and no numbers"),
        ("id", ID),
        ("began", TIME),
        ("links", VAGUE),
        ("participant", ID),
        ("weather", "is no column of visit.1"),
    ],
)
def test_sums_means_and_histograms_are_of_numbers(birds, field, why):
    measures = [
        {**SUM, "sum": field},
        {**WEEKLY["measures"][3], "mean": field},
        {**WEEKLY["measures"][4], "histogram": field},
    ]
    assert faults(birds, measures=measures, suppress_below=None) == [
        f"measures.{index}.{kind}: {field} {why}"
        for index, kind in enumerate(("sum", "mean", "histogram"))
    ]


AGES = "band_19_24, band_25_34, band_35_44, band_45_54, band_55_64, band_over_65"


@pytest.mark.parametrize(
    ("group", "fault"),
    [
        ({"demographic": "age", "values": ["band_19_24", "19"]},
         f"values.1: is none of its values, {AGES}, __other__"),
        ({"demographic": "age", "bands": [18, 25]},
         "bands: age has no numbers; name values of it"),
        ({"demographic": "shoe_size", "values": ["43"]},
         "demographic: shoe_size is nothing that people tell the platform"),
        ({"demographic": "zipcode", "values": ["10115"]},
         f"demographic: user_zipcode {FREE}"),
        ({"demographic": "exact_income", "values": ["1"]},
         "values: must be whole numbers, as user_exact_income has"),
    ],
)  # fmt: skip
def test_demographics_are_what_people_told_the_platform(birds, group, fault):
    assert faults(birds, group_by=[group], bounds=ONE) == [f"group_by.0.{fault}"]


def test_documents_are_the_studys_and_have_rows(birds):
    documents = ["left.1", "other.1", "visit.1"]
    assert faults(birds, documents=documents, filters=[], group_by=[],
                  measures=["people"], bounds=ONE) == [
        "documents: left.1 has no rows that could be counted",
        "documents: other.1 is no document of rally-birds; it has left.1, search.1,"
        " visit.1",
    ]  # fmt: skip


def test_each_document_has_each_column_in_the_same_kind(birds):
    documents = ["search.1", "visit.1"]
    found = faults(birds, documents=documents, group_by=[], bounds=ONE, filters=[
        {"field": "browser", "one_of": ["firefox"]},
        {"field": "pages", "at_least": 1},
        {"field": "is_news", "one_of": [True]},
    ], measures=["people"])  # fmt: skip
    assert found == [
        "filters.1.at_least: pages has texts, and no numbers; name values of it",
        "filters.2.field: is_news is no column of search.1",
    ]


HUGE = {"name": "s", "sum": "pages", "minimum": 0, "maximum": 10**9, "digits": 0}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"measures": ["rows"], "suppress_below": 20},
            "suppress_below: needs a measure of people, whose noisy number it is about",
        ),
        (
            {"measures": ["people", {"name": "people_error", "count": "rows"}]},
            "measures: two columns of its table are called people_error; give a measure"
            " another name",
        ),
        (
            {
                "measures": ["people", HUGE],
                "bounds": {"groups": 1, "rows_per_group": 69},
            },
            "measures: s: one person may add 69,000,000,000 units of the last digit,"
            " and 68,719,476,736 fit; narrow the range, or take fewer digits or rows",
        ),
    ],
)
def test_measures_make_a_table_that_there_can_be(birds, changes, fault):
    assert faults(birds, **changes) == [fault]


def test_platform_and_unknown_study_release_nothing(birds):
    recipe = make_recipe()
    assert [
        list(find_faults(replace(recipe, namespace=each), birds, Place("f")))
        for each in ("rally-core", "rally-none")
    ] == [
        ["f: rally-core is the platform's own, of which nothing is released"],
        ["f: rally-none does not load; correct it first"],
    ]


@pytest.mark.parametrize(
    ("changes", "areas"),
    [
        ({"group_by": WEEKLY["group_by"][:1]}, STEWARD),
        ({}, BOTH),
        ({"group_by": [{"field": "income", "values": ["low"]}]}, BOTH),
        ({"group_by": [{"field": "domain", "values": ["example.org"]}]}, BOTH),
        ({"group_by": WEEKLY["group_by"][:1], "documents": ["visit.1", "search.1"],
          "filters": [], "measures": ["rows"]}, BOTH),
        ({"group_by": [{"field": "weather", "values": ["rain"]}]}, BOTH),
        ({"group_by": WEEKLY["group_by"][:1], "documents": ["none.1"]}, BOTH),
        ({"group_by": [], "filters": [], "measures": ["rows"]}, STEWARD),
    ],
)  # fmt: skip
def test_privacy_signs_what_is_sensitive_and_what_nobody_knows(birds, changes, areas):
    recipe = make_recipe(**{"bounds": ONE, **changes})
    assert signing_areas(recipe, birds) == areas
