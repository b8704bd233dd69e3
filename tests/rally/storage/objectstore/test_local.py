"""What is true of local folders alone.

What all stores do is in tests/integration/test_object_stores.py.
"""

import os
import stat
import tempfile
import time
from errno import ENAMETOOLONG, ENOTDIR
from pathlib import Path

import pytest

from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    StrayInTheWay,
)
from rally.storage.objectstore.local import LocalStore


def test_generation_does_not_come_back_with_the_inode(store):
    """A file's number is given away again at once, and within a tick of the clock."""
    generations = set()
    for _ in range(60):
        store.create("a", b"same")
        generations.add(generation := store.stat("a").generation)
        store.delete("a", generation)
    assert len(generations) == 60


def test_generation_is_set_from_a_clock_finer_than_ticks(store, root):
    for number in range(20):
        before = time.time_ns()
        store.create(f"{number}", b"")
        after = time.time_ns()
        assert before < (root / f"{number}").stat().st_mtime_ns < after


def test_generation_is_the_same_until_the_next_write(store, root):
    store.create("a/b", b"1")
    before = store.stat("a/b")
    store.read("a/b")
    store.create("a/b", b"2")
    store.create("a/c", b"2")
    (root / "a").rename(root / "d")
    assert store.stat("d/b") == before._replace(name="d/b")


def test_delete_of_a_generation_that_has_passed_changes_nothing(store):
    store.create("a", b"1")
    first = store.stat("a").generation
    second = store.replace("a", b"2", first)
    with pytest.raises(GenerationMismatch, match=r"^a$"):
        store.delete("a", first)
    assert store.read("a") == b"2"
    store.delete("a", second)
    assert store.stat("a") is None


def test_nothing_is_left_beside_an_object(store, root):
    store.create("a/b", b"1")
    store.create("a/b", b"2")
    with pytest.raises(GenerationMismatch):
        store.replace("a/b", b"2", 1)
    assert sorted(os.listdir(root / "a")) == [".rally-lock", "b"]


@pytest.mark.parametrize(
    "act",
    [
        lambda store, generation: store.replace("a", b"2", generation),
        lambda store, generation: store.delete("a", generation),
    ],
    ids=["replace", "delete"],
)
def test_open_object_stays_as_it_was(store, act):
    store.create("a", b"0123456789")
    with store.open("a") as snapshot:
        act(store, snapshot.info.generation)
        assert snapshot.read(3, 4) == b"3456"


def test_draft_is_the_very_file_that_becomes_the_object(store, root):
    with store.draft("a/b") as draft:
        number = os.fstat(draft.file.fileno()).st_ino
        assert draft.create()
    assert (root / "a" / "b").stat().st_ino == number
    with store.draft("a/b") as draft:
        number = os.fstat(draft.file.fileno()).st_ino
        draft.replace(store.stat("a/b").generation)
    assert (root / "a" / "b").stat().st_ino == number
    with store.draft("a/b") as draft:
        assert not draft.create()
    assert sorted(os.listdir(root / "a")) == [".rally-lock", "b"]


def test_lock_that_is_planted_as_another_name_of_a_file_leaves_that_as_it_is(
    store, root, tmp_path
):
    (tmp_path / "theirs").write_bytes(b"theirs")
    store.create("a", b"1")
    (root / ".rally-lock").hardlink_to(tmp_path / "theirs")
    store.replace("a", b"2", store.stat("a").generation)
    assert (tmp_path / "theirs").read_bytes() == b"theirs"


@pytest.mark.parametrize(
    ("umask", "folder"), [(0o000, 0o750), (0o022, 0o750), (0o077, 0o700)]
)
def test_nothing_is_open_to_others_whatever_the_umask(tmp_path, umask, folder):
    before = os.umask(umask)
    try:
        store = LocalStore(str(tmp_path / "new" / "root"))
        store.create("a/b/c", b"1")
        store.replace("a/b/c", b"2", store.stat("a/b/c").generation)
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.rglob("*")
    }
    assert modes == {
        **dict.fromkeys(("new", "new/root", "new/root/a", "new/root/a/b"), folder),
        **dict.fromkeys(("new/root/a/b/c", "new/root/a/b/.rally-lock"), 0o600),
    }


