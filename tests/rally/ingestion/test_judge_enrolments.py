"""Who joins: an event and a row, or an event while the row waits."""

from copy import copy

import pytest

from rally.envelope import parse_timestamp
from rally.events import RALLY, Event, EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason, Mismatch, MismatchKind, RefusalReason
from rally.times import to_micros
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.rally.withdrawal.lists import left, make_list

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
DELETION_ID = "0b6b7c5e-2f4d-4c3e-9d6f-5f4e3d2c1b0a"
SENT = "2022-06-01T12:00:00.000000Z"
MICROS = to_micros(parse_timestamp(SENT))


def joined(small_rally, envelope, scope, signal):
    """The event of an enrolment of which nothing but id and scope is known."""
    participant = small_rally.pseudonyms.of_platform(RALLY_ID)
    document_id = small_rally.document_id_of(envelope)
    return Event(
        EventKind.JOINED, scope, participant, MICROS, None, document_id, signal
    )


@pytest.mark.parametrize("wrong", [..., None, "", 7, "a.b.c.d.e"])
def test_pioneer_enrolment_is_heard_whatever_its_ciphertext_is(small_rally, wrong):
    envelope = small_rally.seal_pioneer(
        "pioneer-y", "pioneer-enrollment.1", {}, key_id="debug"
    )
    outcome = small_rally.judge(
        small_rally.change_pioneer(envelope, {"encryptedData": wrong})
    )
    assert (outcome.failure, outcome.event.scope) == (None, "pioneer-y")
    assert small_rally.decode_row(outcome)["payload"]["deletionId"] is None


@pytest.mark.parametrize(
    ("namespace", "document", "string", "scope"),
    [
        ("rally-x", "joined.1", None, "rally-x"),
        ("rally-hub", "enrollment.1", None, RALLY),
        ("rally-hub", "study-enrollment.1", {"namespace": "rally-x"}, "rally-x"),
        ("rally-hub", "study-enrollment.1", {"study": "studyX"}, "rally-x"),
    ],
)
def test_enrolment_is_an_event_and_a_row(
    small_rally, payload, namespace, document, string, scope
):
    envelope = small_rally.seal_glean(namespace, document, payload(string=string))
    outcome = small_rally.judge(envelope)
    platform = small_rally.pseudonyms.of_platform(RALLY_ID)
    assert outcome.event == Event(
        EventKind.JOINED,
        scope,
        platform,
        to_micros(parse_timestamp(SENT)),
        None,
        small_rally.document_id_of(envelope),
        f"{namespace}/{document}",
    )
    assert (outcome.refusal, outcome.failure) == (None, None)
    assert outcome.row.partition == (namespace, document, "2022-06-01")
    own = platform
    if namespace == "rally-x":
        own = small_rally.pseudonyms.of_study("rally-x", platform)
    row = small_rally.decode_row(outcome)
    assert row["document_id"] == small_rally.document_id_of(envelope)
    assert row["participant"] == own
    assert row["payload"]["metrics"]["uuid"]["rally_id"] == own


@pytest.mark.parametrize("string", [None, {}, {"namespace": "nobody"}])
def test_enrolment_in_no_study_that_is_known_fails(small_rally, payload, string):
    clear = payload(string=string)
    outcome = small_rally.judge(
        small_rally.seal_glean("rally-hub", "study-enrollment.1", clear)
    )
    label = Label("rally-hub", "study-enrollment.1")
    assert outcome == Outcome(label, failure=FailureReason.UNKNOWN_STUDY)


def test_deletion_id_has_a_pseudonym_of_the_study_in_its_rows(small_rally):
    """Events have the platform's, by which an uninstall ping finds them."""
    known_by = small_rally.pseudonyms.of_deletion_id(DELETION_ID)
    own = {
        "pioneer-hub": known_by,
        "pioneer-y": small_rally.pseudonyms.of_study("pioneer-y", known_by),
    }
    assert len({*own.values()}) == 2
    for namespace, pseudonym in own.items():
        outcome = small_rally.judge(
            small_rally.seal_pioneer(
                namespace, "pioneer-enrollment.1", {"deletionId": DELETION_ID}
            )
        )
        assert outcome.event.deletion_id == known_by
        assert small_rally.decode_row(outcome)["payload"]["deletionId"] == pseudonym


