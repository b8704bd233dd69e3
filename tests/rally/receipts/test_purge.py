"""The purge of old receipts."""

import json
from dataclasses import replace
from datetime import date

import pytest

from rally.errors import ConfigurationError
from rally.receipts.anchor import ANCHOR, Anchor, read_anchor
from rally.receipts.chain import append, find, read_receipt
from rally.receipts.changes import CHANGES, write_changes
from rally.receipts.encoding import digest
from rally.receipts.purge import purge_receipts
from rally.receipts.receipt import receipt_name
from rally.receipts.verify import verify_chain
from rally.storage.objectstore.interface import ObjectHeld
from tests.fakes.memory_store import MemoryStore
from tests.rally.receipts.examples import (
    DELETED,
    FILE,
    GONE,
    KEY,
    PLAIN,
    PURGE,
    Killed,
    add_with_changes,
    contents,
    dies_at,
    made,
    request,
    write_chain,
)

DAY_OF_THIRD = date(2021, 6, 5)  # receipt 1 was written on 3 June, 2 on 4 June


def names(platform):
    return [info.name for info in platform.list()]


def test_old_receipts_leave_an_anchor(platform, decisions):
    write_chain(platform, decisions, 4)
    last = platform.read(receipt_name(2))
    assert purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD) == 2
    assert names(platform) == [receipt_name(3), receipt_name(4), ANCHOR]
    assert read_anchor(platform, decisions) == Anchor(2, digest(last))
    written = json.loads(platform.read(ANCHOR))
    del written["signature"]
    assert written == {"through": 2, "hash": digest(last)}
    assert list(verify_chain(platform, decisions, known=4)) == []


def test_purge_twice_changes_nothing(platform, decisions):
    write_chain(platform, decisions, 4)
    purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD)
    before = contents(platform), platform.stat(ANCHOR)
    assert purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD) == 0
    assert (contents(platform), platform.stat(ANCHOR)) == before


def test_nothing_old_leaves_no_anchor(platform, decisions):
    assert purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD) == 0
    write_chain(platform, decisions, 2)
    before = contents(platform)
    assert purge_receipts(platform, decisions, PURGE, date(2021, 6, 3)) == 0
    assert contents(platform) == before


def test_chain_goes_on_after_all_were_purged(platform, decisions):
    written = write_chain(platform, decisions, 3)
    assert purge_receipts(platform, decisions, PURGE, date(2022, 1, 1)) == 3
    assert names(platform) == [ANCHOR]
    assert list(find(platform, decisions, since=1)) == []
    assert [read_receipt(platform, decisions, number) for number in (1, 3)] == [
        None,
        None,
    ]
    fourth = append(platform, decisions, KEY, made(request=request(4)), since=3)
    fifth = append(platform, decisions, KEY, made(request=request(5)))
    assert (fourth.number, fifth.number) == (4, 5)
    assert fourth.previous == read_anchor(platform, decisions).digest
    assert list(find(platform, decisions, since=written[0].number)) == [fourth, fifth]
    assert list(verify_chain(platform, decisions, known=5)) == []
    with pytest.raises(ConfigurationError, match=r"000000000006\.json: is missing"):
        read_receipt(platform, decisions, 6)


def test_purges_follow_each_other(platform, decisions):
    write_chain(platform, decisions, 4)
    assert purge_receipts(platform, decisions, PURGE, date(2021, 6, 4)) == 1
    assert purge_receipts(platform, decisions, PURGE, date(2021, 6, 6)) == 2
    assert names(platform) == [receipt_name(4), ANCHOR]
    assert list(verify_chain(platform, decisions, known=4)) == []


def test_younger_one_ends_the_purge(platform, decisions):
    write_chain(platform, decisions, 1)
    append(platform, decisions, KEY, made(request=request(2), written=2**52), since=1)
    append(platform, decisions, KEY, made(request=request(3)), since=2)
    assert purge_receipts(platform, decisions, PURGE, date(2022, 1, 1)) == 1
    assert names(platform) == [receipt_name(2), receipt_name(3), ANCHOR]


@pytest.mark.parametrize("point", range(1, 4))
@pytest.mark.parametrize("moment", ["fault", "after"])
@pytest.mark.parametrize("purged_before", [0, 1])
def test_killed_anywhere_and_run_again_ends_the_same(
    decisions, moment, point, purged_before
):
    def start():
        platform = MemoryStore()
        write_chain(platform, decisions, 4)
        if purged_before:
            purge_receipts(platform, decisions, PURGE, date(2021, 6, 4))
        return platform

    expected, platform = start(), start()
    purge_receipts(expected, decisions, PURGE, date(2021, 6, 5 + purged_before))
    setattr(platform, moment, dies_at(point))
    with pytest.raises(Killed):
        purge_receipts(platform, decisions, PURGE, date(2021, 6, 5 + purged_before))
    setattr(platform, moment, lambda operation, name: None)
    assert list(verify_chain(platform, decisions, known=4)) == []
    purge_receipts(platform, decisions, PURGE, date(2021, 6, 5 + purged_before))
    assert contents(platform) == contents(expected)


@pytest.mark.parametrize("by", [date(2021, 6, 4), date(2021, 6, 6)], ids=str)
def test_another_purge_at_once_never_moves_the_anchor_back(platform, decisions, by):
    write_chain(platform, decisions, 4)

    def overtake(operation, name):
        if name == ANCHOR and operation in ("create", "replace"):
            platform.fault = lambda operation, name: None
            purge_receipts(platform, decisions, PURGE, by)

    platform.fault = overtake
    purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD)
    assert read_anchor(platform, decisions).through == max(2, by.day - 3)
    assert list(verify_chain(platform, decisions, known=4)) == []


