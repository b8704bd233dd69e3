"""A local store follows no link, and takes nothing for an object that is none."""

import os
import shutil
import socket
from contextlib import chdir, suppress
from datetime import UTC, datetime
from errno import ELOOP, ENOTDIR

import pytest

from rally.storage.objectstore.interface import (
    ObjectNotFound,
    OldCopy,
    Stray,
    StrayInTheWay,
    StrayKind,
)
from rally.storage.objectstore.local import LocalStore

NOW = datetime(2026, 5, 18, tzinfo=UTC)


def test_listing_skips_temporaries_and_locks_and_broken_links(store, root):
    store.create("a/b", b"1")
    store.replace("a/b", b"2", store.stat("a/b").generation)
    (root / "a" / ".rally-tmp-x1y2").write_bytes(b"half")
    (root / "a" / "c").symlink_to(root / "nowhere")
    assert (root / "a" / ".rally-lock").exists()
    assert [info.name for info in store.list()] == ["a/b"]
    assert [info.name for info in store.list("a/")] == ["a/b"]


@pytest.fixture
def elsewhere(tmp_path):
    """Somebody else's folder, with something in it that must not be touched."""
    folder = tmp_path / "elsewhere"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "c").write_bytes(b"theirs")
    return folder


def plant_link(root, elsewhere):
    (root / "a").symlink_to(elsewhere)
    return "a", "a/b/c"


def plant_relative_link(root, elsewhere):
    (root / "a").symlink_to(f"../{elsewhere.name}")
    return "a", "a/b/c"


def plant_deep_link(root, elsewhere):
    (root / "x" / "y").mkdir(parents=True)
    (root / "x" / "y" / "b").symlink_to(elsewhere / "b")
    return "x/y/b", "x/y/b/c"


def plant_file_link(root, elsewhere):
    (root / "c").symlink_to(elsewhere / "b" / "c")
    return "c", "c"


def plant_loops(root, elsewhere):
    (root / "a").symlink_to(".")
    return "a", "a/kept"


@pytest.mark.parametrize(
    "plant",
    [plant_link, plant_relative_link, plant_deep_link, plant_file_link, plant_loops],
)
def test_no_link_is_followed(store, root, elsewhere, plant):
    store.create("kept", b"ours")
    link, name = plant(root, elsewhere)
    assert [info.name for info in store.list()] == ["kept"]
    assert list(store.strays()) == [(link, StrayKind.LINK)]
    assert list(store.strays(name)) == [(link, StrayKind.LINK)]
    for act in (
        lambda: store.read(name),
        lambda: store.read_range(name, 0, 1),
        lambda: store.stat(name),
        lambda: store.open(name).__enter__(),
        lambda: store.create(name, b"1"),
        lambda: store.replace(name, b"1", 1),
        lambda: store.delete(name, 1),
        lambda: list(store.list(f"{link}/")),
        lambda: list(store.old_copies(f"{link}/b/")),
    ):
        with pytest.raises(StrayInTheWay, match="is a link") as caught:
            act()
        assert caught.value.stray.name == link
        assert caught.value.filename == str(root / link)
    with suppress(StrayInTheWay):
        store.purge(OldCopy(name, 1, 1, NOW, None, "temporary"))
    assert (elsewhere / "b" / "c").read_bytes() == b"theirs"
    assert os.listdir(elsewhere) == ["b"]
    assert os.listdir(elsewhere / "b") == ["c"]


def test_links_to_the_folder_that_they_are_in_end(store, root):
    store.create("x/kept", b"1")
    for name in ("a", "b", "x/a", "x/b"):
        (root / name).symlink_to(".")
    assert [info.name for info in store.list()] == ["x/kept"]
    assert [stray.name for stray in store.strays()] == ["a", "b", "x/a", "x/b"]


def test_folder_that_becomes_a_link_meanwhile_is_not_followed(store, root, elsewhere):
    """Its name was a folder's when the listing saw it."""
    store.create("a/b/mine", b"1")
    listing = store.list()
    with store.draft("a/b/c") as draft:
        draft.file.write(b"rows")
        (root / "a").rename(root / "before")
        (root / "a").symlink_to(elsewhere)
        assert list(listing) == [store.stat("before/b/mine")]
        draft.create()
    assert (elsewhere / "b" / "c").read_bytes() == b"theirs"
    assert store.read("before/b/c") == b"rows"


def test_root_that_is_a_link_is_resolved_once(tmp_path, elsewhere):
    (tmp_path / "store").symlink_to(elsewhere)
    store = LocalStore(str(tmp_path / "store"))
    (tmp_path / "store").unlink()
    (tmp_path / "store").symlink_to("/")
    store.create("d", b"1")
    assert [info.name for info in store.list()] == ["b/c", "d"]


def test_root_that_becomes_a_link_after_it_was_opened_is_not_followed(
    store, root, elsewhere
):
    root.symlink_to(elsewhere)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is compared
        list(store.list())
    assert caught.value.errno in (ELOOP, ENOTDIR)


