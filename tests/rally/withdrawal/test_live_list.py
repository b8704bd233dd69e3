"""A running job knows the list within the delay, and ends where it has none."""

import pytest

from rally.errors import ConfigurationError
from rally.events import RALLY
from rally.keys.names import Job
from rally.storage.objectstore.local import LocalStore
from rally.withdrawal.live_list import LiveList
from rally.withdrawal.root import ROOT
from tests.fakes.memory_store import MemoryStore, nothing
from tests.rally.withdrawal.lists import joined, left, publish
from tests.support.people import job_key

ALWAYS, NEVER = 0.0, 3600.0
WHERE = f"memory://test/{ROOT}"


@pytest.fixture
def store():
    """A platform with list 3, on which `ann` is."""
    made = MemoryStore()
    publish(made, 3, left("ann", RALLY, 10))
    return made


def lose(store):
    store.delete(ROOT, store.stat(ROOT).generation)


def forge(store):
    publish(store, 4, left("ann", RALLY, 10), key=job_key(Job.PURGE))


def cut(store):
    info = store.stat(ROOT)
    store.replace(ROOT, store.read(ROOT)[:-2], info.generation)


def empty(store):
    store.replace(ROOT, b"", store.stat(ROOT).generation)


def put_back(store):
    publish(store, 2)


SPOILT = "is not as deletion published it; restore it from a backup"
MISSING = (
    "the withdrawal list is missing, and who has left is not known without it; restore"
    " it, or let `rally delete --rebuild_list` make it anew from the event log"
)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(lose, MISSING), (forge, SPOILT), (cut, SPOILT), (empty, SPOILT)],
)
def test_list_that_is_not_as_published_is_none_to_begin_with(store, spoil, message):
    spoil(store)
    with pytest.raises(ConfigurationError) as caught:
        LiveList(store, ALWAYS)
    assert str(caught.value) == f"{WHERE}: {message}"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lose, MISSING),
        (forge, SPOILT),
        (cut, SPOILT),
        (empty, SPOILT),
        (put_back, "is list 2, and this job has acted on list 3; restore the newest"),
    ],
)
def test_list_that_is_spoilt_while_a_job_runs_ends_it(store, spoil, message):
    known = LiveList(store, ALWAYS)
    assert set(known.people()) == {"ann"}
    spoil(store)
    for _ in range(2):  # who asks again is told again
        with pytest.raises(ConfigurationError) as caught:
            known.people()
        assert str(caught.value) == f"{WHERE}: {message}"


def test_list_is_known_by_person(store):
    publish(
        store,
        4,
        left("ann", RALLY, 10),
        left("ann", "rally-x", 20, deferred=["rally-x"]),
        left("bob", "rally-x", 30),
        left(None, RALLY, 40),
        joined("ann", RALLY, 15),
    )
    known = LiveList(store, NEVER)
    people = known.people()
    assert known.counter == 4
    assert set(people) == {"ann", "bob"}
    assert {
        scope: [e.time for e in es] for scope, es in people["ann"].left.items()
    } == {
        RALLY: [10],
        "rally-x": [20],
    }
    assert people["ann"].joined == {RALLY: (15,)}
    assert people["ann"].left["rally-x"][0].deferred == {"rally-x"}


@pytest.mark.parametrize(
    ("reload_seconds", "people", "counter"),
    [(ALWAYS, {"bob"}, 4), (NEVER, {"ann"}, 3)],
    ids=["old", "young"],
)
def test_list_is_looked_for_again_when_it_is_old(
    store, reload_seconds, people, counter
):
    known = LiveList(store, reload_seconds)
    publish(store, 4, left("bob", RALLY, 10))
    assert known.counter == 3  # nobody has asked since
    assert set(known.people()) == people
    assert known.counter == counter


def test_list_that_has_not_changed_is_not_read_again(store):
    known = LiveList(store, ALWAYS)
    before = known.people(), len(store.reads)
    assert (known.people(), len(store.reads)) == before
    assert known.people() is before[0]
    publish(store, 3, left("bob", RALLY, 10))
    assert set(known.people()) == {"bob"}
    assert len(store.reads) > before[1]


def test_list_that_is_young_is_not_looked_for(store):
    known = LiveList(store, NEVER)
    lose(store)
    assert set(known.people()) == {"ann"}


def test_store_that_cannot_be_reached_fails_the_step_and_not_the_job(store):
    """As a full disk does: what was read is not acknowledged, and comes again."""
    known = LiveList(store, ALWAYS)

    def refuse(operation, name):
        raise OSError(None, "Cloud Storage says ServiceUnavailable")

    store.fault = refuse
    with pytest.raises(OSError, match="ServiceUnavailable"):
        known.people()
    store.fault = nothing
    assert set(known.people()) == {"ann"}


def test_list_of_a_folder_is_seen_to_change(tmp_path):
    store = LocalStore(str(tmp_path))
    publish(store, 0)
    known = LiveList(store, ALWAYS)
    assert known.people() == {}
    publish(store, 1, left("ann", RALLY, 10))
    assert set(known.people()) == {"ann"}
    lose(store)
    with pytest.raises(ConfigurationError):
        known.people()
