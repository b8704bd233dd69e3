"""A legal hold wins over all that is due, whenever it was placed."""

from datetime import timedelta

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from tests.fakes.memory_store import MemoryStore
from tests.rally.retention.stored_studies import (
    dead_letter_folders,
    event_scopes,
    key_files,
    register_folders,
    store_two_studies,
)
from tests.rally.retention.test_races import OLD, put
from tests.rally.retention.test_row_search import DATE
from tests.support.memory_deployment import Row
from tests.support.world import GARDEN, HOUSE, POND


def test_legal_hold_keeps_its_rows_and_all_that_follows(deployment):
    store_two_studies(deployment)
    deployment.data.create(f"data/study={GARDEN}/notes.txt", b"of any day")
    deployment.conclude()
    deployment.legal_hold(GARDEN, "2026-05-12", "2026-05-12")

    report = deployment.purge()

    assert [
        name.rpartition("/")[2] for name in deployment.names(f"data/study={GARDEN}")
    ] == [
        "b.avro",
        "notes.txt",
    ]
    assert (
        dead_letter_folders(deployment)[0] == f"dead-letters/study={GARDEN}/kind=ping"
    )
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    assert len(report.blocked) == 1
    assert [*report.problems] == []


def test_legal_hold_on_the_enrolments_keeps_events_and_keys(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.legal_hold(HOUSE, "2026-05-02", "2026-05-02")
    deployment.purge()
    assert deployment.names(f"data/study={GARDEN}/") == []
    assert deployment.numbers(HOUSE) == [10, 11, 20, 21, 30, 31]
    assert event_scopes(deployment).count(GARDEN) == 2
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


def test_legal_hold_of_a_day_keeps_its_dead_letters_and_events(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.legal_hold(GARDEN, "2026-05-20", "2026-05-20")
    report = deployment.purge()
    assert deployment.names(f"data/study={GARDEN}/") == []
    assert len(dead_letter_folders(deployment)) == 4
    assert [*report.kept.values()] == [5]  # of that day, and what comes after them
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    before = deployment.all_objects()
    assert deployment.purge().kept == report.kept
    assert deployment.all_objects() == before


def test_legal_hold_on_another_study_excuses_nothing(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.legal_hold(POND, "2020-01-01", "2020-01-01")

    def arrive(operation, what):
        if (operation, what.endswith("b.avro")) == ("delete", True):
            folder = LetterPlace(GARDEN, LetterKind.PING, "2026-05-29").folder
            deployment.platform.create(f"{folder}{'2' * 32}.avro", b"sealed")

    deployment.data.after = arrive
    assert deployment.purge().faults == [
        (GARDEN, "there are dead letters of it still; the next run goes on from there")
    ]


def test_old_copies_of_a_held_study_stay(make_deployment):
    deployment = make_deployment(platform={"versioned": True})
    store_two_studies(deployment)
    register_folders(deployment, GARDEN, "gs://lab/garden")
    table = deployment.derived["gs://lab/garden"] = MemoryStore(versioned=True)
    folder = LetterPlace(GARDEN, LetterKind.WITHDRAWAL, "2026-05-20").folder
    letter = f"{folder}{'1' * 32}.avro"
    for store, name in ((table, "table"), (deployment.platform, letter)):
        store.create(name, b"1")
        store.replace(name, b"2", store.stat(name).generation)
    deployment.conclude()
    deployment.legal_hold(GARDEN, "2026-05-11", "2026-05-12")
    deployment.purge()
    assert len(list(table.old_copies(""))) == 1
    assert len(list(deployment.platform.old_copies("dead-letters/"))) == 1


def placing_hold(deployment, study, day):
    """Places a hold as soon as there is a plan."""

    def hold(operation, what):
        if what.endswith("purge.ndjson"):
            deployment.legal_hold(study, day, day)

    deployment.platform.after = hold


@pytest.mark.parametrize("day", [OLD.day, "2026-05-11"])
def test_legal_hold_since_the_plan_keeps_files_and_rows(deployment, day):
    name = put(deployment, day=day)
    placing_hold(deployment, GARDEN, day)
    report = deployment.purge()
    assert deployment.names() == [name]
    assert deployment.numbers() == [1, 2]
    assert [each.rpartition(" by ")[2] for each in report.blocked] == [
        "stop keeps 1 objects"
    ]
    assert report.exit_status == 0


def test_legal_hold_since_the_plan_keeps_all_of_a_conclusion(make_deployment):
    deployment = make_deployment(versioned=True)
    store_two_studies(deployment)
    name = deployment.names(f"data/study={GARDEN}/")[0]
    deployment.data.replace(
        name,
        deployment.indexed_file([Row(1, 9)]),
        deployment.data.stat(name).generation,
    )
    deployment.conclude()
    placing_hold(deployment, GARDEN, "2026-05-11")
    report = deployment.purge()
    assert deployment.numbers() == [9]
    assert len(list(deployment.data.old_copies(name))) == 1
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    assert [*report.problems] == []


def test_legal_hold_counts_however_far_back_the_job_looks(deployment):
    """Somebody places it today, and the job's clock is fixed at midnight."""
    name = put(deployment)
    deployment.legal_hold(
        GARDEN, OLD.day, OLD.day, at=deployment.now + timedelta(hours=9)
    )
    deployment.purge()
    assert deployment.names() == [name]


def test_legal_hold_at_the_end_keeps_the_keys(deployment):
    store_two_studies(deployment)
    deployment.conclude()

    def hold(operation, what):
        if operation == "old_copies":
            deployment.legal_hold(GARDEN, "2026-05-11", "2026-05-11")

    deployment.data.fault = hold
    report = deployment.purge()
    assert f"{GARDEN}: a legal hold keeps its keys" in report.remarks
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


def test_legal_hold_is_told_of_what_would_go_alone(deployment):
    deployment.join(1, when=1)
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.put(deployment.indexed_file([Row(1, 2), Row(2, 3)]), "b")
    deployment.legal_hold(GARDEN, DATE, DATE)
    assert [*deployment.purge().kept.values()] == [1]
    assert deployment.numbers() == [1, 2, 3]
