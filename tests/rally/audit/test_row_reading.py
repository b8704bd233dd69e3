"""Which rows are read: samples, half compactions, files that change meanwhile."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from rally.audit.findings import Check
from rally.storage.objectstore.interface import ObjectNotFound
from rally.times import from_micros
from tests.rally.audit.place import counts, day_of, found, partition_of
from tests.support.memory_deployment import Killed
from tests.support.world import GARDEN, POND


def test_all_files_are_read(place):
    report = place.audit()
    live = sum(place.view().values())
    assert (report.scope.share, report.scope.rows) == (1.0, live)
    assert report.scope.files == len(list(place.data.list("data/")))
    assert sum(report.rows.values()) == live


def test_rows_are_counted_by_study_and_day(place):
    rows = Counter()
    for row, number in place.view().items():
        rows[row.namespace, str(from_micros(row.time).date())] += number
    assert place.audit().rows == rows


def test_rows_expire_on_the_day_after_their_last(place):
    expiring, kept = Counter(), {"visit.1": 60, "survey.1": 90}
    for row, number in place.view().items():
        if row.namespace == GARDEN and row.document in kept:
            goes = from_micros(row.time) + timedelta(days=kept[row.document] + 1)
            expiring[GARDEN, str(goes.date())] += number
    assert expiring
    assert place.audit().expiring == expiring


def test_sample_is_of_other_files_each_day_and_finds_what_is_in_it(place):
    places = [place.put([place.row(1, number=each)]) for each in range(20)]
    read, broken = [], []
    for day in (7, 8):
        place.at(day)
        report = place.audit(share=0.5)
        assert report.scope.share == 0.5
        read.append(report.scope.files)
        seen = found(report)
        assert set(seen) == {Check.WITHDRAWN}
        broken.append(counts(seen[Check.WITHDRAWN])["of people who have left"])
    total = len(list(place.data.list("data/")))
    assert all(0 < files < total for files in read)
    assert all(0 < rows < len(places) for rows in broken)


def test_listings_are_whole_in_a_sample(place):
    place.data.create("exports/a.csv", b"1")
    (place.folder / "keys" / "rally-bog.keyset.json").write_text("{}")
    report = place.audit(share=1e-9)
    assert (report.scope.files, report.scope.rows) == (0, 0)
    assert set(found(report)) == {Check.COPIES, Check.KEYS}


@pytest.mark.parametrize("at", range(1, 12))
def test_compaction_that_was_killed_anywhere_leaves_nothing_broken(place, at):
    place.put([place.row(0, number=each) for each in range(9)])
    place.put([place.row(4, number=each) for each in range(5)], day=0)
    with place.fault(at, "killed"), suppress(Killed):
        place.compact()
    report = place.audit()
    assert found(report) == {}
    assert report.scope.rows == sum(place.view().values())


def test_file_that_changes_meanwhile_is_looked_at_again(place):
    folder, looks = partition_of(POND).folder, []

    def compact_once(operation, name):
        if operation == "open" and name.startswith(folder) and not looks:
            looks.append(name)
            place.put([place.row(0, POND, number=7)], POND)
            info = place.data.stat(name)
            place.data.delete(name, info.generation)

    place.data.fault = compact_once
    report = place.audit()
    assert looks
    assert report.exit_status == 0


def test_file_that_always_changes_is_not_proven(place):
    folder = partition_of(POND).folder

    def gone(operation, name):
        if operation == "open" and name.startswith(folder):
            raise ObjectNotFound(name)

    place.data.fault = gone
    report = place.audit()
    assert report.exit_status == 2
    (seen,) = found(report, "unseen")[Check.WITHDRAWN]
    assert seen[:2] == (f"{POND}/visit.1/{day_of(0)}", "it changes all the time")


def test_damaged_file_beside_a_half_compaction_is_named_alone(place):
    place.put([place.row(0, number=1)], day=0)
    name = next(
        info.name
        for info in place.data.list(partition_of(GARDEN).folder)
        if "compacted" in info.name
    )
    place.damage(place.data, name, 80)
    report = place.audit()
    assert [each.where for each in found(report)[Check.FILES]] == [name]
    assert set(found(report)) == {Check.FILES}
    assert set(found(report, "unseen")) == {Check.DUPLICATES}


def test_nothing_is_written(place):
    before = place.everything()
    place.audit()
    assert place.everything() == before
