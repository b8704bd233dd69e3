"""Kept tables after deletion: what it changed is in none; nothing else is touched."""

from dataclasses import replace

import pyarrow as pa
import pytest

from rally.dataset.formats import Format, open_writer
from rally.dataset.kept_parts import part_name
from rally.registry.registry import Registry
from rally.storage.marker import NAME
from rally.storage.objectstore.open_store import open_store
from tests.support.memory_deployment import Row, live
from tests.support.stores import mark_derived
from tests.support.world import GARDEN


def keep_table(deployment, folder, *names):
    """Registers a folder with a part for each stored file; the parts' names."""
    studies = dict(deployment.registry.studies)
    studies[GARDEN] = replace(studies[GARDEN], derived=(str(folder),))
    deployment.registry = Registry(studies)
    folder.mkdir()
    mark_derived(folder, GARDEN, deployment.platform)
    files = [live(deployment.data, name) for name in names]
    parts = [part_name(GARDEN, each[::2], "0" * 16, Format.PARQUET) for each in files]
    table = open_store(str(folder))
    for part in (*parts, "mine.parquet"):
        table.create(part, b"rows")
    return parts


def names_in(folder):
    return sorted(each.name for each in open_store(str(folder)).list())


def test_parts_of_changed_files_go_in_the_same_run(deployment, tmp_path):
    changed = deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), "a")
    other = deployment.put(deployment.indexed_file([Row(3, 3)]), "b")
    parts = keep_table(deployment, tmp_path / "tables", changed, other)
    assert deployment.delete().removed_parts == 0

    deployment.leave(1)
    report = deployment.delete()

    assert (report.removed_parts, report.alarms) == (1, [])
    assert names_in(tmp_path / "tables") == sorted([parts[1], "mine.parquet", NAME])


def test_folder_without_its_marker_is_left_alone(deployment, tmp_path):
    name = deployment.put(deployment.indexed_file([Row(1, 1)]), "a")
    parts = keep_table(deployment, tmp_path / "tables", name)
    (tmp_path / "tables" / NAME).unlink()
    deployment.leave(1)

    assert deployment.delete().removed_parts == 0
    assert names_in(tmp_path / "tables") == sorted([*parts, "mine.parquet"])


def write_part(table, name, people):
    """Puts rows of some people into a part, in the format that its name says."""
    rows = pa.record_batch({"participant": people, "page": ["x" * 99] * len(people)})
    with table.draft(name) as draft:
        writer = open_writer(Format(name.rpartition(".")[2]), rows.schema, draft.file)
        writer.write(rows)
        writer.close()
        assert draft.create()


@pytest.mark.parametrize("format", Format)
def test_parts_with_who_left_go_before_their_file_is_rewritten(
    deployment, tmp_path, format
):
    waits = deployment.put_compacted(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    other = deployment.put_compacted(deployment.indexed_file([Row(3, 3)]), "b")
    keep_table(deployment, tmp_path / "tables")
    table = open_store(str(tmp_path / "tables"))

    def name_of(stored, state):
        source = live(deployment.data, stored)[::2]
        return part_name(GARDEN, source, state * 16, format)

    everybody = [deployment.pseudonym(person) for person in (1, 2)]
    write_part(table, name_of(waits, "0"), everybody)
    write_part(table, name_of(waits, "1"), everybody[1:])
    write_part(table, name_of(other, "0"), [deployment.pseudonym(3)])
    stays = sorted([name_of(waits, "1"), name_of(other, "0"), "mine.parquet", NAME])
    deployment.leave(1, when=29)
    for removed in (1, 0):
        report = deployment.delete(rewrite_after_days=5)
        assert (report.removed_parts, report.alarms) == (removed, [])
        assert names_in(tmp_path / "tables") == stays
    assert deployment.numbers() == [1, 2, 3]


def test_part_that_nobody_can_read_goes_while_its_file_waits(deployment, tmp_path):
    waits = deployment.put_compacted(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    keep_table(deployment, tmp_path / "tables", waits)
    deployment.leave(1, when=29)
    assert deployment.delete(rewrite_after_days=5).removed_parts == 1
    assert names_in(tmp_path / "tables") == ["mine.parquet", NAME]
