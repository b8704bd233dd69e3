"""Replay stores what ingest would have stored, and keeps what fails again."""

import shutil

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.event_log.event_log import EventLog
from rally.events import EventKind
from rally.ingestion.replay import DamagedObject, Replayed
from rally.outcomes import FailureReason
from tests.rally.ingestion.replay_job import Job, ids


def test_replay_goes_through_after_the_key_was_added(small_rally, payload, job, no_x):
    visits = [
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url=str(n)), document_id=ids(n)
        )
        for n in range(3)
    ]
    left = small_rally.seal_glean("rally-x", "left.1", payload())
    job.change(ping_keys=no_x)
    job.ingest(*visits, left)
    assert job.rows() == []
    assert [each.reason for each in job.letters()] == [FailureReason.NO_KEY] * 4
    assert job.replay() == (
        [Replayed(0, 3), Replayed(0, 1)],
        {"rally-x/visit.1/failed/no_key": 3, "rally-x/left.1/failed/no_key": 1},
    )
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay() == (
        [Replayed(3, 0), Replayed(1, 0)],
        {"rally-x/visit.1/stored": 3, "rally-x/left.1/left": 1},
    )
    assert job.objects() == []
    assert sorted(row["payload"]["url"] for row in job.rows()) == ["0", "1", "2"]
    (event,) = EventLog(job.platform)
    assert (event.kind, event.scope) == (EventKind.LEFT, "rally-x")
    assert job.replay() == ([], {})


def test_replay_stores_what_ingest_would_have_stored(
    small_rally, payload, job, no_x, tmp_path
):
    visits = [
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url=str(n)), document_id=ids(n)
        )
        for n in range(3)
    ]
    job.change(ping_keys=no_x)
    job.ingest(*visits)
    job.change(ping_keys=small_rally.keys_uri)
    job.replay()
    straight = Job(small_rally, tmp_path / "straight")
    straight.ingest(*visits)
    written = [
        {
            path.relative_to(root): path.read_bytes()
            for path in root.glob("data/**/*.avro")
        }
        for root in (job.root, straight.root)
    ]
    assert written[0] == written[1]


def test_replay_keeps_what_fails_again_as_it_is(small_rally, payload, job):
    bad = small_rally.seal_glean("rally-x", "visit.1", payload(unknown=1))
    job.ingest(bad, small_rally.make_envelope(b"", document="left.1"))
    before = {info.name: job.platform.read(info.name) for _, info in job.objects()}
    done, counts = job.replay()
    assert done == [Replayed(0, 1), Replayed(0, 1)]
    assert counts == {
        "rally-x/visit.1/failed/schema_mismatch": 1,
        "rally-x/left.1/failed/invalid_body": 1,
    }
    after = {info.name: job.platform.read(info.name) for _, info in job.objects()}
    assert after == before


def test_replay_takes_what_goes_through_out_of_an_object(
    small_rally, payload, job, no_x
):
    good = small_rally.seal_glean("rally-x", "visit.1", payload())
    refused = small_rally.seal_glean("rally-x", "visit.1", payload(private=True))
    bad = small_rally.seal_glean("rally-x", "visit.1", payload(unknown=1))
    job.change(ping_keys=no_x)
    job.ingest(good, refused, bad)
    ((place, info),) = job.objects()
    sealed = set(job.sealed())
    job.change(ping_keys=small_rally.keys_uri)
    done, counts = job.replay()
    assert done == [Replayed(2, 1)]
    assert counts == {
        "rally-x/visit.1/stored": 1,
        "rally-x/visit.1/refused/private_browsing": 1,
        "rally-x/visit.1/failed/schema_mismatch": 1,
    }
    ((left_place, left_info),) = job.objects()
    assert (left_place, left_info.name) == (place, info.name)
    assert left_info.generation != info.generation
    (kept,) = job.sealed()
    assert kept in sealed  # not sealed anew
    (letter,) = job.letters()
    assert letter.envelope == bad
    assert letter.reason is FailureReason.NO_KEY  # why it failed first
    assert len(job.rows()) == 1


def test_enrolment_whose_row_fails_again_is_one_event_and_one_letter(
    small_rally, job, payload
):
    job.ingest(small_rally.seal_tink("rally-x", "joined.1", payload(unknown=1)))
    (event,) = EventLog(job.platform)
    assert (event.kind, event.scope) == (EventKind.JOINED, "rally-x")
    counts = {"rally-x/joined.1/failed/schema_mismatch": 1}
    for _ in range(2):
        assert job.replay() == ([Replayed(0, 1)], counts)
    assert (list(EventLog(job.platform)), len(job.letters())) == ([event], 1)