def test_locks_and_temporaries_that_are_links_lead_nowhere(store, root, elsewhere):
    store.create("a", b"1")
    generation = store.stat("a").generation
    (root / ".rally-lock").symlink_to(elsewhere / "b" / "c")
    (root / ".rally-tmp-1").symlink_to(elsewhere / "b" / "c")
    for act in (store.delete, lambda name, seen: store.replace(name, b"2", seen)):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is compared
            act("a", generation)
        assert caught.value.errno == ELOOP
    assert list(store.old_copies("")) == []
    assert [stray.name for stray in store.strays()] == [".rally-lock", ".rally-tmp-1"]
    assert (elsewhere / "b" / "c").read_bytes() == b"theirs"


def test_lock_with_something_in_it_is_listed(store, root):
    store.create(".rally-lock", b"rows of somebody")
    assert [info.name for info in store.list()] == [".rally-lock"]


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made, chdir(path.parent):
        made.bind(path.name)


@pytest.mark.parametrize("make", [os.mkfifo, make_socket], ids=["fifo", "socket"])
def test_what_is_no_file_is_not_opened(store, root, make):
    store.create("kept", b"ours")
    make(root / "a")
    assert [info.name for info in store.list()] == ["kept"]
    assert list(store.strays()) == [("a", StrayKind.SPECIAL)]
    for act in (store.read, store.stat, lambda name: store.create(name, b"")):
        with pytest.raises(StrayInTheWay, match="is a pipe, a socket or a device"):
            act("a")


def test_folder_in_the_place_of_an_object_is_no_object(store, root):
    (root / "a").mkdir(parents=True)
    assert store.stat("a") is None
    with pytest.raises(ObjectNotFound):
        store.read("a")
    with pytest.raises(IsADirectoryError):
        store.create("a", b"")


def test_folders_that_are_too_deep_are_named_and_end(store, root):
    folder = os.open(root.parent, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("root", dir_fd=folder)
        inner = os.open("root", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    assert list(store.list()) == []
    [stray] = store.strays()
    assert stray == ("/".join(["root"] * 33), StrayKind.DEEP)
    shutil.rmtree(root)


def test_file_with_another_name_is_an_object_and_said_to_stay(store, root, elsewhere):
    store.create("a", b"rows of somebody")
    (elsewhere / "backup").hardlink_to(root / "a")
    assert [info.name for info in store.list()] == ["a"]
    assert list(store.strays()) == [("a", StrayKind.SHARED)]
    (elsewhere / "backup").unlink()
    assert list(store.strays()) == []


@pytest.mark.parametrize(
    "name",
    ["../a", "a/../../b", "/a", "a//b", "./a", "a/.", "", "a/", "a\n", "\x1b/a", "a\0"],
)
def test_names_that_lead_elsewhere_are_nobodys(store, tmp_path, name):
    (tmp_path / "a").write_bytes(b"theirs")
    store.create("kept", b"ours")
    assert store.stat(name) is None
    store.delete(name, 1)
    with pytest.raises(ObjectNotFound):
        store.read(name)
    with pytest.raises(FileNotFoundError):
        store.create(name, b"1")
    assert (tmp_path / "a").read_bytes() == b"theirs"


def test_file_of_a_name_that_is_none_is_no_object_and_is_named(store, root):
    store.create("a/b", b"ours")
    (root / "a" / "c\n").write_bytes(b"theirs")
    (root / "d\x1b").mkdir()
    (root / "d\x1b" / "e").write_bytes(b"theirs")
    assert [info.name for info in store.list()] == ["a/b"]
    assert [*store.strays()] == [
        Stray("a/c\n", StrayKind.NAME),
        Stray("d\x1b", StrayKind.NAME),
    ]
    assert (root / "a" / "c\n").read_bytes() == b"theirs"


def test_links_of_a_folder_of_configuration_are_read_and_never_written(root, tmp_path):
    """As Kubernetes mounts a ConfigMap or a Secret."""
    data = root / "..2026_05_18"
    (data / "study").mkdir(parents=True)
    (data / "study" / "study.yaml").write_bytes(b"1")
    (data / "key").write_bytes(b"2")
    (root / "..data").symlink_to("..2026_05_18")
    (root / "study").symlink_to("..data/study")
    (root / "key").symlink_to("..data/key")
    (root / "loop").symlink_to(".")
    (root / "nowhere").symlink_to("nothing")
    store = LocalStore(str(root), follows=True)
    names = [info.name for info in store.list()]
    assert [each for each in names if not each.startswith((".", "loop"))] == [
        *("key", "study/study.yaml")
    ]
    assert len(names) < 60
    assert store.read("study/study.yaml") == b"1"
    info = store.stat("key")
    for act in (
        lambda: store.delete("key", info.generation),
        lambda: store.replace("key", b"3", info.generation),
    ):
        with pytest.raises(StrayInTheWay, match="is a link"):
            act()
    assert store.read("key") == b"2"
