"""Replay judges by the reviews, orders and schemas of the time of a ping."""

import json
import shutil
from datetime import date

import pytest
import yaml

from rally.dead_letters import LetterKind, LetterPlace
from rally.ingestion.replay import Replayed
from rally.outcomes import FailureReason
from tests.rally.ingestion.replay_job import ids, write_review
from tests.support.expunges import order_expunge
from tests.support.schemas import SAYS
from tests.support.stores import FOUNDED


@pytest.fixture
def registry(small_registry, tmp_path):
    """A copy of the small registry with a document new.1 and a review of it."""
    root = tmp_path / "registry"
    shutil.copytree(small_registry, root)
    path = root / "rally-x/study.yaml"
    study = yaml.safe_load(path.read_text())
    study["documents"]["new.1"] = study["documents"]["visit.1"]
    path.write_text(yaml.safe_dump(study))
    shutil.copy(root / "rally-x/visit.1.avsc", root / "rally-x/new.1.avsc")

    def write(first="2022-03-10"):
        write_review(root, "new.1", first)
        return str(root)

    return write


@pytest.mark.parametrize(
    ("reason", "gone"),
    [
        (FailureReason.NO_KEY, 1),
        (FailureReason.UNKNOWN_DOCUMENT, 1),
        (FailureReason.INVALID_URI, 0),
        (None, 2),
    ],
)
def test_replay_of_one_reason_leaves_the_others(
    small_rally, payload, job, no_x, registry, reason, gone
):
    job.change(ping_keys=no_x)
    job.ingest(
        small_rally.seal_glean("rally-x", "visit.1", payload()),
        small_rally.seal_glean("rally-x", "new.1", payload(), document_id=ids(1)),
    )
    job.change(ping_keys=small_rally.keys_uri, studies=registry())
    job.sign_reviews("2022-03-09")
    done, _ = job.replay(reason)
    assert done == [Replayed(gone, 2 - gone)]
    assert len(job.letters()) == 2 - gone
    assert len(job.rows()) == gone


@pytest.mark.parametrize(
    ("first", "signed", "expected"),
    [
        ("2022-06-01", "2022-05-31", {"rally-x/new.1/stored": 1}),
        ("2022-06-01", "2022-06-02", {"rally-x/new.1/refused/not_approved": 1}),
        ("2022-06-02", "2022-05-31", {"rally-x/new.1/refused/not_approved": 1}),
    ],
)
def test_replay_admits_nothing_that_was_approved_later(
    small_rally, payload, job, registry, first, signed, expected
):
    """Either way the dead letter goes: what was never allowed is not kept."""
    job.ingest(small_rally.seal_glean("rally-x", "new.1", payload()))
    (letter,) = job.letters()
    assert letter.reason is FailureReason.UNKNOWN_DOCUMENT
    job.change(studies=registry(first))
    job.sign_reviews(signed)
    assert job.replay() == ([Replayed(1, 0)], expected)
    assert job.objects() == []
    assert len(job.rows()) == (1 if "stored" in str(expected) else 0)


@pytest.mark.parametrize(
    ("field", "expected", "urls"),
    [
        (None, {"rally-x/visit.1/refused/expunged": 1}, []),
        ("/url", {"rally-x/visit.1/stored": 1, "rally-x/visit.1/left_out": 1}, [None]),
        ("/nested", {"rally-x/visit.1/stored": 1}, ["u"]),
    ],
    ids=["rows", "its field", "another field"],
)
def test_replay_keeps_nothing_that_was_expunged(
    small_rally, payload, job, no_x, field, expected, urls
):
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload(url="u")))
    assert len(job.letters()) == 1
    day = date(2022, 6, 1)
    order_expunge(job.platform, "rally-x", "visit.1", (day, day), FOUNDED, field)
    job.change(ping_keys=small_rally.keys_uri)
    done, counts = job.replay()
    assert (done, counts) == ([Replayed(1, 0)], expected)
    assert [row["payload"]["url"] for row in job.rows()] == urls
    assert job.objects() == []


