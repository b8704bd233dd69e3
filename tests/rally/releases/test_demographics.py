"""Demographics by the names that consents have for them."""

import pytest

from rally.registry.registry import Registry
from rally.releases.demographics import find_demographic


def test_answers_are_the_labels_that_a_person_may_choose(birds):
    found = find_demographic(birds, "gender")
    assert found.document is birds.studies["rally-core"].documents["demographics.1"]
    assert {answer: each.name for answer, each in found.answers.items()} == {
        each: f"user_gender_{each}"
        for each in ("male", "female", "neither", "decline", "__other__")
    }
    assert found.column is None


def test_single_answer_is_a_column(birds):
    found = find_demographic(birds, "exact_income")
    assert (found.column.name, found.answers) == ("user_exact_income", {})


@pytest.mark.parametrize(
    "name", ["user_gender", "male", "shoe_size", "metrics", "client_info", "os"]
)
def test_nothing_else_is_a_demographic(birds, name):
    assert find_demographic(birds, name) is None


def test_platform_without_demographics_has_none(birds):
    studies = {"rally-birds": birds.studies["rally-birds"]}
    assert find_demographic(Registry(studies), "age") is None
