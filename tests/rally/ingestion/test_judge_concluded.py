"""Of a study that is concluded nothing is kept any more, whenever a ping was sent."""

import shutil
from datetime import UTC, datetime

import pytest

from rally.events import EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.ingestion.setup import check_before_start, make_intake
from rally.keys.folder import KeyFolder
from rally.keys.platform_administration import destroy_pseudonym
from rally.outcomes import FailureReason, RefusalReason
from rally.registry.transitions import StudyAction, Transition
from tests.support.study_decisions import decide_study

AT = datetime(2023, 6, 1, tzinfo=UTC)
CONCLUDED = Transition("rally-x", StudyAction.CONCLUDE, AT, "op", "")
BEFORE, AFTER = "2023-05-31T23:59:59Z", "2023-06-01T00:00:00Z"
SENT = {"submission_timestamp": "2023-03-01T00:00:00Z"}  # while it collected


@pytest.fixture
def judge(small_rally):
    return lambda envelope, as_of=AFTER: small_rally.judge(envelope, as_of, [CONCLUDED])


def test_late_ping_of_a_concluded_study_is_refused(small_rally, payload, judge):
    envelope = small_rally.seal_glean("rally-x", "short.1", payload(), **SENT)
    visit = small_rally.seal_glean("rally-x", "visit.1", payload(), **SENT)

    assert judge(visit, BEFORE).row.partition == ("rally-x", "visit.1", "2023-03-01")
    for each, name in ((envelope, "short.1"), (visit, "visit.1")):
        refused = Outcome(Label("rally-x", name), refusal=RefusalReason.ENDED)
        assert judge(each) == refused


def test_ping_of_another_study_is_not(small_rally, payload, judge):
    clear = {"text": "words"}
    envelope = small_rally.seal_pioneer("pioneer-y", "measures.1", clear, **SENT)
    assert judge(envelope).row.partition == ("pioneer-y", "measures.1", "2023-03-01")


# What would be a dead letter: document, and what takes the place of the sealed body.
BROKEN = {
    "unknown document": ("visits.1", b""),
    "no ping": ("left.1", b"nothing that opens"),
    "enrolment that does not open": ("joined.1", b"nothing that opens"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_what_fails_is_a_dead_letter_before_and_nothing_after(small_rally, judge, case):
    document, body = case
    envelope = small_rally.make_envelope(body, "rally-x", document, **SENT)

    before = judge(envelope, BEFORE)
    assert before.failure is not None
    assert judge(envelope) == Outcome(before.label, refusal=RefusalReason.ENDED)


NAMED = {"namespace": "rally-x"}
# What joins or leaves: its namespace, its document, and what it says of the study.
SIGNALS = {
    "joins": ("rally-x", "joined.1", None, EventKind.JOINED),
    "leaves": ("rally-x", "left.1", None, EventKind.LEFT),
    "joins by the platform": (
        "rally-hub", "study-enrollment.1", NAMED, EventKind.JOINED),
    "leaves by the platform": (
        "rally-hub", "study-unenrollment.1", NAMED, EventKind.LEFT),
}  # fmt: skip


@pytest.mark.parametrize("case", SIGNALS.values(), ids=SIGNALS)
def test_who_joins_or_leaves_it_is_heard_before_and_not_after(
    small_rally, payload, judge, case
):
    """There is nothing that it could be about any more."""
    namespace, document, string, kind = case
    envelope = small_rally.seal_glean(
        namespace, document, payload(string=string), **SENT
    )

    before = judge(envelope, BEFORE)
    assert (before.event.kind, before.event.scope) == (kind, "rally-x")
    refused = Outcome(Label(namespace, document, before.label.withdrawal),
                      refusal=RefusalReason.ENDED)  # fmt: skip
    assert judge(envelope) == refused


def test_who_leaves_rally_or_another_study_is_heard(small_rally, payload, judge):
    whole = small_rally.seal_glean("rally-hub", "deletion-request.1", payload(), **SENT)
    named = {"namespace": "pioneer-y"}
    other = small_rally.seal_glean(
        "rally-hub", "study-unenrollment.1", payload(string=named), **SENT
    )
    assert judge(whole).event.scope == "rally"
    assert judge(other).event.scope == "pioneer-y"


def test_jobs_start_without_the_key_of_a_concluded_study(
    small_rally, payload, tmp_path
):
    """Its key is gone, and no new one is made; who sends on is refused."""
    keys = str(tmp_path / "platform")
    shutil.copytree(small_rally.platform_keys_uri, keys)
    settings = small_rally.start_job(
        tmp_path / "store", as_of=AFTER, platform_keys=keys
    )
    destroy_pseudonym(KeyFolder(keys), "pseudonym.rally-x")
    decide_study(settings.stores().platform, "rally-x", StudyAction.CONCLUDE, AT)

    check_before_start(settings)
    intake = make_intake(settings)
    row = intake.take(small_rally.seal_glean("rally-x", "visit.1", payload(), **SENT))
    other = intake.take(small_rally.seal_pioneer("pioneer-y", "measures.1", {}, **SENT))
    intake.flush()

    assert row is None
    assert other is not None
    counted = {(each.study, each.outcome, each.reason) for each in intake.counts}
    assert counted == {("rally-x", "refused", "ended"), ("pioneer-y", "stored", "")}
    assert not KeyFolder(keys).exists("pseudonym.rally-x.keyset.json")
    assert list(settings.stores().platform.list("dead-letters/")) == []


def test_ping_sealed_to_a_key_that_went_with_the_study_is_refused(small_rally, payload):
    """Not kept for a key that will never be back."""
    envelope = small_rally.seal_glean("rally-x", "left.1", payload(), **SENT)
    bogus = envelope._replace(
        payload=small_rally.seal_glean("pioneer-y", "measures.1", payload()).payload
    )
    before = small_rally.judge(bogus, BEFORE, [CONCLUDED])
    after = small_rally.judge(bogus, AFTER, [CONCLUDED])
    assert before.failure is FailureReason.DECRYPTION_FAILED
    assert after == Outcome(before.label, refusal=RefusalReason.ENDED)