@pytest.mark.parametrize(
    ("first", "signed", "outcome"),
    [
        (None, None, "failed/review_lapsed"),
        ("2022-07-01", "2022-06-30", "stored"),
        ("2022-07-01", "2022-07-03", "failed/review_lapsed"),
        ("2022-07-02", "2022-06-30", "failed/review_lapsed"),
    ],
    ids=["no renewal", "in time", "signed later", "of later days"],
)
def test_ping_of_a_lapsed_review_waits_for_a_renewal_that_covers_it(
    small_rally, payload, job, small_registry, tmp_path, first, signed, outcome
):
    job.change(as_of="2022-07-03T00:00:00Z")
    sent = {"submission_timestamp": "2022-07-01T12:00:00Z"}
    job.ingest(small_rally.seal_glean("rally-x", "short.1", payload(), **sent))
    (letter,) = job.letters()
    assert letter.reason is FailureReason.REVIEW_LAPSED
    assert job.rows() == []
    if first:
        renewed = tmp_path / "renewed"
        shutil.copytree(small_registry, renewed)
        write_review(renewed, "short.1", first)
        job.change(studies=str(renewed))
        job.sign_reviews(signed)
    is_stored = outcome == "stored"
    assert job.replay() == (
        [Replayed(int(is_stored), int(not is_stored))],
        {f"rally-x/short.1/{outcome}": 1},
    )
    assert len(job.letters()) == (0 if is_stored else 1)
    assert len(job.rows()) == (1 if is_stored else 0)


LAPSED_PLACE = LetterPlace("rally-x", LetterKind.LAPSED, "2022-07-01")


def lapsed_ping(small_rally, payload):
    sent = {"submission_timestamp": "2022-07-01T12:00:00Z"}
    return small_rally.seal_glean("rally-x", "short.1", payload(), **sent)


def test_ping_of_a_lapsed_review_waits_below_the_day_on_which_it_was_sent(
    small_rally, payload, job
):
    for as_of in ("2022-07-03T00:00:00Z", "2022-07-04T00:00:00Z"):
        job.change(as_of=as_of)
        job.ingest(lapsed_ping(small_rally, payload))
    places = [place for place, _ in job.objects()]
    assert places == [LAPSED_PLACE, LAPSED_PLACE]  # each is sealed in another JWE
    job.change(as_of="2022-07-16T00:00:00Z")
    refused = {"rally-x/short.1/refused/not_approved": 2}
    assert job.replay() == ([Replayed(1, 0), Replayed(1, 0)], refused)
    assert job.objects() == []


def test_ping_that_waited_for_its_study_moves_where_its_review_has_lapsed(
    small_rally, payload, job, tmp_path
):
    broken = tmp_path / "broken"
    shutil.copytree(job.settings.studies, broken)
    (broken / "rally-x/study.yaml").write_text("{")
    whole = job.settings.studies
    job.change(as_of="2022-07-03T00:00:00Z", studies=str(broken))
    ping = lapsed_ping(small_rally, payload)
    job.ingest(ping)
    [(place, _)] = job.objects()
    assert place == LetterPlace("rally-x", LetterKind.PING, "2022-07-03")
    job.change(as_of="2022-07-10T00:00:00Z", studies=whole)

    assert job.replay() == (
        [Replayed(1, 0)],
        {"rally-x/short.1/failed/review_lapsed": 1},
    )
    assert [place for place, _ in job.objects()] == [LAPSED_PLACE]
    [letter] = job.letters()
    assert letter.envelope == ping
    assert letter.reason is FailureReason.REVIEW_LAPSED
    assert job.replay()[0] == [Replayed(0, 1)]


def test_replay_judges_by_when_a_ping_was_sent(small_rally, payload, job, no_x):
    """Long after the study's end what came in time is stored, unless it is expired."""
    job.change(ping_keys=no_x)
    job.ingest(
        small_rally.seal_glean("rally-x", "visit.1", payload()),
        small_rally.seal_glean("rally-x", "short.1", payload(), document_id=ids(1)),
    )
    job.change(ping_keys=small_rally.keys_uri, as_of="2024-06-01T00:00:00Z")
    assert job.replay() == (
        [Replayed(2, 0)],
        {"rally-x/visit.1/refused/expired": 1, "rally-x/short.1/stored": 1},
    )


@pytest.mark.parametrize(
    ("signed", "stored"), [("2022-05-31", True), ("2022-06-02", False)]
)
def test_replay_after_a_schema_was_mended(
    small_rally, payload, job, small_registry, tmp_path, signed, stored
):
    """A mended schema is another one, which somebody approved before it was sent."""
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload(unknown=1)))
    mended = tmp_path / "mended"
    shutil.copytree(small_registry, mended)
    path = mended / "rally-x/visit.1.avsc"
    schema = json.loads(path.read_text())
    new = {"name": "unknown", "type": ["null", "long"], "default": None}
    schema["fields"].append({**SAYS, **new})
    path.write_text(json.dumps(schema))
    write_review(mended, "visit.1", "2022-03-10")
    job.change(studies=str(mended))
    job.sign_reviews(signed)
    outcome = "stored" if stored else "refused/not_approved"
    assert job.replay() == ([Replayed(1, 0)], {f"rally-x/visit.1/{outcome}": 1})
    assert [row["payload"]["unknown"] for row in job.rows()] == [1] * stored
