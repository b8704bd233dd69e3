"""Recipes in the registry's folder: what is wrong with one is no fault of its study."""

import re
from pathlib import Path

import pytest

from rally.errors import ConfigurationError, faults_of
from rally.registry.registry import Registry
from rally.releases.recipe_files import find_recipe, read_recipes
from tests.rally.releases.birds import BIRDS, write_birds
from tests.rally.releases.recipes import make_recipe, recipe_content


@pytest.fixture
def studies(tmp_path):
    return write_birds(
        tmp_path / "studies",
        {
            "weekly": recipe_content(),
            "broken": recipe_content(rho=None, author="Ann"),
            "wrong": recipe_content(
                filters=[{"field": "participant", "one_of": ["a"]}]
            ),
        },
    )


def test_recipes_are_read_with_all_faults_and_close_no_study(studies, tmp_path):
    folder = tmp_path / "studies" / BIRDS / "releases"
    (folder / "notes.txt").write_text("not a recipe")
    (folder / "twice.yaml").write_text("rho: 1\nrho: 2\n")
    registry = Registry.load(studies)
    assert list(registry.studies) == ["rally-birds", "rally-core"]
    files = {each.id: each for each in read_recipes(studies, registry)}
    assert list(files) == ["broken", "notes.txt", "twice", "weekly", "wrong"]
    assert files["weekly"].require() == make_recipe()
    assert not files["weekly"].faults
    assert files["wrong"].recipe is not None
    assert files["broken"].recipe is files["twice"].recipe is None
    at = f"{folder}/"
    assert list(files["wrong"].faults) == [
        f"{at}wrong.yaml: line 10: filters.0.field: participant is an id, by which"
        " people could be told apart"
    ]
    assert list(files["broken"].faults) == [
        f"{at}broken.yaml: line 2: author: must be up to 40 lower-case letters, digits"
        " and hyphens",
        f"{at}broken.yaml: rho: is missing; add it",
    ]
    assert list(files["notes.txt"].faults) == [
        f"{at}notes.txt: is no recipe; name it *.yaml, or remove it"
    ]
    assert files["twice"].faults[0] == (
        f'{at}twice.yaml: line 2: "rho" stands twice; correct it'
    )


@pytest.mark.parametrize("id", ["wrong", "broken"])
def test_faulty_recipe_is_not_given_out(studies, id):
    file = find_recipe(studies, Registry.load(studies), BIRDS, id)
    with pytest.raises(ConfigurationError) as caught:
        file.require()
    assert list(faults_of(caught.value)) == list(file.faults)


def test_recipe_of_another_name_is_named_with_those_that_are_there(studies):
    registry = Registry.load(studies)
    with pytest.raises(ConfigurationError) as caught:
        find_recipe(studies, registry, BIRDS, "daily")
    assert str(caught.value) == (
        "daily: is no recipe of rally-birds; it has broken, weekly, wrong"
    )
    with pytest.raises(ConfigurationError) as caught:
        find_recipe(studies, registry, "rally-core", "weekly")
    assert str(caught.value) == "weekly: is no recipe of rally-core; it has none"


def test_recipe_of_a_study_that_does_not_load_releases_nothing(studies, tmp_path):
    (tmp_path / "studies" / BIRDS / "study.yaml").write_text("kind: trial\n")
    registry = Registry.load(studies)
    (fault,) = find_recipe(studies, registry, BIRDS, "weekly").faults
    assert fault.endswith("rally-birds does not load; correct it first")


def test_recipe_is_read_only_as_far_as_a_person_writes(studies, tmp_path):
    file = tmp_path / "studies" / BIRDS / "releases" / "long.yaml"
    file.write_bytes(b"#" * (256 * 1024 + 1))
    found = find_recipe(studies, Registry.load(studies), BIRDS, "long")
    assert list(found.faults) == [f"{file}: is longer than 262,144 bytes; shorten it"]


def test_example_of_the_page_is_a_good_recipe(tmp_path):
    page = Path(__file__).parents[3] / "docs" / "releases.md"
    (example,) = re.findall("```yaml\n(question.*?)```", page.read_text(), re.DOTALL)
    studies = write_birds(tmp_path / "studies")
    (tmp_path / "studies" / BIRDS / "releases" / "weekly.yaml").write_text(example)
    file = find_recipe(studies, Registry.load(studies), BIRDS, "weekly")
    recipe = file.require()
    assert (recipe.groups, recipe.cells, len(list(recipe.windows()))) == (8, 56, 4)
