"""An audit of a sample verifies the receipts that are new since the last whole one."""

import json

import pytest

from rally.audit.verified_receipts import POINT, read_point, verify_receipts
from rally.decisions.verifying import read_chain
from rally.receipts.anchor import Anchor
from rally.receipts.chain import append
from rally.receipts.encoding import digest, encode_receipt, seal
from rally.receipts.purge import purge_receipts
from rally.receipts.receipt import receipt_name
from tests.fakes.memory_store import MemoryStore
from tests.rally.receipts.examples import KEY, PURGE, made, request, write_chain
from tests.rally.receipts.test_purge import DAY_OF_THIRD, delete, put
from tests.support.memory_deployment import KeylessPrf, MemoryStores
from tests.support.stores import found_platform

PRF, OTHER = KeylessPrf("platform"), KeylessPrf("rally-garden")
COUNT = 6


@pytest.fixture
def platform():
    """A platform of whose receipts a whole audit has verified six."""
    store = MemoryStore()
    found_platform(store)
    write_chain(store, read_chain(store), COUNT)
    assert audit(store, is_whole=True) == []
    return store


def audit(store, *, known=COUNT, key=PRF, is_whole=False):
    stores, decisions = MemoryStores(MemoryStore(), store), read_chain(store)
    store.reads.clear()
    found = verify_receipts(store, decisions, stores, known, key, is_whole=is_whole)
    return list(map(str, found))


def receipts_read(store):
    """Numbers of the receipts that the last audit read."""
    names = {name for name, *_ in store.reads}
    return [n for n in range(1, COUNT + 9) if receipt_name(n) in names]


def add(store, number, since):
    make = made(request=request(number), written=2**51)
    append(store, read_chain(store), KEY, make, since)


def test_sample_reads_what_is_new_since_the_whole_audit(platform):
    for number in (7, 8):
        add(platform, number, number - 1)
    for _ in range(2):
        assert audit(platform, known=8) == []
        assert receipts_read(platform) == [6, 7, 8]
    assert audit(platform, known=8, is_whole=True) == []
    assert receipts_read(platform) == [*range(1, 9)]
    assert audit(platform, known=8) == []
    assert receipts_read(platform) == [8]


def test_what_is_wrong_with_new_ones_is_found(platform):
    for number in (7, 8, 9):
        add(platform, number, number - 1)
    delete(platform, 8)
    missing = "missing: it is not there; restore from a backup"
    assert audit(platform, known=9) == [f"{receipt_name(8)}: {missing}"]
    delete(platform, 9)
    behind = "behind: the withdrawal list knows it, and the last one here is 7"
    assert audit(platform, known=9) == [f"{receipt_name(9)}: {behind}"]
    delete(platform, 7)
    add(platform, 1, 6)
    data = platform.read(receipt_name(7)).replace(b'"list":4', b'"list":5')
    put(platform, 7, data)
    assert audit(platform, known=7) == [
        f"{receipt_name(7)}: bad signature: is not as deletion signed it"
    ]


def test_new_ones_that_follow_another_are_found(platform):
    add(platform, 7, 6)
    wrong = seal(made(request=request(7))(7, "1" * 64), KEY)
    put(platform, 7, encode_receipt(wrong))
    assert audit(platform, known=7) == [
        f"{receipt_name(7)}: changed: does not follow what was before"
    ]


def test_chain_whose_receipt_of_then_is_another_is_verified_whole(platform):
    last = seal(made(request=request(9))(6, "1" * 64), KEY)
    put(platform, 6, encode_receipt(last))
    assert audit(platform) == [
        f"{receipt_name(5)}: changed: receipt 6 names other bytes"
    ]
    delete(platform, 6)
    assert audit(platform) == [
        f"{receipt_name(6)}: behind: the withdrawal list knows it, and the last one"
        " here is 5"
    ]
    assert receipts_read(platform) == [1, 2, 3, 4, 5]


def test_whole_audit_finds_what_a_sample_takes_as_verified(platform):
    delete(platform, 2)
    before = platform.read(POINT)
    assert audit(platform) == []
    line = f"{receipt_name(2)}: missing: it is not there; restore from a backup"
    assert audit(platform, is_whole=True) == [line]
    assert platform.read(POINT) == before


def test_purge_of_what_was_verified_costs_nothing(platform):
    purge_receipts(platform, read_chain(platform), PURGE, DAY_OF_THIRD)
    assert audit(platform) == []
    assert receipts_read(platform) == [6]


def spoil(store, **changes):
    info = store.stat(POINT)
    content = json.loads(store.read(POINT)) | changes
    store.replace(POINT, json.dumps(content).encode(), info.generation)


@pytest.mark.parametrize(
    "changes",
    [
        {"through": 5},
        {"hash": "1" * 64},
        {"seal": "00" * 16},
        {"seal": None},
        {"more": "x" * 2000},
        {"through": -1},
    ],
    ids=str,
)
def test_forged_point_is_none(platform, changes):
    spoil(platform, **changes)
    assert audit(platform) == []
    assert receipts_read(platform) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 5000])
def test_anything_else_in_its_place_is_none(platform, data):
    info = platform.stat(POINT)
    platform.replace(POINT, data, info.generation)
    assert read_point(platform, PRF) == Anchor()


def test_point_of_another_key_is_none_and_without_a_key_there_is_none(platform):
    whole = [1, 2, 3, 4, 5, 6]
    for key in (OTHER, None):
        assert audit(platform, key=key) == []
        assert receipts_read(platform) == whole


def test_older_point_costs_time_and_hides_nothing(platform):
    older = platform.read(POINT)
    for number in (7, 8):
        add(platform, number, number - 1)
    audit(platform, known=8, is_whole=True)
    platform.replace(POINT, older, platform.stat(POINT).generation)
    assert audit(platform, known=8) == []
    assert receipts_read(platform) == [6, 7, 8]


def test_audit_that_may_write_nothing_verifies_all_the_same(platform):
    platform.delete(POINT, platform.stat(POINT).generation)

    def refuse(operation, name):
        if operation in ("create", "replace"):
            raise PermissionError(name)

    platform.fault = refuse
    assert audit(platform, is_whole=True) == []
    assert platform.stat(POINT) is None


def test_point_says_where_the_chain_ended(platform):
    end = Anchor(COUNT, digest(platform.read(receipt_name(COUNT))))
    assert read_point(platform, PRF) == end
