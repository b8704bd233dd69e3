"""The list as an object: read in pieces, and believed only as it was published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.withdrawing import list_object
from rally.withdrawing.list_object import (
    LIST,
    encode_list,
    publish_list,
    read_list,
    read_people,
)
from rally.withdrawing.withdrawal_list import Stage, WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.rally.deleting.conftest import mac
from tests.rally.withdrawing.lists import joined, left, make_list

__all__ = ["mac"]
SOME = make_list(
    7,
    left("ann", "rally", 5).reached(Stage.SUPPRESSED, 6),
    left("bob", "rally-garden", 4, deferred=["rally-garden"]),
    joined("ann", "rally", 8, "an enrolment\nof two lines"),
)


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("published", [WithdrawalList(), SOME], ids=["empty", "some"])
def test_list_is_read_as_it_was_published(mac, monkeypatch, piece, published):
    monkeypatch.setattr(list_object, "_PIECE", piece)
    store = MemoryStore()
    generation = publish_list(store, published, mac, None)
    assert read_list(store, mac) == (published, generation)
    people, again = read_people(store, mac)
    assert (people, people.counter, again) == (
        published.people(), published.counter, generation,
    )  # fmt: skip


@given(st.data())
def test_any_other_bytes_are_refused(mac, data):
    whole = encode_list(SOME, mac)
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
    store = MemoryStore()
    store.create(LIST, changed)
    for read in (read_list, read_people):
        with pytest.raises(ConfigurationError, match="is not as deletion published it"):
            read(store, mac)


def test_tag_of_one_list_is_none_of_another(mac):
    tag, _, _ = encode_list(SOME, mac).partition(b"\n")
    _, _, body = encode_list(make_list(8), mac).partition(b"\n")
    store = MemoryStore()
    store.create(LIST, tag + b"\n" + body)
    with pytest.raises(ConfigurationError, match="is not as deletion published it"):
        read_people(store, mac)
