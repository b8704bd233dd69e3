"""Rows are grouped, bounded and summed as one would by hand, a row at a time."""

import uuid
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.releases.cells import Cells
from rally.releases.grouping import NO_GROUP, count_rows, join
from rally.releases.recipe import (
    Between,
    Bounds,
    Grouping,
    Measure,
    MeasureKind,
    OneOf,
    Recipe,
)
from rally.releases.summing import sum_up

KEY = bytes(range(32))
ALL = Bounds(groups=100, rows=100)
EDGES = tuple(map(Decimal, ("-1", "0.5", "2", "10")))
MEASURES = (
    Measure("people", MeasureKind.PEOPLE),
    Measure("rows", MeasureKind.ROWS),
    Measure(
        "spent",
        MeasureKind.SUM,
        field="number",
        minimum=Decimal("-1.5"),
        maximum=Decimal(7),
        digits=1,
    ),
    Measure("average", MeasureKind.MEAN, field="number", maximum=Decimal(3), digits=0),
    Measure("spread", MeasureKind.HISTOGRAM, field="number", edges=EDGES),
)


def make_recipe(*group_by, measures=MEASURES, filters=(), bounds=ALL):
    day = date(2026, 5, 1)
    return Recipe(
        namespace="rally-birds",
        id="weekly",
        question="How many?",
        author="ann",
        purpose="to know",
        documents=("visit.1",),
        first=day,
        last=day,
        window_days=None,
        filters=filters,
        group_by=group_by,
        measures=measures,
        bounds=bounds,
        rho=Decimal(1),
        suppress_below=None,
    )


def make_id(number):
    return str(uuid.UUID(int=number))


def make_batch(rows, number_type=None):
    number_type = number_type or pa.int64()
    return pa.record_batch(
        {
            "participant": pa.array([make_id(each[0]) for each in rows], pa.string()),
            "document_id": pa.array(
                [make_id(1000 + at) for at in range(len(rows))], pa.string()
            ),
            "region": pa.array([each[1] for each in rows], pa.string()),
            "number": pa.array([each[2] for each in rows], number_type),
        }
    )


def nobody(participants, grouping):
    return np.full(len(participants), NO_GROUP)


def tables_of(recipe, *batches, demographics=nobody):
    rows = join([count_rows(recipe, each, demographics) for each in batches])
    cells = Cells(recipe)
    vector = sum_up(recipe, cells, rows, KEY)
    return {each.name: each.of(vector).tolist() for each in cells.blocks}


REGIONS = Grouping("region", values=("north", "south"))
BANDS = Grouping("number", edges=EDGES)


def band_of(number):
    return next(
        (
            at
            for at in range(len(EDGES) - 1)
            if number is not None and EDGES[at] <= number < EDGES[at + 1]
        ),
        None,
    )


def rounded(number, low, high, digits):
    unit = Decimal(1).scaleb(-digits)
    kept = min(max(Decimal(number), Decimal(low)), Decimal(high))
    return int(kept.quantize(unit, ROUND_HALF_EVEN).scaleb(digits))


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["north", "south", "east", None]),
        st.none() | st.integers(-20, 20) | st.sampled_from([2**62, -(2**62)]),
    ),
    max_size=30,
)


@given(ROWS, st.integers(0, 30))
def test_sums_are_those_that_one_would_make_by_hand(rows, cut):
    recipe = make_recipe(REGIONS)
    people, counted = defaultdict(set), defaultdict(int)
    spent, average, spread = defaultdict(int), [[0, 0], [0, 0]], np.zeros((2, 3), int)
    for person, region, number in rows:
        if region not in REGIONS.values:
            continue
        at = REGIONS.values.index(region)
        people[at].add(person)
        counted[at] += 1
        if number is not None:
            spent[at] += rounded(number, "-1.5", 7, 1)
            average[at][0] += rounded(number, 0, 3, 0)
            average[at][1] += 1
        if (band := band_of(number)) is not None:
            spread[at][band] += 1

    parts = (make_batch(rows[:cut]), make_batch(rows[cut:]))

    # A row is known by its ping; the batches of this test number them anew.
    renamed = parts[1].set_column(
        1, "document_id", pa.array([make_id(5000 + at) for at in range(len(parts[1]))])
    )
    assert tables_of(recipe, parts[0], renamed) == {
        "people": [[len(people[0])], [len(people[1])]],
        "rows": [[counted[0]], [counted[1]]],
        "spent": [[spent[0]], [spent[1]]],
        "average_sum": [[each[0]] for each in average],
        "average_rows": [[each[1]] for each in average],
        "spread": spread.tolist(),
    }


