"""What the withdrawal list makes of pings: stored, refused, or parked as `left`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.dead_letters import list_dead_letters
from rally.envelope import parse_timestamp
from rally.event_log.event_log import EventLog
from rally.events import RALLY, EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.ingestion.setup import make_intake, make_writer
from rally.keys.names import Job
from rally.outcomes import FailureReason, RefusalReason
from rally.storage.container import read_rows
from rally.storage.header import read_header
from rally.storage.objectstore.open_store import open_store
from rally.times import to_micros
from rally.withdrawal.fold import RequestStatus, Verdict
from rally.withdrawal.selection import Selection
from tests.rally.withdrawal.lists import joined, left, make_list, publish

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
SOMEBODY_ELSE = "d286f4ba-6713-4d3d-b955-8eaeede6846d"
ID = "65f58083-cefe-4201-832f-0505c3b73d76"
NOW = to_micros(parse_timestamp("2022-06-01T12:00:00.000000Z"))
X, Y = "rally-x", "pioneer-y"
STORED, REFUSED, PARKED = "stored", RefusalReason.WITHDRAWN, FailureReason.LEFT
DEFERRED = {"deferred": [X]}
HELD, REJECTED = {"status": RequestStatus.HELD}, {"status": RequestStatus.REJECTED}


@pytest.fixture(scope="module")
def me(small_rally):
    return small_rally.pseudonyms.of_platform(RALLY_ID)


def became(outcome):
    """One word for what became of the row."""
    words = [outcome.refusal, outcome.failure, outcome.row and STORED]
    (word,) = [each for each in words if each]
    return word


# What others did, in microseconds from the ping: l, they left; j, they joined.
def l(scope, after, **how):  # noqa: E743 - a table is read by its columns
    return lambda me: left(me, scope, NOW + after, **how)


def j(scope, after):
    return lambda me: joined(me, scope, NOW + after)


OF_A_STUDY = {
    "nobody left": ([], STORED),
    "left the study later": ([l(X, 1)], REFUSED),
    "left the study at once": ([l(X, 0)], REFUSED),
    "left Rally later": ([l(RALLY, 1)], REFUSED),
    "left another study": ([l(Y, 1), l(Y, -1)], STORED),
    "left the study before": ([l(X, -1)], PARKED),
    "left Rally before": ([l(RALLY, -1)], PARKED),
    "came back since": ([l(X, -9), j(X, -1)], STORED),
    "came back at once": ([l(X, -9), j(X, 0)], STORED),
    "comes back later": ([l(X, -9), j(X, 1)], PARKED),
    "came back and left": ([l(X, -9), j(X, -5), l(X, -1)], PARKED),
    "came back and leaves": ([l(X, -9), j(X, -5), l(X, 1)], REFUSED),
    "came back before leaving": ([j(X, -9), l(X, -1)], PARKED),
    "back in the study alone": ([l(RALLY, -9), j(X, -1)], PARKED),
    "back in Rally alone": ([l(RALLY, -9), j(RALLY, -1)], PARKED),
    "back in both": ([l(RALLY, -9), j(RALLY, -2), j(X, -1)], STORED),
    "back in another study": ([l(X, -9), j(Y, -1), j(RALLY, -1)], PARKED),
    "deferred": ([l(X, 1, **DEFERRED)], STORED),
    "deferred as all of Rally": ([l(RALLY, 1, **DEFERRED)], STORED),
    "deferred in another study": ([l(RALLY, 1, deferred=[Y])], REFUSED),
    "after a deferred one": ([l(X, -1, **DEFERRED)], PARKED),
    "deferred, and another not": ([l(X, 1, **DEFERRED), l(X, 2)], REFUSED),
    "held": ([j(X, -9), l(X, 1, **HELD)], PARKED),
    "after a held one": ([j(X, -9), l(X, -1, **HELD)], PARKED),
    "held, of who never joined": ([j(Y, -9), l(X, 1, **HELD)], STORED),
    "after a held one of who never joined": ([l(X, -1, **HELD)], STORED),
    "after a held one and back": ([l(X, -9, **HELD), j(X, -1)], STORED),
    "rejected": ([l(X, 1, **REJECTED), l(X, -1, **REJECTED)], STORED),
}
OF_THE_PLATFORM = {
    "nobody left": ([], STORED),
    "left Rally later": ([l(RALLY, 1)], REFUSED),
    "left a study": ([l(X, 1), l(X, -1)], STORED),
    "left Rally before": ([l(RALLY, -1)], PARKED),
    "came back since": ([l(RALLY, -9), j(RALLY, -1)], STORED),
    "back in a study alone": ([l(RALLY, -9), j(X, -1)], PARKED),
    "deferred nowhere": ([l(RALLY, 1, **DEFERRED)], REFUSED),
    "held": ([j(RALLY, -9), l(RALLY, 1, **HELD)], PARKED),
    "held, of who never joined": ([l(RALLY, 1, **HELD)], STORED),
}
ENROLMENT_IN_A_STUDY = {
    "nobody left": ([], STORED),
    "leaves later": ([l(X, 1)], REFUSED),
    "leaves at once": ([l(X, 0)], REFUSED),
    "leaves Rally later": ([l(RALLY, 1)], REFUSED),
    "comes back": ([l(X, -1)], STORED),
    "comes back and leaves": ([l(X, -1), l(X, 1)], REFUSED),
    "is not back in Rally": ([l(RALLY, -1)], PARKED),
    "is back in Rally": ([l(RALLY, -9), j(RALLY, -1)], STORED),
    "leaves another study": ([l(Y, 1)], STORED),
    "held": ([j(X, -9), l(X, 1, **HELD)], PARKED),
}
ENROLMENT_IN_RALLY = {
    "nobody left": ([], STORED),
    "leaves later": ([l(RALLY, 1)], REFUSED),
    "leaves at once": ([l(RALLY, 0)], REFUSED),
    "leaves a study": ([l(X, 1)], STORED),
    "comes back": ([l(RALLY, -1)], STORED),
}


@pytest.mark.parametrize(("did", "expected"), OF_A_STUDY.values(), ids=OF_A_STUDY)
def test_ping_of_a_study(small_rally, payload, me, did, expected):
    known = make_list(1, *(each(me) for each in did))
    outcome = small_rally.judge(
        small_rally.seal_glean(X, "visit.1", payload()), withdrawals=known
    )
    assert became(outcome) == expected
    assert outcome.event is None
    if expected is not STORED:
        assert outcome.row is None


@pytest.mark.parametrize(
    ("did", "expected"), OF_THE_PLATFORM.values(), ids=OF_THE_PLATFORM
)
def test_ping_of_the_platform(small_rally, me, did, expected):
    known = make_list(1, *(each(me) for each in did))
    survey = small_rally.seal_pioneer("pioneer-hub", "survey.1", {"text": "x"})
    assert became(small_rally.judge(survey, withdrawals=known)) == expected


@pytest.mark.parametrize(
    ("did", "expected"), ENROLMENT_IN_A_STUDY.values(), ids=ENROLMENT_IN_A_STUDY
)
@pytest.mark.parametrize(
    ("namespace", "document", "string"),
    [
        ("rally-x", "joined.1", None),
        ("rally-hub", "study-enrollment.1", {"namespace": X}),
    ],
    ids=["by the study", "by the platform"],
)
def test_enrolment_in_a_study_counts_for_itself_and_is_an_event(
    small_rally, payload, me, namespace, document, string, did, expected
):
    """By whichever namespace it comes: the platform's row about it is in its scope."""
    known = make_list(1, *(each(me) for each in did))
    envelope = small_rally.seal_glean(namespace, document, payload(string=string))
    outcome = small_rally.judge(envelope, withdrawals=known)
    assert became(outcome) == expected
    assert (outcome.event.kind, outcome.event.scope) == (EventKind.JOINED, X)
    assert outcome.event == small_rally.judge(envelope).event


