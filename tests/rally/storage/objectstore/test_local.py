"""What is true of local folders alone.

What all stores do is in tests/integration/test_object_stores.py.
"""

import fcntl
import itertools
import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, suppress
from datetime import UTC, datetime
from errno import ELOOP, ENAMETOOLONG, ENOTDIR
from pathlib import Path

import pytest

from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    OldCopy,
    Stray,
    StrayInTheWay,
    StrayKind,
)
from rally.storage.objectstore.local import LocalStore

ROUNDS = int(os.environ.get("RALLY_CRASH_ROUNDS", "4"))
SIZE = 1_000_000
NOW = datetime(2026, 5, 18, tzinfo=UTC)

CREATES = """
import itertools, sys
from rally.storage.objectstore.local import LocalStore
store = LocalStore(sys.argv[1])
for number in itertools.count():
    store.create(f"a/{number:06}", b"%d" % (number % 10) * int(sys.argv[2]))
    print(number, flush=True)
"""
REPLACES = """
import itertools, sys
from rally.storage.objectstore.local import LocalStore
store = LocalStore(sys.argv[1])
store.create("a", b"0" * int(sys.argv[2]))
for number in itertools.count():
    generation = store.stat("a").generation
    store.replace("a", b"%d" % (number % 10) * int(sys.argv[2]), generation)
    print(number, flush=True)
"""
DIES_EVERYWHERE = """
import itertools, os, signal, sys
from rally.storage.objectstore import local, local_files, local_folders

def act(store, name, what):
    if what == "create":
        store.create(name, b"new")
    else:
        store.replace(name, b"new", store.stat(name).generation)

watched = {module.__file__ for module in (local, local_files, local_folders)}

def dies_at(point):
    steps = itertools.count()
    def trace(frame, event, _):
        if frame.f_code.co_filename not in watched:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(steps) == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

store = local.LocalStore(sys.argv[1])
for point in itertools.count(0, int(sys.argv[3])):
    if sys.argv[2] == "replace":
        store.create(f"{point:05}", b"old")
    child = os.fork()
    if not child:
        sys._getframe().f_trace_opcodes = True  # from 3.12 on settrace asks for it
        sys.settrace(dies_at(point))
        act(store, f"{point:05}", sys.argv[2])
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
    print(f"{point:05}")
"""
RACES = """
import sys
from rally.storage.objectstore.local import LocalStore
store = LocalStore(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print([n for n in range(100) if store.create(f"a/{n}", sys.argv[2].encode() * 99)])
"""


@pytest.fixture
def store(tmp_path):
    return LocalStore(str(tmp_path / "root"))


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


