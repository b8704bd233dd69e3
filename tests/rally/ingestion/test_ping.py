"""No form of a rally id in anything that is written, wherever a ping has it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import parse_address
from rally.events import event_name
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason
from rally.storage.container import canonical_json
from rally.validation.pseudonyms import stands_in

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
DELETION_ID = "0b6b7c5e-2f4d-4c3e-9d6f-5f4e3d2c1b0a"
BARE = RALLY_ID.replace("-", "")
FORMS = [RALLY_ID, RALLY_ID.upper(), BARE, BARE.upper(), RALLY_ID.title()]


def holds_no_id(outcome, identifier=RALLY_ID) -> None:
    if outcome.row is not None:
        assert not stands_in(identifier, outcome.row.row)
    if outcome.event is not None:
        assert not stands_in(identifier, canonical_json(outcome.event).encode())


@pytest.mark.parametrize("sent", FORMS)
@pytest.mark.parametrize("again", FORMS)
def test_id_is_replaced_wherever_it_stands(small_rally, payload, sent, again):
    clear = payload(
        sent,
        url=f"https://example.org/{again}?u={again}",
        extra={again: again, f"x{again}": f"{again}y"},
        tags=[again, "other"],
        nested={"a": 1, "b": again},
    )
    envelope = small_rally.seal_glean(
        "rally-x",
        "visit.1",
        clear,
        client_agent=f"Glean/1.4.0 ({again})",
        source_tags=again,
    )
    outcome = small_rally.judge(envelope)
    holds_no_id(outcome)
    row = small_rally.decode_row(outcome)
    platform = small_rally.pseudonyms.of_platform(RALLY_ID)
    pseudonym = small_rally.pseudonyms.of_study("rally-x", platform)
    assert not stands_in(platform, outcome.row.row)
    shown = pseudonym if "-" in again else pseudonym.replace("-", "")
    assert row["participant"] == pseudonym
    assert row["client_agent"] == f"Glean/1.4.0 ({shown})"
    assert row["source_tags"] == shown
    assert row["payload"] == {
        "metrics": {"uuid": {"rally_id": pseudonym}, "string": None},
        "private": None,
        "url": f"https://example.org/{shown}?u={shown}",
        "extra": {shown: shown, f"x{shown}": f"{shown}y"},
        "tags": [shown, "other"],
        "count": None,
        "rate": None,
        "nested": {"a": 1, "b": shown},
    }


def test_keys_that_would_become_one_fail_and_others_are_kept(small_rally, payload):
    pseudonym = small_rally.pseudonyms.of_study(
        "rally-x", small_rally.pseudonyms.of_platform(RALLY_ID)
    )
    label = Label("rally-x", "visit.1")
    for other in (RALLY_ID.upper(), RALLY_ID.title(), pseudonym):
        clear = payload(extra={RALLY_ID: "1", other: "2"})
        outcome = small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", clear))
        assert outcome == Outcome(label, failure=FailureReason.INVALID_ID)
    clear = payload(extra={RALLY_ID: "1", BARE: "2", f"{RALLY_ID}/": "3"})
    row = small_rally.decode_row(
        small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", clear))
    )
    assert row["payload"]["extra"] == {
        pseudonym: "1",
        pseudonym.replace("-", ""): "2",
        f"{pseudonym}/": "3",
    }


def test_id_is_replaced_where_it_is_the_document_id(small_rally, payload):
    platform = small_rally.pseudonyms.of_platform(RALLY_ID)
    study = small_rally.pseudonyms.of_study("rally-x", platform)
    for document_id in (RALLY_ID, RALLY_ID.upper()):
        attributes = {"document_id": document_id}
        envelope = small_rally.seal_tink("rally-x", "visit.1", payload(), **attributes)
        assert parse_address(envelope.uri).document_id == RALLY_ID
        outcome = small_rally.judge(envelope)
        holds_no_id(outcome)
        assert small_rally.decode_row(outcome)["document_id"] == study
        envelope = small_rally.seal_glean("rally-x", "visit.1", payload(), **attributes)
        outcome = small_rally.judge(envelope)
        holds_no_id(outcome)
        assert small_rally.decode_row(outcome)[
            "document_id"
        ] == small_rally.document_id_of(envelope)


@pytest.mark.parametrize(
    ("namespace", "document"),
    [
        ("rally-x", "joined.1"),
        ("rally-x", "left.1"),
        ("rally-hub", "enrollment.1"),
        ("rally-hub", "deletion-request.1"),
    ],
)
def test_id_is_replaced_where_it_is_an_events_document_id(
    small_rally, payload, namespace, document
):
    platform = small_rally.pseudonyms.of_platform(RALLY_ID)
    for document_id in (RALLY_ID, RALLY_ID.upper()):
        envelope = small_rally.seal_tink(
            namespace, document, payload(), document_id=document_id
        )
        outcome = small_rally.judge(envelope)
        holds_no_id(outcome)
        assert outcome.event.document_id == platform
        assert len(event_name(outcome.event)) == 32


def test_deletion_id_in_pioneers_path_is_in_nothing_that_is_written(small_rally):
    pseudonym = small_rally.pseudonyms.of_deletion_id(DELETION_ID)
    for document in ("uninstall-deletion.1", "pioneer-enrollment.1"):
        envelope = small_rally.seal_pioneer(
            "pioneer-hub",
            document,
            {"deletionId": DELETION_ID},
            document_id=DELETION_ID.upper(),
            source_tags=DELETION_ID,
        )
        outcome = small_rally.judge(envelope)
        holds_no_id(outcome, DELETION_ID)
        document_id = small_rally.document_id_of(envelope)
        assert outcome.event.document_id == document_id
        if outcome.row:
            row = small_rally.decode_row(outcome)
            assert (row["document_id"], row["source_tags"]) == (document_id, pseudonym)


def test_id_that_pioneers_clear_text_repeats_is_replaced(small_rally):
    envelope = small_rally.seal_pioneer(
        "pioneer-y", "measures.1", {"text": f"u={BARE.upper()}"}, RALLY_ID.upper()
    )
    outcome = small_rally.judge(envelope)
    holds_no_id(outcome)
    row = small_rally.decode_row(outcome)
    expected = row["participant"].replace("-", "")
    assert row["payload"]["text"] == f"u={expected}"


def test_id_across_two_values_fails(small_rally, payload):
    """Between two strings Avro writes a length, and 24 is written as the letter 0."""
    rally_id = "c286f4b0-6713-4d3d-b955-8eaeede6846d"
    bare = rally_id.replace("-", "")
    across = payload(rally_id, tags=[bare[:7], bare[8:]])
    outcome = small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", across))
    label = Label("rally-x", "visit.1")
    assert outcome == Outcome(label, failure=FailureReason.INVALID_ID)
    apart = payload(rally_id, tags=[bare[:8], bare[8:]])
    outcome = small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", apart))
    assert small_rally.decode_row(outcome)["payload"]["tags"] == [bare[:8], bare[8:]]


def test_id_of_somebody_else_is_left(small_rally, payload):
    other = "48d11605-b396-4a61-8414-50cf71489a16"
    clear = payload(url=f"https://example.org/{other}")
    row = small_rally.decode_row(
        small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", clear))
    )
    assert row["payload"]["url"] == f"https://example.org/{other}"


FORM = st.sampled_from(FORMS)
TEXT = st.text(max_size=8)
AROUND = st.builds(lambda before, form, after: before + form + after, TEXT, FORM, TEXT)


@given(
    url=AROUND | TEXT,
    extra=st.dictionaries(AROUND | TEXT, AROUND | TEXT, max_size=3),
    tags=st.lists(AROUND | FORM | TEXT, max_size=3),
    agent=AROUND | TEXT,
    document_id=st.sampled_from([RALLY_ID, RALLY_ID.upper(), DELETION_ID]),
)
@pytest.mark.parametrize("document", ["visit.1", "joined.1", "left.1"])
def test_id_is_in_nothing_that_is_written(
    small_rally, payload, document, url, extra, tags, agent, document_id
):
    others = {"url": url, "extra": extra, "tags": tags} if document == "visit.1" else {}
    envelope = small_rally.seal_glean(
        "rally-x",
        document,
        payload(**others),
        client_agent=agent,
        document_id=document_id,
    )
    outcome = small_rally.judge(envelope)
    assert outcome.refusal is None
    assert outcome.failure in (None, FailureReason.INVALID_ID)
    holds_no_id(outcome)
    assert not stands_in(RALLY_ID, repr(outcome).encode())
    assert json.dumps(outcome.label.document) in ('"visit.1"', '"joined.1"', '"left.1"')
