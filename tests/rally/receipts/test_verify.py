"""What is wrong with the receipts is found, each kind of it."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from rally.receipts.anchor import ANCHOR
from rally.receipts.changes import CHANGES, changes_name
from rally.receipts.encoding import encode_receipt, seal
from rally.receipts.purge import purge_receipts
from rally.receipts.receipt import FileChange, receipt_name
from rally.receipts.verify import Finding, FindingKind, verify_chain
from rally.storage.container import encode_container
from rally.storage.header import read_header
from rally.storage.objectstore.interface import GenerationMismatch
from tests.fakes.memory_store import MemoryStore
from tests.rally.receipts.examples import (
    FILE,
    FOO,
    GONE,
    KEY,
    PLAIN,
    PLAN,
    PURGE,
    REQUEST,
    add_with_changes,
    found,
    write_chain,
)
from tests.rally.receipts.test_purge import DAY_OF_THIRD, delete, put

FOLDER = f"data/study={FOO}/document=test.1/date=2021-05-01"
NAME = f"{FOLDER}/bucket=0-/compacted-0123456789ab.avro"
ROW = b"\x48" + str(UUID(int=1)).encode()
SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "row",
        "fields": [{"name": "participant", "type": "string"}],
    }
)


class Stores:
    """The stores of two studies."""

    def __init__(self):
        self.stores = {}

    def of(self, study):
        return self.stores.setdefault(study, MemoryStore())


@pytest.fixture
def stores():
    return Stores()


def rewrite(store, rows, before=None):
    """Writes a file of so many rows; (generation, checksum)."""
    data = encode_container(SCHEMA, [ROW] * rows, {}, b"s" * 16, indexed=True)
    if before is None:
        assert store.create(NAME, data)
    else:
        store.replace(NAME, data, before)
    checksum = read_header(data).entries["rally.checksum"].decode()
    return store.stat(NAME).generation, checksum


def change_of(before, after):
    """A change from 5 rows to 3, of which one was the request's."""
    return FileChange(
        PLAN, FOO, NAME, before[0], after[0], 5, 2, 3, before[1], after[1], 0,
        {REQUEST: 1},
    )  # fmt: skip


@pytest.fixture
def told(platform, decisions, stores):
    """A file that loses 2 of 5 rows, and a receipt of it, spoilt as a test likes."""
    store = stores.of(FOO)
    before = rewrite(store, 5)
    after = rewrite(store, 3, before[0])
    change = change_of(before, after)

    def tell(**changes):
        add_with_changes(platform, decisions, replace(change, **changes))
        return store, change

    return tell


def test_good_chain_has_no_finding(platform, decisions, stores):
    assert found(platform, decisions) == []
    write_chain(platform, decisions, 5)
    assert found(platform, decisions, stores=stores, known=5) == []
    assert found(platform, decisions, known=3) == []


@pytest.mark.parametrize(
    ("gone", "line"),
    [
        ([1], "receipts/000000000001.json: missing: it is not there; restore from a"
         " backup"),
        ([3], "receipts/000000000003.json: missing: it is not there; restore from a"
         " backup"),
        ([2, 3, 4], "receipts/000000000002.json: missing: it and all up to 4 are not"
         " there; restore from a backup"),
        ([5], "receipts/000000000005.json: behind: the withdrawal list knows it, and"
         " the last one here is 4"),
        ([1, 2, 3, 4, 5], "receipts/000000000005.json: behind: the withdrawal list"
         " knows it, and the last one here is 0"),
    ],
    ids=["first", "one", "several", "last", "all"],
)  # fmt: skip
def test_missing_receipt_is_found(platform, decisions, gone, line):
    write_chain(platform, decisions, 5)
    for number in gone:
        delete(platform, number)
    assert found(platform, decisions, known=5) == [line]


def test_edited_receipt_has_a_bad_signature_and_is_not_what_the_next_names(
    platform, decisions
):
    write_chain(platform, decisions, 3)
    data = platform.read(receipt_name(2)).replace(b'"rows":193', b'"rows":194')
    put(platform, 2, data)
    assert found(platform, decisions) == [
        "receipts/000000000002.json: bad signature: is not as deletion signed it",
        "receipts/000000000002.json: changed: receipt 3 names other bytes",
    ]


