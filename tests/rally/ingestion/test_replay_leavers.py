"""Replay judges who has left by the withdrawal list of now."""

import pytest

from rally.envelope import parse_timestamp
from rally.errors import ConfigurationError
from rally.event_log.event_log import EventLog
from rally.events import RALLY, EventKind
from rally.ingestion.replay import Replayed
from rally.outcomes import FailureReason
from rally.times import to_micros
from tests.rally.ingestion.replay_job import ids
from tests.rally.withdrawal.lists import joined, left

NOW = to_micros(parse_timestamp("2022-06-01T12:00:00.000000Z"))


@pytest.fixture
def me(small_rally):
    return small_rally.pseudonyms.of_platform("c286f4ba-6713-4d3d-b955-8eaeede6846d")


PARKED = "rally-x/visit.1/failed/left"
SINCE = {
    "nothing": ([], [Replayed(0, 3)], {PARKED: 2}, 3),
    "the enrolment arrived": (
        [lambda me: joined(me, "rally-x", NOW - 1)],
        [Replayed(2, 1)],
        {"rally-x/visit.1/stored": 2},
        1,
    ),
    "an enrolment of a later day": (
        [lambda me: joined(me, "rally-x", NOW + 1)],
        [Replayed(0, 3)],
        {PARKED: 2},
        3,
    ),
    "left for good": (
        [lambda me: left(me, "rally-x", NOW + 1)],
        [Replayed(2, 1)],
        {"rally-x/visit.1/refused/withdrawn": 2},
        1,
    ),
}


@pytest.mark.parametrize(("since", "done", "counts", "kept"), SINCE.values(), ids=SINCE)
def test_replay_judges_who_has_left_by_the_list_of_now(
    small_rally, payload, job, me, since, done, counts, kept
):
    before = left(me, "rally-x", NOW - 9)
    job.publish(1, before)
    job.ingest(
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url="a"), document_id=ids(1)
        ),
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url="b"), document_id=ids(2)
        ),
        small_rally.seal_glean(
            "rally-x", "short.1", payload("not an id"), document_id=ids(3)
        ),
    )
    reasons = sorted(letter.reason for letter in job.letters())
    assert reasons == [FailureReason.INVALID_ID, *[FailureReason.LEFT] * 2]
    assert job.rows() == []

    job.publish(2, before, *(each(me) for each in since))

    assert job.replay(FailureReason.LEFT) == (done, counts)
    assert len(job.letters()) == kept
    stored = counts.get("rally-x/visit.1/stored", 0)
    assert sorted(row["payload"]["url"] for row in job.rows()) == ["a", "b"][:stored]
    assert job.replay(FailureReason.INVALID_ID)[0] == [Replayed(0, kept)]


def test_replay_of_who_has_left_fails_without_the_list(small_rally, payload, job, me):
    job.publish(1, left(me, "rally-x", NOW - 9))
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload()))
    (path,) = job.root.glob("platform/withdrawals/root.json")
    path.unlink()
    with pytest.raises(ConfigurationError, match="the withdrawal list is missing"):
        job.replay(FailureReason.LEFT)
    assert len(job.letters()) == 1


def test_enrolment_that_is_read_at_last_is_an_event_though_it_waits_for_another(
    small_rally, payload, job, no_x, me
):
    """Who left Rally and joins a study again has yet to join Rally.

    The pings that follow it need both enrolments in the log, and this is one.
    """
    job.publish(1, left(me, RALLY, NOW - 9))
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "joined.1", payload()))
    assert list(EventLog(job.platform)) == []
    job.change(ping_keys=small_rally.keys_uri)

    for _ in range(2):
        assert job.replay() == (
            [Replayed(0, 1)],
            {"rally-x/joined.1/joined": 1, "rally-x/joined.1/failed/left": 1},
        )
        (event,) = set(EventLog(job.platform))
        assert (event.kind, event.scope) == (EventKind.JOINED, "rally-x")

    job.publish(2, left(me, RALLY, NOW - 9), joined(me, RALLY, NOW - 1))
    assert job.replay()[0] == [Replayed(1, 0)]
    assert len(job.rows()) == 1


def test_enrolment_that_fails_as_before_is_not_written_again(
    small_rally, payload, job, me
):
    job.publish(1, left(me, RALLY, NOW - 9))
    job.ingest(small_rally.seal_glean("rally-x", "joined.1", payload()))
    assert job.replay() == ([Replayed(0, 1)], {"rally-x/joined.1/failed/left": 1})
    assert len(list(EventLog(job.platform))) == 1
