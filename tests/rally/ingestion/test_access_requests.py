"""What a client says of a person's copy: an event with its key, and never a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import parse_timestamp
from rally.events import RALLY, Event, EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason, Mismatch, MismatchKind
from rally.times import to_micros
from tests.rally.withdrawal.lists import left, make_list
from tests.support.access_cases import RECIPIENT, make_recipient

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
SENT = "2022-06-01T12:00:00.000000Z"
ASK = ("rally-hub", "access-request.1")
JOIN = ("rally-hub", "enrollment-with-key.1")
NO_KEYS = [
    None,
    "",
    7,
    True,
    [RECIPIENT],
    RECIPIENT[:-1],
    RECIPIENT.upper(),
    "AGE-SECRET-KEY-1" + "Q" * 58,
    "a" * 5000,
]


def event(small_rally, envelope, kind, label, recipient=RECIPIENT):
    return Event(
        kind,
        RALLY,
        small_rally.pseudonyms.of_platform(RALLY_ID),
        to_micros(parse_timestamp(SENT)),
        None,
        small_rally.document_id_of(envelope),
        "/".join(label),
        recipient,
    )


def judge(small_rally, clear, label=ASK, **attributes):
    envelope = small_rally.seal_glean(*label, clear, **attributes)
    return envelope, small_rally.judge(envelope)


def test_request_is_an_event_with_its_key_and_no_row(small_rally, payload):
    envelope, outcome = judge(small_rally, payload(key=RECIPIENT))
    asked = event(small_rally, envelope, EventKind.ASKED, ASK)
    assert outcome == Outcome(Label(*ASK), event=asked)


@pytest.mark.parametrize(
    "attributes",
    [{"dnt": "1"}, {"source_tags": "automation"}, {"country": "FR"}],
    ids=lambda each: "".join(each),
)
def test_request_is_heard_whatever_a_promise_or_a_review_says(
    small_rally, payload, attributes
):
    """No review of the small Rally covers it, either."""
    envelope, outcome = judge(small_rally, payload(key=RECIPIENT), **attributes)
    asked = event(small_rally, envelope, EventKind.ASKED, ASK)
    assert outcome == Outcome(Label(*ASK), event=asked)


def test_request_of_who_has_left_is_heard(small_rally, payload):
    who = small_rally.pseudonyms.of_platform(RALLY_ID)
    gone = left(who, RALLY, to_micros(parse_timestamp(SENT)) + 1)
    envelope = small_rally.seal_glean(*ASK, payload(key=RECIPIENT))
    outcome = small_rally.judge(envelope, withdrawals=make_list(7, gone))
    asked = event(small_rally, envelope, EventKind.ASKED, ASK)
    assert outcome == Outcome(Label(*ASK), event=asked)


@pytest.mark.parametrize("key", NO_KEYS)
def test_request_without_a_key_fails(small_rally, payload, key):
    _, outcome = judge(small_rally, payload(key=key))
    where = Mismatch("/key", MismatchKind.WRONG_VALUE, "an age public key")
    failure = FailureReason.SCHEMA_MISMATCH
    assert outcome == Outcome(Label(*ASK), failure=failure, where=where)


@pytest.mark.parametrize("rally_id", [None, "", "0" * 32, "ann@example.org"])
def test_request_without_an_id_fails(small_rally, payload, rally_id):
    _, outcome = judge(small_rally, payload(rally_id, key=RECIPIENT))
    assert outcome == Outcome(Label(*ASK), failure=FailureReason.INVALID_ID)


def test_enrolment_with_a_key_is_an_event_with_it_and_a_row(small_rally, payload):
    envelope, outcome = judge(small_rally, payload(key=RECIPIENT), JOIN)
    assert outcome.event == event(small_rally, envelope, EventKind.JOINED, JOIN)
    assert (outcome.refusal, outcome.failure) == (None, None)
    assert small_rally.decode_row(outcome)["payload"]["key"] == RECIPIENT


@pytest.mark.parametrize("key", NO_KEYS)
def test_enrolment_counts_whatever_stands_in_the_place_of_a_key(
    small_rally, payload, key
):
    envelope, outcome = judge(small_rally, payload(key=key), JOIN)
    joined = event(small_rally, envelope, EventKind.JOINED, JOIN, None)
    if outcome.failure is None:  # else the whole ping is kept, and can be replayed
        assert outcome.event == joined
    else:
        assert type(key) is not str
        assert outcome.failure is FailureReason.SCHEMA_MISMATCH


@pytest.mark.parametrize("label", [JOIN, ASK])
def test_no_id_is_hidden_in_a_key(small_rally, payload, label):
    """A key is any 52 of some letters and digits: of many ids, all are among them."""
    rally_id = "c286f4fa-6773-4d3d-9955-8eaeede6846d"
    key = make_recipient(rally_id.replace("-", ""))
    _, outcome = judge(small_rally, payload(rally_id, key=key), label)
    assert outcome.event is None or outcome.event.recipient is None
    assert rally_id.replace("-", "") not in repr(outcome)


@given(st.text(max_size=80) | st.just(RECIPIENT))
def test_what_an_event_names_is_always_a_key(small_rally, payload, text):
    envelope = small_rally.seal_tink(*ASK, payload(key=text))
    asked = small_rally.judge(envelope).event
    assert asked is None or asked.recipient == text == RECIPIENT
