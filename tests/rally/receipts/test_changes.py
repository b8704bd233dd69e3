"""Changes of files as bytes, and what of them receipts tell."""

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.receipts.chain import append
from rally.receipts.changes import (
    changes_name,
    encode_changes,
    first_of,
    read_changes,
    sum_up,
    sums_of,
    write_changes,
)
from rally.receipts.encoding import digest
from rally.receipts.receipt import FileChange, NamedChanges, receipt_name
from rally.storage.objectstore.local import LocalStore
from tests.fakes.memory_store import MemoryStore
from tests.rally.receipts.examples import (
    DEFERRED,
    DELETED,
    FILE,
    FOO,
    GONE,
    KEY,
    PLAIN,
    PLAN,
    REQUEST,
    add_with_changes,
    found,
    made,
    request,
)

whole = st.integers(0, 2**63)
names = st.text("abcdef0123456789-", min_size=1, max_size=9)
changes = st.builds(
    FileChange,
    plan=names,
    namespace=names,
    name=names,
    generation_before=whole,
    generation_after=st.none() | whole,
    rows_before=whole,
    rows_removed=whole,
    rows_after=whole,
    checksum_before=st.just("") | names,
    checksum_after=st.none() | names,
    rows_changed=whole,
    requests=st.dictionaries(st.integers(0, 9).map(request), whole, max_size=5),
)


@given(st.lists(changes, max_size=5).map(tuple), st.integers(1, 10**11))
def test_changes_are_read_as_they_were_written(told, first):
    platform = MemoryStore()
    named = write_changes(platform, first, told)
    assert read_changes(platform, named) == told
    assert first_of(changes_name(named)) == first
    assert write_changes(platform, first, told) == named


def test_file_is_a_line_and_names_requests_by_their_place():
    data = encode_changes([FILE, replace(GONE, requests={REQUEST: 1, request(3): 2})])
    head, _, gone = data.decode().splitlines()
    assert head == f'{{"requests":["{request(3)}","{REQUEST}"]}}'
    assert gone == (
        '{"checksum_after":null,"checksum_before":"0badcafe","generation_after":null,'
        '"generation_before":13,"name":"data/study=rally-study-foo/document=test.1/date'
        f'=2021-05-02/bucket=new/{"ab" * 16}.avro","namespace":"{FOO}","plan":"{PLAN}",'
        '"requests":[[0,2],[1,1]],"rows_after":0,"rows_before":2,"rows_changed":0,'
        '"rows_removed":2}'
    )


@given(st.sampled_from(["plan", "namespace", "name"]), st.uuids())
def test_no_changes_hold_an_id_or_a_pseudonym(where, leaked):
    with pytest.raises(ValueError, match="a receipt holds no id and no pseudonym"):
        encode_changes([replace(FILE, **{where: f"x{str(leaked).upper()}"})])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON; restore it from a backup"),
        (b"{\n", "is not JSON; restore it from a backup"),
        (b"[" * 100_000, "is not JSON; restore it from a backup"),
        (b'{"requests":["%s"]}\n{"plan":"p"}\n' % request(1).encode(),
         "2.namespace: is missing; add it"),
        (b'{"requests":["no"]}\n', "1.requests.0: must be lower-case hexadecimal"
         " digits, all of them"),
        (encode_changes([FILE]).replace(b"[[0,", b"[[7,"), "2.requests: must be pairs"
         " of a listed request and rows"),
        (encode_changes([FILE]).replace(b"[[0,5]]", b"[5]"), "2.requests: must be pairs"
         " of a listed request and rows"),
    ],
    ids=["empty", "cut", "deep", "fields", "request", "unlisted", "no pairs"],
)  # fmt: skip
def test_anything_else_is_one_line(data, message):
    platform, named = MemoryStore(), NamedChanges(1, digest(data), len(data))
    platform.create(changes_name(named), data)
    with pytest.raises(ConfigurationError) as caught:
        read_changes(platform, named)
    name = changes_name(named)
    assert str(caught.value) == f"{platform.uri}/{name}: {message}"


def test_changes_that_are_not_there_are_none(platform):
    assert read_changes(platform, NamedChanges(1, "0" * 64, 10)) is None


def test_receipt_has_the_sums_of_its_request_in_its_plans():
    told = [
        FILE,
        GONE,
        replace(FILE, plan="second", namespace="pond", requests={REQUEST: 3}),
        replace(FILE, plan="third", requests={REQUEST: 100}),
        replace(FILE, requests={request(1): 100}),
    ]
    receipt = replace(PLAIN, plan=f"{PLAN}+second")
    assert sums_of(receipt, sum_up(told)) == {FOO: (2, 6), "pond": (1, 3)}
    assert sums_of(replace(PLAIN, plan=""), sum_up(told)) == {}


