"""Who leaves: an event, whatever else is wrong, and no row."""

import json
from datetime import UTC, datetime

import pytest

from rally.envelope import parse_timestamp
from rally.events import RALLY, Event, EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason
from rally.registry.transitions import StudyAction, Transition
from rally.times import to_micros

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
DELETION_ID = "0b6b7c5e-2f4d-4c3e-9d6f-5f4e3d2c1b0a"
ID = "65f58083-cefe-4201-832f-0505c3b73d76"
SENT = "2022-06-01T12:00:00.000000Z"


def left(small_rally, envelope, scope, signal, sent=SENT, deletion_id=None):
    """The one outcome of a withdrawal: an event, and nothing else."""
    study, _, document = signal.partition("/")
    return Outcome(
        Label(study, document, withdrawal=True),
        event=Event(
            EventKind.LEFT,
            scope,
            None if deletion_id else small_rally.pseudonyms.of_platform(RALLY_ID),
            to_micros(parse_timestamp(sent)),
            small_rally.pseudonyms.of_deletion_id(deletion_id) if deletion_id else None,
            small_rally.document_id_of(envelope),
            signal,
        ),
    )


def transitions(namespace, *actions):
    at = datetime(2022, 6, 1, tzinfo=UTC)
    return [Transition(namespace, action, at, "op", "") for action in actions]


UNREADABLE_BUT_FOR_THE_ID = {
    "unknown fields": {"unknown": 1, "nested": {"a": ["x"]}},
    "private": {"private": True},
    "nothing else": {},
}
WHENEVER = {
    "open": (SENT, "2022-06-02T00:00:00Z", {}, ()),
    "before the start": ("2020-01-01T00:00:00Z", "2022-06-02T00:00:00Z", {}, ()),
    "after the end": ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", {}, ()),
    "long ago": (SENT, "2099-01-01T00:00:00Z", {}, ()),
    "do not track": (SENT, "2022-06-02T00:00:00Z", {"dnt": "1"}, ()),
    "marked": (SENT, "2022-06-02T00:00:00Z", {"source_tags": "automation"}, ()),
    "anywhere": (SENT, "2022-06-02T00:00:00Z", {"country": "DE"}, ()),
    "paused": (SENT, "2022-06-02T00:00:00Z", {}, (StudyAction.PAUSE,)),
    "ended": (SENT, "2022-06-02T00:00:00Z", {}, (StudyAction.END,)),
}


@pytest.mark.parametrize("others", UNREADABLE_BUT_FOR_THE_ID.values(), ids=str)
@pytest.mark.parametrize("when", WHENEVER.values(), ids=WHENEVER)
def test_withdrawal_is_accepted_always(small_rally, payload, when, others):
    sent, as_of, attributes, actions = when
    attributes = {**attributes, "submission_timestamp": sent}
    for namespace, document, scope in (
        ("rally-x", "left.1", "rally-x"),
        ("rally-hub", "deletion-request.1", RALLY),
    ):
        for form in (RALLY_ID, RALLY_ID.upper(), RALLY_ID.replace("-", "")):
            clear = payload(form, **others)
            envelope = small_rally.seal_glean(namespace, document, clear, **attributes)
            found = small_rally.judge(envelope, as_of, transitions(namespace, *actions))
            signal = f"{namespace}/{document}"
            assert found == left(small_rally, envelope, scope, signal, sent)


