"""Of a study that does not load nothing is purged, and the others go on."""

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.registry.study import StudyKind
from rally.storage.layout import UNKNOWN
from tests.fakes.memory_store import MemoryStore
from tests.rally.retention.stored_studies import key_files, register_folders
from tests.support.memory_deployment import Row
from tests.support.purge_deployment import deleted_counts
from tests.support.registries import without_study
from tests.support.world import GARDEN, HOUSE, POND

LONG_AGO = "2025-01-01"
EXPIRED = (GARDEN, "visit.1", "expired")
UNENROLLED = (GARDEN, "visit.1", "unenrolled")


def letter(deployment, study, kind=LetterKind.PING):
    name = f"{LetterPlace(study, kind, LONG_AGO).folder}{'0' * 32}.avro"
    assert deployment.platform.create(name, b"sealed")
    return name


@pytest.mark.parametrize("kind", [StudyKind.STUDY, None])
def test_what_has_expired_goes_of_the_others_alone(deployment, kind):
    for study in (GARDEN, POND):
        deployment.put(
            deployment.indexed_file([Row(1, 1)], study), study=study, date=LONG_AGO
        )
    kept, old = letter(deployment, POND), letter(deployment, GARDEN)
    deployment.registry = without_study(deployment.registry, POND, kind)
    report = deployment.purge()
    assert deleted_counts(report) == {
        EXPIRED: (1, 1),
        (GARDEN, "(dead letters)", "dead letter"): (1, 0),
    }
    assert deployment.numbers(POND) == [1]
    assert deployment.records("dead-letters/") == [kept]
    assert list(report.problems) == []
    assert old not in deployment.records("dead-letters/")


@pytest.mark.parametrize(("kind", "stays"), [(StudyKind.STUDY, False), (None, True)])
def test_withdrawal_under_no_known_name_may_be_of_an_illegible_alias(
    deployment, kind, stays
):
    name = letter(deployment, UNKNOWN, LetterKind.WITHDRAWAL)
    ping = letter(deployment, UNKNOWN)
    deployment.registry = without_study(deployment.registry, POND, kind)
    deployment.purge()
    kept = deployment.records("dead-letters/")
    assert ping not in kept
    if stays:
        assert kept == [name]


@pytest.mark.parametrize("kind", [StudyKind.STUDY, None])
def test_strangers_go_while_another_study_does_not_load(deployment, kind):
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.registry = without_study(deployment.registry, POND, kind)
    assert deleted_counts(deployment.purge()) == {UNENROLLED: (1, 1)}


def test_nobody_is_a_stranger_while_enrolments_wait(deployment):
    """Those of the platform are dead letters until it loads."""
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    whole, deployment.registry = (
        deployment.registry,
        without_study(deployment.registry, HOUSE, StudyKind.PLATFORM),
    )
    report = deployment.purge()
    assert deleted_counts(report) == {}
    assert deployment.numbers() == [1]
    assert report.remarks == [
        "rows without an enrolment stay: it may be among the dead letters of"
        f" {HOUSE}, which does not load"
    ]
    deployment.registry = whole
    assert deleted_counts(deployment.purge()) == {UNENROLLED: (1, 1)}


def test_concluded_study_that_does_not_load_stays_as_it_is(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.join(1)
    deployment.conclude()
    deployment.registry = without_study(deployment.registry, GARDEN, StudyKind.STUDY)
    before = deployment.all_objects()
    report = deployment.purge()
    assert (deleted_counts(report), list(report.problems)) == ({}, [])
    assert deployment.numbers() == [1]
    assert {*before} == {*deployment.all_objects()}
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


@pytest.mark.parametrize("kind", [StudyKind.STUDY, None])
def test_concluded_study_goes_while_another_does_not_load(deployment, kind):
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.leave(2, "rally", when=20.0)
    deployment.registry = without_study(deployment.registry, POND, kind)
    deployment.delete()
    deployment.conclude()
    report = deployment.purge()
    assert deleted_counts(report)[GARDEN, "visit.1", "concluded"] == (1, 1)
    assert deployment.numbers() == []
    assert deployment.key_files() == key_files(HOUSE, POND)


@pytest.mark.parametrize("kind", [StudyKind.STUDY, None])
def test_researchers_folder_that_may_be_the_others_stays(deployment, kind):
    register_folders(deployment, GARDEN, "gs://lab/both")
    register_folders(deployment, POND, "gs://lab/both/pond")
    deployment.derived["gs://lab/both"] = MemoryStore(uri="gs://lab/both")
    deployment.derived["gs://lab/both"].create("pond/table", b"PAR1")
    deployment.conclude()
    deployment.registry = without_study(deployment.registry, POND, kind)
    report = deployment.purge()
    assert [name for name, _ in report.faults] == ["gs://lab/both"]
    assert len(list(deployment.derived["gs://lab/both"].list())) == 1
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


def test_enrolments_of_a_concluded_study_keep_its_keys(deployment):
    """They lie in the platform's namespace, which does not load."""
    deployment.join(1, GARDEN, signal=f"{HOUSE}/enrollment.1")
    deployment.conclude()
    deployment.registry = without_study(deployment.registry, HOUSE, StudyKind.PLATFORM)
    deployment.purge()
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


def test_archives_wait_for_a_file_that_is_illegible(deployment, tmp_path):
    archive = tmp_path / "archive.ndjson"
    archive.write_text("{}")
    whole = deployment.registry
    deployment.registry = without_study(whole, POND, None)
    settings = {"archives": str(archive), "as_of": None}
    deployment.now = deployment.now.replace(year=2027 + 200)
    assert deleted_counts(deployment.purge(**settings)) == {}
    assert archive.exists()
    deployment.registry = whole
    assert ("", "(archives)", "archive") in deleted_counts(deployment.purge(**settings))
    assert not archive.exists()
