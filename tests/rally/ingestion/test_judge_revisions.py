"""A ping is stored by the newest schema of its day that it fits."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rally.decisions.contents import CoveredSchema
from rally.ingestion.outcome import Outcome, count_outcome
from rally.outcomes import LEFT_OUT, STORED, Count, FailureReason
from rally.registry.registry import Registry
from rally.registry.review_files import dump_review, placeholder_review
from tests.rally.ingestion.small_rally import SmallRally
from tests.support.schemas import SAYS

LATER = "2022-10-01T00:00:00Z"
SPRING, AUTUMN = "2022-06-01T12:00:00Z", "2022-09-10T12:00:00Z"
FROM_AUGUST = date(2022, 8, 1)
FIRST, LAST = date(2022, 3, 10), date(2023, 3, 27)


def make_two_revisions(
    small_rally: SmallRally,
    folder: Path,
    newest_from: date = FIRST,
    report_until: date | None = None,
    **field: Any,
) -> SmallRally:
    """The small Rally; of visit.1 a newer schema adds `added` and gives up `nested`."""
    root = folder / "schemas"
    shutil.copytree(small_rally.registry_uri, root)
    newest = root / "rally-x/visit.1.avsc"
    older = root / "rally-x/revisions/visit.1/1.avsc"
    older.parent.mkdir(parents=True)
    shutil.copy(newest, older)
    schema = json.loads(newest.read_text())
    schema["fields"] = [it for it in schema["fields"] if it["name"] != "nested"]
    added = {"name": "added", "type": ["null", "long"], "default": None}
    schema["fields"].append({**added, **SAYS, **field})
    newest.write_text(json.dumps(schema))
    _review(root, newest_from, report_until)
    return SmallRally(
        str(root), small_rally.keys_uri, small_rally.sealers, small_rally.seal_jwe
    )


def _review(root: Path, newest_from: date, report_until: date | None) -> None:
    study = Registry.load(str(root)).studies["rally-x"]
    document = study.documents["visit.1"]
    firsts = zip(document.revisions, (newest_from, FIRST), strict=True)
    covers = [
        CoveredSchema(document.name, schema.fingerprint, first, LAST)
        for schema, first in firsts
    ]
    covers[0] = covers[0]._replace(report_until=report_until)
    review = placeholder_review("r2", study, covers, FIRST)
    (root / "rally-x/reviews/r2.yaml").write_text(dump_review(review))


@pytest.fixture(scope="module")
def grown(small_rally, tmp_path_factory):
    return make_two_revisions(small_rally, tmp_path_factory.mktemp("grown"))


@pytest.fixture(scope="module")
def growing(small_rally, tmp_path_factory):
    """The newer schema is approved from August on alone."""
    return make_two_revisions(
        small_rally, tmp_path_factory.mktemp("growing"), FROM_AUGUST
    )


def judge(rally: SmallRally, clear: Mapping[str, Any], sent: str = SPRING) -> Outcome:
    envelope = rally.seal_tink("rally-x", "visit.1", clear, submission_timestamp=sent)
    return rally.judge(envelope, LATER)


def stored_by(rally: SmallRally, outcome: Outcome) -> int:
    """Whether the newest schema has the row, 0, or the one before it, 1."""
    revisions = rally.registry.studies["rally-x"].documents["visit.1"].revisions
    assert outcome.row
    return [each.fingerprint for each in revisions].index(outcome.row.fingerprint)


def test_ping_of_the_newest_schema_is_a_row_of_it(grown, payload):
    outcome = judge(grown, payload(added=7, url="u"))
    assert stored_by(grown, outcome) == 0
    assert not outcome.left_out
    assert grown.decode_row(outcome)["payload"]["added"] == 7


def test_what_the_newest_has_given_up_is_left_out_and_counted(grown, payload):
    outcome = judge(grown, payload(url="u", nested={"a": 1}))
    assert stored_by(grown, outcome) == 0
    row = grown.decode_row(outcome)["payload"]
    assert row["url"] == "u"
    assert "nested" not in row
    counts: Counter[Count] = Counter()
    count_outcome(counts, outcome)
    assert counts == {
        Count("rally-x", "visit.1", STORED): 1,
        Count("rally-x", "visit.1", LEFT_OUT, where="/nested"): 1,
    }


def test_what_no_schema_had_fails_and_is_kept_sealed(grown, payload):
    for clear in (
        payload(unknown=1),
        payload(unknown=1, nested={"a": 1}),
        payload(added="seven"),
    ):
        outcome = judge(grown, clear)
        assert (outcome.row, outcome.failure) == (None, FailureReason.SCHEMA_MISMATCH)


@pytest.mark.parametrize(("sent", "revision"), [(SPRING, 1), (AUTUMN, 0)])
def test_schema_is_one_that_covers_the_day(growing, payload, sent, revision):
    outcome = judge(growing, payload(url="u", nested={"a": 1}), sent)
    assert stored_by(growing, outcome) == revision
    kept = growing.decode_row(outcome)["payload"].get("nested")
    assert (kept, {*outcome.left_out}) == (
        ({"a": 1, "b": None}, set()) if revision else (None, {"/nested"})
    )


def test_field_that_is_not_approved_yet_fails(growing, payload):
    outcome = judge(growing, payload(added=7))
    assert outcome.failure is FailureReason.SCHEMA_MISMATCH


INFO = {
    "name": "ping_info",
    "type": [
        "null",
        {
            "type": "record",
            "name": "info",
            "fields": [
                {
                    "name": "end_time",
                    "type": ["null", "string"],
                    "default": None,
                    **SAYS,
                }
            ],
        },
    ],
    "default": None,
}


@pytest.mark.parametrize(
    ("sent", "ended", "is_kept"),
    [
        ("2022-06-10", None, True),
        ("2022-06-11", None, False),
        ("2022-06-12", "2022-06-10T23:59+02:00", True),
        ("2022-06-12", "2022-06-11T00:00+02:00", False),
        ("2022-06-17", "2022-06-10T12:00-00:00", True),
        ("2022-06-18", "2022-06-10T12:00-00:00", False),  # longer ago than is believed
        ("2022-06-10", "2022-09-01T12:00+01:00", True),  # nor what is yet to come
        ("2022-06-11", "yesterday", False),
    ],
)
def test_field_past_its_last_day_is_left_out(
    small_rally, tmp_path, payload, sent, ended, is_kept
):
    root = tmp_path / "schemas"
    shutil.copytree(small_rally.registry_uri, root)
    file = root / "rally-x/visit.1.avsc"
    schema = json.loads(file.read_text())
    (url,) = (each for each in schema["fields"] if each["name"] == "url")
    url["expires"] = "2022-06-10"
    schema["fields"].append(INFO)
    file.write_text(json.dumps(schema))
    study = Registry.load(str(root)).studies["rally-x"]
    schema = study.documents["visit.1"].schema
    covers = [CoveredSchema("visit.1", schema.fingerprint, FIRST, LAST)]
    review = placeholder_review("r2", study, covers, FIRST)
    (root / "rally-x/reviews/r2.yaml").write_text(dump_review(review))
    rally = SmallRally(
        str(root), small_rally.keys_uri, small_rally.sealers, small_rally.seal_jwe
    )
    info = {} if ended is None else {"ping_info": {"end_time": ended}}
    outcome = judge(rally, payload(url="u", **info), f"{sent}T12:00:00Z")
    assert grown_url(rally, outcome) == ("u" if is_kept else None)
    assert {*outcome.left_out} == (set() if is_kept else {"/url"})


def grown_url(rally: SmallRally, outcome: Outcome) -> str | None:
    return rally.decode_row(outcome)["payload"]["url"]


@pytest.fixture(scope="module")
def reported(small_rally, tmp_path_factory):
    """The newer schema is approved from August on, and reports through the 10th."""
    return make_two_revisions(
        small_rally,
        tmp_path_factory.mktemp("reported"),
        FROM_AUGUST,
        report_until=date(2022, 8, 10),
    )


IN_REPORT = "2022-08-10T23:59:59Z"


def test_undeclared_field_is_left_out_and_counted_while_a_schema_reports(
    reported, payload
):
    clear = payload(url="u", email="somebody", nested={"a": 1}, more={"deep": 1})
    outcome = judge(reported, clear, IN_REPORT)
    assert stored_by(reported, outcome) == 0
    row = reported.decode_row(outcome)["payload"]
    assert row["url"] == "u"
    assert "somebody" not in str(row)
    counts: Counter[Count] = Counter()
    count_outcome(counts, outcome)
    assert counts == {
        Count("rally-x", "visit.1", STORED): 1,
        Count("rally-x", "visit.1", LEFT_OUT, where="/nested"): 1,
        Count("rally-x", "visit.1", LEFT_OUT, where="undeclared, below /"): 1,
    }


@pytest.mark.parametrize(
    "sent", [SPRING, "2022-07-31T23:59:59Z", "2022-08-11T00:00:00Z"]
)
def test_undeclared_field_fails_on_other_days(reported, payload, sent):
    outcome = judge(reported, payload(url="u", email="somebody"), sent)
    assert (outcome.row, outcome.failure) == (None, FailureReason.SCHEMA_MISMATCH)
    assert outcome.where
    assert outcome.where.words == "undeclared, below /"


def test_report_excuses_nothing_else(reported, payload):
    """What fits an older schema as it is loses nothing; what fits none has failed."""
    whole = judge(reported, payload(url="u", nested={"a": 1}), IN_REPORT)
    assert {*whole.left_out} == {"/nested"}
    for clear in (payload(added="seven"), payload(added="seven", email="somebody")):
        outcome = judge(reported, clear, IN_REPORT)
        assert (outcome.row, outcome.failure) == (None, FailureReason.SCHEMA_MISMATCH)
        assert outcome.where
        assert outcome.where.words == "/added wants long"