@pytest.mark.parametrize(
    ("string", "scope"),
    [
        ({"namespace": "rally-x"}, "rally-x"),
        ({"namespace": "rally-x", "study": "pioneer-y"}, "rally-x"),
        ({"study": "studyX"}, "rally-x"),
        ({"study": "x@example.org"}, "rally-x"),
        ({"study": "rally-x"}, "rally-x"),
        ({"namespace": "y.study@example.edu"}, "pioneer-y"),
        ({"namespace": "nobody", "study": "studyX"}, "rally-x"),
        ({"namespace": None, "study": "studyX"}, "rally-x"),
        ({"namespace": 5, "study": "studyX"}, "rally-x"),
        ({"namespace": "rally-x", "other": ["anything"]}, "rally-x"),
        ({"namespace": "rally-hub"}, RALLY),
        ({"namespace": "rally"}, None),
        ({"namespace": "RALLY-X"}, None),
        ({"namespace": "nobody"}, None),
        ({"namespace": ["rally-x"]}, None),
        ({}, None),
        ("rally-x", None),
        (None, None),
    ],
    ids=str,
)
def test_leaving_a_study_is_of_the_study_that_is_named(
    small_rally, payload, string, scope
):
    signal = "rally-hub/study-unenrollment.1"
    clear = payload(string=string)
    envelope = small_rally.seal_glean("rally-hub", "study-unenrollment.1", clear)
    found = small_rally.judge(envelope)
    if scope is None:
        label = Label("rally-hub", "study-unenrollment.1", withdrawal=True)
        assert found == Outcome(label, failure=FailureReason.UNKNOWN_STUDY)
    else:
        assert found == left(small_rally, envelope, scope, signal)


@pytest.mark.parametrize("name", ["pioneer-y", "y.study@example.edu"])
@pytest.mark.parametrize("key_id", ["pioneer-y", "discarded", "nobody", "pioneer-hub"])
def test_pioneer_withdrawal_passes_whichever_key_sealed_it(small_rally, name, key_id):
    """Also under the add-on's name (bug 1674847)."""
    for clear in ({}, {"unknown": [1]}):
        envelope = small_rally.seal_pioneer(
            name, "deletion-request.1", clear, key_id=key_id
        )
        expected = left(
            small_rally, envelope, "pioneer-y", "pioneer-y/deletion-request.1"
        )
        assert small_rally.judge(envelope) == expected


