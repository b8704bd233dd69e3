"""A legal hold wins over all that is due, whenever it was placed."""

from datetime import timedelta

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from tests.fakes.memory_store import MemoryStore
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row
from tests.rally.retention.furnished import furnish, keys, letters, register, scopes
from tests.rally.retention.test_races import OLD, put
from tests.rally.retention.test_unenrolled import DATE


def test_legal_hold_keeps_its_rows_and_all_that_follows(place):
    furnish(place)
    place.data.create(f"data/study={GARDEN}/notes.txt", b"of any day")
    place.conclude()
    place.legal_hold(GARDEN, "2026-05-12", "2026-05-12")

    report = place.purge()

    assert [
        name.rpartition("/")[2] for name in place.names(f"data/study={GARDEN}")
    ] == [
        "b.avro",
        "notes.txt",
    ]
    assert letters(place)[0] == f"dead-letters/study={GARDEN}/kind=ping"
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    assert len(report.blocked) == 1
    assert [*report.problems] == []


def test_legal_hold_on_the_enrolments_keeps_events_and_keys(place):
    furnish(place)
    place.conclude()
    place.legal_hold(HOUSE, "2026-05-02", "2026-05-02")
    place.purge()
    assert place.names(f"data/study={GARDEN}/") == []
    assert place.numbers(HOUSE) == [10, 11, 20, 21, 30, 31]
    assert scopes(place).count(GARDEN) == 2
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


def test_legal_hold_of_a_day_keeps_its_dead_letters_and_events(place):
    furnish(place)
    place.conclude()
    place.legal_hold(GARDEN, "2026-05-20", "2026-05-20")
    report = place.purge()
    assert place.names(f"data/study={GARDEN}/") == []
    assert len(letters(place)) == 4
    assert [*report.kept.values()] == [5]  # of that day, and what comes after them
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    before = place.everything()
    assert place.purge().kept == report.kept
    assert place.everything() == before


def test_legal_hold_on_another_study_excuses_nothing(place):
    furnish(place)
    place.conclude()
    place.legal_hold(POND, "2020-01-01", "2020-01-01")

    def arrive(operation, what):
        if (operation, what.endswith("b.avro")) == ("delete", True):
            folder = LetterPlace(GARDEN, LetterKind.PING, "2026-05-29").folder
            place.platform.create(f"{folder}{'2' * 32}.avro", b"sealed")

    place.data.after = arrive
    assert place.purge().faults == [
        (GARDEN, "there are dead letters of it still; the next run goes on from there")
    ]


def test_old_copies_of_a_held_study_stay(make_place):
    place = make_place(platform={"versioned": True})
    furnish(place)
    register(place, GARDEN, "gs://lab/garden")
    table = place.derived["gs://lab/garden"] = MemoryStore(versioned=True)
    folder = LetterPlace(GARDEN, LetterKind.WITHDRAWAL, "2026-05-20").folder
    letter = f"{folder}{'1' * 32}.avro"
    for store, name in ((table, "table"), (place.platform, letter)):
        store.create(name, b"1")
        store.replace(name, b"2", store.stat(name).generation)
    place.conclude()
    place.legal_hold(GARDEN, "2026-05-11", "2026-05-12")
    place.purge()
    assert len(list(table.old_copies(""))) == 1
    assert len(list(place.platform.old_copies("dead-letters/"))) == 1


def placing_hold(place, study, day):
    """Places a hold as soon as there is a plan."""

    def hold(operation, what):
        if what.endswith("purge.ndjson"):
            place.legal_hold(study, day, day)

    place.platform.after = hold


@pytest.mark.parametrize("day", [OLD.day, "2026-05-11"])
def test_legal_hold_since_the_plan_keeps_files_and_rows(place, day):
    name = put(place, day=day)
    placing_hold(place, GARDEN, day)
    report = place.purge()
    assert place.names() == [name]
    assert place.numbers() == [1, 2]
    assert [each.rpartition(" by ")[2] for each in report.blocked] == [
        "stop keeps 1 objects"
    ]
    assert report.exit_status == 0


def test_legal_hold_since_the_plan_keeps_all_of_a_conclusion(make_place):
    place = make_place(versioned=True)
    furnish(place)
    name = place.names(f"data/study={GARDEN}/")[0]
    place.data.replace(name, place.ours([Row(1, 9)]), place.data.stat(name).generation)
    place.conclude()
    placing_hold(place, GARDEN, "2026-05-11")
    report = place.purge()
    assert place.numbers() == [9]
    assert len(list(place.data.old_copies(name))) == 1
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    assert [*report.problems] == []


def test_legal_hold_counts_however_far_back_the_job_looks(place):
    """Somebody places it today, and the job's clock is fixed at midnight."""
    name = put(place)
    place.legal_hold(GARDEN, OLD.day, OLD.day, at=place.now + timedelta(hours=9))
    place.purge()
    assert place.names() == [name]


def test_legal_hold_at_the_end_keeps_the_keys(place):
    furnish(place)
    place.conclude()

    def hold(operation, what):
        if operation == "old_copies":
            place.legal_hold(GARDEN, "2026-05-11", "2026-05-11")

    place.data.fault = hold
    report = place.purge()
    assert f"{GARDEN}: a legal hold keeps its keys" in report.words
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


def test_legal_hold_is_told_of_what_would_go_alone(place):
    place.join(1, when=1)
    place.put(place.ours([Row(1, 1)]))
    place.put(place.ours([Row(1, 2), Row(2, 3)]), "b")
    place.legal_hold(GARDEN, DATE, DATE)
    assert [*place.purge().kept.values()] == [1]
    assert place.numbers() == [1, 2, 3]
