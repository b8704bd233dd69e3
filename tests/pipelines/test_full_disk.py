"""A disk that is full, fills, or cannot do what a store needs: one line each."""

import errno
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import cli
from tests.support.world import contents, rally_id, write_lines

ROOM = 400_000
"""Bytes of a disk: more than a job tries for at its start, less than the pings need."""


@pytest.fixture
def disk(tmp_path):
    """A disk of its own with little room, and what mounts it anew."""
    path = tmp_path / "disk"
    path.mkdir()

    def mount(*options):
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(path)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    if mount(f"size={ROOM}"):
        pytest.skip("needs the right to mount a disk; see the one with a limit of size")
    yield path, mount
    subprocess.run(["umount", str(path)], check=True)


@pytest.fixture
def many(world, tmp_path):
    """More pings than the disk has room for, each of its own letters."""
    letters = random.Random(7)
    pings = [
        world.message(
            "rally-garden/visit/1",
            {
                "rally.id": rally_id(1),
                "page": letters.randbytes(2_000).hex(),
                "count": 1,
            },
            number,
        )
        for number in range(400)
    ]
    return write_lines(tmp_path / "many.ndjson", pings)


def test_full_disk_is_found_at_the_start(world, disk, capsys):
    path, _ = disk
    world.make_stores(str(path / "store"))
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is compared
        (path / "fill").write_bytes(bytes(ROOM))
    assert caught.value.errno == errno.ENOSPC
    before = contents(str(path / "store"))
    assert cli.main(["compact", *world.options(str(path / "store"))]) == 2
    assert capsys.readouterr().err == (
        f"rally: {path}/store: cannot be written (No space left on device);"
        " make room there\n"
    )
    assert contents(str(path / "store")) == before


def test_disk_that_is_only_read_is_found_at_the_start(world, disk, capsys):
    path, mount = disk
    world.make_stores(str(path / "store"))
    assert mount("remount", "ro") == 0
    assert cli.main(["compact", *world.options(str(path / "store"))]) == 2
    assert capsys.readouterr().err == (
        f"rally: {path}/store: cannot be written (Read-only file system);"
        " mount it for writing\n"
    )


def test_disk_that_fills_ends_a_job_in_one_line(world, disk, many, capsys):
    path, _ = disk
    store = path / "store"
    world.make_stores(store)
    assert cli.main(["ingest", f"--input={many}", *world.options(str(store))]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"rally: {store}/data/study=rally-garden/")
    assert ": No space left on device; when that is mended or over," in line
    assert [each for each in contents(str(store)) if each.startswith("data/")] == []


LIMITED = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({ROOM}, {ROOM}))
from pipelines import cli
sys.exit(cli.main(sys.argv[1:]))
"""


def test_file_that_cannot_grow_ends_a_job_in_one_line(world, many, store):
    """The same where nobody may mount a disk."""
    world.make_stores(store)
    command = ["ingest", f"--input={many}", *world.options(store)]
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"rally: {store}/data/study=rally-garden/")
    assert ": File too large; when that is mended or over," in line


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_disk_without_links_is_found_at_the_start(
    world, store, capsys, monkeypatch, number
):
    """As FAT and some that are mounted over a network."""
    world.make_stores(store)
    shutil.rmtree(Path(store) / "data", ignore_errors=True)

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    assert cli.main(["compact", *world.options(store)]) == 2
    assert capsys.readouterr().err == (
        f"rally: {store}: cannot be written (no hard links can be made there, which"
        " objects need; use another disk); check that it exists and that this account"
        " may write there\n"
    )
