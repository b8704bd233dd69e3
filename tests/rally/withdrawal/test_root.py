"""The root: it is believed only as deletion published it, and so is what it names."""

from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decisions.chain import Head
from rally.decisions.contents import DecisionKind, StudyDecision
from rally.decisions.entry import entry_name
from rally.decisions.writing import decide
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.registry.transitions import StudyAction, Transition
from rally.storage.objectstore.interface import GenerationMismatch, ObjectHeld
from rally.withdrawal import signed_lines
from rally.withdrawal.list_object import publish_list, read_list, read_people
from rally.withdrawal.root import (
    LAYOUT,
    LISTS,
    REQUESTS,
    ROOT,
    LogFile,
    NamedObject,
    Root,
    publish_root,
    read_root,
    remove_unnamed,
    store_named,
)
from rally.withdrawal.signed_lines import SignedObjectMissing
from tests.fakes.memory_store import MemoryStore
from tests.rally.withdrawal.lists import left, make_list
from tests.support.people import job_key, signer
from tests.support.stores import FOUNDED, found_platform, publish, replace_key

DELETE = job_key(Job.DELETE)
NAMED = NamedObject("withdrawals/list/000000000007-0123.bin", "0" * 64, 5)
SOME = Root(
    7,
    Head(1, "0" * 64),
    LAYOUT,
    NAMED,
    NAMED._replace(name="withdrawals/requests/000000000007-0123.jsonl"),
    1,
    (LogFile(0, "events/log/a", "1" * 64, 9, 3), LogFile(1, "b", "2" * 64, 8, 2)),
    (Transition("rally-a", StudyAction.PAUSE, FOUNDED, "", "", 2),),
)
OTHER_BYTES = "is not as deletion published it; restore it from a backup"


def encode(root, key=DELETE):
    """The bytes of a root."""
    store = MemoryStore()
    publish_root(store, root, key, None)
    return store.read(ROOT)


@pytest.fixture(scope="module")
def founded():
    """A platform that has no list."""
    store = MemoryStore()
    found_platform(store)
    return store


@contextmanager
def holding(store, data):
    """A root's bytes are in a platform meanwhile."""
    store.create(ROOT, data)
    try:
        yield
    finally:
        store.delete(ROOT, store.stat(ROOT).generation)


def refuses(store):
    for read in (read_root, read_list, read_people):
        with pytest.raises(ConfigurationError, match=f"{ROOT}: {OTHER_BYTES}"):
            read(store)
    return True


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 20])
def test_root_is_read_as_it_was_published(monkeypatch, founded, piece):
    monkeypatch.setattr(signed_lines, "_PIECE", piece)
    with holding(founded, encode(SOME)):
        found = read_root(founded)
        assert (found.root, found.generation) == (SOME, founded.stat(ROOT).generation)


def test_root_that_is_missing_is_said_to_be(founded):
    with pytest.raises(SignedObjectMissing, match="the withdrawal list is missing"):
        read_root(founded)


def test_root_of_another_layout_is_refused(founded):
    other = encode(SOME._replace(layout=LAYOUT + 1))
    with holding(founded, other), pytest.raises(ConfigurationError) as caught:
        read_root(founded)
    assert str(caught.value) == (
        f"memory://test/{ROOT}: has layout {LAYOUT + 1}, and this software reads"
        f" {LAYOUT}; use the one that published it"
    )


@given(st.data())
def test_any_other_bytes_are_refused(founded, data):
    whole = encode(SOME)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                whole[:at],
                whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
                whole[:at] + b"\n" + whole[at:],
                whole + whole[at:],
            ]
        )
    )
    with holding(founded, changed):
        assert refuses(founded)


def test_signature_of_one_root_is_none_of_another(founded):
    signature, _, _ = encode(SOME).partition(b"\n")
    _, _, body = encode(SOME._replace(counter=8)).partition(b"\n")
    with holding(founded, signature + b"\n" + body):
        assert refuses(founded)