def test_last_receipt_edited_has_a_bad_signature(platform, decisions):
    write_chain(platform, decisions, 2)
    data = platform.read(receipt_name(2)).replace(b'"scope":"rally"', b'"scope":"foo"')
    put(platform, 2, data)
    assert list(verify_chain(platform, decisions)) == [
        Finding(
            FindingKind.BAD_SIGNATURE, receipt_name(2), "is not as deletion signed it"
        )
    ]


def test_receipt_written_anew_with_the_key_is_found(platform, decisions):
    second = write_chain(platform, decisions, 3)[1]
    put(platform, 2, encode_receipt(seal(replace(second, sections=()), KEY)))
    assert found(platform, decisions) == [
        "receipts/000000000002.json: changed: receipt 3 names other bytes"
    ]


def test_receipt_that_begins_elsewhere_is_found(platform, decisions):
    other = seal(replace(PLAIN, previous="1" * 64), KEY)
    platform.create(receipt_name(1), encode_receipt(other))
    assert found(platform, decisions) == [
        "receipts/000000000001.json: changed: does not follow what was before"
    ]


def test_receipt_under_another_number_is_found(platform, decisions):
    write_chain(platform, decisions, 3)
    put(platform, 2, platform.read(receipt_name(3)))
    assert found(platform, decisions) == [
        "receipts/000000000002.json: misnumbered: says that it is receipt 3",
        "receipts/000000000002.json: changed: receipt 3 names other bytes",
    ]


@pytest.mark.parametrize(
    "name", ["receipts/", "receipts/notes.txt", "receipts/a/b", "receipts/1.json"]
)
def test_what_is_no_receipt_by_its_name_is_foreign(platform, decisions, name):
    """The audit names it; the chain is whole without it."""
    write_chain(platform, decisions, 2)
    platform.create(name, b"x")
    assert found(platform, decisions) == []


def test_malformed_receipt_is_found(platform, decisions):
    write_chain(platform, decisions, 2)
    put(platform, 2, b'{"number":2}\n')
    put(platform, 1, b"\0")
    assert found(platform, decisions) == [
        "receipts/000000000001.json: malformed: is not JSON; restore it from a backup",
        "receipts/000000000002.json: malformed: request: is missing; add it",
    ]


def test_malformed_anchor_is_found(platform, decisions):
    write_chain(platform, decisions, 2)
    platform.create(ANCHOR, b'{"through":1,"hash":"%s","signature":"00"}' % (b"0" * 64))
    assert found(platform, decisions) == [
        "receipts/anchor.json: malformed: is not as the purge wrote it; restore it"
    ]


def test_anchor_does_not_hide_what_goes_after_it(platform, decisions):
    write_chain(platform, decisions, 5)
    purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD)
    delete(platform, 3)
    assert found(platform, decisions, known=5) == [
        "receipts/000000000003.json: missing: it is not there; restore from a backup"
    ]


def test_without_its_anchor_the_purge_is_a_loss(platform, decisions):
    write_chain(platform, decisions, 5)
    purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD)
    platform.delete(ANCHOR, platform.stat(ANCHOR).generation)
    assert found(platform, decisions, known=5) == [
        "receipts/000000000001.json: missing: it and all up to 2 are not there; "
        "restore from a backup"
    ]


def test_receipt_after_the_anchor_has_to_follow_it(platform, decisions):
    third = write_chain(platform, decisions, 3)[2]
    purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD)
    put(platform, 3, encode_receipt(seal(replace(third, previous="1" * 64), KEY)))
    assert found(platform, decisions) == [
        "receipts/000000000003.json: changed: does not follow what was before"
    ]


def test_what_a_killed_purge_left_is_held_against_the_anchor(platform, decisions):
    second = write_chain(platform, decisions, 3)[1]
    kept = platform.read(receipt_name(2))
    purge_receipts(platform, decisions, PURGE, DAY_OF_THIRD)
    platform.create(receipt_name(2), kept)
    assert found(platform, decisions) == []
    put(platform, 2, encode_receipt(seal(replace(second, scope="foo"), KEY)))
    assert found(platform, decisions) == [
        "receipts/000000000002.json: changed: the anchor names other bytes",
        "receipts/000000000002.json: changed: receipt 3 names other bytes",
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (replace(FILE, rows_after=94), "100 rows less 7 are not 94"),
        (replace(FILE, requests={REQUEST: 8}), "8 rows of a request are more than 7"),
        (replace(FILE, checksum_after=None), "has a generation without a checksum, or a"
         " checksum without one"),
        (replace(GONE, checksum_after="12345678"), "has a generation without a checksum"
         ", or a checksum without one"),
        (replace(GONE, rows_before=3, rows_after=1), "is said to be gone, and to have 1"
         " rows"),
    ],
)  # fmt: skip
def test_wrong_sum_is_untrue(platform, decisions, change, line):
    named = changes_name(add_with_changes(platform, decisions, change).changes)
    assert found(platform, decisions) == [f"{named}: untrue: {change.name}: {line}"]


