"""One study's fault closes that study alone, and is told in a line."""

import json
import pickle

import pytest
import yaml

from rally.errors import ConfigurationError, ManyFaults, faults_of
from rally.registry.registry import Registry
from rally.registry.study import StudyKind, UnavailableStudy
from tests.rally.registry.conftest import without_line
from tests.support.schemas import described

ILLEGIBLE = "schemas/rally-y/reviews/r1.yaml: request: is missing; add it (and 1 more)"


@pytest.fixture
def two(folder):
    """A registry of rally-x, which is good, and rally-y, which no test has spoilt."""
    other = yaml.safe_load(yaml.safe_dump(folder.study))
    other |= {"namespace": "rally-y", "aliases": ["studyY"]}
    folder.other = other
    return folder


def load(two) -> Registry:
    two.texts["rally-y/study.yaml"] = yaml.safe_dump(two.other)
    for name, schema in two.schemas.items():
        two.texts[f"rally-y/{name}.avsc"] = json.dumps(described(schema))
    return two.load()


def said(registry: Registry, root) -> dict[str, str]:
    return {
        name: without_line(fault.replace(str(root), "schemas"))
        for name, fault in registry.faults.items()
    }


def test_registry_without_a_fault_has_none(two):
    registry = load(two)
    assert list(registry.studies) == registry.namespaces == ["rally-x", "rally-y"]
    assert dict(registry.faults) == {}


def test_record_that_is_no_review_closes_its_study_alone(two):
    two.texts["rally-y/reviews/r1.yaml"] = "{}"
    registry = load(two)
    assert list(registry.studies) == ["rally-x"]
    assert registry.namespaces == ["rally-x", "rally-y"]
    assert said(registry, two.root) == {"rally-y": ILLEGIBLE}
    assert registry.study("rally-y") is registry.resolve("studyY") is None
    assert registry.resolve_unavailable("studyY") == "rally-y"
    assert registry.resolve_unavailable("rally-y") == "rally-y"
    assert registry.resolve_unavailable("studyX") is None
    assert registry.unavailable["rally-y"].kind is StudyKind.STUDY


def test_study_that_does_not_load_is_registered(two):
    two.other["starts"] = "soon"
    registry = load(two)
    assert registry.is_registered("rally-y")
    assert registry.is_registered("rally-x")
    assert not registry.is_registered("rally-z")
    assert not registry.is_registered("studyY")


@pytest.mark.parametrize(
    "text",
    ["", "{", "- a list\n", "\x00", "namespace: rally-y\n", "kind: study\nkind: study"],
)
def test_whatever_study_yaml_holds_the_others_load(two, text):
    load(two)
    (two.root / "rally-y" / "study.yaml").write_text(text)
    registry = Registry.load(str(two.root))
    assert list(registry.studies) == ["rally-x"]
    assert list(registry.faults) == ["rally-y"]
    assert len(registry.faults["rally-y"].splitlines()) == 1
    assert "rally-y/study.yaml" in registry.faults["rally-y"]


def test_folder_without_a_study_is_a_fault_of_its_own(two):
    load(two)
    (two.root / "rally-y" / "study.yaml").unlink()
    registry = Registry.load(str(two.root))
    assert said(registry, two.root) == {
        "rally-y": "schemas/rally-y/study.yaml: is missing; add it"
    }
    assert registry.unavailable["rally-y"].kind is None


def test_folder_that_no_study_can_have_is_no_place_in_a_store(two):
    two.texts["My Study/study.yaml"] = "namespace: My Study\n"
    registry = load(two)
    assert registry.is_registered("My Study")
    assert registry.namespaces == ["rally-x", "rally-y"]


def test_alias_of_two_studies_closes_both(two):
    two.other["aliases"] = ["studyX"]
    two.texts["rally-z/study.yaml"] = yaml.safe_dump(
        {**two.study, "namespace": "rally-z", "aliases": []}
    )
    for name in ("visit.1", "joined.1"):
        two.texts[f"rally-z/{name}.avsc"] = json.dumps(described(two.schemas[name]))
    registry = load(two)
    assert list(registry.studies) == ["rally-z"]
    assert said(registry, two.root) == {
        "rally-x": 'schemas/rally-x/study.yaml: aliases.0: "studyX" is a name of '
        "rally-y already; remove one",
        "rally-y": 'schemas/rally-y/study.yaml: aliases.0: "studyX" is a name of '
        "rally-x already; remove one",
    }
    assert registry.resolve("studyX") is registry.resolve_unavailable("studyX") is None


def test_alias_that_is_a_namespace_closes_who_took_it(two):
    two.other["aliases"] = ["rally-x"]
    registry = load(two)
    assert list(registry.studies) == ["rally-x"]
    assert list(registry.faults) == ["rally-y"]
    assert registry.resolve("rally-x") is registry.study("rally-x")


def test_registry_of_which_nothing_loads_tells_a_line_a_study(two):
    two.other["starts"] = two.study["starts"] = "soon"
    with pytest.raises(ConfigurationError) as caught:
        load(two)
    soon = "starts: must be a date such as 2022-03-10, without quotes"
    assert [
        without_line(each.replace(str(two.root), "schemas"))
        for each in faults_of(caught.value)
    ] == [
        f"schemas/rally-x/study.yaml: {soon}",
        f"schemas/rally-y/study.yaml: {soon}",
    ]
    assert len(str(caught.value).splitlines()) == 1


def test_closing_makes_a_study_unavailable_and_leaves_the_registry(two):
    registry = load(two)
    closed = registry.closing({"rally-y": "its store is not there", "other": "none"})
    assert list(registry.studies) == ["rally-x", "rally-y"]
    assert list(closed.studies) == ["rally-x"]
    assert dict(closed.faults) == {"rally-y": "its store is not there"}
    assert closed.unavailable["rally-y"] == UnavailableStudy(
        ("its store is not there",), StudyKind.STUDY, ("studyY",), ("gs://tables-of-x",)
    )
    assert closed.resolve("studyY") is None
    assert closed.resolve_unavailable("studyY") == "rally-y"
    assert closed.is_registered("rally-y")
    assert not closed.is_registered("other")


def test_closing_keeps_what_does_not_load_already(two):
    two.other["starts"] = "soon"
    registry = load(two).closing({"rally-x": "gone"})
    assert list(registry.studies) == []
    assert list(registry.faults) == ["rally-x", "rally-y"]


def test_several_faults_are_one_line_and_survive_a_worker():
    error = pickle.loads(pickle.dumps(ManyFaults(["one", "two", "three"])))
    assert str(error) == "one (and 2 more)"
    assert faults_of(error) == ("one", "two", "three")
    assert str(ManyFaults(["one"])) == "one"
    assert faults_of(ConfigurationError("one")) == ("one",)
