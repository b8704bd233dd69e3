"""The inventory for machines."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

from rally.inventory.json import to_json
from rally.registry.collected_fields import CollectedField
from rally.releases.budget import Budget
from rally.releases.published import StudyReleases
from tests.rally.inventory.samples import (
    ABOUT,
    STREAM,
    inventory_of,
    published,
    releasing,
    stream,
    whole,
)


def test_equal_inventories_are_equal_text():
    assert to_json(whole()) == to_json(whole())


def test_every_field_of_every_document_is_there():
    inventory = whole()
    content = json.loads(to_json(inventory))
    assert content["format"] == 1
    assert content["as_of"] == "2022-10-01"
    assert [
        (study["namespace"], document["name"], [f["path"] for f in document["fields"]])
        for study in content["studies"]
        for document in study["documents"]
    ] == [
        (study.study.namespace, each.document.name, [f.path for f in each.fields])
        for study in inventory.studies
        for each in study.documents
    ]


def test_what_was_published_is_told():
    budget = Budget(STREAM, Decimal("0.07"), Decimal("0.0175"))
    result = published("weekly", "Who?", "people", "0.0175")
    inventory = inventory_of(stream())
    assert json.loads(to_json(inventory))["studies"][0]["releases"] is None
    told = releasing(inventory, StudyReleases(budget, (result,)))
    assert json.loads(to_json(told))["studies"][0]["releases"] == {
        "allotted": "0.07",
        "left": "0.0525",
        "results": [
            {
                "name": "weekly",
                "on": "2022-07-01",
                "question": "Who?",
                "description": "people",
                "rho": "0.0175",
                "files": [f"study={STREAM}/weekly/table.csv"],
            }
        ],
    }


def test_study_is_told_whole():
    field = CollectedField(
        "/a", "A text", "string", True, 3, "A use", "A benefit", date(2027, 3, 31), True
    )
    study = stream()
    visit = replace(study.documents["user-journey.1"], sent="as a page is left")
    schema = replace(visit.schema, fields=(field,))
    documents = {"user-journey.1": replace(visit, schema=schema)}
    (entry,) = json.loads(to_json(inventory_of(replace(study, documents=documents))))[
        "studies"
    ]
    document = entry["documents"][0]
    assert document["fields"] == [
        {
            "path": "/a",
            "doc": "A text",
            "type": "string",
            "optional": True,
            "example": "00000000-0000-4000-8000-000000000000",
            "category": 3,
            "purpose": "A use",
            "benefit": "A benefit",
            "expires": "2027-03-31",
            "identifier": True,
            "sdk": None,
        }
    ]
    assert document["fingerprint"] == schema.fingerprint
    assert document["sent"] == "as a page is left"
    assert (document["category"], document["built_in"]) == (4, False)
    assert document["raised_by"] == "browsing-beside-id"
    assert (entry["state"], entry["category"]) == ("collecting", 4)
    assert entry["about"] == {name: getattr(ABOUT, name) for name in ABOUT.__slots__}
    assert entry["access"][0] == {
        "group": "birds@example.org",
        "agreement": "2026-7",
        "from": "2022-08-01",
        "until": "2024-03-27",
    }
    assert entry["dates"] == {
        "starts": "2022-07-12",
        "ending_announced": "2023-02-27",
        "collect_through": "2023-03-27",
        "analysis_until": "2024-03-27",
    }
    assert entry["policy"] == {
        "enrolment_required": True,
        "refuse_do_not_track": False,
        "private_browsing": None,
        "countries": ["US"],
        "minimum_age": 19,
        "after_end": "defer",
        "unmatched_withdrawals": "delete",
    }