@pytest.mark.parametrize(
    ("namespace", "document", "expected"),
    [("rally-x", "joined.1", STORED), ("rally-hub", "study-enrollment.1", REFUSED)],
    ids=["study", "platform"],
)
def test_enrolment_that_the_platform_keeps_is_never_deferred(
    small_rally, payload, me, namespace, document, expected
):
    known = make_list(1, left(me, X, NOW + 1, deferred=[X]))
    envelope = small_rally.seal_glean(
        namespace, document, payload(string={"namespace": X})
    )
    assert became(small_rally.judge(envelope, withdrawals=known)) == expected


@pytest.mark.parametrize(
    ("did", "expected"), ENROLMENT_IN_RALLY.values(), ids=ENROLMENT_IN_RALLY
)
def test_enrolment_in_rally_counts_for_itself_and_is_an_event(
    small_rally, payload, me, did, expected
):
    known = make_list(1, *(each(me) for each in did))
    envelope = small_rally.seal_glean("rally-hub", "enrollment.1", payload())
    outcome = small_rally.judge(envelope, withdrawals=known)
    assert became(outcome) == expected
    assert (outcome.event.kind, outcome.event.scope) == (EventKind.JOINED, RALLY)


def test_nobody_else_is_judged_by_it(small_rally, payload, me):
    known = make_list(1, left(me, RALLY, NOW + 1))
    envelope = small_rally.seal_glean(X, "visit.1", payload(SOMEBODY_ELSE))
    assert small_rally.judge(envelope, withdrawals=known) == small_rally.judge(envelope)


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_withdrawal_is_never_judged_by_it(small_rally, payload, me, after):
    known = make_list(1, left(me, RALLY, NOW + after), left(me, X, NOW + after))
    for envelope in (
        small_rally.seal_glean(X, "left.1", payload()),
        small_rally.seal_glean("rally-hub", "deletion-request.1", payload()),
        small_rally.seal_pioneer(Y, "deletion-request.1", {}, key_id="discarded"),
        small_rally.seal_pioneer(
            "pioneer-hub", "uninstall-deletion.1", {"deletionId": RALLY_ID}
        ),
    ):
        outcome = small_rally.judge(envelope, withdrawals=known)
        assert outcome == small_rally.judge(envelope)
        assert outcome.event.kind is EventKind.LEFT