def test_pioneer_enrolment_keeps_a_pseudonym_of_its_deletion_id(small_rally):
    envelope = small_rally.seal_pioneer(
        "pioneer-hub", "pioneer-enrollment.1", {"deletionId": DELETION_ID.upper()}
    )
    outcome = small_rally.judge(envelope)
    pseudonym = small_rally.pseudonyms.of_deletion_id(DELETION_ID)
    platform = small_rally.pseudonyms.of_platform(RALLY_ID)
    assert outcome.event.deletion_id == pseudonym
    assert outcome.event.participant == platform
    assert small_rally.decode_row(outcome)["payload"] == {
        "pioneerId": platform,
        "deletionId": pseudonym,
    }
    uninstall = small_rally.seal_pioneer(
        "pioneer-hub", "uninstall-deletion.1", {"deletionId": DELETION_ID}
    )
    assert small_rally.judge(uninstall).event.deletion_id == pseudonym


@pytest.mark.parametrize(
    ("key_id", "failure"),
    [
        ("pioneer-y", None),
        ("discarded", None),
        ("debug", None),
        ("nobody", FailureReason.UNREADABLE_ENROLMENT),
        ("pioneer-hub", FailureReason.UNREADABLE_ENROLMENT),
    ],
)
@pytest.mark.parametrize("name", ["pioneer-y", "y.study@example.edu"])
def test_pioneer_enrolment_that_does_not_open_is_stored_and_kept(
    small_rally, name, key_id, failure
):
    """Its id is in the envelope; its deletion id may still be wanted."""
    envelope = small_rally.seal_pioneer(name, "pioneer-enrollment.1", {}, key_id=key_id)
    outcome = small_rally.judge(envelope)
    platform = small_rally.pseudonyms.of_platform(RALLY_ID)
    study = small_rally.pseudonyms.of_study("pioneer-y", platform)
    assert outcome.label == Label("pioneer-y", "pioneer-enrollment.1")
    assert (outcome.failure, outcome.refusal) == (failure, None)
    assert (outcome.event.scope, outcome.event.participant) == ("pioneer-y", platform)
    expected = {"pioneerId": study, "deletionId": None}
    assert small_rally.decode_row(outcome)["payload"] == expected


UNDECLARED = Outcome(
    Label("rally-x", "joined.1"),
    failure=FailureReason.SCHEMA_MISMATCH,
    where=Mismatch("", MismatchKind.UNDECLARED),
)


@pytest.mark.parametrize("has_left", [False, True])
def test_bound_enrolment_whose_row_fails_is_an_event_and_a_dead_letter(
    small_rally, payload, has_left
):
    me = small_rally.pseudonyms.of_platform(RALLY_ID)
    known = make_list(1, *[left(me, "rally-x", MICROS - 1)][:has_left])
    envelope = small_rally.seal_tink("rally-x", "joined.1", payload(unknown=1))
    event = joined(small_rally, envelope, "rally-x", "rally-x/joined.1")
    outcome = small_rally.judge(envelope, withdrawals=known)
    assert outcome == UNDECLARED._replace(event=event)


def test_enrolment_that_the_promise_refuses_is_an_event_whatever_its_row_is(
    small_rally, payload
):
    envelope = small_rally.seal_tink("rally-x", "joined.1", payload(unknown=1), dnt="1")
    event = joined(small_rally, envelope, "rally-x", "rally-x/joined.1")
    refusal = RefusalReason.DO_NOT_TRACK
    expected = Outcome(UNDECLARED.label, event=event, refusal=refusal)
    assert small_rally.judge(envelope) == expected


@pytest.mark.parametrize("clear", [{}, {"unknown": 1}])
def test_jwe_that_the_promise_refuses_is_an_event_if_it_fits(
    small_rally, payload, clear
):
    """Whoever sends a ping again chooses what it says beside its path."""
    envelope = small_rally.seal_glean("rally-x", "joined.1", payload(**clear), dnt="1")
    event = joined(small_rally, envelope, "rally-x", "rally-x/joined.1")
    refusal = RefusalReason.DO_NOT_TRACK
    expected = Outcome(UNDECLARED.label, event=event, refusal=refusal)
    assert small_rally.judge(envelope) == (UNDECLARED if clear else expected)


