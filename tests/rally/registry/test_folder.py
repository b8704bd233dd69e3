"""The reviews of a study together: which they renew, and how many there are."""

import pytest
import yaml

from rally.errors import ConfigurationError, faults_of
from tests.rally.registry.good_review import GOOD


def renewing(**renews):
    """Texts of reviews of rally-x, each of which renews another."""
    content = yaml.safe_load(GOOD)
    answers = {1: "x", 2: "y", 3: "z"}
    return {
        f"rally-x/reviews/{name}.yaml": yaml.safe_dump(
            {
                **content,
                "request": {**content["request"], "renews": other, "answers": answers},
            }
            if other
            else content
        )
        for name, other in renews.items()
    }


CIRCLE = "renews itself in a circle; correct it"


@pytest.mark.parametrize(
    ("renews", "expected"),
    [
        ({"a": None, "b": "a", "c": "b"}, {}),
        ({"c": None, "b": "c", "a": "b"}, {}),
        ({"a": None, "b": "a", "c": "a"}, {}),
        ({"a": "a"}, {"a": CIRCLE}),
        ({"a": "b", "b": "a"}, {"a": CIRCLE, "b": CIRCLE}),
        ({"a": "b", "b": "c", "c": "a", "d": None},
         {"a": CIRCLE, "b": CIRCLE, "c": CIRCLE}),
        ({"a": "none"}, {"a": "there is no review none; correct it"}),
        ({"a": None, "b": "none", "c": "b"},
         {"b": "there is no review none; correct it"}),
    ],
    ids=str,
)  # fmt: skip
def test_renewal_is_of_another_review_that_is_there(folder, renews, expected):
    folder.texts |= renewing(**renews)
    uri = folder.write()
    if not expected:
        reviews = folder.load().studies["rally-x"].reviews
        assert {each.id: each.request.renews for each in reviews} == renews
        assert [each.id for each in reviews] == sorted(renews)
        return
    with pytest.raises(ConfigurationError) as caught:
        folder.load()
    assert list(faults_of(caught.value)) == [
        f"{uri}/rally-x/reviews/{name}.yaml: request.renews: {what}"
        for name, what in expected.items()
    ]


def test_circle_of_a_renewal_and_a_change_is_told(folder):
    folder.texts |= renewing(a="b")
    content = yaml.safe_load(GOOD)
    del content["request"]["answers"], content["review"]["answers"]
    del content["sign_offs"], content["exemptions"]
    for of, fault in (("a", CIRCLE), ("none", "there is no review none; correct it")):
        content["incremental"] = {"of": of}
        folder.texts["rally-x/reviews/b.yaml"] = yaml.safe_dump(content)
        uri = folder.write()
        with pytest.raises(ConfigurationError) as caught:
            folder.load()
        assert f"{uri}/rally-x/reviews/b.yaml: incremental.of: {fault}" in faults_of(
            caught.value
        )


def test_faults_of_all_records_of_a_study_are_told_at_once(folder):
    folder.texts["rally-x/reviews/a.yaml"] = "request: 7\ncolour: red\n"
    folder.texts["rally-x/reviews/b.yaml"] = "request: {"
    folder.texts["rally-x/reviews/c.yaml"] = GOOD
    folder.texts["rally-x/reviews/d.yaml"] = "request: 1\nrequest: 2\n"
    folder.texts["rally-x/reviews/e.md"] = "a form"
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        folder.load()
    found = [
        each.removeprefix(f"{uri}/rally-x/reviews/") for each in faults_of(caught.value)
    ]
    assert [each.partition(": ")[0] for each in found] == [
        *["a.yaml"] * 3, "b.yaml", *["d.yaml"] * 3, "e.md",
    ]  # fmt: skip
    assert found[-4:] == [
        'd.yaml: line 2: "request" stands twice; correct it',
        "d.yaml: line 2: request: must be a mapping of names to values",
        "d.yaml: covers: is missing; add it",
        "e.md: is no review; name it *.yaml, or remove it",
    ]


def test_number_of_reviews_is_bounded(folder):
    for number in range(1001):
        folder.texts[f"rally-x/reviews/r{number}.yaml"] = "{}"
    assert folder.error() == (
        "schemas/rally-x/reviews/: has more than 1,000 reviews; make another study"
    )
