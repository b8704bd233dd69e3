"""Of a study that does not load nothing is purged, and the others go on."""

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.registry.study import Kind
from rally.storage.layout import UNKNOWN
from tests.fakes.memory_store import MemoryStore
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row
from tests.rally.retention.furnished import keys, register
from tests.rally.retention.place import gone
from tests.support.registries import without

LONG_AGO = "2025-01-01"
EXPIRED = (GARDEN, "visit.1", "expired")
UNENROLLED = (GARDEN, "visit.1", "unenrolled")


def letter(place, study, kind=LetterKind.PING):
    name = f"{LetterPlace(study, kind, LONG_AGO).folder}{'0' * 32}.avro"
    assert place.platform.create(name, b"sealed")
    return name


@pytest.mark.parametrize("kind", [Kind.STUDY, None])
def test_what_has_expired_goes_of_the_others_alone(place, kind):
    for study in (GARDEN, POND):
        place.put(place.ours([Row(1, 1)], study), study=study, date=LONG_AGO)
    kept, old = letter(place, POND), letter(place, GARDEN)
    place.registry = without(place.registry, POND, kind)
    report = place.purge()
    assert gone(report) == {EXPIRED: (1, 1), (GARDEN, "(dead letters)", "dead letter"):
                            (1, 0)}  # fmt: skip
    assert place.numbers(POND) == [1]
    assert place.records("dead-letters/") == [kept]
    assert list(report.problems) == []
    assert old not in place.records("dead-letters/")


@pytest.mark.parametrize(("kind", "stays"), [(Kind.STUDY, False), (None, True)])
def test_withdrawal_under_no_known_name_may_be_of_an_illegible_alias(
    place, kind, stays
):
    name = letter(place, UNKNOWN, LetterKind.WITHDRAWAL)
    ping = letter(place, UNKNOWN)
    place.registry = without(place.registry, POND, kind)
    place.purge()
    kept = place.records("dead-letters/")
    assert ping not in kept
    if stays:
        assert kept == [name]


@pytest.mark.parametrize("kind", [Kind.STUDY, None])
def test_strangers_go_while_another_study_does_not_load(place, kind):
    place.put(place.ours([Row(1, 1)]))
    place.registry = without(place.registry, POND, kind)
    assert gone(place.purge()) == {UNENROLLED: (1, 1)}


def test_nobody_is_a_stranger_while_enrolments_wait(place):
    """Those of the platform are dead letters until it loads."""
    place.put(place.ours([Row(1, 1)]))
    whole, place.registry = (
        place.registry,
        without(place.registry, HOUSE, Kind.PLATFORM),
    )
    report = place.purge()
    assert gone(report) == {}
    assert place.numbers() == [1]
    assert report.words == [
        "rows without an enrolment stay: it may be among the dead letters of"
        f" {HOUSE}, which does not load"
    ]
    place.registry = whole
    assert gone(place.purge()) == {UNENROLLED: (1, 1)}


def test_concluded_study_that_does_not_load_stays_as_it_is(place):
    place.put(place.ours([Row(1, 1)]))
    place.join(1)
    place.conclude()
    place.registry = without(place.registry, GARDEN, Kind.STUDY)
    before = place.everything()
    report = place.purge()
    assert (gone(report), list(report.problems)) == ({}, [])
    assert place.numbers() == [1]
    assert {*before} == {*place.everything()}
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


@pytest.mark.parametrize("kind", [Kind.STUDY, None])
def test_concluded_study_goes_while_another_does_not_load(place, kind):
    place.put(place.ours([Row(1, 1)]))
    place.leave(2, "rally", when=20.0)
    place.registry = without(place.registry, POND, kind)
    place.delete()
    place.conclude()
    report = place.purge()
    assert gone(report)[GARDEN, "visit.1", "concluded"] == (1, 1)
    assert place.numbers() == []
    assert place.key_files() == keys(HOUSE, POND)


@pytest.mark.parametrize("kind", [Kind.STUDY, None])
def test_researchers_folder_that_may_be_the_others_stays(place, kind):
    register(place, GARDEN, "gs://lab/both")
    register(place, POND, "gs://lab/both/pond")
    place.derived["gs://lab/both"] = MemoryStore(uri="gs://lab/both")
    place.derived["gs://lab/both"].create("pond/table", b"PAR1")
    place.conclude()
    place.registry = without(place.registry, POND, kind)
    report = place.purge()
    assert [name for name, _ in report.faults] == ["gs://lab/both"]
    assert len(list(place.derived["gs://lab/both"].list())) == 1
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


def test_enrolments_of_a_concluded_study_keep_its_keys(place):
    """They lie in the platform's namespace, which does not load."""
    place.join(1, GARDEN, signal=f"{HOUSE}/enrollment.1")
    place.conclude()
    place.registry = without(place.registry, HOUSE, Kind.PLATFORM)
    place.purge()
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


def test_archives_wait_for_a_file_that_is_illegible(place, tmp_path):
    archive = tmp_path / "archive.ndjson"
    archive.write_text("{}")
    whole = place.registry
    place.registry = without(whole, POND, None)
    settings = {"archives": str(archive), "as_of": None}
    place.now = place.now.replace(year=2027 + 200)
    assert gone(place.purge(**settings)) == {}
    assert archive.exists()
    place.registry = whole
    assert ("", "(archives)", "archive") in gone(place.purge(**settings))
    assert not archive.exists()
