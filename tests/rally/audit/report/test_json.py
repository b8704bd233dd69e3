"""The JSON of an audit."""

import json
from dataclasses import replace

from rally.audit.findings import Scope
from rally.audit.report.json import to_json
from tests.rally.audit.sample_reports import EMPTY, GARDEN, POND, SMALL

WITHDRAWN = {
    "check": "withdrawn",
    "status": "broken",
    "findings": [
        {
            "where": f"{GARDEN}/visit.1/2024-02-01",
            "what": "rows of who left",
            "number": "<10",
            "unit": "rows",
            "until": None,
        },
        {
            "where": f"{GARDEN}/visit.1/2024-02-02",
            "what": "rows of who left",
            "number": 1230,
            "unit": "rows",
            "until": None,
        },
    ],
    "apart": [
        {
            "where": f"{POND}/visit.1/2023-05-06",
            "what": "deferred",
            "number": 20,
            "unit": "rows",
            "until": "2024-05-01",
        },
        {
            "where": POND,
            "what": "held",
            "number": "<10",
            "unit": "people",
            "until": None,
        },
    ],
    "unseen": [],
}
FILES = {
    "check": "files",
    "status": "unknown",
    "findings": [],
    "apart": [],
    "unseen": [
        {
            "where": f"data/{POND}/a.avro",
            "what": "is unreachable",
            "number": 1,
            "unit": "objects",
            "until": None,
        }
    ],
}
RETENTION = {
    "check": "retention",
    "status": "kept",
    "findings": [],
    "apart": [],
    "unseen": [],
}
WITHDRAWALS = [
    {
        "scope": GARDEN,
        "state": "active",
        "people": 20,
        "under_7_days": 10,
        "under_30_days": "<10",
        "older": "<10",
        "oldest": "2024-01-02",
        "next_deadline": "2024-03-01",
        "late": 10,
    },
    {
        "scope": POND,
        "state": "deferred",
        "people": "<10",
        "under_7_days": 0,
        "under_30_days": 0,
        "older": "<10",
        "oldest": "2024-01-02",
        "next_deadline": None,
        "late": 0,
    },
]
DOCUMENT = {
    "format": 1,
    "threshold": 10,
    "as_of": "2024-03-01T06:30:00Z",
    "exit_status": 1,
    "development": False,
    "scope": {"share": 0.1, "files": 3, "rows": 1230, "seconds": 2.345},
    "studies": {GARDEN: "collecting", POND: "ended"},
    "checks": [WITHDRAWN, RETENTION, FILES],
    "rows": {
        GARDEN: {"2024-02-01": "<10", "2024-02-02": 1030, "2024-02-03": 0},
        POND: {"2023-05-06": 200},
    },
    "expiring": {GARDEN: {"2024-08-01": "<10"}, POND: {"2023-11-02": 200}},
    "withdrawals": WITHDRAWALS,
}


def test_report_is_a_document_with_sorted_keys():
    assert to_json(SMALL, 10) == json.dumps(DOCUMENT, indent=2, sort_keys=True)


def test_equal_reports_are_equal_text():
    backwards = replace(
        SMALL,
        studies=dict(reversed(SMALL.studies.items())),
        rows=dict(reversed(SMALL.rows.items())),
    )
    assert to_json(backwards, 10) == to_json(SMALL, 10)


def test_threshold_of_one_tells_all():
    document = json.loads(to_json(SMALL, 1))
    assert document["rows"][GARDEN]["2024-02-01"] == 8
    assert document["withdrawals"][0]["under_30_days"] == 8
    assert document["checks"][0]["findings"][1]["number"] == 1234
    assert document["scope"]["rows"] == 1241


def test_empty_report_leaves_no_key_out():
    assert set(json.loads(to_json(EMPTY))) == set(DOCUMENT)


def test_sum_of_small_days_is_no_number():
    few = {(POND, "2024-01-01"): 8, (GARDEN, "2024-01-01"): 7}
    report = replace(EMPTY, rows=few, scope=Scope(1.0, 2, 15, 0.1))
    assert json.loads(to_json(report))["scope"]["rows"] == "<20"
