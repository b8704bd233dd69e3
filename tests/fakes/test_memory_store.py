"""The store in memory does what a local folder does, and what a bucket does besides."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rally.storage.objectstore.interface import (
    FOREVER,
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    OldCopy,
)
from rally.storage.objectstore.local import LocalStore
from tests.fakes.memory_store import MemoryStore

NOW = datetime(2022, 3, 10, tzinfo=UTC)
WEEK = timedelta(days=7)
REFUSALS = (GenerationMismatch, ObjectNotFound)

name = st.sampled_from(["a", "b/c", "b-"])
stale = st.booleans()
data = st.binary(max_size=9)
step = st.one_of(
    st.tuples(st.just("create"), name, data),
    st.tuples(st.just("replace"), name, data, stale),
    st.tuples(st.just("delete"), name, stale),
    st.tuples(st.just("open"), name, st.none() | stale),
    st.tuples(st.just("contents")),
    st.tuples(st.just("draft"), name, data, st.sampled_from(["create", "replace", ""])),
    st.tuples(st.just("read_range"), name, st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("list"), st.sampled_from(["", "b", "b/", "x"])),
)


class Player:
    """Takes steps on a store; generations in what it says are first seen, second…"""

    def __init__(self, store):
        self.store = store
        self.seen = {}
        self.last = {}

    def play(self, step):
        kind, *arguments = step
        try:
            return getattr(self, kind)(*arguments)
        except REFUSALS as error:
            return type(error).__name__, str(error)

    def create(self, name, data):
        return self.store.create(name, data), self.look(name)

    def replace(self, name, data, stale):
        new = self.store.replace(name, data, self.generation(name, stale))
        return self.number(new), self.look(name)

    def delete(self, name, stale):
        self.store.delete(name, self.generation(name, stale))
        return self.look(name)

    def open(self, name, stale):
        given = None if stale is None else self.generation(name, stale)
        with self.store.open(name, given) as snapshot:
            ranges = [snapshot.read(start, 4) for start in range(0, 12, 3)]
            return self.describe(snapshot.info), ranges, snapshot.read(0, 99)

    def draft(self, name, data, commit):
        with self.store.draft(name) as draft:
            draft.file.write(data)
            if commit == "create":
                return draft.create(), draft.file.closed, self.look(name)
            if commit == "replace":
                new = draft.replace(self.generation(name, stale=False))
                return self.number(new), draft.file.closed, self.look(name)
        return self.look(name)

    def read_range(self, name, start, length):
        return self.store.read_range(name, start, length)

    def list(self, prefix):
        return [self.describe(info) for info in self.store.list(prefix)]

    def contents(self):
        return [self.store.read(info.name) for info in self.store.list()]

    def look(self, name):
        info = self.store.stat(name)
        if info:
            self.last.setdefault(name, []).append(info.generation)
        return info and self.describe(info)

    def generation(self, name, stale):
        """The latest that was seen; where it is to be stale, an earlier or no such."""
        known = list(dict.fromkeys(self.last.get(name, [1])))
        if not stale:
            return known[-1]
        return known[-2] if len(known) > 1 else known[-1] + 1

    def describe(self, info):
        return info._replace(generation=self.number(info.generation))

    def number(self, generation):
        return self.seen.setdefault(generation, len(self.seen))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, min_size=12, max_size=25), st.booleans())
def test_store_in_memory_does_what_a_folder_does(tmp_path, steps, versioned):
    folder = Player(LocalStore(f"{tmp_path}/{uuid.uuid4()}"))
    memory = Player(MemoryStore(versioned=versioned))
    for each in [*steps, ("list", ""), ("contents",)]:
        assert memory.play(each) == folder.play(each)


def bucket(**options):
    """A store with a clock that stands still until a test sets it."""
    times = [NOW]
    return MemoryStore(clock=lambda: times[-1], **options), times


def test_versioned_bucket_keeps_what_is_replaced_and_deleted():
    store, times = bucket(versioned=True)
    store.create("b", b"1")
    store.create("a", b"12")
    first = store.stat("a").generation
    second = store.replace("a", b"123", first)
    times.append(NOW + WEEK)
    store.delete("a", second)
    copies = [
        OldCopy("a", 2, first, NOW, None, "noncurrent"),
        OldCopy("a", 3, second, NOW + WEEK, None, "noncurrent"),
    ]
    assert list(store.old_copies("")) == copies
    assert list(store.old_copies("b")) == []
    store.purge(copies[0])
    store.purge(copies[0])
    assert list(store.old_copies("a")) == copies[1:]
    assert [info.name for info in store.list()] == ["b"]


def test_noncurrent_generation_is_read_until_it_is_purged():
    store, _ = bucket(versioned=True)
    store.create("a", b"first")
    with store.open("a") as snapshot:
        store.replace("a", b"second", snapshot.info.generation)
        assert snapshot.read(0, 9) == b"first"
        for copy in store.old_copies("a"):
            store.purge(copy)
        with pytest.raises(GenerationMismatch, match=r"^a$"):
            snapshot.read(0, 9)


@pytest.mark.parametrize("versioned", [True, False], ids=["versioned", "plain"])
def test_soft_deleted_copy_goes_at_its_time_and_not_before(versioned):
    store, times = bucket(versioned=versioned, soft_delete=WEEK)
    store.create("a", b"12")
    generation = store.stat("a").generation
    store.delete("a", generation)
    if versioned:
        [copy] = store.old_copies("")
        assert copy.why == "noncurrent"
        store.purge(copy)
    [copy] = store.old_copies("")
    assert copy == OldCopy("a", 2, generation, NOW, NOW + WEEK, "soft-deleted")
    with pytest.raises(ObjectHeld, match=r"^a$") as caught:
        store.purge(copy)
    assert caught.value.until == NOW + WEEK
    times.append(NOW + WEEK)
    assert list(store.old_copies("")) == []
    store.purge(copy)


@pytest.mark.parametrize(
    "act",
    [
        lambda store, generation: store.replace("a", b"2", generation),
        lambda store, generation: store.delete("a", generation),
    ],
    ids=["replace", "delete"],
)
def test_held_object_is_neither_replaced_nor_deleted(act):
    store, times = bucket(retention=WEEK)
    store.create("a", b"1")
    before = store.stat("a")
    for until in (NOW + WEEK, None):
        with pytest.raises(ObjectHeld, match=r"^a$") as caught:
            act(store, before.generation)
        assert caught.value.until == until
        assert store.stat("a") == before
        store.hold("a")
    times.append(NOW + WEEK)
    store.hold("a", on=False)
    act(store, before.generation)
    assert store.stat("a") != before


def test_old_copy_that_is_held_says_why_and_until_when():
    store, _ = bucket(versioned=True)
    for each in "abc":
        store.create(each, b"1")
        store.delete(each, store.stat(each).generation)
    a, b, _ = store.old_copies("")
    store.hold("a", a.generation)
    store.retain("b", NOW + WEEK, b.generation)
    copies = list(store.old_copies(""))
    assert [(copy.until, copy.why) for copy in copies] == [
        (FOREVER, "hold"),
        (NOW + WEEK, "retention"),
        (None, "noncurrent"),
    ]
    for copy, until in zip(copies[:2], [None, NOW + WEEK], strict=True):
        with pytest.raises(ObjectHeld) as caught:
            store.purge(copy)
        assert caught.value.until == until
    assert list(store.old_copies("")) == copies


def refuse(*refused):
    def fault(operation, name):
        if (operation, name) in refused:
            raise TimeoutError

    return fault


def test_fault_comes_before_anything_is_done():
    store = MemoryStore(fault=refuse(("create", "a")))
    with pytest.raises(TimeoutError):
        store.create("a", b"1")
    assert store.create("b", b"1")
    assert [info.name for info in store.list()] == ["b"]


def test_what_comes_after_finds_it_done():
    store = MemoryStore(after=refuse(("replace", "a")))
    store.create("a", b"1")
    with store.draft("a") as draft:
        draft.file.write(b"2")
        with pytest.raises(TimeoutError):
            draft.replace(store.stat("a").generation)
    assert store.read("a") == b"2"


def test_somebody_else_may_write_in_between():
    def interfere(operation, _):
        if operation == "replace" and store.read("a") == b"1":
            store.fault = lambda *_: None
            store.replace("a", b"theirs", store.stat("a").generation)

    store = MemoryStore(fault=interfere)
    store.create("a", b"1")
    with pytest.raises(GenerationMismatch):
        store.replace("a", b"ours", store.stat("a").generation)
    assert store.read("a") == b"theirs"


def test_reads_are_counted():
    store = MemoryStore()
    store.create("a", b"0123456789")
    with store.open("a") as snapshot:
        snapshot.read(8, 5)
    store.read_range("a", 1, 2)
    store.read("a")
    assert store.reads == [("a", 8, 2), ("a", 1, 2), ("a", 0, 10)]


def test_no_write_is_lost_between_many_threads():
    store = MemoryStore(versioned=True)
    store.create("a", b"")

    def append(_):
        while True:
            with store.open("a") as snapshot:
                whole = snapshot.read(0, snapshot.info.size)
            try:
                return store.replace("a", whole + b"1", snapshot.info.generation)
            except GenerationMismatch:
                continue

    with ThreadPoolExecutor(8) as pool:
        generations = list(pool.map(append, range(200)))
    assert len(set(generations)) == 200
    assert store.read("a") == b"1" * 200
    assert len(list(store.old_copies("a"))) == 200