EARLIER_REASONS = {
    "promise": ({"dnt": "1"}, {}, RefusalReason.DO_NOT_TRACK),
    "before the start": (
        {"submission_timestamp": "2022-03-09T00:00:00Z"},
        {},
        RefusalReason.BEFORE_START,
    ),
    "person": ({}, {"private": True}, RefusalReason.PRIVATE_BROWSING),
}


@pytest.mark.parametrize(
    ("attributes", "clear", "reason"), EARLIER_REASONS.values(), ids=EARLIER_REASONS
)
def test_promise_is_the_first_to_refuse(
    small_rally, payload, me, attributes, clear, reason
):
    known = make_list(1, left(me, X, NOW + 1))
    envelope = small_rally.seal_glean(X, "visit.1", payload(**clear), **attributes)
    label = Label(X, "visit.1")
    assert small_rally.judge(envelope, withdrawals=known) == Outcome(
        label, refusal=reason
    )


def test_what_cannot_be_opened_fails_whoever_sent_it(small_rally, me):
    known = make_list(1, left(me, X, NOW + 1))
    outcome = small_rally.judge(small_rally.make_envelope(b"{}", X), withdrawals=known)
    assert outcome.failure is FailureReason.NOT_ENCRYPTED


@pytest.mark.parametrize(("after", "expected"), [(1, REFUSED), (-1, PARKED)])
def test_payload_of_who_has_left_is_looked_at_no_further(
    small_rally, payload, me, after, expected
):
    """It is no schema mismatch: that would be kept, and not be about their leaving."""
    known = make_list(1, left(me, X, NOW + after))
    envelope = small_rally.seal_glean(X, "visit.1", payload(unknown=1))
    assert became(small_rally.judge(envelope, withdrawals=known)) is expected


@pytest.mark.parametrize(("after", "expected"), [(1, REFUSED), (-1, PARKED)])
def test_unreadable_enrolment_of_who_has_left_has_one_outcome(
    small_rally, me, after, expected
):
    known = make_list(1, left(me, RALLY, NOW + after))
    envelope = small_rally.seal_pioneer(Y, "pioneer-enrollment.1", {}, key_id="nobody")
    outcome = small_rally.judge(envelope, withdrawals=known)
    assert became(outcome) is expected
    assert outcome.event.scope == Y


SCOPES = st.sampled_from([RALLY, X, Y])
TIMES = st.integers(-3, 3)
REQUESTS = st.builds(
    lambda *given: lambda me: left(me, given[0], NOW + given[1], *given[2:]),
    SCOPES,
    TIMES,
    st.sampled_from(RequestStatus),
    st.lists(st.sampled_from([X, Y]), unique=True).map(sorted),
)
RETURNS = st.builds(j, SCOPES, TIMES)
PINGS = {
    "visit": (X, "visit.1", None, None),
    "joined the study": (X, "joined.1", None, X),
    "joined Rally": ("rally-hub", "enrollment.1", None, RALLY),
    "joined by Rally": ("rally-hub", "study-enrollment.1", {"namespace": Y}, Y),
}


