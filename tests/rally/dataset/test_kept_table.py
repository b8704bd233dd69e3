"""Kept tables follow what may be read: they have the rows of a scan, after each run."""

import json
from datetime import date

import pytest

from rally.dataset.formats import Format
from rally.dataset.kept_table import KeptCount, update
from rally.registry.study import Keep
from tests.fakes.memory_store import MemoryStore
from tests.rally.compaction.memory_study import STUDY, MemoryStudy, Row
from tests.rally.dataset.tables import Left, scan

LATEST = {"keep": Keep.LATEST}
NOBODY = Left()
FIRST, SECOND = Row(1, 1, 0, 5, "p"), Row(2, 2, 0, 6, "q")


class KeptTable:
    """A kept table of a study in memory."""

    def __init__(self, study, **how):
        self._study, self._how = study, how
        self.folder = MemoryStore()

    def update(self, exclusions=NOBODY, **how) -> KeptCount:
        """Brings it up to date, and checks that it has what a scan shows."""
        given = {"exclusions": exclusions, **self._how, **how}

        def open_scan():
            return scan(self._study, **given)

        count = update(self.folder, STUDY, open_scan, Format.JSONL)
        shown = [each for batch in open_scan().read() for each in batch.to_pylist()]
        assert self.pages == sorted(each["page"] for each in shown)
        return count

    @property
    def pages(self):
        return sorted(
            json.loads(line)["page"]
            for each in self.folder.list()
            for line in self.folder.read(each.name).splitlines()
        )


@pytest.fixture
def study(registries):
    return MemoryStudy(registries[16])


def test_rows_of_people_who_are_held_go_and_come_back(study):
    study.add(FIRST, SECOND)
    table = KeptTable(study)

    assert table.update() == KeptCount(1, 0, 2)
    assert table.update() == KeptCount()
    assert table.update(Left(1)) == KeptCount(1, 1, 1)
    assert table.pages == ["q"]
    assert table.update(Left(1)) == KeptCount()
    assert table.update() == KeptCount(1, 1, 2)


def test_only_the_latest_row_of_a_person_stays(study):
    table = KeptTable(study, changes=LATEST)
    study.add(Row(1, 1, 0, 5, "old"), SECOND)
    table.update()
    study.add(Row(1, 3, 9, 5, "new"))

    assert table.update() == KeptCount(2, 1, 2)
    assert table.pages == ["new", "q"]


def test_copy_of_an_earlier_date_that_comes_later_replaces_a_row(study):
    table = KeptTable(study)
    study.add(Row(1, 1, 1, 5, "copy"))
    study.add(Row(3, 3, 4, 5, "far"))
    table.update()
    study.add(Row(1, 1, 0, 5, "first"))

    assert table.update() == KeptCount(2, 1, 1)
    assert table.pages == ["far", "first"]


def test_row_that_lost_comes_back_once_the_winner_is_gone(study):
    table = KeptTable(study)
    study.add(Row(1, 1, 0, 5, "first"))
    first = next(each for each in study.store.list() if each.name.endswith(".avro"))
    study.add(Row(1, 1, 1, 5, "copy"))
    table.update()
    study.store.delete(first.name, first.generation)

    assert table.update() == KeptCount(1, 2, 1)
    assert table.pages == ["copy"]


def test_only_parts_of_the_people_who_changed_are_made_anew(registries):
    """A compacted date has a file for each of four buckets, by the first digit."""
    study = MemoryStudy(registries[4])
    study.add(*(Row(person, person, 0, person, f"{person:x}") for person in range(16)))
    study.add(*(Row(person, person + 16, 4, 5, f"{person:x}") for person in range(16)))
    study.compact()
    table = KeptTable(study)
    assert table.update() == KeptCount(8, 0, 32)

    assert table.update(Left(5)) == KeptCount(2, 2, 6)
    assert table.update(Left(5, 6)) == KeptCount(2, 2, 4)
    assert table.update(Left(5, 6, 13)) == KeptCount(2, 2, 6)
    study.add(Row(5, 99, 0, 5, "new"))  # in a file that may have anybody's rows
    assert table.update(Left(5, 6, 13)) == KeptCount(5, 4, 13)
    study.compact()
    assert table.update(Left(5, 6, 13)) == KeptCount(4, 5, 13)


def test_run_that_was_killed_is_finished_by_the_next(study):
    table = KeptTable(study)
    study.add(FIRST)
    study.add(SECOND)
    table.update()
    part = next(iter(table.folder.list()))
    table.folder.delete(part.name, part.generation)

    assert table.update() == KeptCount(1, 0, 1)


def test_stale_parts_of_dates_that_are_not_asked_for_go(study):
    table = KeptTable(study)
    study.add(FIRST)
    study.add(SECOND)
    study.add(Row(3, 3, 4, 5, "far"))
    table.update()
    late = {"since": date.fromisoformat(scan(study).days[-1]), "exclusions": Left(1)}

    kept = update(table.folder, STUDY, lambda: scan(study, **late), Format.JSONL)

    assert kept == KeptCount(1, 3, 1)
    assert table.pages == ["far"]