def program(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_at_a_random_moment(writer, seed):
    """Kills it while it writes, after it has said some lines; returns the last one."""
    with writer:
        for _ in range(random.Random(seed).randrange(1, 20)):
            line = writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().splitlines()
    assert writer.returncode == -signal.SIGKILL
    return int((rest or [line])[-1])


@pytest.mark.crash
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_kill_leaves_whole_objects_alone(store, root, seed):
    last = kill_at_a_random_moment(program(CREATES, root, SIZE), seed)
    found = list(store.list())
    assert [info.name for info in found[: last + 1]] == [
        f"a/{number:06}" for number in range(last + 1)
    ]
    assert len(found) <= last + 2  # one may be whole that was not reported yet
    for number, info in enumerate(found):
        assert info.size == SIZE
        assert store.read(info.name) == b"%d" % (number % 10) * SIZE


@pytest.mark.crash
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_kill_leaves_one_of_the_versions_whole(store, root, seed):
    last = kill_at_a_random_moment(program(REPLACES, root, SIZE), seed)
    [info] = store.list()
    content = store.read("a")
    assert len(content) == SIZE
    assert int(content[:1]) in (last % 10, (last + 1) % 10)
    assert content == content[:1] * SIZE
    store.replace("a", b"the killed one holds no lock", info.generation)


@pytest.mark.crash
@pytest.mark.parametrize(
    ("what", "allowed"), [("create", [None, b"new"]), ("replace", [b"old", b"new"])]
)
def test_death_at_any_step_leaves_the_old_or_the_new(store, root, what, allowed):
    """The interpreter dies at one of its instructions after the other."""
    stride = 1 if ROUNDS > 4 else 8
    with program(DIES_EVERYWHERE, root, what, stride) as writer:
        points = writer.communicate()[0].split()
    assert writer.returncode == 0
    assert len(points) > 15
    found = {info.name: store.read(info.name) for info in store.list()}
    seen = [found.get(point) for point in points]
    assert [each for each, _ in itertools.groupby(seen)] == allowed  # at one moment


@pytest.mark.parametrize(
    "act",
    [
        lambda store, generation: store.replace("a", b"2", generation),
        lambda store, generation: store.delete("a", generation),
    ],
    ids=["replace", "delete"],
)
def test_change_waits_for_the_folders_lock(store, root, act):
    store.create("a", b"1")
    generation = store.stat("a").generation
    with ThreadPoolExecutor(1) as pool:
        with (root / ".rally-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waiting = pool.submit(act, store, generation)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            assert store.read("a") == b"1"
        waiting.result()
    assert store.stat("a") is None or store.read("a") == b"2"


def test_processes_that_create_at_once_share_the_names_out(store, root):
    racers = [program(RACES, root, name) for name in "abcd"]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    made = {}
    for racer, name in zip(racers, "abcd", strict=True):
        with racer:
            won = racer.communicate()[0]
        made |= {f"a/{number}": name for number in eval(won)}
    assert len(made) == 100
    assert {info.name: store.read(info.name)[:1].decode() for info in store.list()} == (
        made
    )


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


def test_listing_skips_temporaries_and_locks_and_broken_links(store, root):
    store.create("a/b", b"1")
    store.replace("a/b", b"2", store.stat("a/b").generation)
    (root / "a" / ".rally-tmp-x1y2").write_bytes(b"half")
    (root / "a" / "c").symlink_to(root / "nowhere")
    assert (root / "a" / ".rally-lock").exists()
    assert [info.name for info in store.list()] == ["a/b"]
    assert [info.name for info in store.list("a/")] == ["a/b"]


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
    "act",
    [
        lambda store, generation: store.replace("a", b"2", generation),
        lambda store, generation: store.delete("a", generation),
    ],
    ids=["replace", "delete"],
)
def test_name_that_a_killed_writer_left_goes_with_its_object(store, root, act):
    """Killed after it linked a new object into its place."""
    store.create("a", b"rows of somebody")
    (root / ".rally-tmp-1").hardlink_to(root / "a")
    (root / ".rally-tmp-2").write_bytes(b"another's")
    assert list(store.strays()) == []
    act(store, store.stat("a").generation)
    assert [copy.name for copy in store.old_copies("")] == [".rally-tmp-2"]


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


WRITER = """
import sys
from rally.storage.objectstore.local import LocalStore

with LocalStore(sys.argv[1]).draft("data/a/b.avro") as draft:
    draft.file.write(b"rows of somebody")
    draft.file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_writer_left_is_an_old_copy_and_is_purged(tmp_path):
    store = LocalStore(str(tmp_path))
    store.create("data/a/c.avro", b"whole")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        assert writer.stdout.readline() == b"writing\n"
        assert list(store.old_copies("data/")) == []  # it may finish yet
        writer.kill()
    [copy] = store.old_copies("data/")
    assert (copy.size, copy.until, copy.why) == (16, None, "temporary")
    assert list(store.old_copies("data/b")) == []
    store.purge(copy._replace(generation=copy.generation + 1))
    assert list(store.old_copies("data/")) == [copy]
    store.purge(copy)
    store.purge(copy)
    assert list(store.old_copies("data/")) == []
    assert [info.name for info in store.list()] == ["data/a/c.avro"]


def test_folder_has_no_storage_key(store):
    assert store.storage_key() is None
