"""`rally try` says what ingest would make of pings, and nobody is in what it shows."""

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rally.commands import try_pings
from rally.errors import ConfigurationError, faults_of
from rally.ingestion.trial import STAND_IN
from rally.parser import Parser
from rally.registry.registry import Registry
from rally.registry.review_files import dump_review
from rally.validation.pseudonyms import stands_in
from tests.support.reviews import write_reviews
from tests.support.world import AS_OF, GARDEN, HOUSE, POND, rally_id, write_studies

IN_REPORT = ("2026-02-01", "2026-02-14", "2026-02-15")
ID = rally_id(1)
VISIT = {"rally.id": ID, "page": "p", "count": 1}


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry") / "studies"
    write_studies(folder)
    days = (date(2026, 2, 1), date(2026, 5, 20))
    write_reviews(folder, {f"{POND}/visit.1": days})
    return str(folder)


@pytest.fixture
def attempt(studies, monkeypatch, capsys, tmp_path):
    """Types the command; its status and output, of which nothing is an error."""
    monkeypatch.chdir(tmp_path)

    def run(*words, given):
        if not isinstance(given, bytes):
            given = "\n".join(map(json.dumps, given)).encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        parser = Parser("rally")
        try_pings.COMMAND.add_to(parser.add_subparsers(), "rally")
        options = [f"--studies={studies}", f"--as_of={AS_OF}"]
        args = parser.parse_args(["try", *words, *options])
        status = args.handler(args)
        out, errors = capsys.readouterr()
        assert errors == ""
        assert list(tmp_path.iterdir()) == []
        return status, out

    return run


def sent(payload, **attributes):
    return {"attributes": attributes, "payload": payload}


PINGS = [
    *(VISIT for _ in range(3)),
    {**VISIT, "count": "secret"},
    {**VISIT, "count": 1.5},
    {**VISIT, "secret": 1, "parts": [{}, {}]},
    {"rally.id": ID, "page": "p"},
    {**VISIT, "parts": [{"kind": "secret", "size": None}]},
    {**VISIT, "rally.id": "secret"},
    sent(VISIT, x_source_tags="automation"),
    sent(VISIT, submission_timestamp="2026-01-31T23:59:59Z"),
    sent(VISIT, submission_timestamp="2026-06-02T00:00:00Z"),
    sent(VISIT, submission_timestamp="secret"),
    sent(VISIT, submission_timestamp="2026-02-01T00:00:00Z", geo_country="FR"),
]
SAID = """\
4 of 14 would be stored; nothing kept
2 mismatch  /count wants long
2 failed    invalid timestamp
1 mismatch  /parts/*/kind is missing
1 mismatch  /parts/*/size is missing
1 mismatch  undeclared, below /
1 mismatch  /count is missing
1 mismatch  /parts/*/size wants int
1 failed    invalid id
1 refused   automation
1 refused   before start
"""


def test_what_would_become_of_pings_is_said_by_the_schema_s_words(attempt):
    status, out = attempt(GARDEN, "visit", given=PINGS)
    assert (status, out) == (1, SAID)
    assert not stands_in(ID, out.encode())
    assert "secret" not in out


def test_all_good_is_status_0_and_one_line(attempt):
    assert attempt(GARDEN, "visit.1", given=[VISIT] * 1200) == (
        0,
        "1,200 of 1,200 would be stored; nothing kept\n",
    )


def test_what_would_be_left_out_is_said(attempt, studies):
    """In a schema's first days its author sees what clients send beyond it."""
    [review] = Registry.load(studies).studies[POND].reviews
    until = date(2026, 2, 14)
    covers = tuple(each._replace(report_until=until) for each in review.covers)
    record = Path(studies, POND, "reviews/r1.yaml")
    before = record.read_text()
    record.write_text(dump_review(replace(review, covers=covers)))
    extra = {**VISIT, "secret": 1, "more": {"secret": 2}}
    pings = [
        *(sent(extra, submission_timestamp=f"{day}T12:00:00Z") for day in IN_REPORT),
        sent(VISIT, submission_timestamp="2026-02-14T12:00:00Z"),
    ]
    said = attempt(POND, "visit", given=pings)
    record.write_text(before)
    assert said == (
        1,
        "3 of 4 would be stored; nothing kept\n"
        "2 left out  undeclared, below /\n"
        "1 mismatch  undeclared, below /\n",
    )


