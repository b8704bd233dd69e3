"""Recipes: what they declare follows from their file, and from nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.releases.recipe import (
    Between,
    Bounds,
    Grouping,
    Measure,
    MeasureKind,
    OneOf,
    Recipe,
    Window,
    recipe_of,
)
from tests.rally.releases.recipes import make_recipe

WEEKLY = Recipe(
    namespace="rally-birds",
    id="weekly",
    question="How does attention to news differ by region?",
    author="author",
    purpose="A table for the public report",
    documents=("visit.1",),
    first=date(2026, 6, 1),
    last=date(2026, 6, 28),
    window_days=7,
    filters=(
        OneOf("browser", ("firefox", "chrome")),
        Between("page_minutes", Decimal("0.5"), None),
    ),
    group_by=(
        Grouping("region", values=("north", "south")),
        Grouping("age", is_demographic=True, values=("band_19_24", "band_25_34")),
        Grouping("pages", edges=(Decimal(0), Decimal(10), Decimal(100))),
    ),
    measures=(
        Measure("people", MeasureKind.PEOPLE),
        Measure("visits", MeasureKind.ROWS, 2),
        Measure("minutes", MeasureKind.SUM, 1, "page_minutes", maximum=Decimal(120),
                digits=1),
        Measure("attention", MeasureKind.MEAN, 1, "page_attention", Decimal(-5),
                Decimal("7.5"), 2),
        Measure("lengths", MeasureKind.HISTOGRAM, 1, "page_length",
                edges=(Decimal(0), Decimal(1000), Decimal(5000))),
    ),
    bounds=Bounds(3, 20),
    rho=Decimal("0.0175"),
    suppress_below=20,
)  # fmt: skip


def test_recipe_is_what_its_file_says():
    assert make_recipe() == WEEKLY


def test_recipe_says_what_its_table_has_and_what_it_reads():
    recipe = make_recipe()
    assert (recipe.groups, recipe.cells) == (2 * 2 * 2, 8 * (1 + 1 + 1 + 2 + 2))
    assert recipe.group_by[2].labels == ("0 to 10", "10 to 100")
    assert recipe.demographics == ("age",)
    assert recipe.columns == (
        *("browser", "page_minutes", "region", "pages"),
        *("page_attention", "page_length"),
    )
    assert recipe.measures[2].unit_range == (0, 1200)
    assert recipe.measures[3].unit_range == (-500, 750)


def test_recipe_without_groups_makes_one_group_of_all():
    recipe = make_recipe(
        group_by=None, measures=["rows"], bounds={"groups": 1, "rows_per_group": 1}
    )
    assert (recipe.groups, recipe.cells, recipe.columns) == (
        *(1, 1),
        ("browser", "page_minutes"),
    )


def test_windows_follow_each_other_and_name_their_releases():
    recipe = make_recipe()
    windows = {recipe.release_id(each): each for each in recipe.windows()}
    assert windows == {
        "weekly.2026-06-01": Window(date(2026, 6, 1), date(2026, 6, 7)),
        "weekly.2026-06-08": Window(date(2026, 6, 8), date(2026, 6, 14)),
        "weekly.2026-06-15": Window(date(2026, 6, 15), date(2026, 6, 21)),
        "weekly.2026-06-22": Window(date(2026, 6, 22), date(2026, 6, 28)),
    }
    assert {name: recipe.window_of(name) for name in windows} == windows
    assert {recipe_of(name) for name in windows} == {"weekly"}
    assert recipe.window_of("weekly.2026-06-02") is recipe.window_of("weekly") is None


@given(days=st.integers(1, 40), count=st.integers(1, 30), first=st.dates(
    date(2020, 1, 1), date(2030, 1, 1)
))  # fmt: skip
def test_every_day_is_in_one_window_and_every_release_in_one_recipe(days, count, first):
    last = first + timedelta(days=days * count - 1)
    recipe = replace(WEEKLY, first=first, last=last, window_days=days)
    windows = list(recipe.windows())
    covered = [
        each.first + timedelta(days=number)
        for each in windows
        for number in range((each.last - each.first).days + 1)
    ]
    assert covered == [first + timedelta(days=n) for n in range(days * count)]
    assert [recipe.window_of(recipe.release_id(each)) for each in windows] == windows


def test_recipe_without_windows_is_one_release_of_its_own_name():
    recipe = make_recipe(window_days=None)
    whole = Window(date(2026, 6, 1), date(2026, 6, 28))
    assert list(recipe.windows()) == [whole]
    assert recipe.release_id(whole) == "weekly"
    assert recipe.window_of("weekly") == whole
    assert recipe.window_of("weekly.2026-06-01") is None


@pytest.mark.parametrize(
    ("now", "is_over"),
    [
        (datetime(2026, 6, 28, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 6, 29, tzinfo=UTC), True),
    ],
)
def test_window_is_over_when_its_last_day_is(now, is_over):
    assert Window(date(2026, 6, 1), date(2026, 6, 28)).is_over(now) is is_over


SAME = [
    {"question": "Which regions read more news?", "purpose": "Another report"},
    {"rho": "0.01750"},
    {"filters": [{"one_of": ["firefox", "chrome"], "field": "browser"},
                 {"field": "page_minutes", "at_least": "0.50"}]},
]  # fmt: skip
OTHER = [
    {"author": "owner-1"},
    {"documents": ["visit.1", "visit.2"]},
    {"from": date(2026, 5, 25)},
    {"until": date(2026, 6, 21)},
    {"window_days": 14},
    {"window_days": None},
    {"filters": [{"field": "browser", "one_of": ["firefox", "chrome"]}]},
    {"filters": [{"field": "browser", "one_of": ["chrome", "firefox"]},
                 {"field": "page_minutes", "at_least": "0.5"}]},
    {"filters": [{"field": "browser", "one_of": ["firefox", "chrome"]},
                 {"field": "page_minutes", "at_most": "0.5"}]},
    {"group_by": [{"field": "region", "values": ["north", "south", "east"]}]},
    {"group_by": [{"demographic": "region", "values": ["north", "south", "east"]}]},
    {"measures": ["people"]},
    {"measures": [{"name": "people", "count": "people", "weight": 2}]},
    {"measures": [{"name": "people", "count": "rows"}]},
    {"bounds": {"groups": 2, "rows_per_group": 20}},
    {"bounds": {"groups": 3, "rows_per_group": 21}},
    {"rho": "0.0176"},
    {"suppress_below": 21},
    {"suppress_below": None},
]  # fmt: skip


def test_fingerprint_covers_all_but_the_words_and_how_it_is_written():
    fingerprint = make_recipe().fingerprint
    assert {make_recipe(**each).fingerprint for each in SAME} == {fingerprint}
    others = {make_recipe(**each).fingerprint for each in OTHER}
    assert len(others - {fingerprint}) == len(OTHER)


def test_fingerprint_does_not_change_with_the_software():
    """People signed it: who changes how it is made, makes all of them sign anew."""
    assert make_recipe().fingerprint == (
        "e9a959af15f28ca0675ba17c068a13055fa400fb411a5a03bd2462eeea1e14d1"
    )


def test_fingerprint_is_of_one_recipe_of_one_study():
    recipe = make_recipe()
    others = [replace(recipe, namespace="rally-x"), replace(recipe, id="daily")]
    assert len({each.fingerprint for each in (recipe, *others)}) == 1 + len(others)
