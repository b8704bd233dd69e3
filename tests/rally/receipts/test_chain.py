"""Appending to the chain: in order, once each, whoever else writes and dies."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain

import pytest

from rally.errors import ConfigurationError
from rally.receipts.chain import append, find, read_receipt
from rally.receipts.encoding import digest
from rally.receipts.receipt import FIRST, ReceiptReason, receipt_name
from rally.receipts.verify import verify_chain
from rally.storage.objectstore.local import LocalStore
from tests.fakes.memory_store import MemoryStore
from tests.rally.receipts.examples import (
    KEY,
    PLAIN,
    Killed,
    contents,
    dies_at,
    made,
    request,
    write_chain,
)


def previous_of(data):
    return json.loads(data)["previous"]


def test_receipts_are_numbered_and_name_the_one_before(platform, decisions):
    written = write_chain(platform, decisions, 3)
    assert [receipt.number for receipt in written] == [1, 2, 3]
    objects = contents(platform)
    assert [*objects] == [f"receipts/00000000000{number}.json" for number in (1, 2, 3)]
    first, second, third = objects.values()
    assert previous_of(first) == FIRST
    assert previous_of(second) == digest(first)
    assert previous_of(third) == digest(second)
    assert list(find(platform, decisions)) == written
    assert list(find(platform, decisions, since=2)) == written[2:]
    assert list(find(platform, decisions, since=3)) == []


def test_no_receipt_yet(platform, decisions):
    assert list(find(platform, decisions)) == []
    assert contents(platform) == {}


@pytest.mark.parametrize("since", [0, 1, 2])
def test_same_occasion_is_written_once(platform, decisions, since):
    third = write_chain(platform, decisions, 3)[-1]
    before = contents(platform)
    again = made(request=third.request, written=third.written + 5)
    assert append(platform, decisions, KEY, again, since) == third
    assert contents(platform) == before


@pytest.mark.parametrize(
    "changes",
    [{"request": request(9)}, {"reason": ReceiptReason.SETTLED}, {"plan": "another"}],
    ids=str,
)
def test_other_occasion_is_another_receipt(platform, decisions, changes):
    first = append(platform, decisions, KEY, made())
    other = append(platform, decisions, KEY, made(**changes))
    assert (first.number, other.number) == (1, 2)


def test_only_what_is_after_the_known_number_is_the_same(platform, decisions):
    first = append(platform, decisions, KEY, made())
    assert append(platform, decisions, KEY, made(), since=1).number == first.number + 1


@pytest.mark.parametrize("kept", [MemoryStore, LocalStore], ids=["memory", "local"])
def test_writers_at_once_lose_nothing(decisions, tmp_path, kept):
    platform = MemoryStore() if kept is MemoryStore else LocalStore(str(tmp_path))

    def write(writer):
        since, numbers = 0, []
        for each in range(10):
            make = made(request=request(100 * writer + each))
            since = append(platform, decisions, KEY, make, since).number
            numbers.append(since)
        return numbers

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(write, range(4)))
    assert sorted(chain.from_iterable(numbers)) == list(range(1, 41))
    assert len({receipt.request for receipt in find(platform, decisions)}) == 40
    assert list(verify_chain(platform, decisions, known=40)) == []


def test_two_runs_of_one_plan_write_each_receipt_once(platform, decisions):
    def run(_):
        since, numbers = 0, []
        for each in range(20):
            since = append(
                platform, decisions, KEY, made(request=request(each)), since
            ).number
            numbers.append(since)
        return numbers

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, range(2))
    assert first == second == list(range(1, 21))
    assert len(contents(platform)) == 20


def test_loser_follows_the_winner(platform, decisions):
    """Another writer takes number 2 between this one's look and its write."""
    write_chain(platform, decisions, 1)

    def overtake(operation, name):
        if operation == "create":
            platform.fault = lambda operation, name: None
            append(platform, decisions, KEY, made(request=request(50)), since=1)

    platform.fault = overtake
    lost = append(platform, decisions, KEY, made(request=request(51)), since=1)
    assert lost.number == 3
    assert lost.previous == digest(platform.read(receipt_name(2)))
    assert [each.request for each in find(platform, decisions, 1)] == [
        request(50),
        request(51),
    ]
    assert list(verify_chain(platform, decisions, known=3)) == []


@pytest.mark.parametrize("point", range(1, 5))
@pytest.mark.parametrize("moment", ["fault", "after"])
def test_killed_anywhere_and_run_again_writes_each_once(decisions, moment, point):
    expected, platform = MemoryStore(), MemoryStore()
    write_chain(expected, decisions, 4)
    setattr(platform, moment, dies_at(point))
    with pytest.raises(Killed):
        write_chain(platform, decisions, 4)
    setattr(platform, moment, lambda operation, name: None)
    write_chain(platform, decisions, 4)
    assert contents(platform) == contents(expected)


def test_unclear_write_is_recognised(platform, decisions):
    """A create that times out after it was done, and is tried again, is not lost."""
    unclear = platform.create
    platform.create = lambda name, data: unclear(name, data) and False
    assert append(platform, decisions, KEY, made()).number == 1
    assert len(contents(platform)) == 1


def test_receipts_are_read_by_number(platform, decisions):
    written = write_chain(platform, decisions, 2)
    assert [read_receipt(platform, decisions, number) for number in (1, 2)] == written


def test_known_receipt_that_is_missing_stops(platform, decisions):
    write_chain(platform, decisions, 2)
    message = f"{platform.uri}/receipts/000000000005.json: is missing; restore it from"
    for act in (
        lambda: append(platform, decisions, KEY, made(), since=5),
        lambda: list(find(platform, decisions, since=5)),
        lambda: read_receipt(platform, decisions, 5),
    ):
        with pytest.raises(ConfigurationError) as caught:
            act()
        assert str(caught.value) == f"{message} a backup"
    assert len(contents(platform)) == 2


@pytest.mark.parametrize("spoil", [b"{}\n", b"", b"no json"])
def test_receipt_that_is_spoilt_stops(platform, decisions, spoil):
    write_chain(platform, decisions, 2)
    info = platform.stat(receipt_name(2))
    platform.replace(info.name, spoil, info.generation)
    for act in (
        lambda: append(platform, decisions, KEY, made(), since=1),
        lambda: list(find(platform, decisions, since=1)),
        lambda: read_receipt(platform, decisions, 2),
    ):
        with pytest.raises(ConfigurationError, match=r"receipts/000000000002\.json: "):
            act()
    assert len(contents(platform)) == 2


def test_receipt_under_another_number_stops(platform, decisions):
    write_chain(platform, decisions, 1)
    platform.create(receipt_name(2), platform.read(receipt_name(1)))
    with pytest.raises(ConfigurationError) as caught:
        append(platform, decisions, KEY, made(request=request(9)), since=1)
    assert str(caught.value) == (
        f"{platform.uri}/receipts/000000000002.json: is not as it was written; run "
        "`rally receipts verify`"
    )


def test_receipt_is_made_of_its_place(platform, decisions):
    asked = []

    def make(number, previous):
        asked.append((number, previous))
        return replace(PLAIN, number=number, previous=previous)

    append(platform, decisions, KEY, made(request=request(1)))
    append(platform, decisions, KEY, make)
    assert asked == [(1, FIRST), (2, digest(platform.read(receipt_name(1))))]