def test_listing_fails_rather_than_leave_out_what_cannot_be_read(store, root):
    store.create("a/b", b"1")
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is compared
        list(store.list(f"{'x' * 300}/"))
    assert caught.value.errno == ENAMETOOLONG


@pytest.mark.parametrize("below", ["", "/a", "/a/b"])
@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.create("n", b""),
        lambda store: store.replace("n", b"", 1),
        lambda store: store.check_writable(),
    ],
    ids=["create", "replace", "check_writable"],
)
def test_root_at_or_below_a_file_cannot_be_written(tmp_path, below, act):
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(NotADirectoryError) as caught:
        act(LocalStore(f"{tmp_path}/file{below}"))
    assert caught.value.errno == ENOTDIR
    assert (tmp_path / "file").read_bytes() == b"1"


def test_root_below_a_file_holds_nothing(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    store = LocalStore(f"{tmp_path}/file/a")
    assert list(store.list()) == []
    assert store.stat("b") is None
    with pytest.raises(ObjectNotFound):
        store.read("b")


@pytest.fixture
def as_nobody(tmp_path):
    """The root of a store in which the account of the test is not root's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        ours = os.geteuid()
        if ours == 0:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if ours == 0:
                os.seteuid(0)


@pytest.mark.parametrize("mode", [0o700, 0o500, 0o300, 0o000])
def test_folder_is_checked_for_what_the_account_may(as_nobody, mode):
    store = LocalStore(str(as_nobody))
    store.create("data/a/b", b"1")
    (as_nobody / "data" / "a").chmod(mode)
    may = {0o700: [False, True], 0o500: [False]}.get(mode, [])
    for writes in (False, True):
        if writes in may:
            assert store.has_folder("data/a/", writes=writes)
        else:
            with pytest.raises(PermissionError) as caught:
                store.has_folder("data/a/", writes=writes)
            assert caught.value.filename == f"{as_nobody}/data/a"
    (as_nobody / "data" / "a").chmod(0o700)
    assert not store.has_folder("data/none/", writes=True)


@pytest.mark.parametrize(
    ("mode", "may"),
    [(0o700, [False, True]), (0o500, [False]), (0o300, []), (0o000, [])],
)
def test_rights_to_a_store_are_asked_for_and_nothing_is_written(as_nobody, mode, may):
    root = as_nobody / "store"
    root.mkdir()
    root.chmod(mode)
    store = LocalStore(str(root))
    for writes in (False, True):
        if writes in may:
            store.check_rights(writes=writes)
        else:
            with pytest.raises(PermissionError) as caught:
                store.check_rights(writes=writes)
            assert Path(caught.value.filename) == root
    root.chmod(0o700)
    assert [*root.iterdir()] == []


def test_store_that_is_not_there_gives_no_rights(root):
    with pytest.raises(FileNotFoundError) as caught:
        LocalStore(f"{root}/none").check_rights(writes=False)
    assert caught.value.filename == f"{root}/none"
    assert not (root / "none").exists()


def test_folder_is_checked_to_be_one(store, root):
    store.create("data/file", b"1")
    (root / "data" / "link").symlink_to("nowhere")
    assert store.has_folder("data/")
    assert not store.has_folder("none/a/")
    with pytest.raises(NotADirectoryError):
        store.has_folder("data/file/")
    for below in ("", "a/"):
        with pytest.raises(StrayInTheWay) as caught:
            store.has_folder(f"data/link/{below}")
        assert caught.value.filename == f"{root}/data/link"


def test_relative_root_is_below_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    LocalStore("a").create("b/c", b"1")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"1"
    LocalStore(".").create("d", b"2")
    assert [info.name for info in LocalStore(".").list()] == ["a/b/c", "d"]


def test_object_is_for_its_owner_alone(store, root):
    store.create("a", b"1")
    store.replace("a", b"2", store.stat("a").generation)
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o600


def test_folder_has_no_storage_key(store):
    assert store.storage_key() is None
