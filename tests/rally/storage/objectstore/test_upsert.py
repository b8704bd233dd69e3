"""The last one to write an object wins, whoever is there meanwhile."""

import pytest

from rally.storage.objectstore.interface import ObjectHeld, upsert
from tests.fakes.memory_store import MemoryStore, nothing


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