@pytest.mark.parametrize("ping", PINGS.values(), ids=PINGS)
@given(did=st.lists(st.one_of(REQUESTS, RETURNS), max_size=6))
def test_ping_is_judged_as_its_row_will_be(small_rally, payload, me, ping, did):
    """By deletion and compaction, when the log has the enrolment that it is."""
    namespace, document, string, scope = ping
    records = [each(me) for each in did]
    envelope = small_rally.seal_glean(namespace, document, payload(string=string))
    outcome = small_rally.judge(envelope, withdrawals=make_list(1, *records))
    document_id = small_rally.document_id_of(envelope)
    own = [joined(me, scope, NOW, document_id)] if scope else []
    study = small_rally.registry.studies[namespace]
    selection = Selection(
        make_list(2, *records, *own).people(), study, small_rally.pseudonyms
    )
    participant = me if scope and namespace == "rally-hub" else None
    participant = participant or small_rally.pseudonyms.of_study(namespace, me)
    verdict = selection.judge(participant.encode(), document_id.encode(), NOW).verdict
    known = make_list(1, *records).people().get(me)
    own_scope = RALLY if namespace == "rally-hub" else namespace
    scopes = {own_scope} | ({scope} & {Y} if own_scope == RALLY else set())
    was_there = known is not None and bool(scopes & known.joined.keys())
    assert became(outcome) == {
        Verdict.WITHDRAWN: REFUSED,
        Verdict.UNENROLLED: PARKED,
        Verdict.HELD: PARKED if was_there else STORED,
    }.get(verdict, STORED)


def test_each_outcome_is_kept_as_it_must_be(small_rally, payload, me, tmp_path):
    """Good and bad together: rows, events, dead letters, counts, and the list's number.

    The list changes between two flushes, and within the second.
    """
    settings = small_rally.start_job(tmp_path, reload_seconds=0.0)
    platform = open_store(f"{tmp_path}/platform")
    key = small_rally.platform_keys.signer(Job.DELETE)
    intake = make_intake(settings)
    writer = make_writer(settings, lambda: intake.counter)

    numbers = {}

    def take(document, clear, number, namespace=X):
        envelope = small_rally.seal_glean(namespace, document, clear)
        numbers[small_rally.document_id_of(envelope)] = number
        if row := intake.take(envelope):
            writer.add(*row)

    def flush():
        writer.flush()
        intake.flush()

    take("visit.1", payload(), 0)
    flush()
    publish(platform, 5, left(me, X, NOW + 1), key=key)
    take("visit.1", payload(), 1)
    take("visit.1", payload(SOMEBODY_ELSE), 2)
    publish(platform, 6, left(me, RALLY, NOW - 1), key=key)
    take("visit.1", payload(), 3)
    take("visit.1", payload(SOMEBODY_ELSE), 4)
    take("joined.1", payload(), 5)
    take("enrollment.1", payload(), 6, "rally-hub")
    take("left.1", payload(), 7)
    flush()

    found = {
        numbers[row["document_id"]]: read_header(path.read_bytes()).entries[
            "rally.list"
        ]
        for path in tmp_path.glob("data/**/*.avro")
        for row in read_rows(path.read_bytes())
    }
    assert found == {0: b"0", 2: b"5", 4: b"5", 6: b"5"}
    events = {(e.kind, e.scope, numbers[e.document_id]) for e in EventLog(platform)}
    assert events == {
        (EventKind.JOINED, X, 5),
        (EventKind.JOINED, RALLY, 6),
        (EventKind.LEFT, X, 7),
    }
    (place,) = {place.kind for place, _ in list_dead_letters(platform)}
    assert place == "ping"
    assert {count.name: number for count, number in intake.counts.items()} == {
        "rally-x/visit.1/stored": 3,
        "rally-x/visit.1/refused/withdrawn": 1,
        "rally-x/visit.1/failed/left": 1,
        "rally-x/joined.1/joined": 1,
        "rally-x/joined.1/failed/left": 1,
        "rally-hub/enrollment.1/joined": 1,
        "rally-hub/enrollment.1/stored": 1,
        "rally-x/left.1/left": 1,
    }