def test_lapsed_approval_says_when_it_ended(attempt):
    pings = [
        sent(VISIT, submission_timestamp=f"{day}T12:00:00Z")
        for day in ("2026-05-19", "2026-05-20", "2026-05-21")
    ]
    assert attempt(POND, "visit", given=pings) == (
        1,
        "2 of 3 would be stored; nothing kept\n1 refused   approval ended 2026-05-20\n",
    )


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--dnt=1", "1 refused   do not track"),
        ("--tags=automation", "1 refused   automation"),
    ],
)
def test_options_say_what_the_edge_would_say(attempt, option, said):
    given = [sent(VISIT, submission_timestamp="2026-05-02T00:00:00Z")]
    status, out = attempt(POND, "visit", option, given=given)
    assert (status, out.splitlines()[1:]) == (1, [said])


def test_line_wins_over_options(attempt):
    given = [sent(VISIT, submission_timestamp="2026-05-02T00:00:00Z", dnt="0")]
    assert attempt(POND, "visit", "--dnt=1", given=given)[0] == 0


def test_withdrawals_are_heard_whatever_else_they_hold(attempt):
    pings = [{"rally.id": ID}, {"rally.id": ID, "more": 1}, {"more": 1}]
    assert attempt(GARDEN, "study-unenrollment", given=pings) == (
        1,
        "2 of 3 would be heard as withdrawals; nothing kept\n1 failed    invalid id\n",
    )


def test_enrolment_names_a_study_of_the_registry(attempt):
    pings = [{"rally.id": ID, "study": GARDEN}, {"rally.id": ID, "study": "secret"}]
    assert attempt(HOUSE, "study-enrollment", given=pings) == (
        1,
        "1 of 2 would be stored; nothing kept\n1 failed    unknown study\n",
    )


def test_shown_row_has_zeros_for_pseudonyms_and_no_id(attempt):
    ping = {
        **VISIT,
        "page": f"about:{ID.upper()}",
        "labels": {ID.replace("-", ""): "x"},
    }
    status, out = attempt(
        GARDEN, "visit", "--show", "--agent=Glean", given=[ping, {**VISIT, "x": 1}]
    )
    shown, *rest = out.splitlines()
    assert (status, rest[0]) == (1, "1 of 2 would be stored; nothing kept")
    assert not stands_in(ID, out.encode())
    assert json.loads(shown) == {
        "participant": STAND_IN,
        "document_id": "00000000-0000-4000-8000-000000000000",
        "submission_timestamp": "2026-06-01T12:00:00+00:00",
        "client_agent": "Glean",
        "source_tags": None,
        "payload": {
            "rally_id": STAND_IN,
            "page": f"about:{STAND_IN}",
            "count": 1,
            "seconds": None,
            "private": None,
            "labels": {STAND_IN.replace("-", ""): "x"},
            "parts": None,
        },
    }


def test_json_has_all_that_people_are_told(attempt):
    given = [VISIT, {**VISIT, "count": "1"}]
    status, out = attempt(GARDEN, "visit", "--json", given=given)
    assert (status, out.count("\n")) == (1, 1)
    assert json.loads(out) == {
        "pings": 2,
        "stored": 1,
        "findings": [
            {
                "pings": 1,
                "kind": "mismatch",
                "reason": "schema_mismatch",
                "detail": "/count wants long",
            }
        ],
    }
    _, out = attempt(GARDEN, "visit", "--json", "--show", given=given)
    (row,) = json.loads(out)["rows"]
    assert row["participant"] == STAND_IN


@pytest.mark.parametrize(
    ("words", "given", "fault"),
    [
        (("nobody", "visit"), b"{}", "nobody: no study of"),
        ((GARDEN, "walk"), b"{}", "walk: is no document of rally-garden; it has"),
        ((GARDEN, "visit.2"), b"{}", "visit.2: is no document of rally-garden"),
        ((GARDEN, "visit"), b"", "standard input: is empty"),
        ((GARDEN, "visit"), b"{}\n{", "standard input: line 2: is no JSON object"),
        ((GARDEN, "visit", "--store=nowhere"), b"{}", "nowhere"),
    ],
)
def test_what_cannot_be_tried_is_one_line(attempt, words, given, fault):
    with pytest.raises(ConfigurationError) as caught:
        attempt(*words, given=given)
    (said,) = faults_of(caught.value)
    assert said.startswith(fault)
