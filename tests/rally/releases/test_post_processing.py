"""What is impossible goes from a table, and what is left is as near as can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.releases.cells import Cells, Part
from rally.releases.noise import noise_of
from rally.releases.post_processing import make_table, non_negative
from rally.releases.table import ColumnKind
from tests.rally.releases.recipes import make_recipe

BY_REGION = [{"field": "region", "values": ["north", "south"]}]
BOUNDS = {"groups": 2, "rows_per_group": 5}
MEAN = {"name": "a", "mean": "a", "minimum": -5, "maximum": "7.5", "digits": 2}


def table(numbers, **changes):
    """The table of noisy numbers, by measure and part, each of two groups."""
    changes = {
        "group_by": BY_REGION,
        "bounds": BOUNDS,
        "suppress_below": None,
        **changes,
    }
    recipe = make_recipe(**changes)
    cells = Cells(recipe)
    noised = cells.zeros()
    for place, rows in numbers.items():
        cells.block(*place).of(noised)[:] = np.array(rows)
    return make_table(recipe, cells, noise_of(recipe, cells), noised)


def values(table):
    return {name: values for name, _, values in table.columns}


def test_each_declared_group_has_a_row():
    made = table({("people", Part.PEOPLE): [[7], [-2]]}, measures=["people"])
    found = values(made)
    assert found["region"] == ("north", "south")
    assert found["people"] == ("7", "0")
    assert len({*found["people_error"]}) == 1
    assert [made.name_of(group) for group in range(2)] == ["north", "south"]


def test_group_of_everybody_has_a_row():
    recipe = {"group_by": None, "bounds": {"groups": 1, "rows_per_group": 1}}
    made = table({("people", Part.PEOPLE): [[7]]}, measures=["people"], **recipe)
    assert [name for name, _, _ in made.columns] == ["people", "people_error"]
    assert (made.groups, made.name_of(0)) == (1, "everybody")


@pytest.mark.parametrize(
    ("minimum", "maximum", "shown"),
    [(0, 9, ("0.0", "1.5")), (-9, 0, ("-0.7", "0.0")), (-9, 9, ("-0.7", "1.5"))],
)
def test_sum_has_the_sign_that_its_range_allows(minimum, maximum, shown):
    measure = {"name": "s", "sum": "s", "minimum": minimum, "maximum": maximum}
    made = table({("s", Part.SUM): [[-7], [15]]}, measures=[{**measure, "digits": 1}])
    assert values(made)["s"] == shown
    assert made.numbers[0].kind is ColumnKind.DECIMAL


def test_mean_is_noisy_sum_by_noisy_rows():
    numbers = {("a", Part.SUM): [[30_000], [10]], ("a", Part.ROWS): [[100_000], [0]]}
    found = values(table(numbers, measures=[MEAN]))
    assert found["a_sum"] == ("300.00", "0.10")
    assert found["a_rows"] == ("100000", "0")
    assert found["a_mean"] == ("0.0030", None)
    assert found["a_mean_error"][1] is None
    assert 0 < float(found["a_mean_error"][0]) < 1


def test_mean_is_within_its_range_and_says_when_it_knows_nothing():
    numbers = {("a", Part.SUM): [[10**9], [-(10**9)]], ("a", Part.ROWS): [[1], [1]]}
    found = values(table(numbers, measures=[MEAN]))
    assert found["a_mean"] == ("7.5000", "-5.0000")
    assert found["a_mean_error"] == ("12.5000", "12.5000")


def test_bands_have_columns_and_no_number_below_zero():
    measure = {"name": "h", "histogram": "h", "edges": [0, "0.5", 10, 100]}
    numbers = {("h", Part.BANDS): [[10, -4, 6], [-3, -3, 2]]}
    found = values(table(numbers, measures=[measure]))
    assert [name for name in found if not name.endswith("_error")] == [
        "region", "h_0_to_0.5", "h_0.5_to_10", "h_10_to_100",
    ]  # fmt: skip
    assert found["h_0_to_0.5"] == ("8", "0")
    assert found["h_0.5_to_10"] == ("0", "0")
    assert found["h_10_to_100"] == ("4", "0")


def test_group_of_too_few_noisy_people_shows_nothing():
    numbers = {
        ("people", Part.PEOPLE): [[19], [20]],
        ("rows", Part.ROWS): [[100], [200]],
    }
    made = table(numbers, measures=["people", "rows"], suppress_below=20)
    found = values(made)
    assert found["region"] == ("north", "south")
    for name in ("people", "people_error", "rows", "rows_error"):
        assert found[name][0] is None
        assert found[name][1] is not None


def test_true_and_false_are_named_as_json_names_them():
    flags = [{"field": "is_new", "values": [True, False]}]
    made = table({("people", Part.PEOPLE): [[1], [2]]}, measures=["people"],
                 group_by=flags)  # fmt: skip
    assert values(made)["is_new"] == ("true", "false")


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=6))
def test_projection_keeps_the_sum_and_is_the_nearest(numbers):
    kept = non_negative(numbers)
    total = max(sum(numbers), 0)
    assert min(kept) >= 0
    assert sum(kept) == total

    def distance(other):
        pairs = zip(other, numbers, strict=True)
        return sum((one - another) ** 2 for one, another in pairs)

    # Moving one unit from any band to any other is no nearer.
    for source in range(len(kept)):
        for target in range(len(kept)):
            if source != target and kept[source]:
                moved = list(kept)
                moved[source] -= 1
                moved[target] += 1
                assert distance(moved) >= distance(kept)