@pytest.mark.parametrize(
    ("counter", "key"),
    [
        (7, job_key(Job.PURGE)),
        (7, signer("owner-1").key),
        (7, signer("decide").key),
        (0, DELETE),
        (0, signer("owner-2").key),
    ],
    ids=["purge", "founder", "person", "list 0 of deletion", "list 0 of another owner"],
)
def test_root_of_anybody_else_is_refused(founded, counter, key):
    with holding(founded, encode(SOME._replace(counter=counter), key)):
        assert refuses(founded)


def test_root_0_is_signed_by_who_founded_the_platform(founded):
    first = SOME._replace(counter=0)
    with holding(founded, encode(first, signer("owner-1").key)):
        assert read_root(founded).root == first


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b"[" * 5000,
        b"[]\n",
        b'{"counter":7}\n',
        b'{"chain":{"digest":"","number":1},"counter":"7"}\n',
        b'{"chain":{"digest":"","number":true},"counter":7}\n',
        b'{"chain":{"number":1},"counter":7}\n',
        b'{"chain":{"digest":"","number":1,"more":1},"counter":7}\n',
        b'{"counter":7,"chain":' + b" " * 2000 + b'{"digest":"","number":1}}\n',
    ],
)
def test_head_that_is_none_is_refused_before_it_is_believed(founded, head):
    with holding(founded, b"00\n" + head):
        assert refuses(founded)


def test_replaced_key_signed_roots_up_to_its_last():
    """The old key is another's by now: what it signs later is nobody's."""
    store, new = MemoryStore(), signer("jo").key
    publish(store, make_list(7))
    replace_key(store, Job.DELETE, new, counter=7)
    for counter, key in ((7, DELETE), (8, new)):
        publish(store, make_list(counter), key)
        assert read_list(store).list.counter == counter
    publish(store, make_list(8), DELETE)
    assert refuses(store)


def test_decisions_are_held_against_what_the_root_names():
    store = MemoryStore()
    publish(store, make_list(7))
    pause = StudyDecision("rally-garden", FOUNDED, "a bug")
    decide(store, signer("stop"), DecisionKind.PAUSE, pause, FOUNDED)
    found = read_list(store)
    assert (found.head.number, found.decisions.head.number) == (1, 2)
    assert not found.decisions.has_loss
    publish(store, make_list(8))
    store.delete(entry_name(2), store.stat(entry_name(2)).generation)
    assert read_list(store).decisions.has_loss


def test_what_is_planted_under_a_name_is_written_over():
    store = MemoryStore()
    named = store_named(store, LISTS, ".bin", 7, b"ours")
    assert store_named(store, LISTS, ".bin", 7, b"ours") == named
    generation = store.stat(named.name).generation
    store.replace(named.name, b"theirs", generation)
    assert store_named(store, LISTS, ".bin", 7, b"ours") == named
    assert store.read(named.name) == b"ours"


def test_only_what_no_later_publication_needs_is_removed():
    """A killed run left some; another may be about to publish the next."""
    store = MemoryStore()
    publish(store, make_list(6, left("ann", "rally", 5)))
    killed = store_named(store, LISTS, ".bin", 7, b"of a killed run").name
    root, _ = publish_list(
        store, make_list(7), Head(), DELETE, store.stat(ROOT).generation
    )
    later = store_named(store, REQUESTS, ".jsonl", 8, b"of a later run").name
    foreign = f"{LISTS}notes.txt"
    store.create(foreign, b"")

    remove_unnamed(store, root)

    assert store.stat(killed) is None
    assert {each.name for each in store.list("withdrawals/")} == {
        ROOT, root.list.name, root.requests.name, later, foreign,
    }  # fmt: skip
    assert read_list(store).list == make_list(7)


def test_what_is_held_or_was_changed_meanwhile_stays():
    for error in (ObjectHeld("held"), GenerationMismatch("changed")):
        store = MemoryStore()
        before = publish(store, make_list(6))
        old = read_root(store).root.list.name
        root, _ = publish_list(store, make_list(7), Head(), DELETE, before)

        def refuse(operation, name, error=error):
            if operation == "delete":
                raise error

        store.fault = refuse
        remove_unnamed(store, root)
        assert store.stat(old)