@pytest.mark.parametrize("is_published", [False, True])
@pytest.mark.parametrize("document", ["visit.1", "joined.1"])
def test_jwe_is_an_enrolment_by_its_schema_alone(
    small_rally, payload, document, is_published
):
    """Whoever has seen a sealed ping can send it again, as another document.

    Its sender may have left a moment ago, and be on no list that is published.
    """
    me = small_rally.pseudonyms.of_platform(RALLY_ID)
    known = make_list(1, *[left(me, "rally-x", MICROS - 1)][:is_published])
    sealed = small_rally.seal_glean("rally-x", document, payload(unknown=1))
    sent_as = small_rally.seal_glean("rally-x", "joined.1", payload())
    outcome = small_rally.judge(sealed._replace(uri=sent_as.uri), withdrawals=known)
    assert outcome == UNDECLARED
    assert small_rally.judge(sent_as, withdrawals=known).event is not None


def judge_without_key(small_rally, envelope, known):
    """Judges a ping where the study's key is not there."""
    keyless = copy(small_rally)
    prf = small_rally.platform_keys.prf(PLATFORM)
    keyless.pseudonyms = Pseudonyms({PLATFORM: prf})
    return keyless.judge(envelope, withdrawals=known)


WITHOUT_ROW = {
    "its sender left later": ("rally-x", 1, {"refusal": RefusalReason.WITHDRAWN}),
    "its sender left Rally": (RALLY, -1, {"failure": FailureReason.LEFT}),
    "there is no key": ("rally-x", None, {"failure": FailureReason.NO_KEY}),
}


@pytest.mark.parametrize(
    ("scope", "after", "became"), WITHOUT_ROW.values(), ids=WITHOUT_ROW
)
@pytest.mark.parametrize(
    ("seal", "document", "clear", "is_heard"),
    [
        ("seal_glean", "joined.1", {}, True),
        ("seal_glean", "joined.1", {"unknown": 1}, False),
        ("seal_glean", "visit.1", {"url": "https://example.org/"}, False),
        ("seal_tink", "joined.1", {"unknown": 1}, True),
    ],
    ids=["enrolment", "misfit", "data", "bound"],
)
def test_enrolment_is_heard_by_what_it_is_where_no_row_says_so(
    small_rally, payload, scope, after, became, seal, document, clear, is_heard
):
    """Sent as an enrolment, a ping of data would bring its sender back later."""
    me = small_rally.pseudonyms.of_platform(RALLY_ID)
    known = make_list(1, *[left(me, scope, MICROS + after)] if after else [])
    sealed = getattr(small_rally, seal)("rally-x", document, payload(**clear))
    sent_as = small_rally.seal_glean("rally-x", "joined.1", payload())
    if document != "joined.1":
        sealed = sealed._replace(uri=sent_as.uri)
    event = joined(small_rally, sealed, "rally-x", "rally-x/joined.1")
    label = Label("rally-x", "joined.1")
    expected = Outcome(label, event=event if is_heard else None, **became)
    if after is None:
        assert judge_without_key(small_rally, sealed, known) == expected
    else:
        assert small_rally.judge(sealed, withdrawals=known) == expected


MALFORMED = ["no id", "", "0" * 32, 5]


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize("attributes", [{}, {"dnt": "1"}])
def test_pioneer_enrolment_of_a_malformed_deletion_id_is_kept(
    small_rally, value, attributes
):
    """It is an event once it can be read, when its schema is mended."""
    document = "pioneer-enrollment.1"
    envelope = small_rally.seal_pioneer("pioneer-hub", document, {"deletionId": value})
    envelope = envelope._replace(**attributes)
    assert small_rally.judge(envelope) == Outcome(
        Label("pioneer-hub", document),
        failure=FailureReason.INVALID_ID,
    )