WRONG = {
    "missing": ...,
    "null": None,
    "empty": "",
    "number": 7,
    "list": ["x"],
    "object": {"a": 1},
    "long": "x" * 100_000,
    "fraction": 1.5,
    "true": True,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(
    "names",
    [
        ("encryptedData",),
        ("encryptionKeyId",),
        ("schemaVersion",),
        ("studyName", "more"),
        ("encryptedData", "encryptionKeyId", "schemaVersion", "studyName", "more"),
    ],
    ids=str,
)
def test_pioneer_withdrawal_is_heard_whatever_but_its_id_and_study_is_wrong(
    small_rally, names, wrong
):
    envelope = small_rally.seal_pioneer(
        "pioneer-y", "deletion-request.1", {}, key_id="discarded"
    )
    changes = dict.fromkeys(names, wrong)
    changed = small_rally.change_pioneer(envelope, changes)
    expected = left(small_rally, changed, "pioneer-y", "pioneer-y/deletion-request.1")
    assert small_rally.judge(changed) == expected
    assert (
        small_rally.judge(
            small_rally.change_pioneer(envelope, changes, type=None, version=3)
        )
        == expected
    )


@pytest.mark.parametrize("version", [0, 2, 999, -1, 10**30])
def test_pioneer_withdrawal_is_heard_in_any_version(small_rally, version):
    """And its signal is the registry's document: no version of a client's makes one."""
    envelope = small_rally.seal_pioneer("pioneer-y", "deletion-request.1", {})
    changes = {"schemaVersion": version}
    expected = left(small_rally, envelope, "pioneer-y", "pioneer-y/deletion-request.1")
    assert small_rally.judge(small_rally.change_pioneer(envelope, changes)) == expected
    clear = {"deletionId": DELETION_ID}
    uninstall = small_rally.seal_pioneer("pioneer-hub", "uninstall-deletion.1", clear)
    signal = "pioneer-hub/uninstall-deletion.1"
    assert small_rally.judge(small_rally.change_pioneer(uninstall, changes)) == left(
        small_rally, uninstall, RALLY, signal, deletion_id=DELETION_ID
    )


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_pioneer_withdrawal_of_a_studys_own_is_heard_unopened(small_rally, wrong):
    envelope = small_rally.seal_pioneer(
        "pioneer-y", "opt-out.1", {}, key_id="discarded"
    )
    changes = dict.fromkeys(("encryptedData", "encryptionKeyId"), wrong)
    changed = small_rally.change_pioneer(envelope, changes)
    expected = left(small_rally, changed, "pioneer-y", "pioneer-y/opt-out.1")
    assert small_rally.judge(changed) == expected


@pytest.mark.parametrize("key_id", [..., None, "", "nobody", 7])
def test_pioneer_uninstall_is_opened_by_any_key_of_its_namespace(small_rally, key_id):
    clear = {"deletionId": DELETION_ID}
    envelope = small_rally.seal_pioneer("pioneer-hub", "uninstall-deletion.1", clear)
    signal = "pioneer-hub/uninstall-deletion.1"
    assert small_rally.judge(
        small_rally.change_pioneer(envelope, {"encryptionKeyId": key_id})
    ) == left(small_rally, envelope, RALLY, signal, deletion_id=DELETION_ID)


def test_withdrawal_with_a_text_that_was_cut_is_heard(small_rally, payload):
    document = "study-unenrollment.1"
    string = {"namespace": "rally-x", "reason \udf08": "\ud83c"}
    envelope = small_rally.seal_glean("rally-hub", document, payload(string=string))
    expected = left(small_rally, envelope, "rally-x", f"rally-hub/{document}")
    assert small_rally.judge(envelope) == expected


def test_pioneer_withdrawal_from_a_platform_namespace_is_of_rally(small_rally):
    envelope = small_rally.seal_pioneer("pioneer-hub", "deletion-request.1", {})
    expected = left(small_rally, envelope, RALLY, "pioneer-hub/deletion-request.1")
    assert small_rally.judge(envelope) == expected


def test_alias_is_no_namespace_in_a_path(small_rally, payload):
    envelope = small_rally.seal_glean("rally-x", "visit.1", payload())
    moved = envelope._replace(uri=f"/submit/studyx/visit/1/{ID}")
    assert small_rally.judge(moved).failure is FailureReason.UNKNOWN_NAMESPACE


@pytest.mark.parametrize("form", [DELETION_ID, DELETION_ID.upper()])
@pytest.mark.parametrize("others", [{}, {"unknown": 1}])
def test_uninstall_brings_a_deletion_id(small_rally, form, others):
    clear = {"deletionId": form, **others}
    envelope = small_rally.seal_pioneer("pioneer-hub", "uninstall-deletion.1", clear)
    signal = "pioneer-hub/uninstall-deletion.1"
    expected = left(small_rally, envelope, RALLY, signal, deletion_id=DELETION_ID)
    assert small_rally.judge(envelope) == expected


@pytest.mark.parametrize("value", [None, "", "x", "0" * 32, 5])
def test_uninstall_without_a_deletion_id_fails(small_rally, value):
    envelope = small_rally.seal_pioneer(
        "pioneer-hub", "uninstall-deletion.1", {"deletionId": value}
    )
    label = Label("pioneer-hub", "uninstall-deletion.1", withdrawal=True)
    expected = Outcome(label, failure=FailureReason.INVALID_ID)
    assert small_rally.judge(envelope) == expected


@pytest.mark.parametrize("body", [b"", b"text", b'{"metrics": {}}', b"\x01" * 80])
def test_withdrawal_that_is_not_legible_is_a_dead_letter_that_stays(small_rally, body):
    for namespace, document in (
        ("rally-x", "left.1"),
        ("rally-hub", "study-unenrollment.1"),
        ("rally-x", "deletion-request.1"),
    ):
        outcome = small_rally.judge(
            small_rally.make_envelope(body, namespace, document)
        )
        assert outcome.failure is not None
        assert outcome.label == Label(namespace, document, withdrawal=True)


def test_pioneer_withdrawal_in_a_rally_namespace_has_a_rally_id(small_rally):
    """The decoder calls it rallyId there; who leaves is the same person."""
    envelope = small_rally.seal_pioneer(
        "rally-x", "deletion-request.1", {}, key_id="discarded"
    )
    expected = left(small_rally, envelope, "rally-x", "rally-x/deletion-request.1")
    assert small_rally.judge(envelope) == expected
    body = json.loads(envelope.payload)
    assert body["payload"]["pioneerId"] == RALLY_ID
