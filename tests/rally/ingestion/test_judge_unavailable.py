"""Pings of a study that does not load are kept, and who leaves it is heard."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rally.dead_letters import list_dead_letters
from rally.event_log.event_log import EventLog
from rally.events import RALLY, EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.replay import Replay
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason
from rally.registry.study import StudyKind
from rally.registry.transitions import StudyAction, Transition
from rally.storage.objectstore.open_store import open_store
from tests.rally.ingestion.small_rally import RALLY_ID, SmallRally
from tests.support.registries import without_study

UNAVAILABLE = FailureReason.STUDY_UNAVAILABLE


@pytest.fixture
def rally_without(small_rally):
    """Makes a small Rally of the same keys, in which a study does not load."""

    def make(namespace, kind) -> SmallRally:
        spoilt = replace(small_rally)
        spoilt.registry = without_study(small_rally.registry, namespace, kind)
        spoilt.routes = type(small_rally.routes)(spoilt.registry)
        return spoilt

    return make


def waits(namespace, *, withdrawal=False):
    return Outcome(Label(namespace, withdrawal=withdrawal), failure=UNAVAILABLE)


@pytest.mark.parametrize("kind", [StudyKind.STUDY, None])
@pytest.mark.parametrize(
    ("document", "withdrawal"),
    [("visit.1", False), ("joined.1", False), ("nothing.7", False),
     ("deletion-request.1", True), ("unenrollment.1", True)],
)  # fmt: skip
def test_ping_of_the_study_waits(rally_without, payload, kind, document, withdrawal):
    small_rally = rally_without("rally-x", kind)
    found = small_rally.judge(small_rally.seal_glean("rally-x", document, payload()))
    assert found == waits("rally-x", withdrawal=withdrawal)


@pytest.mark.parametrize("body", [b"", b"{", b"\x1f\x8b", b"not sealed"])
def test_whatever_it_holds_it_waits(rally_without, body):
    small_rally = rally_without("rally-x", StudyKind.STUDY)
    assert small_rally.judge(small_rally.make_envelope(body)) == waits("rally-x")


def test_pings_of_other_studies_are_stored(rally_without, small_rally):
    spoilt = rally_without("rally-x", None)
    envelope = small_rally.seal_pioneer("pioneer-y", "measures.1", {"text": "a"})
    assert spoilt.judge(envelope) == small_rally.judge(envelope)
    assert spoilt.judge(envelope).row


@pytest.mark.parametrize(
    ("namespace", "kind", "scope"),
    [
        ("pioneer-y", StudyKind.STUDY, "pioneer-y"),
        ("pioneer-hub", StudyKind.PLATFORM, RALLY),
    ],
)
@pytest.mark.parametrize("key_id", ["discarded", "nobody"])
def test_pioneer_says_who_leaves_without_a_schema(
    rally_without, small_rally, namespace, kind, scope, key_id
):
    spoilt = rally_without(namespace, kind)
    envelope = small_rally.seal_pioneer(
        namespace, "deletion-request.1", {}, key_id=key_id
    )
    found = spoilt.judge(envelope)
    assert found == small_rally.judge(envelope)
    assert (found.event.kind, found.event.scope) == (EventKind.LEFT, scope)
    assert found.event.participant == small_rally.pseudonyms.of_platform(RALLY_ID)


def test_pioneer_may_call_it_by_an_alias(rally_without, small_rally):
    envelope = small_rally.seal_pioneer("y.study@example.edu", "deletion-request.1", {})
    found = rally_without("pioneer-y", StudyKind.STUDY).judge(envelope)
    assert found == small_rally.judge(envelope)
    assert found.event.scope == "pioneer-y"


def test_pioneer_s_withdrawal_waits_where_nobody_can_tell_what_is_left(
    rally_without, small_rally
):
    spoilt = rally_without("pioneer-hub", None)
    envelope = small_rally.seal_pioneer("pioneer-hub", "deletion-request.1", {})
    assert spoilt.judge(envelope) == waits("pioneer-hub", withdrawal=True)


@pytest.mark.parametrize("has_jwe", [True, False])
def test_document_id_made_of_the_id_is_no_id_in_the_log(
    rally_without, small_rally, has_jwe
):
    envelope = small_rally.seal_pioneer(
        "pioneer-y", "deletion-request.1", {}, document_id=RALLY_ID
    )
    expected = small_rally.document_id_of(envelope)
    if not has_jwe:
        envelope = small_rally.change_pioneer(envelope, {"encryptedData": ""})
        expected = small_rally.pseudonyms.of_platform(RALLY_ID)
    found = rally_without("pioneer-y", StudyKind.STUDY).judge(envelope)
    assert found.event.document_id == expected
    assert found == small_rally.judge(envelope)


@pytest.mark.parametrize("document", ["measures.1", "pioneer-enrollment.1"])
def test_all_else_of_pioneer_waits(rally_without, small_rally, document):
    spoilt = rally_without("pioneer-y", StudyKind.STUDY)
    envelope = small_rally.seal_pioneer("pioneer-y", document, {"text": "a"})
    assert spoilt.judge(envelope) == waits("pioneer-y")


def test_broken_id_of_who_leaves_fails_as_it_always_does(rally_without, small_rally):
    envelope = small_rally.seal_pioneer(
        "pioneer-y", "deletion-request.1", {}, pioneer_id=7
    )
    found = rally_without("pioneer-y", StudyKind.STUDY).judge(envelope)
    assert found.failure is FailureReason.INVALID_ID
    assert (found.label.study, found.label.withdrawal) == ("pioneer-y", True)


@pytest.mark.parametrize("name", ["rally-x", "studyX"])
@pytest.mark.parametrize(
    ("document", "kind"),
    [("study-enrollment.1", EventKind.JOINED),
     ("study-unenrollment.1", EventKind.LEFT)],
)  # fmt: skip
def test_platform_says_who_joins_or_leaves_it(
    rally_without, small_rally, payload, name, document, kind
):
    clear = payload(string={"namespace": name})
    envelope = small_rally.seal_glean("rally-hub", document, clear)
    found = rally_without("rally-x", StudyKind.STUDY).judge(envelope)
    assert (found.event.kind, found.event.scope) == (kind, "rally-x")
    assert found == small_rally.judge(envelope)


@pytest.mark.parametrize(
    ("document", "withdrawal"),
    [("study-enrollment.1", False), ("study-unenrollment.1", True)],
)
def test_what_platform_says_of_an_illegible_study_waits_for_that(
    rally_without, payload, document, withdrawal
):
    spoilt = rally_without("rally-x", None)
    clear = payload(string={"namespace": "rally-x"})
    found = spoilt.judge(spoilt.seal_glean("rally-hub", document, clear))
    assert found == waits("rally-x", withdrawal=withdrawal)


def test_nothing_is_kept_of_one_that_is_concluded(rally_without, small_rally, payload):
    spoilt = rally_without("rally-x", None)
    concluded = [
        Transition("rally-x", action, datetime(2024, 3, 28, tzinfo=UTC), "ann", "")
        for action in (StudyAction.END, StudyAction.CONCLUDE)
    ]
    envelope = spoilt.seal_glean("rally-x", "left.1", payload())
    found = spoilt.judge(envelope, "2025-01-01T00:00:00Z", concluded)
    assert (found.failure, found.refusal) == (None, "ended")


def test_replay_takes_them_in_when_the_study_loads(
    rally_without, small_rally, payload, tmp_path
):
    platform = open_store(str(tmp_path))
    waiting = rally_without("rally-x", None).make_intake(tmp_path)
    for document in ("visit.1", "left.1", "joined.1"):
        waiting.take(small_rally.seal_glean("rally-x", document, payload()))
    waiting.flush()
    assert list(EventLog(platform)) == []
    letters = list(list_dead_letters(platform))
    assert {place.study for place, _ in letters} == {"rally-x"}

    rows = []
    sink = type("Sink", (), {"add": lambda *each: rows.append(each[1:]),
                             "flush": lambda self: None})()  # fmt: skip
    intake = small_rally.make_intake(tmp_path)
    opener = small_rally.platform_keys.dead_letter_opener()
    replay = Replay(intake, sink, platform, opener, None)
    assert sum(replay.replay(*each).gone for each in letters) == 3
    assert {partition.document for partition, *_ in rows} == {"visit.1", "joined.1"}
    assert sorted(event.kind for event in EventLog(platform)) == ["joined", "left"]
    assert list(list_dead_letters(platform)) == []
