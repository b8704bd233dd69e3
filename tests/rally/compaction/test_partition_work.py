"""A file that speaks for another goes after it."""

from datetime import UTC, datetime

import pytest

from rally.compaction.outcomes import CompactionOutcome, Trouble
from rally.compaction.partition_work import remove_files
from rally.storage.objectstore.interface import GenerationMismatch
from tests.fakes.memory_store import MemoryStore


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def to_remove(store):
    """`a` speaks for `b`, that for `c`, and `d` for what is gone already."""
    for name in "abcd":
        store.create(name, b"")
    ids = {name: (name, store.stat(name).generation) for name in "abcd"}
    speaks = {"a": {ids["b"], ids["c"]}, "b": {ids["c"]}, "c": set(), "d": {("x", 1)}}
    return {ids[name]: frozenset(others) for name, others in speaks.items()}


def test_files_go_before_those_that_speak_for_them(store, to_remove):
    deleted = []
    store.after = lambda operation, name: deleted.append(name)

    assert remove_files(store, to_remove) == (["c", "d", "b", "a"], [])
    assert deleted == ["c", "d", "b", "a"]


def test_what_speaks_for_a_file_that_is_held_stays(store, to_remove):
    store.retain("b", datetime(2100, 1, 2, tzinfo=UTC))

    gone, held = remove_files(store, to_remove)

    assert gone == ["c", "d"]
    why = "it is kept by its bucket until 2100-01-02"
    assert held == [Trouble(CompactionOutcome.HELD, "b", why)]
    assert [info.name for info in store.list()] == ["a", "b"]


def test_a_file_that_was_written_meanwhile_stays(store, to_remove):
    info = store.stat("c")
    store.replace("c", b"again", info.generation)
    with pytest.raises(GenerationMismatch):
        remove_files(store, to_remove)
    assert store.read("c") == b"again"
