"""Several write one object at once: one of them wins, and nobody sees half of it."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from rally.storage.objectstore.interface import GenerationMismatch
from rally.storage.objectstore.open_store import open_store

RACERS = 6


def race(act):
    """What `act(number)` returns in each of some threads that start together."""
    start = Barrier(RACERS)

    def run(number):
        start.wait()
        return act(number)

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_one_of_those_who_create_at_once_makes_the_object(uri):
    for attempt in range(5):
        made = race(lambda n, a=attempt: open_store(uri).create(f"{a}", b"%d" % n * 99))
        assert made.count(True) == 1
        assert open_store(uri).read(f"{attempt}") == b"%d" % made.index(True) * 99


def test_one_of_those_who_replace_at_once_wins(store):
    store.create("a", b"")

    def attempt(number):
        try:
            return store.replace("a", b"%d" % number * 99, generation)
        except GenerationMismatch:
            return None

    for _ in range(5):
        generation = store.stat("a").generation
        won = [number for number, new in enumerate(race(attempt)) if new is not None]
        assert len(won) == 1
        assert store.read("a") == b"%d" % won[0] * 99


def test_object_is_seen_whole_while_it_is_replaced(store):
    whole = [b"%d" % number * 5_000_000 for number in range(10)]
    store.create("a", whole[0])

    def act(number):
        if number:
            return [store.read("a") for _ in range(10)]
        for data in whole[1:]:
            store.replace("a", data, store.stat("a").generation)
        return []

    seen = itertools.chain.from_iterable(race(act))
    assert set(seen) <= set(whole)