@given(ROWS)
def test_bands_and_values_make_groups_together(rows):
    recipe = make_recipe(BANDS, REGIONS, measures=MEASURES[1:2])
    expected = np.zeros((len(BANDS.labels), 2), int)
    for _, region, number in rows:
        if region in REGIONS.values and (band := band_of(number)) is not None:
            expected[band, REGIONS.values.index(region)] += 1

    assert (
        tables_of(recipe, make_batch(rows))["rows"] == expected.reshape(-1, 1).tolist()
    )


@given(st.lists(st.floats(allow_nan=True) | st.none(), max_size=20))
def test_numbers_with_a_point_are_whole_before_they_are_added(numbers):
    recipe = make_recipe(measures=MEASURES[2:4])
    rows = [(at, "north", number) for at, number in enumerate(numbers)]
    there = [each for each in numbers if each is not None and each == each]

    found = tables_of(recipe, make_batch(rows, pa.float64()))

    clamped = [min(max(each, -1.5), 7.0) for each in there]
    assert found["spent"] == [[sum(round(each * 10) for each in clamped)]]
    assert found["average_rows"] == [[len(there)]]


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        ((OneOf("region", ("north",)),), {0, 1}),
        ((OneOf("number", (1, 5)),), {0, 2}),
        ((Between("number", Decimal(2), None),), {2, 3}),
        ((Between("number", Decimal("1.5"), Decimal("5.5")),), {2}),
        ((Between("number", None, Decimal(-3)),), {1}),
        ((OneOf("region", ("south",)), Between("number", None, Decimal(5))), {2}),
    ],
)
def test_rows_meet_all_filters(filters, passing):
    rows = [
        (0, "north", 1),
        (1, "north", -3),
        (2, "south", 5),
        (3, "south", 6),
        (4, None, None),
    ]
    recipe = make_recipe(filters=filters)

    found = count_rows(recipe, make_batch(rows), nobody)

    assert {int(str(each, "ascii")[-2:]) for each in found.participant} == passing


def test_demographics_group_only_those_who_have_one():
    recipe = make_recipe(
        Grouping("age", is_demographic=True, edges=(Decimal(18), Decimal(30))),
        REGIONS,
        measures=MEASURES[:1],
    )

    def demographics(participants, grouping):
        assert grouping.field == "age"
        return np.where(participants == make_id(1).encode(), 0, NO_GROUP)

    rows = [(1, "south", 1), (2, "south", 1), (1, "south", 2)]

    found = tables_of(recipe, make_batch(rows), demographics=demographics)

    assert found == {"people": [[0], [1]]}


@given(ROWS)
def test_a_person_adds_no_more_than_the_bounds(rows):
    bounds = Bounds(groups=2, rows=3)
    recipe = make_recipe(BANDS, REGIONS, bounds=bounds)
    alone = [each for each in rows if each[0] == 0]

    found = tables_of(recipe, make_batch(alone))

    people, counts = np.array(found["people"]), np.array(found["rows"])
    assert people.max(initial=0) <= 1
    assert people.sum() <= bounds.groups
    assert counts.max(initial=0) <= bounds.rows
    assert abs(np.array(found["spent"])).max(initial=0) <= bounds.rows * 70
    assert np.array(found["spread"]).sum(axis=1).max(initial=0) <= bounds.rows


def test_vector_is_as_long_whatever_is_in_it():
    recipe = make_recipe(REGIONS)
    cells = Cells(recipe)
    few, many = make_batch([]), make_batch([(1, "north", 2**40)] * 50)

    sums = [
        sum_up(recipe, cells, count_rows(recipe, each, nobody), KEY)
        for each in (few, many)
    ]

    assert [len(each) for each in sums] == [2 * (1 + 1 + 1 + 2 + 3)] * 2
    assert not sums[0].any()
    assert sums[1].any()


def test_ids_of_another_width_are_read_too():
    batch = make_batch([(1, "north", 1)]).set_column(1, "document_id", pa.array(["x"]))

    found = count_rows(make_recipe(), batch, nobody)

    assert found.document_id.tolist() == [b"x"]
