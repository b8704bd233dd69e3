"""The list as two objects: who has left, and requests; both as the root names them."""

import pytest

from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.receipts.receipt import Stage
from rally.withdrawal import signed_lines
from rally.withdrawal.list_object import publish_list, read_list, read_people
from rally.withdrawal.root import ROOT, read_root, remove_unnamed
from rally.withdrawal.withdrawal_list import OrderReceipts, WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.rally.withdrawal.lists import joined, left, make_list
from tests.support.people import job_key
from tests.support.stores import publish

SOME = make_list(
    7,
    left("ann", "rally", 5).reached(Stage.SUPPRESSED, 6),
    left("bob", "rally-garden", 4, deferred=["rally-garden"]),
    left(None, "rally-garden", 9),
    joined("ann", "rally", 8, "an enrolment\nof two lines"),
)
RECEIPTS = WithdrawalList(7, orders=(OrderReceipts("an order", (1, 3)),), receipts=9)
READERS = [read_list, read_people]


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize(
    "published", [WithdrawalList(), SOME, RECEIPTS], ids=["empty", "some", "receipts"]
)
def test_list_is_read_as_it_was_published(monkeypatch, piece, published):
    monkeypatch.setattr(signed_lines, "_PIECE", piece)
    store = MemoryStore()
    generation = publish(store, published)
    head = read_chain(store).head
    found = read_list(store)
    assert found[:2] == (published, head)
    assert (found.decisions.head, found.generation) == (head, generation)
    people = read_people(store)
    assert (people.list, people.head, people.generation) == (
        published.people(), head, generation,
    )  # fmt: skip
    assert people.list.counter == published.counter
    assert found.people == people.people == people.list
    assert found.root == people.root == read_root(store).root


def named(store, kind):
    root = read_root(store).root
    return {"list": root.list, "requests": root.requests}[kind].name


def lose(store, name):
    store.delete(name, store.stat(name).generation)


def write(store, name, data):
    store.replace(name, data, store.stat(name).generation)


OTHERS = {
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b"x",
    "empty": lambda data: b"",
    "another byte": lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
}


@pytest.mark.parametrize("kind", ["list", "requests"])
@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_object_of_other_bytes_is_refused(kind, change):
    store = MemoryStore()
    publish(store, SOME)
    name = named(store, kind)
    write(store, name, change(store.read(name)))
    for read in READERS if kind == "list" else [read_list]:
        with pytest.raises(ConfigurationError) as caught:
            read(store)
        assert str(caught.value) == (
            f"memory://test/{name}: is not as deletion published it; restore it from a"
            " backup"
        )
    if kind == "requests":  # nobody judges rows by them
        assert set(read_people(store).list) == {"ann", "bob"}


@pytest.mark.parametrize("kind", ["list", "requests"])
def test_object_of_another_list_is_refused(kind):
    """Who may write could put an older one in its place, which was signed as well."""
    store = MemoryStore()
    publish(store, make_list(6))
    older = store.read(named(store, kind))
    publish(store, SOME)
    write(store, named(store, kind), older)
    with pytest.raises(ConfigurationError, match="is not as deletion published it"):
        read_list(store)


@pytest.mark.parametrize("kind", ["list", "requests"])
def test_object_that_is_lost_is_a_lost_list(kind):
    store = MemoryStore()
    publish(store, SOME)
    name = named(store, kind)
    lose(store, name)
    for read in READERS if kind == "list" else [read_list]:
        with pytest.raises(ConfigurationError) as caught:
            read(store)
        assert str(caught.value).startswith(
            f"memory://test/{name}: the withdrawal list is missing, and who has left"
        )


def test_list_that_is_replaced_in_this_moment_is_read_anew():
    """The root was read, and then what it named had gone for a newer one."""
    store = MemoryStore()
    publish(store, make_list(6, left("ann", "rally", 5)))
    waits = [True]

    def replace(operation, name):
        if operation == "open" and name != ROOT and "withdrawals/" in name and waits:
            waits.clear()
            generation = store.stat(ROOT).generation
            root, _ = publish_list(
                store, SOME, read_chain(store).head, job_key(Job.DELETE), generation
            )
            remove_unnamed(store, root)

    for read, who in ((read_people, {"ann", "bob"}), (read_list, SOME)):
        store.fault = replace
        found = read(store).list
        assert (found if read is read_list else set(found)) == who
        assert not waits
        waits.append(True)
        store.fault = lambda *_: None
        publish(store, make_list(6, left("ann", "rally", 5)))
