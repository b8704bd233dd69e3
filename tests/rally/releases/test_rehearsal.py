"""A recipe whose draft could not be read back is refused before it costs anything."""

import pytest

from rally.fields import Place
from rally.releases.rehearsal import find_unreadable
from tests.rally.releases.recipes import FILE, make_recipe

COUNT = {"measures": ["people"], "suppress_below": None}
WHY = (
    f"{FILE}: group_by: makes a table too long to be read back, or one with too many"
    " brackets; shorten the values, or name fewer"
)


def grouped(*labels):
    """A recipe by some fields, with these labels each."""
    fields = enumerate(labels)
    by = [{"field": f"f{number}", "values": values} for number, values in fields]
    return make_recipe(**COUNT, group_by=by)


@pytest.mark.parametrize(
    "recipe",
    [
        make_recipe(),
        make_recipe(question="[" * 2000, purpose="{" * 2000),
        grouped([f"{number:0100}" for number in range(2000)]),
        grouped([f"[{number}" for number in range(5000)], ["a"]),
    ],
)
def test_recipe_whose_draft_can_be_read_is_good(recipe):
    assert [*find_unreadable(recipe, Place(FILE))] == []


@pytest.mark.parametrize(
    "recipe",
    [
        grouped([f"{'[' * 10}{number}" for number in range(5000)]),
        grouped([f"{'{' * 90}{number}" for number in range(100)], [*"abcdefgh"]),
    ],
)
def test_recipe_whose_labels_have_too_many_brackets_is_refused(recipe):
    assert [*find_unreadable(recipe, Place(FILE))] == [WHY]
