"""Refused is not failed: no row, no dead letter, and for enrolments still an event."""

from datetime import UTC, datetime

import pytest

from rally.events import EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import RefusalReason
from rally.registry.transitions import StudyAction, Transition

LATER = "2024-06-01T00:00:00Z"


def action(action: StudyAction, day: int, namespace: str = "rally-x") -> Transition:
    return Transition(namespace, action, datetime(2022, 6, day, tzinfo=UTC), "op", "")


PAUSE, RESUME = action(StudyAction.PAUSE, 1), action(StudyAction.RESUME, 2)
# What differs from a good ping: document, attributes, payload, operators' decisions.
REFUSED = {
    "do not track": ("visit.1", {"dnt": "1"}, {}, (), RefusalReason.DO_NOT_TRACK),
    "private": ("short.1", {}, {"private": True}, (), RefusalReason.PRIVATE_BROWSING),
    "before the start": (
        "visit.1",
        {"submission_timestamp": "2022-03-09T23:59:59.999999Z"},
        {},
        (),
        RefusalReason.BEFORE_START,
    ),
    "after the end": (
        "visit.1",
        {"submission_timestamp": "2023-03-28T00:00:00Z"},
        {},
        (),
        RefusalReason.ENDED,
    ),
    "paused": ("visit.1", {}, {}, (PAUSE,), RefusalReason.PAUSED),
    "paused then, resumed since": (
        "visit.1",
        {},
        {},
        (PAUSE, RESUME),
        RefusalReason.PAUSED,
    ),
    "ended early": (
        "visit.1",
        {},
        {},
        (action(StudyAction.END, 1),),
        RefusalReason.ENDED,
    ),
    "concluded": (
        "visit.1",
        {},
        {},
        (action(StudyAction.END, 1), action(StudyAction.CONCLUDE, 1)),
        RefusalReason.ENDED,
    ),
    "before its review": ("late.1", {}, {}, (), RefusalReason.NOT_APPROVED),
    "two weeks after its review": (
        "short.1",
        {"submission_timestamp": "2022-07-15T00:00:00Z"},
        {},
        (),
        RefusalReason.NOT_APPROVED,
    ),
    "past its retention": (
        "visit.1",
        {"submission_timestamp": "2022-03-10T00:00:00Z"},
        {},
        (),
        RefusalReason.EXPIRED,
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_data_is_refused(small_rally, payload, case):
    document, attributes, others, transitions, reason = case
    for seal in (small_rally.seal_glean, small_rally.seal_tink):
        envelope = seal("rally-x", document, payload(**others), **attributes)
        outcome = small_rally.judge(envelope, LATER, transitions)
        assert outcome == Outcome(Label("rally-x", document), refusal=reason)


@pytest.mark.parametrize(
    ("document", "attributes", "others", "transitions"),
    [
        ("visit.1", {"dnt": "0"}, {}, ()),
        ("visit.1", {}, {"private": False}, ()),
        ("visit.1", {}, {"private": None}, ()),
        ("visit.1", {"submission_timestamp": "2022-03-10T00:00:00Z"}, {}, ()),
        ("visit.1", {"submission_timestamp": "2023-03-27T23:59:59.999999Z"}, {}, ()),
        ("visit.1", {}, {}, (RESUME, action(StudyAction.PAUSE, 2))),
        ("visit.1", {}, {}, (action(StudyAction.END, 2),)),
        ("visit.1", {}, {}, (action(StudyAction.END, 1, "pioneer-y"),)),
        ("short.1", {"submission_timestamp": "2022-06-30T23:59:59Z"}, {}, ()),
        ("late.1", {"submission_timestamp": "2022-09-01T00:00:00Z"}, {}, ()),
        ("visit.1", {"country": "DE"}, {}, ()),
    ],
)
def test_data_is_stored_as_of_when_it_was_sent(
    small_rally, payload, document, attributes, others, transitions
):
    envelope = small_rally.seal_glean(
        "rally-x", document, payload(**others), **attributes
    )
    sent = envelope.submission_timestamp
    outcome = small_rally.judge(envelope, sent, transitions)
    assert (outcome.refusal, outcome.failure, outcome.event) == (None, None, None)
    assert outcome.row.partition == ("rally-x", document, sent[:10])
    row = small_rally.decode_row(outcome)
    assert row["submission_timestamp"] == datetime.fromisoformat(sent)


@pytest.mark.parametrize("document", ["visit.1", "joined.1"])
@pytest.mark.parametrize("transitions", [(), (PAUSE,)], ids=["open", "paused"])
def test_data_and_enrolments_of_machines_leave_nothing(
    small_rally, payload, document, transitions
):
    """Neither row nor event: a test's client enrols nobody."""
    envelope = small_rally.seal_glean(
        "rally-x", document, payload(), source_tags="nightly, automation", dnt="1"
    )
    assert small_rally.judge(envelope, LATER, transitions) == Outcome(
        Label("rally-x", document), refusal=RefusalReason.AUTOMATION
    )
    pioneer = small_rally.seal_pioneer("pioneer-y", "pioneer-enrollment.1", {})
    assert small_rally.judge(pioneer._replace(source_tags="automation")) == Outcome(
        Label("pioneer-y", "pioneer-enrollment.1"), refusal=RefusalReason.AUTOMATION
    )


def test_data_that_is_refused_is_not_opened(small_rally):
    """What a promise refuses may be anything: it is not looked at."""
    envelope = small_rally.make_envelope(b"no ping at all", dnt="1")
    outcome = small_rally.judge(envelope)
    assert outcome.refusal is RefusalReason.DO_NOT_TRACK
    assert outcome.failure is None


def test_private_browsing_is_refused_whatever_else_is_wrong(small_rally):
    envelope = small_rally.seal_glean(
        "rally-x", "visit.1", {"private": True, "unknown": 1}
    )
    assert small_rally.judge(envelope) == Outcome(
        Label("rally-x", "visit.1"), refusal=RefusalReason.PRIVATE_BROWSING
    )


NO_ROW = {
    "do not track": ({"dnt": "1"}, (), RefusalReason.DO_NOT_TRACK),
    "draft": (
        {"submission_timestamp": "2022-03-01T00:00:00Z"},
        (),
        RefusalReason.BEFORE_START,
    ),
    "paused": ({}, (PAUSE,), RefusalReason.PAUSED),
    "ended": (
        {"submission_timestamp": "2023-04-01T00:00:00Z"},
        (),
        RefusalReason.ENDED,
    ),
}


@pytest.mark.parametrize("case", NO_ROW.values(), ids=NO_ROW)
def test_enrolment_whose_row_is_refused_is_an_event(small_rally, payload, case):
    attributes, transitions, reason = case
    envelope = small_rally.seal_glean("rally-x", "joined.1", payload(), **attributes)
    outcome = small_rally.judge(envelope, LATER, transitions)
    assert (outcome.row, outcome.refusal, outcome.failure) == (None, reason, None)
    assert (outcome.event.kind, outcome.event.scope) == (EventKind.JOINED, "rally-x")


@pytest.mark.parametrize(
    ("attributes", "others", "reason"),
    [
        ({"country": "DE"}, {}, RefusalReason.COUNTRY),
        ({}, {"private": True}, RefusalReason.PRIVATE_BROWSING),
        ({"country": "DE"}, {"private": True}, RefusalReason.PRIVATE_BROWSING),
        ({"country": "DE", "dnt": "1"}, {}, RefusalReason.COUNTRY),
    ],
)
def test_enrolment_from_where_nobody_may_enrol_leaves_nothing(
    small_rally, payload, attributes, others, reason
):
    envelope = small_rally.seal_glean(
        "rally-x", "joined.1", payload(**others), **attributes
    )
    assert small_rally.judge(envelope) == Outcome(
        Label("rally-x", "joined.1"), refusal=reason
    )


@pytest.mark.parametrize("country", ["US", "ca", None, ""])
def test_enrolment_from_an_eligible_or_absent_country_is_both(
    small_rally, payload, country
):
    envelope = small_rally.seal_glean("rally-x", "joined.1", payload(), country=country)
    outcome = small_rally.judge(envelope)
    assert (outcome.refusal, outcome.failure) == (None, None)
    assert outcome.event.kind is EventKind.JOINED
    assert small_rally.decode_row(outcome)[
        "participant"
    ] == small_rally.pseudonyms.of_study("rally-x", outcome.event.participant)


def test_country_of_the_namespace_that_received_it_counts(small_rally, payload):
    """CA may enrol in X, but the hub's own enrolments are from the US alone."""
    named = {"namespace": "rally-x"}
    for document, string in (("enrollment.1", None), ("study-enrollment.1", named)):
        envelope = small_rally.seal_glean(
            "rally-hub", document, payload(string=string), country="CA"
        )
        assert small_rally.judge(envelope).refusal is RefusalReason.COUNTRY
