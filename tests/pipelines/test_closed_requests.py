"""Months after a request closed its person is still refused, dropped and deleted."""

import io
import shutil
from pathlib import Path

import fastavro
import pytest

from pipelines import cli
from tests.support.world import GARDEN, rally_id, stored_ids, write_lines

pytestmark = pytest.mark.slow("jobs")

LEFT, MONTHS_LATER = "2026-05-25T10:00:00Z", "--as_of=2026-08-15T12:00:00Z"


@pytest.fixture
def closed(world, store, tmp_path, capsys):
    """One has left the garden, and the request has closed; a backup has their rows."""
    take(world, store, tmp_path, "--as_of=2026-05-26T12:00:00Z", [
        world.visit(1, 1), world.visit(2, 2), world.visit(3, 3),
        world.message(f"{GARDEN}/study-enrollment/1", {"rally.id": rally_id(1)}, 4),
    ])  # fmt: skip
    shutil.copytree(f"{store}/data", tmp_path / "backup")
    leaving = {"rally.id": rally_id(1)}
    take(world, store, tmp_path, "--as_of=2026-05-26T12:00:00Z", [
        world.message(f"{GARDEN}/study-unenrollment/1", leaving, 5, LEFT),
    ])  # fmt: skip
    for clock in ("--as_of=2026-05-26T12:00:00Z", "--as_of=2026-07-15T12:00:00Z"):
        assert run("delete", world, store, clock) == 0
    assert "closed" in capsys.readouterr().out
    assert not is_there(world, store)
    return store


def take(world, store, folder, clock, messages):
    path = write_lines(folder / "in.ndjson", messages)
    assert run("ingest", world, store, f"--input={path}", clock) == 0


def run(job, world, store, *more):
    options = world.options(store)
    return cli.main([job, *options, *more])


def is_there(world, store):
    return world.pseudonym(1) in {who for who, _ in stored_ids(store)}


def test_restored_backup_is_deleted_again(world, closed, tmp_path, capsys):
    shutil.copytree(tmp_path / "backup", f"{closed}/data", dirs_exist_ok=True)
    assert is_there(world, closed)
    assert run("delete", world, closed, MONTHS_LATER) == 0
    assert not is_there(world, closed)
    out = capsys.readouterr().out
    assert (
        f"{GARDEN}: 2 rows were back of people whose deletion was done, and are deleted"
        " again; was something restored, mounted or copied in?\nreceipts: 2\n"
    ) in out
    assert run("delete", world, closed, MONTHS_LATER) == 0
    assert "were back" not in capsys.readouterr().out


def test_compaction_drops_what_came_back(world, closed, tmp_path, capsys):
    folder = f"data/study={GARDEN}/document=visit.1"
    shutil.rmtree(f"{closed}/{folder}")
    shutil.copytree(tmp_path / "backup" / folder.removeprefix("data/"),
                    f"{closed}/{folder}")  # fmt: skip
    assert run("compact", world, closed, MONTHS_LATER) == 0
    assert not is_there(world, closed)
    line = next(each for each in capsys.readouterr().out.splitlines()
                if each.startswith(f"{GARDEN}") and "visit.1" in each)  # fmt: skip
    assert line.split()[2:] == ["1", "1", "1", "3", "2", "0", "1", "0"]


def test_late_ping_is_refused(world, closed, tmp_path, capsys):
    take(world, closed, tmp_path, MONTHS_LATER, [world.visit(1, 6), world.visit(2, 7)])
    assert not is_there(world, closed)
    out = capsys.readouterr().out
    assert [line.split()[2:] for line in out.splitlines() if "visit.1" in line] == [
        ["refused", "withdrawn", "1"],
        ["stored", "1"],
    ]


def test_file_of_another_writer_is_searched_whole(world, closed, tmp_path, capsys):
    """Copied in by somebody's own tool: it has no index to be held against."""
    [path] = (tmp_path / "backup").rglob("document=visit.1/**/*.avro")
    data = path.read_bytes()
    assert data.count(b"rally.index") == 1
    copy = Path(closed) / "data" / path.relative_to(tmp_path / "backup")
    copy = copy.with_name("copy.avro")
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(_rewritten(data))
    assert run("delete", world, closed, MONTHS_LATER) == 0
    people = [
        row["participant"] for row in fastavro.reader(io.BytesIO(copy.read_bytes()))
    ]
    assert sorted(people) == sorted(map(world.pseudonym, (2, 3)))
    assert "1 rows were back" in capsys.readouterr().out


def _rewritten(data):
    """The same rows, as Avro's own library writes them."""
    reader = fastavro.reader(io.BytesIO(data))
    stream = io.BytesIO()
    fastavro.writer(stream, reader.writer_schema, list(reader))
    return stream.getvalue()
