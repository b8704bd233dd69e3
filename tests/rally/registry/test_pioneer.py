"""The two documents that every namespace has."""

from copy import deepcopy

import pytest

from rally.registry.collected_fields import without_descriptions
from rally.registry.pioneer import built_in_documents
from rally.registry.study import Document, Keep, Means


def test_enrolment_and_deletion_request_are_built_in(folder):
    registry = folder.load()
    study = registry.study("rally-x")
    enrolment = registry.document(study, "pioneer-enrollment", 1)
    assert enrolment == Document(
        namespace="rally-x",
        type="pioneer-enrollment",
        version=1,
        means=Means.JOINS,
        scope=(),
        delete_after_days=None,
        keep=Keep.ALL,
        buckets=1,
        purpose="Pioneer v2's own record of who joined and who left.",
        schema=enrolment.schema,
        is_built_in=True,
        sent="once, as somebody joins",
    )
    request = registry.document(study, "deletion-request", 1)
    assert (request.means, request.scope) == (Means.LEAVES, ())
    assert registry.document(study, "pioneer-enrollment", 2) is None
    assert registry.document(study, "event_only-of", 1) is None
    assert registry.document(study, "visit", 1) is study.documents["visit.1"]
    assert (
        registry.document(study, "visit", 1, pioneer=True)
        is (study.documents["visit.1"])
    )


@pytest.mark.parametrize(
    ("namespace", "field"),
    [
        ("rally-x", "rallyId"),
        ("pioneer-x", "pioneerId"),
        ("rally", "pioneerId"),
        ("rallyx", "pioneerId"),
    ],
)
def test_id_stands_where_the_decoder_puts_it(namespace, field):
    documents = built_in_documents(namespace)
    request = documents["deletion-request.1"].schema
    assert without_descriptions(request.json) == {
        "type": "record",
        "name": "deletion_request",
        "participant": f"/{field}",
        "fields": [{"name": field, "type": "string"}],
    }
    enrolment = documents["pioneer-enrollment.1"].schema
    assert (enrolment.participant, enrolment.deletion_id) == (
        f"/{field}",
        "/deletionId",
    )
    assert without_descriptions(enrolment.json)["fields"] == [
        {"name": field, "type": "string"},
        {"name": "deletionId", "type": ["null", "string"], "default": None},
    ]


def declare_deletion_request(folder, id_field):
    folder.study["documents"]["deletion-request.1"] = {
        **folder.study["documents"]["joined.1"],
        "means": "leaves",
    }
    schema = deepcopy(folder.schemas["joined.1"])
    schema["fields"][0]["name"] = id_field
    schema["participant"] = f"/{id_field}"
    folder.schemas["deletion-request.1"] = schema


def test_declared_document_and_built_in_one_coexist(folder):
    declare_deletion_request(folder, "id")
    registry = folder.load()
    study = registry.study("rally-x")
    glean = registry.document(study, "deletion-request", 1)
    pioneer = registry.document(study, "deletion-request", 1, pioneer=True)
    assert glean is study.documents["deletion-request.1"]
    assert (glean.schema.participant, pioneer.schema.participant) == ("/id", "/rallyId")


def test_declared_document_that_takes_pioneers_id_wins(folder):
    declare_deletion_request(folder, "rallyId")
    registry = folder.load()
    study = registry.study("rally-x")
    declared = study.documents["deletion-request.1"]
    assert registry.document(study, "deletion-request", 1) is declared
    assert registry.document(study, "deletion-request", 1, pioneer=True) is declared


def test_all_documents_are_the_declared_and_the_built_in(folder):
    registry = folder.load()
    study = registry.study("rally-x")
    documents = registry.documents(study)
    assert sorted(documents) == [
        "deletion-request.1",
        "joined.1",
        "pioneer-enrollment.1",
        "visit.1",
    ]
    assert documents["visit.1"] is study.documents["visit.1"]
