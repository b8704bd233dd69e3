"""What we cannot do our part for, of what comes in an envelope of Pioneer."""

import json

import pytest

from rally.ingestion.routes import Label
from rally.outcomes import FailureReason, Mismatch, MismatchKind
from tests.rally.ingestion.failed_pings import failed, mismatched

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"


@pytest.mark.parametrize(
    ("namespace", "document", "key_id", "label", "reason"),
    [
        (
            "nobody",
            "survey.1",
            "pioneer-hub",
            Label(),
            FailureReason.UNKNOWN_NAMESPACE,
        ),
        (
            "nobody",
            "deletion-request.1",
            "pioneer-hub",
            Label(withdrawal=True),
            FailureReason.UNKNOWN_NAMESPACE,
        ),
        (
            "../pioneer-hub",
            "survey.1",
            "pioneer-hub",
            Label(),
            FailureReason.UNKNOWN_NAMESPACE,
        ),
        (
            "pioneer-hub\n",
            "survey.1",
            "pioneer-hub",
            Label(),
            FailureReason.UNKNOWN_NAMESPACE,
        ),
        (
            "pioneer-hub",
            "../survey.1",
            "pioneer-hub",
            Label("pioneer-hub"),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
        (
            "pioneer-hub",
            "survey.2",
            "pioneer-hub",
            Label("pioneer-hub"),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
        (
            "pioneer-hub",
            "survey.1",
            "unknown",
            Label("pioneer-hub", "survey.1"),
            FailureReason.NO_KEY,
        ),
        (
            "pioneer-y",
            "measures.1",
            "pioneer-hub",
            Label("pioneer-y", "measures.1"),
            FailureReason.NO_KEY,
        ),
        (
            "y.study@example.edu",
            "measures.1",
            "pioneer-hub",
            Label("pioneer-y", "measures.1"),
            FailureReason.NO_KEY,
        ),
        (
            "pioneer-hub",
            "uninstall-deletion.1",
            "pioneer-y",
            Label("pioneer-hub", "uninstall-deletion.1", withdrawal=True),
            FailureReason.NO_KEY,
        ),
    ],
)
def test_pioneer_envelope_that_leads_nowhere_fails(
    small_rally, namespace, document, key_id, label, reason
):
    envelope = small_rally.seal_pioneer(
        namespace, document, {"text": "x"}, key_id=key_id
    )
    assert small_rally.judge(envelope) == failed(label, reason)


@pytest.mark.parametrize(
    "change",
    [{"type": "main"}, {"version": 3}, {"payload": {}}, {"payload": None}],
)
def test_pioneer_body_that_is_no_envelope_fails(small_rally, change):
    envelope = small_rally.seal_pioneer("pioneer-hub", "survey.1", {})
    body = {**json.loads(envelope.payload), **change}
    envelope = envelope._replace(payload=json.dumps(body).encode())
    assert small_rally.judge(envelope) == failed(Label(), FailureReason.INVALID_BODY)


@pytest.mark.parametrize("name", ["encryptedData", "encryptionKeyId"])
@pytest.mark.parametrize("wrong", [..., None, "", 7, ["x"]])
def test_pioneer_data_without_ciphertext_or_key_fails_as_the_studys(
    small_rally, name, wrong
):
    envelope = small_rally.change_pioneer(
        small_rally.seal_pioneer("pioneer-hub", "survey.1", {}), {name: wrong}
    )
    label = Label("pioneer-hub", "survey.1")
    assert small_rally.judge(envelope) == failed(label, FailureReason.INVALID_BODY)


@pytest.mark.parametrize(
    ("changes", "label", "reason"),
    [
        (
            {"pioneerId": "no id"},
            Label("pioneer-y", "deletion-request.1", withdrawal=True),
            FailureReason.INVALID_ID,
        ),
        (
            {"pioneerId": ..., "encryptedData": ..., "schemaVersion": "1"},
            Label("pioneer-y", "deletion-request.1", withdrawal=True),
            FailureReason.INVALID_ID,
        ),
        *(
            (
                {"schemaNamespace": wrong, "encryptedData": ""},
                Label(withdrawal=True),
                FailureReason.UNKNOWN_NAMESPACE,
            )
            for wrong in (..., None, "", 7, "nobody", ["pioneer-y"])
        ),
        *(
            ({"schemaName": wrong}, Label(), FailureReason.INVALID_BODY)
            for wrong in (..., None, "", 7)
        ),
    ],
)
def test_pioneer_withdrawal_that_is_not_legible_keeps_its_kind(
    small_rally, changes, label, reason
):
    """It lies where people look for withdrawals, unless it does not say it is one."""
    envelope = small_rally.change_pioneer(
        small_rally.seal_pioneer("pioneer-y", "deletion-request.1", {}), changes
    )
    assert small_rally.judge(envelope) == failed(label, reason)


def test_pioneer_field_that_its_schema_does_not_declare_fails(small_rally):
    envelope = small_rally.seal_pioneer(
        "pioneer-hub", "survey.1", {"text": "x", "more": 1}
    )
    label = Label("pioneer-hub", "survey.1")
    outcome = small_rally.judge(envelope)
    assert outcome == mismatched(label, outcome)
    assert outcome.where == Mismatch("", MismatchKind.UNDECLARED)


def test_pioneer_clear_text_cannot_say_whose_it_is(small_rally):
    """The envelope's id wins over one that was sealed."""
    other = "48d11605-b396-4a61-8414-50cf71489a16"
    envelope = small_rally.seal_pioneer("pioneer-hub", "survey.1", {"pioneerId": other})
    row = small_rally.decode_row(small_rally.judge(envelope))
    assert row["participant"] == small_rally.pseudonyms.of_platform(RALLY_ID)
    assert row["payload"]["pioneerId"] == row["participant"]