@pytest.mark.parametrize("other", [b"", b"{}\n", encode_changes([FILE]) + b"{}\n"])
def test_changes_whose_name_is_taken_are_not_named_by_a_receipt(other):
    data, platform = encode_changes([FILE]), MemoryStore()
    name = changes_name(NamedChanges(1, digest(data), len(data)))
    platform.create(name, other)
    with pytest.raises(ConfigurationError) as caught:
        write_changes(platform, 1, [FILE])
    assert str(caught.value) == (
        f"{platform.uri}/{name}: has the name of changes and is not them; remove it"
    )
    assert platform.read(name) == other


@pytest.mark.parametrize(
    "plant",
    [os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/passwd", path)],
    ids=["pipe", "folder", "link"],
)
def test_what_is_no_file_is_no_changes(tmp_path, plant):
    platform = LocalStore(str(tmp_path))
    named = write_changes(platform, 1, [FILE])
    path = tmp_path / changes_name(named)
    path.unlink()
    plant(path)
    assert read_changes(platform, named) is None
    with pytest.raises(OSError, match=path.name):
        write_changes(platform, 1, [FILE])


def test_link_in_the_place_of_changes_does_not_end_the_verification(
    tmp_path, decisions
):
    platform = LocalStore(str(tmp_path))
    name = changes_name(add_with_changes(platform, decisions, FILE).changes)
    append(platform, decisions, KEY, made(sections=(DELETED,)), 1)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to(tmp_path / receipt_name(1))
    assert found(platform, decisions) == [
        f"{name}: missing: receipts/000000000001.json names it, and it is not there;"
        " restore from a backup",
        f"receipts/000000000002.json: untrue: {FOO}: says 6 rows of 2 files, and its"
        " changes 0 of 0",
    ]


def test_changes_are_read_once_for_all_receipts_of_a_run(platform, decisions):
    requests = {request(number): number for number in (1, 2, 3)}
    named = write_changes(platform, 1, [replace(FILE, requests=requests)])
    for each, rows in requests.items():
        section = replace(DELETED, files=1, rows=rows)
        make = made(request=each, sections=(section,), changes=named)
        append(platform, decisions, KEY, make, rows - 1)
    platform.reads.clear()
    assert found(platform, decisions) == []
    assert len(platform.reads) == 4  # the changes, and three receipts


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ((replace(DELETED, files=1, rows=4),), f"{FOO}: says 4 rows of 1 files, and its"
         " changes 5 of 1"),
        ((replace(DELETED, files=0, rows=0),), f"{FOO}: says 0 rows of 0 files, and its"
         " changes 5 of 1"),
        ((DEFERRED,), f"{FOO}: is not told, and its changes are about it"),
    ],
    ids=["fewer", "nothing", "another study"],
)  # fmt: skip
def test_sum_that_is_not_that_of_the_changes_is_untrue(
    platform, decisions, sections, line
):
    add_with_changes(platform, decisions, FILE, sections=sections)
    assert found(platform, decisions) == [f"receipts/000000000001.json: untrue: {line}"]


def test_sum_of_no_changes_is_untrue(platform, decisions):
    append(platform, decisions, KEY, made(sections=(DELETED,)))
    assert found(platform, decisions) == [
        f"receipts/000000000001.json: untrue: {FOO}: says 6 rows of 2 files, and its"
        " changes 0 of 0"
    ]


def test_changes_of_another_plan_or_request_are_none_of_a_receipts(platform, decisions):
    other = replace(FILE, requests={request(7): 7})
    section = replace(DELETED, files=1, rows=5)
    add_with_changes(
        platform, decisions, FILE, replace(FILE, plan="another"),
        sections=(section,),
    )  # fmt: skip
    named = write_changes(platform, 2, [other])
    append(platform, decisions, KEY, made(request=request(8), changes=named), since=1)
    assert found(platform, decisions) == []


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (None, "missing: receipts/000000000001.json names it, and it is not there;"
         " restore from a backup"),
        (lambda data: data.replace(b"100", b"101"), "changed: is not what its receipts"
         " name; restore it from a backup"),
        (lambda data: data + b"{}\n" * 1000, "changed: is not what its receipts name;"
         " restore it from a backup"),
        (lambda data: b"", "changed: is not what its receipts name; restore it from a"
         " backup"),
    ],
    ids=["gone", "edited", "longer", "empty"],
)  # fmt: skip
def test_changes_that_are_not_as_they_were_are_found(platform, decisions, spoil, line):
    name = changes_name(add_with_changes(platform, decisions, FILE, GONE).changes)
    info = platform.stat(name)
    if spoil is None:
        platform.delete(name, info.generation)
    else:
        platform.replace(name, spoil(platform.read(name)), info.generation)
    assert found(platform, decisions) == [f"{name}: {line}"]
