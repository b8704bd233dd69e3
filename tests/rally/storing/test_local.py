"""What is true of local folders alone.

What all stores do is in tests/integration/test_object_stores.py.
"""

import fcntl
import itertools
import os
import random
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from errno import ELOOP, ENAMETOOLONG, ENOTDIR

import pytest

from rally.storing.local import LocalStore
from rally.storing.objects import GenerationMismatch, ObjectNotFound

ROUNDS = int(os.environ.get("RALLY_CRASH_ROUNDS", "4"))
SIZE = 1_000_000

CREATES = """
import itertools, sys
from rally.storing.local import LocalStore
store = LocalStore(sys.argv[1])
for number in itertools.count():
    store.create(f"a/{number:06}", b"%d" % (number % 10) * int(sys.argv[2]))
    print(number, flush=True)
"""
REPLACES = """
import itertools, sys
from rally.storing.local import LocalStore
store = LocalStore(sys.argv[1])
store.create("a", b"0" * int(sys.argv[2]))
for number in itertools.count():
    generation = store.stat("a").generation
    store.replace("a", b"%d" % (number % 10) * int(sys.argv[2]), generation)
    print(number, flush=True)
"""
DIES_EVERYWHERE = """
import itertools, os, signal, sys
from rally.storing import local, local_files
import pathlib

def act(store, name, what):
    if what == "create":
        store.create(name, b"new")
    else:
        store.replace(name, b"new", store.stat(name).generation)

watched = {module.__file__ for module in (local, local_files, pathlib)}

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
        sys.settrace(dies_at(point))
        act(store, f"{point:05}", sys.argv[2])
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
    print(f"{point:05}")
"""
RACES = """
import sys
from rally.storing.local import LocalStore
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


def test_folder_that_is_a_link_is_listed(store, root, tmp_path):
    elsewhere = LocalStore(str(tmp_path / "large disk"))
    elsewhere.create("b/c", b"1")
    root.mkdir()
    (root / "a").symlink_to(tmp_path / "large disk")
    assert [info.name for info in store.list()] == ["a/b/c"]


@pytest.mark.parametrize(
    ("prefix", "code"), [("", ELOOP), (f"{'x' * 300}/", ENAMETOOLONG)]
)
def test_listing_fails_rather_than_leave_out_what_cannot_be_read(
    store, root, prefix, code
):
    store.create("a/b", b"1")
    (root / "a" / "circle").symlink_to(root / "a" / "circle")
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is compared
        list(store.list(prefix))
    assert caught.value.errno == code


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
from rally.storing.local import LocalStore

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
