"""Kept tables after deletion: what it changed is in none; nothing else is touched."""

from dataclasses import replace

from rally.dataset.formats import Format
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
