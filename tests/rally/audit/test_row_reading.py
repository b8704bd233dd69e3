"""Which rows are read: samples, half compactions, files that change meanwhile."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from rally.audit.findings import Check
from rally.audit.verified_receipts import POINT
from rally.storage.objectstore.interface import ObjectNotFound
from rally.times import from_micros
from tests.rally.audit.audited_platform import (
    count_by_description,
    day_of,
    lines_by_check,
    partition_of,
)
from tests.support.memory_deployment import Killed
from tests.support.world import GARDEN, POND


def test_all_files_are_read(deployment):
    report = deployment.audit()
    live = sum(deployment.view().values())
    assert (report.scope.share, report.scope.rows) == (1.0, live)
    assert report.scope.files == len(list(deployment.data.list("data/")))
    assert sum(report.rows.values()) == live


def test_rows_are_counted_by_study_and_day(deployment):
    rows = Counter()
    for row, number in deployment.view().items():
        rows[row.namespace, str(from_micros(row.time).date())] += number
    assert deployment.audit().rows == rows


def test_rows_expire_on_the_day_after_their_last(deployment):
    expiring, kept = Counter(), {"visit.1": 60, "survey.1": 90}
    for row, number in deployment.view().items():
        if row.namespace == GARDEN and row.document in kept:
            goes = from_micros(row.time) + timedelta(days=kept[row.document] + 1)
            expiring[GARDEN, str(goes.date())] += number
    assert expiring
    assert deployment.audit().expiring == expiring


def test_sample_is_of_other_files_each_day_and_finds_what_is_in_it(deployment):
    places = [deployment.put([deployment.row(1, number=each)]) for each in range(20)]
    read, broken = [], []
    for day in (7, 8):
        deployment.at(day)
        report = deployment.audit(share=0.5)
        assert report.scope.share == 0.5
        read.append(report.scope.files)
        seen = lines_by_check(report)
        assert set(seen) == {Check.WITHDRAWN}
        broken.append(
            count_by_description(seen[Check.WITHDRAWN])["of people who have left"]
        )
    total = len(list(deployment.data.list("data/")))
    assert all(0 < files < total for files in read)
    assert all(0 < rows < len(places) for rows in broken)


def test_listings_are_whole_in_a_sample(deployment):
    deployment.data.create("exports/a.csv", b"1")
    (deployment.folder / "keys" / "rally-bog.keyset.json").write_text("{}")
    report = deployment.audit(share=1e-9)
    assert (report.scope.files, report.scope.rows) == (0, 0)
    assert set(lines_by_check(report)) == {Check.COPIES, Check.KEYS}


@pytest.mark.parametrize("at", range(1, 12))
def test_compaction_that_was_killed_anywhere_leaves_nothing_broken(deployment, at):
    deployment.put([deployment.row(0, number=each) for each in range(9)])
    deployment.put([deployment.row(4, number=each) for each in range(5)], day=0)
    with deployment.fault(at, "killed"), suppress(Killed):
        deployment.compact()
    report = deployment.audit()
    assert lines_by_check(report) == {}
    assert report.scope.rows == sum(deployment.view().values())


def test_file_that_changes_meanwhile_is_looked_at_again(deployment):
    folder, looks = partition_of(POND).folder, []

    def compact_once(operation, name):
        if operation == "open" and name.startswith(folder) and not looks:
            looks.append(name)
            deployment.put([deployment.row(0, POND, number=7)], POND)
            info = deployment.data.stat(name)
            deployment.data.delete(name, info.generation)

    deployment.data.fault = compact_once
    report = deployment.audit()
    assert looks
    assert report.exit_status == 0


def test_file_that_always_changes_is_not_proven(deployment):
    folder = partition_of(POND).folder

    def gone(operation, name):
        if operation == "open" and name.startswith(folder):
            raise ObjectNotFound(name)

    deployment.data.fault = gone
    report = deployment.audit()
    assert report.exit_status == 2
    (seen,) = lines_by_check(report, "unseen")[Check.WITHDRAWN]
    assert seen[:2] == (f"{POND}/visit.1/{day_of(0)}", "it changes all the time")


def test_damaged_file_beside_a_half_compaction_is_named_alone(deployment):
    deployment.put([deployment.row(0, number=1)], day=0)
    name = next(
        info.name
        for info in deployment.data.list(partition_of(GARDEN).folder)
        if "compacted" in info.name
    )
    deployment.damage(deployment.data, name, 80)
    report = deployment.audit()
    assert [each.where for each in lines_by_check(report)[Check.FILES]] == [name]
    assert set(lines_by_check(report)) == {Check.FILES}
    assert set(lines_by_check(report, "unseen")) == {Check.DUPLICATES}


def test_nothing_is_written_but_how_far_receipts_are_verified(deployment):
    before = deployment.all_objects()
    deployment.audit()
    after = deployment.all_objects()
    assert all(name.endswith(f"/{POINT}") for name in after.keys() - before.keys())
    assert {name: after[name] for name in before} == before