def test_receipt_of_what_was_done_is_true(platform, decisions, stores, told):
    told()
    assert found(platform, decisions, stores=stores) == []


def test_file_that_went_as_it_says_is_true(platform, decisions, stores, told):
    store, change = told(
        generation_after=None, rows_removed=5, rows_after=0, checksum_after=None
    )
    store.delete(NAME, change.generation_after)
    assert found(platform, decisions, stores=stores) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"generation_before": 2, "generation_after": 3}, "is said to be rewritten and"
         " stands there as it was"),
        ({"generation_before": 2, "generation_after": None, "checksum_after": None,
          "rows_removed": 5, "rows_after": 0}, "is said to be gone and stands there as"
         " it was"),
        ({"rows_before": 6, "rows_after": 4}, "has 3 rows and not 4"),
        ({"checksum_after": "00000000"}, "has the checksum {checksum} and not"
         " 00000000"),
    ],
    ids=["not rewritten", "not gone", "rows", "checksum"],
)  # fmt: skip
def test_file_that_is_otherwise_makes_it_untrue(
    platform, decisions, stores, told, changes, line
):
    _, change = told(**changes)
    line = line.format(checksum=change.checksum_after)
    (named,) = (each.name for each in platform.list(CHANGES))
    assert found(platform, decisions, stores=stores) == [
        f"{named}: untrue: {NAME}: {line}"
    ]


def test_file_that_cannot_be_read_makes_it_untrue(platform, decisions, stores):
    store = stores.of(FOO)
    store.create(NAME, b"Obj\x01 and no more")
    generation = store.stat(NAME).generation
    change = change_of((generation + 7, "1"), (generation, "2"))
    named = changes_name(add_with_changes(platform, decisions, change).changes)
    assert found(platform, decisions, stores=stores) == [
        f"{named}: untrue: {NAME}: cannot be read, and is as the receipt left it"
    ]


def test_file_that_moved_on_says_nothing(platform, decisions, stores, told):
    store, change = told(checksum_after="00000000")
    rewrite(store, 1, change.generation_after)
    assert found(platform, decisions, stores=stores) == []


def test_file_that_is_gone_meanwhile_says_nothing(platform, decisions, stores, told):
    store, change = told(checksum_after="00000000")
    store.delete(NAME, change.generation_after)
    assert found(platform, decisions, stores=stores) == []


def test_file_that_moves_on_while_it_is_read_says_nothing(
    platform, decisions, stores, told
):
    store, change = told(checksum_after="00000000")

    def overtake(operation, name):
        if operation == "open":
            store.fault = lambda operation, name: None
            rewrite(store, 1, change.generation_after)

    store.fault = overtake
    assert found(platform, decisions, stores=stores) == []
    with pytest.raises(GenerationMismatch), store.open(NAME, change.generation_after):
        pass


def test_file_is_read_once_for_all_receipts(platform, decisions, stores, told):
    store, change = told()
    later = replace(change, plan="b")
    add_with_changes(platform, decisions, later, since=1, plan="b")
    store.reads.clear()
    assert found(platform, decisions, stores=stores) == []
    assert len(store.reads) == 1


def test_receipt_that_is_not_ours_tells_nothing_of_files(
    platform, decisions, stores, told
):
    told(checksum_after="00000000")
    data = platform.read(receipt_name(1)).replace(b'"scope":"rally"', b'"scope":"foo"')
    put(platform, 1, data)
    assert found(platform, decisions, stores=stores) == [
        "receipts/000000000001.json: bad signature: is not as deletion signed it"
    ]


def test_receipt_that_is_purged_while_it_is_listed_is_no_fault(platform, decisions):
    write_chain(platform, decisions, 2)

    def overtake(operation, name):
        if (operation, name) == ("read", receipt_name(2)):
            platform.fault = lambda operation, name: None
            delete(platform, 2)

    platform.fault = overtake
    assert found(platform, decisions) == []
