"""The documents of a study: each with a schema that serves, and an end to its rows."""

import pytest

from rally.errors import ConfigurationError, faults_of
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder
from rally.registry.study import (
    KeptBy,
)
from tests.rally.registry.conftest import STUDY, without_line

TEXT = "must be text; write some, in quotes where YAML needs them"


VISIT = "documents visit.1"


@pytest.mark.parametrize(
    "name",
    ["visit", "visit.0", "visit.01", "visit.x", "Visit.1", "a.b.1", "a_b.1", "-a.1"],
)
def test_document_is_a_type_and_a_version(folder, name):
    folder.set(f"documents {name}", {})
    assert folder.error() == (
        f"{STUDY}: documents.{name}: must be a type and a version such as "
        "user-journey.1; a document type is of lower-case letters, digits and hyphens, "
        "at most 100, no hyphen first, and a version is a number from 1 to 999999999"
    )


def test_longest_retention_is_100_years(folder):
    folder.set(f"{VISIT} delete_after_days", 36_500)
    visit = folder.load().study("rally-x").documents["visit.1"]
    assert visit.delete_after_days == 36_500


def test_schema_that_no_encoder_takes_names_its_file(folder):
    folder.schemas["visit.1"]["fields"].append(
        {"name": "at", "type": {"type": "string", "logicalType": "timestamp-millis"}}
    )
    assert folder.error() == (
        "schemas/rally-x/visit.1.avsc: schema.at: the logical type timestamp-millis "
        "stands on long, not on string"
    )


def test_schema_takes_no_name_of_a_row(folder):
    folder.schemas["visit.1"]["name"] = "stored_row"
    assert folder.error() == (
        f"{STUDY}: documents.visit.1: its schema is not good within a row's; correct "
        "the schema (row.payload: 'rally.stored_row' is defined twice; refer to the "
        "first by its name)"
    )


def test_what_loads_compiles(folder):
    registry = folder.load()
    for document in registry.documents(registry.study("rally-x")).values():
        assert RowEncoder(document, document.schema)


def test_scope_names_a_string(folder):
    folder.set("documents joined.1 scope", ["/study", "/studies"])
    assert folder.error() == (
        f"{STUDY}: documents.joined.1.scope.1: /studies is no string of the document's "
        "schema; correct either"
    )


@pytest.mark.parametrize("flag", ["/secret", "/metrics", "/metrics/uuid/x"])
def test_private_browsing_names_a_boolean_of_each_data_document(folder, flag):
    folder.set("policy private_browsing", flag)
    assert folder.error() == (
        f"{STUDY}: documents.visit.1: its schema has no boolean {flag}, which "
        "policy.private_browsing names; add it or correct the policy"
    )


def make_platform(folder) -> None:
    """The study becomes the platform's own; its documents have no end yet."""
    folder.set("kind", "platform")
    for name in ("access", "derived", "analysis_until", "policy after_end"):
        folder.drop(name)
    folder.drop(f"{VISIT} delete_after_days")


def test_rows_of_the_platform_end_or_are_somebodys(folder):
    make_platform(folder)
    missing = (
        "delete_after_days: is missing; a platform is never concluded: say it, or who"
        " keeps the rows for ever, kept_by: {person: …, reason: …}"
    )
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(uri)
    found = [each.replace(uri, "schemas") for each in faults_of(caught.value)]
    assert [*map(without_line, found)] == [
        f"{STUDY}: documents.{name}.{missing}" for name in ("joined.1", "visit.1")
    ]
    folder.set(f"{VISIT} delete_after_days", 730)
    kept_by = {"person": "ann", "reason": "who joined is asked for"}
    folder.set("documents joined.1 kept_by", kept_by)
    joined = folder.load().studies["rally-x"].documents["joined.1"]
    assert joined.kept_by == KeptBy("ann", "who joined is asked for")


@pytest.mark.parametrize("means", ["leaves", "deletion-id"])
def test_what_leaves_no_row_needs_no_end(folder, means):
    make_platform(folder)
    folder.set(f"{VISIT} delete_after_days", 730)
    folder.set("documents joined.1 delete_after_days", 730)
    folder.study["documents"]["gone.1"] = {
        "means": means,
        "purpose": "who left",
    }
    schema = {**folder.schemas["joined.1"], "deletion_id": "/id"}
    if means == "deletion-id":
        del schema["participant"]
    folder.schemas["gone.1"] = schema
    assert folder.faults() == {}


@pytest.mark.parametrize(
    ("entries", "place", "reason"),
    [
        ({"kept_by": "ann"}, "kept_by", "must be a mapping of names to values"),
        ({"kept_by": {"person": "ann"}}, "kept_by.reason", "is missing; add it"),
        ({"kept_by": {"person": "", "reason": "x"}}, "kept_by.person", TEXT),
        ({"kept_by": {"person": "ann", "reason": "x"}, "delete_after_days": 1},
         "kept_by", "stands beside delete_after_days; keep one of them"),
    ],
    ids=["text", "no reason", "nobody", "both"],
)  # fmt: skip
def test_person_who_keeps_rows_has_a_name_and_a_reason(folder, entries, place, reason):
    make_platform(folder)
    folder.set(f"{VISIT} delete_after_days", 730)
    folder.study["documents"]["joined.1"] |= entries
    assert folder.error() == f"{STUDY}: documents.joined.1.{place}: {reason}"


def test_rows_of_a_study_are_nobodys(folder):
    folder.set(f"{VISIT} kept_by", {"person": "ann", "reason": "x"})
    assert folder.error() == (
        f"{STUDY}: documents.visit.1.kept_by: is for the platform's own; remove it"
    )


@pytest.mark.parametrize("category", [1, 2, 3, 4])
def test_people_who_did_not_enrol_give_little(folder, category):
    make_platform(folder)
    for name in ("visit.1", "joined.1"):
        folder.set(f"documents {name} delete_after_days", 730)
    folder.set("policy enrolment", "none")
    folder.says["visit.1"] = {"category": category}
    faults = [] if category <= 2 else [
        f"{STUDY}: documents.visit.1: of people who did not enrol only"
        " categories 1 and 2 are collected; say policy.enrolment: required, or collect"
        " less"
    ]  # fmt: skip
    assert list(folder.faults().values()) == faults
