"""What all object stores share: the names that they take, and the last writer wins."""

from os.path import normpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.objectstore.interface import (
    ObjectHeld,
    check_object_name,
    is_object_name,
    upsert,
)
from tests.fakes.memory_store import MemoryStore, nothing

TAKEN = {
    *("a", "a/b", ".a", "a..b/...", "..a", "a/", "data/study=x/", "~a", "a b", "a\\b"),
    *("\u00fc", "a\u202eb", "rally-store.json"),
}
FOREIGN = {
    *(
        "",
        "/",
        "/a",
        "a//b",
        "a//",
        ".",
        "..",
        "../a",
        "a/..",
        "a/../b",
        "a/./b",
        "./a",
    ),
    *("a\0", "a\n", "a/\x1b[2J", "\x7f", "a\x9bb", "a/\r/b"),
}


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_names_of_objects_are_taken(name):
    assert is_object_name(name)
    check_object_name(name)


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_other_names_are_refused(name):
    assert not is_object_name(name)
    with pytest.raises(FileNotFoundError):
        check_object_name(name)


@given(st.lists(st.sampled_from(["a", "..", ".", "", "b.avro", "\n"]), min_size=1))
def test_what_is_taken_stays_below_its_root(parts):
    name = "/".join(parts)
    if is_object_name(name):
        assert normpath(f"/root/{name}") == f"/root/{name}".rstrip("/")


def change(store):
    store.replace("a", b"theirs", store.stat("a").generation)


def remove(store):
    store.delete("a", store.stat("a").generation)


@pytest.mark.parametrize(
    "others", [[], [change], [change, change], [remove], [change, remove]]
)
def test_last_one_wins(others):
    """Others act between our look and our write."""
    store, others = MemoryStore(), list(others)
    store.create("a", b"before")

    def act(operation, name):
        if operation == "replace" and others:
            store.fault = nothing
            others.pop(0)(store)
            store.fault = act

    store.fault = act
    upsert(store, "a", b"ours")

    assert (store.read("a"), others) == (b"ours", [])


def test_first_one_makes_it():
    store = MemoryStore()
    upsert(store, "a", b"ours")
    assert store.read("a") == b"ours"


def test_what_is_held_stays():
    store = MemoryStore()
    upsert(store, "a", b"theirs")
    store.hold("a")
    with pytest.raises(ObjectHeld):
        upsert(store, "a", b"ours")
    assert store.read("a") == b"theirs"
