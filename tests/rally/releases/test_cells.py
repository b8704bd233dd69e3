"""Cells are named and laid out by the recipe alone."""

import numpy as np
import pytest

from rally.errors import ConfigurationError
from rally.releases.cells import Cells, Part
from tests.rally.releases.recipes import WEEKLY, make_recipe

BY_REGION = [{"field": "region", "values": ["north", "south", True and "east"]}]


def test_blocks_follow_each_other_without_gaps():
    recipe = make_recipe()
    cells = Cells(recipe)
    assert [
        (each.name, each.part, each.start, each.width) for each in cells.blocks
    ] == [
        ("people", Part.PEOPLE, 0, 1),
        ("visits", Part.ROWS, 8, 1),
        ("minutes", Part.SUM, 16, 1),
        ("attention_sum", Part.SUM, 24, 1),
        ("attention_rows", Part.ROWS, 32, 1),
        ("lengths", Part.BANDS, 40, 2),
    ]
    assert (cells.groups, cells.length) == (8, 56)
    assert cells.length == recipe.cells


def test_groups_are_named_in_their_order():
    labels = Cells(make_recipe()).labels()
    assert labels[0] == ("north", "band_19_24", "0 to 10")
    assert labels[1] == ("north", "band_19_24", "10 to 100")
    assert labels[2] == ("north", "band_25_34", "0 to 10")
    assert labels[-1] == ("south", "band_25_34", "10 to 100")


def test_without_groups_there_is_one_of_everybody():
    cells = Cells(make_recipe(group_by=None, bounds={"groups": 1, "rows_per_group": 1}))
    assert (cells.groups, cells.labels()) == (1, [()])


def test_block_is_a_part_of_the_vector():
    cells = Cells(make_recipe())
    vector = cells.zeros()
    cells.block("lengths", Part.BANDS).of(vector)[7, 1] = 5
    cells.block("people", Part.PEOPLE).of(vector)[0, 0] = 3
    assert {*np.flatnonzero(vector)} == {0, 55}
    assert (vector.dtype, vector[0], vector[55]) == (np.int64, 3, 5)


def test_vectors_of_disjoint_people_are_added():
    cells = Cells(make_recipe())
    vectors = [cells.zeros() + number for number in (1, 2, 3)]
    assert (cells.merge(vectors) == 6).all()
    assert (cells.merge([]) == 0).all()


@pytest.mark.parametrize(
    ("block", "most"),
    [
        (("people", Part.PEOPLE), 1),
        (("visits", Part.ROWS), 20),
        (("minutes", Part.SUM), 20 * 1200),
        (("attention", Part.SUM), 20 * 750),
        (("attention", Part.ROWS), 20),
        (("lengths", Part.BANDS), 20),
    ],
)
def test_person_changes_a_group_by_what_is_declared(block, most):
    assert Cells(make_recipe()).block(*block).most_of(20) == most


def test_two_columns_of_one_name_are_refused():
    taken = {"name": "attention_sum", "count": "rows"}
    with pytest.raises(ConfigurationError, match=r"two columns .* attention_sum;"):
        Cells(make_recipe(measures=[*WEEKLY["measures"], taken]))
