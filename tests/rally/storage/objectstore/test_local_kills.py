"""A local store has whole objects alone, whatever dies and whoever else writes."""

import fcntl
import itertools
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from rally.storage.objectstore.local import LocalStore

ROUNDS = int(os.environ.get("RALLY_CRASH_ROUNDS", "4"))


SIZE = 1_000_000


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