@pytest.mark.parametrize(
    ("break_chain", "message"),
    [
        (lambda store: delete(store, 1), "000000000002.json: does not follow the one"
         " before it; run `rally receipts verify`"),
        (lambda store: put(store, 2, store.read(receipt_name(1))), "000000000002.json:"
         " is not as it was written; run `rally receipts verify`"),
        (lambda store: put(store, 1, b"?"), "000000000001.json: is not JSON; restore it"
         " from a backup"),
    ],
    ids=["missing", "another", "spoilt"],
)  # fmt: skip
def test_broken_chain_is_not_purged(platform, decisions, break_chain, message):
    write_chain(platform, decisions, 4)
    break_chain(platform)
    before = contents(platform)
    with pytest.raises(ConfigurationError) as caught:
        purge_receipts(platform, decisions, PURGE, date(2022, 1, 1))
    assert str(caught.value) == f"{platform.uri}/receipts/{message}"
    assert contents(platform) == before


@pytest.mark.parametrize(
    ("anchor", "message"),
    [
        (b"?", "is not JSON; restore it from a backup"),
        (b'{"through":2,"hash":"%s","signature":"00"}' % (b"0" * 64),
         "is not as the purge wrote it; restore it"),
        (b'{"through":2,"hash":"%s","signature":"0"}' % (b"0" * 64),
         "is not as the purge wrote it; restore it"),
        (b'{"through":2}', "hash: is missing; add it"),
    ],
)  # fmt: skip
def test_anchor_that_is_not_ours_stops(platform, decisions, anchor, message):
    platform.create(ANCHOR, anchor)
    with pytest.raises(ConfigurationError) as caught:
        purge_receipts(platform, decisions, PURGE, date(2022, 1, 1))
    assert str(caught.value) == f"{platform.uri}/{ANCHOR}: {message}"
    assert [info.name for info in platform.list()] == [ANCHOR]


def test_anchor_of_another_is_no_receipt_and_back(platform, decisions):
    """A receipt's tag does not make an anchor: the MAC knows what it is of."""
    receipt = append(platform, decisions, KEY, made())
    content = {"through": 1, "hash": "0" * 64, "signature": receipt.signature}
    platform.create(ANCHOR, json.dumps(content).encode())
    with pytest.raises(ConfigurationError, match="is not as the purge wrote it"):
        read_anchor(platform, decisions)


def test_held_receipt_stops_the_purge_and_it_can_be_run_again(platform, decisions):
    write_chain(platform, decisions, 4)
    platform.hold(receipt_name(2))
    with pytest.raises(ObjectHeld):
        purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD)
    assert names(platform) == [*map(receipt_name, (2, 3, 4)), ANCHOR]
    platform.hold(receipt_name(2), on=False)
    assert purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD) == 1


def delete(store, number):
    info = store.stat(receipt_name(number))
    store.delete(info.name, info.generation)


def put(store, number, data):
    info = store.stat(receipt_name(number))
    store.replace(info.name, data, info.generation)


def chain_with_changes(platform, decisions):
    """Two receipts of one run, one of another, and changes that a killed one left."""
    add_with_changes(platform, decisions, FILE)
    named = write_changes(platform, 1, [FILE])
    written = PLAIN.written + 86_400_000_000
    section = replace(DELETED, files=0, rows=0)
    make = made(request=request(2), written=written, sections=(section,), changes=named)
    append(platform, decisions, KEY, make, since=1)
    written += 86_400_000_000
    add_with_changes(platform, decisions, GONE, since=2, written=written)
    write_changes(platform, 4, [FILE])


def test_changes_stay_as_long_as_a_receipt_that_may_name_them(platform, decisions):
    chain_with_changes(platform, decisions)
    first, second, left = (each.name for each in platform.list(CHANGES))
    assert purge_receipts(platform, decisions, PURGE, date(2021, 6, 4)) == 1
    assert names(platform)[-3:] == [first, second, left]
    assert purge_receipts(platform, decisions, PURGE, date(2021, 6, 5)) == 1
    assert names(platform) == [receipt_name(3), ANCHOR, second, left]
    assert list(verify_chain(platform, decisions, known=3)) == []
    assert purge_receipts(platform, decisions, PURGE, date(2021, 6, 6)) == 1
    assert names(platform) == [ANCHOR, left]


@pytest.mark.parametrize("point", range(1, 6))
@pytest.mark.parametrize("moment", ["fault", "after"])
def test_killed_purge_of_changes_is_no_finding_and_goes_on(decisions, moment, point):
    platform = MemoryStore()
    chain_with_changes(platform, decisions)
    setattr(platform, moment, dies_at(point))
    with pytest.raises(Killed):
        purge_receipts(platform, decisions, PURGE, date(2021, 6, 6))
    setattr(platform, moment, lambda operation, name: None)
    assert list(verify_chain(platform, decisions, known=3)) == []
    purge_receipts(platform, decisions, PURGE, date(2021, 6, 6))
    assert len(names(platform)) == 2


def test_what_is_no_receipt_stays(platform, decisions):
    write_chain(platform, decisions, 1)
    platform.create("receipts/000000000000.txt", b"notes")
    assert purge_receipts(platform, decisions, PURGE, date(2022, 1, 1)) == 1
    assert names(platform) == ["receipts/000000000000.txt", ANCHOR]
