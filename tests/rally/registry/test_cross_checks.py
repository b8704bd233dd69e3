"""Somebody can join each study that loads."""

import json

import pytest

from tests.rally.registry.conftest import JOINED, STUDY
from tests.support.schemas import described

UNJOINABLE = (
    "documents: let nobody join, and without an enrolment all is purged; add a document"
    " of means: joins here, or one with a scope to the platform's"
)


def drop_joined(folder) -> None:
    folder.drop("documents joined.1")
    del folder.schemas["joined.1"]


def hub(joins: str = "", text: str = "") -> str:
    return text or (
        "{namespace: rally-hub, kind: platform, name: Hub, starts: 2022-01-01,"
        " policy: {enrolment: required, do_not_track: consent,"
        " private_browsing: client}, documents: {joined.1: {means: joins,"
        f" delete_after_days: 730, purpose: x, {joins}}}}}}}"
    )


def test_study_that_nobody_can_join_does_not_load(folder):
    drop_joined(folder)
    assert folder.error() == f"{STUDY}: {UNJOINABLE}"


def test_study_without_documents_lets_nobody_join(folder):
    drop_joined(folder)
    folder.drop("documents visit.1")
    del folder.schemas["visit.1"]
    assert folder.error() == f"{STUDY}: {UNJOINABLE}"


@pytest.mark.parametrize(
    ("joins", "faults"),
    [("scope: [/study],", {}), ("", {"rally-x": f"{STUDY}: {UNJOINABLE}"})],
)
def test_platform_lets_people_join_where_it_says_what(folder, joins, faults):
    drop_joined(folder)
    folder.texts["rally-hub/study.yaml"] = hub(joins)
    folder.texts["rally-hub/joined.1.avsc"] = json.dumps(described(JOINED))
    assert folder.faults() == faults


@pytest.mark.parametrize("text", ["{", hub() + "x: y", "kind: platform"])
def test_platform_that_does_not_load_may_let_people_join(folder, text):
    drop_joined(folder)
    folder.texts["rally-hub/study.yaml"] = text
    assert list(folder.faults()) == ["rally-hub"]


def test_pioneer_lets_people_join_where_its_documents_are(folder):
    drop_joined(folder)
    folder.set("policy private_browsing", "client")
    folder.schemas["visit.1"] = {
        "type": "record",
        "name": "visit",
        "participant": "/rallyId",
        "fields": [{"name": "rallyId", "type": "string"}],
    }
    assert folder.faults() == {}
    folder.schemas["visit.1"] |= {
        "participant": "/pioneerId",
        "fields": [{"name": "pioneerId", "type": "string"}],
    }
    assert list(folder.faults()) == ["rally-x"]
