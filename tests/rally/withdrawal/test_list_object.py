"""The list as an object: read in pieces, and believed only as it was published."""

from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decisions.chain import Head
from rally.decisions.contents import DecisionKind, StudyDecision
from rally.decisions.entry import entry_name
from rally.decisions.verifying import read_chain
from rally.decisions.writing import decide
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.receipts.receipt import Stage
from rally.withdrawal import signed_lines
from rally.withdrawal.list_object import LIST, encode_list, read_list, read_people
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.rally.withdrawal.lists import joined, left, make_list
from tests.support.people import job_key, signer
from tests.support.stores import FOUNDED, found_platform, publish, replace_key

DELETE = job_key(Job.DELETE)
SOME = make_list(
    7,
    left("ann", "rally", 5).reached(Stage.SUPPRESSED, 6),
    left("bob", "rally-garden", 4, deferred=["rally-garden"]),
    joined("ann", "rally", 8, "an enrolment\nof two lines"),
)


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("published", [WithdrawalList(), SOME], ids=["empty", "some"])
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


@pytest.fixture(scope="module")
def founded():
    """A platform that has no list."""
    store = MemoryStore()
    found_platform(store)
    return store


@contextmanager
def holding(store, data):
    """A list's bytes are in a platform meanwhile."""
    store.create(LIST, data)
    try:
        yield
    finally:
        store.delete(LIST, store.stat(LIST).generation)


def refuses(store):
    for read in (read_list, read_people):
        with pytest.raises(ConfigurationError, match="is not as deletion published it"):
            read(store)
    return True


@given(st.data())
def test_any_other_bytes_are_refused(founded, data):
    whole = encode_list(SOME, Head(1, "0" * 64), DELETE)
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


def test_signature_of_one_list_is_none_of_another(founded):
    signature, _, _ = encode_list(SOME, Head(), DELETE).partition(b"\n")
    _, _, body = encode_list(make_list(8), Head(), DELETE).partition(b"\n")
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
def test_list_of_anybody_else_is_refused(founded, counter, key):
    with holding(founded, encode_list(make_list(counter), Head(), key)):
        assert refuses(founded)


def test_list_0_is_signed_by_who_founded_the_platform(founded):
    with holding(founded, encode_list(make_list(0), Head(), signer("owner-1").key)):
        assert read_list(founded).list == make_list(0)


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


def test_replaced_key_signed_lists_up_to_its_last():
    """The old key is another's by now: what it signs later is nobody's."""
    store, new = MemoryStore(), signer("jo").key
    publish(store, make_list(7))
    replace_key(store, Job.DELETE, new, counter=7)
    for counter, key in ((7, DELETE), (8, new)):
        publish(store, make_list(counter), key)
        assert read_list(store).list.counter == counter
    publish(store, make_list(8), DELETE)
    assert refuses(store)


def test_decisions_are_held_against_what_the_list_names():
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