def test_replay_of_an_unreadable_enrolment_brings_its_deletion_id(
    small_rally, job, no_x
):
    deletion_id = "0b6b7c5e-2f4d-4c3e-9d6f-5f4e3d2c1b0a"
    enrolment = small_rally.seal_pioneer(
        "pioneer-hub", "pioneer-enrollment.1", {"deletionId": deletion_id}
    )
    job.change(ping_keys=no_x)
    job.ingest(enrolment)
    (letter,) = job.letters()
    assert letter.reason is FailureReason.UNREADABLE_ENROLMENT
    assert [event.deletion_id for event in EventLog(job.platform)] == [None]
    assert job.replay() == (
        [Replayed(0, 1)],
        {"pioneer-hub/pioneer-enrollment.1/failed/unreadable_enrolment": 1},
    )
    assert len(list(EventLog(job.platform))) == 1
    assert len(job.rows()) == 1
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay()[0] == [Replayed(1, 0)]
    found = {event.deletion_id for event in EventLog(job.platform)}
    assert found == {None, small_rally.pseudonyms.of_deletion_id(deletion_id)}
    expected = {
        small_rally.document_id_of(enrolment)
    }  # opened or not, it is the same ping
    assert {row["document_id"] for row in job.rows()} == expected


def test_replay_of_what_fails_again_brings_nothing_back(small_rally, job, no_x):
    """A row or an event that was deleted since stays deleted."""
    joined = small_rally.seal_pioneer("pioneer-hub", "pioneer-enrollment.1", {})
    job.change(ping_keys=no_x)
    job.ingest(joined)
    shutil.rmtree(job.root / "data")
    shutil.rmtree(job.root / "platform/events")
    assert job.replay()[0] == [Replayed(0, 1)]
    assert job.rows() == []
    assert list(EventLog(job.platform)) == []


def test_replay_leaves_malformed_lines(job):
    job.ingest(malformed=["/input.ndjson:7"])
    assert job.replay() == ([Replayed(0, 1)], {})
    (letter,) = job.letters()
    assert letter.origin == "/input.ndjson:7"


def test_replay_leaves_what_does_not_unseal(small_rally, payload, job, no_x):
    """Moved to another place, or sealed to a key that is gone."""
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload()))
    ((place, info),) = job.objects()
    moved = place._replace(study="rally-hub")
    data = job.platform.read(info.name)
    job.platform.create(moved.folder + info.name.rpartition("/")[2], data)
    job.platform.delete(info.name, info.generation)
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay() == ([Replayed(0, 1, unopened=1)], {})
    ((found, info),) = job.objects()
    assert found == moved
    assert job.platform.read(info.name) == data


def test_replay_again_after_it_was_done_changes_nothing(
    small_rally, payload, job, no_x
):
    """A step that is repeated after a crash finds its object gone or rewritten."""
    job.change(ping_keys=no_x)
    job.ingest(
        small_rally.seal_glean("rally-x", "visit.1", payload()),
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(unknown=1), document_id=ids(1)
        ),
        small_rally.seal_glean("rally-x", "left.1", payload()),
    )
    stale = job.objects()
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay(objects=stale)[0] == [Replayed(1, 1), Replayed(1, 0)]
    rows, letters = job.rows(), job.letters()
    events = list(EventLog(job.platform))
    assert job.replay(objects=stale)[0] == [Replayed(0, 1), Replayed(0, 0)]
    assert (job.rows(), job.letters()) == (rows, letters)
    assert list(EventLog(job.platform)) == events


def test_replay_beside_another_loses_nothing(small_rally, payload, job, no_x):
    """The other was faster by one letter; what it left is not thrown away."""
    job.change(ping_keys=no_x)
    good = small_rally.seal_glean("rally-x", "visit.1", payload())
    bad = small_rally.seal_glean(
        "rally-x", "visit.1", payload(unknown=1), document_id=ids(1)
    )
    job.ingest(good, bad)
    ((place, info),) = job.objects()
    data = job.platform.read(info.name)
    job.platform.replace(info.name, data, info.generation)
    job.change(ping_keys=small_rally.keys_uri)
    job.replay(objects=[(place, info)])
    assert job.platform.read(info.name) == data
    assert len(job.rows()) == 1


def test_replay_of_a_damaged_object_stops_and_replays_nothing(
    small_rally, job, payload, no_x
):
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload()))
    ((_, info),) = job.objects()
    data = job.platform.read(info.name)
    job.platform.replace(info.name, data[:-20] + bytes(20), info.generation)
    job.change(ping_keys=small_rally.keys_uri)
    with pytest.raises(DamagedObject, match=f"^{info.name}: "):
        job.replay()
    assert len(job.objects()) == 1
    assert job.rows() == []


def test_places_of_dead_letters_say_who_and_whether_somebody_leaves(
    small_rally, payload, job
):
    job.ingest(
        small_rally.make_envelope(b""),
        small_rally.make_envelope(b"", document="left.1"),
    )
    assert [place for place, _ in job.objects()] == [
        LetterPlace("rally-x", LetterKind.PING, "2022-06-02"),
        LetterPlace("rally-x", LetterKind.WITHDRAWAL, "2022-06-02"),
    ]
