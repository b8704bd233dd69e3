"""The one contract of object stores, held against a local folder and Cloud Storage.

The fake Cloud Storage honours preconditions of uploads, and ignores those of deletes:
that a stale delete is refused is shown locally alone, in test_local.py.
"""

import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    OldCopy,
)
from rally.storage.objectstore.open_store import open_store

CLOCKS_DIFFER = timedelta(seconds=5)
ODD_NAMES = {
    "space": "a b/c d",
    "hive": "data/study=x/document=y.1/date=2022-03-10/bucket=new/z.avro",
    "plus": "a+b",
    "query": "a?b=c&d;e",
    "fragment": "a#b",
    "percent": "a%2Fb%",
    "glob": "a*[b]{c}",
    "backslash": "a\\b",
    "quotes": "a\"b'c`d",
    "dot": ".hidden/.a",
    "dots": "a..b/...",
    "tilde": "~a",
    "accents": "\u00fc/\u00e9",
    "beyond the plane": "\U0001f98a",
    "long": "x" * 200,
    "looks temporary": "rally-tmp-a/rally-lock",
}


name = st.sampled_from(["a", "b/a", "b/c", "b-", "d/e/f"])


steps = st.lists(
    st.tuples(st.sampled_from(["create", "replace", "delete"]), name, st.binary()),
    max_size=8,
)


def test_created_object_is_read_seen_and_listed(store):
    assert store.create("a/b", b"12345") is True
    info = store.stat("a/b")
    assert store.read("a/b") == b"12345"
    assert info == ObjectInfo("a/b", 5, info.generation)
    assert list(store.list()) == [info]


def test_dated_listing_says_when_each_was_written(store):
    before = datetime.now(UTC) - CLOCKS_DIFFER
    store.create("a/b", b"1")
    store.create("a/c", b"2")
    after = datetime.now(UTC) + CLOCKS_DIFFER

    found = list(store.list_dated("a/"))

    assert [info for info, _ in found] == list(store.list("a/"))
    assert all(before <= written <= after for _, written in found)


def test_create_leaves_what_has_the_name_already(store):
    store.create("a", b"first")
    before = store.stat("a")
    assert store.create("a", b"second") is False
    assert store.read("a") == b"first"
    assert store.stat("a") == before


def test_empty_object_is_an_object(store):
    assert store.create("a", b"") is True
    assert store.create("a", b"") is False
    assert store.read("a") == b""
    assert store.read_range("a", 0, 10) == b""
    assert store.stat("a").size == 0


def test_large_object_comes_back_whole(store):
    data = bytes(range(256)) * 40_000
    store.create("a", data)
    assert store.read("a") == data
    assert store.read_range("a", 9_999_999, 5) == data[9_999_999:10_000_004]


@pytest.mark.parametrize("odd", ODD_NAMES.values(), ids=ODD_NAMES)
def test_odd_name_lives_a_whole_life(store, odd):
    assert store.create(odd, b"1") is True
    generation = store.replace(odd, b"22", store.stat(odd).generation)
    assert store.read(odd) == b"22"
    assert list(store.list(odd)) == [ObjectInfo(odd, 2, generation)]
    store.delete(odd, generation)
    assert list(store.list()) == []


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 3, b"012"),
        (2, 3, b"234"),
        (7, 3, b"789"),
        (7, 100, b"789"),
        (0, 100, b"0123456789"),
        (3, 0, b""),
        (10, 1, b""),
        (11, 1, b""),
    ],
)
def test_range_is_what_lies_in_it(store, start, length, expected):
    store.create("a", b"0123456789")
    assert store.read_range("a", start, length) == expected


def test_absent_object_is_absent_however_it_is_asked_for(store):
    store.create("b", b"")
    with pytest.raises(ObjectNotFound, match=r"^a$"):
        store.read("a")
    with pytest.raises(ObjectNotFound, match=r"^a$"):
        store.read_range("a", 0, 1)
    assert store.stat("a") is None
    assert list(store.list("a")) == []
    store.delete("a", 1)


def test_root_that_does_not_exist_is_an_empty_store(store):
    assert list(store.list()) == []
    assert list(store.list("a/b")) == []
    assert store.stat("a") is None
    store.delete("a", 1)
    with pytest.raises(ObjectNotFound):
        store.read("a")


def test_folder_is_no_object(store):
    store.create("a/b", b"1")
    assert store.stat("a") is None
    with pytest.raises(ObjectNotFound):
        store.read("a")
    with pytest.raises(ObjectNotFound):
        store.read_range("a", 0, 1)
    store.delete("a", 1)
    assert [info.name for info in store.list()] == ["a/b"]


def test_what_is_below_an_object_is_absent(store):
    store.create("a", b"1")
    assert store.stat("a/b") is None
    assert list(store.list("a/")) == []
    store.delete("a/b", 1)
    with pytest.raises(ObjectNotFound):
        store.read("a/b")


def test_replace_changes_content_and_generation(store):
    store.create("a", b"first")
    first = store.stat("a").generation
    second = store.replace("a", b"second", first)
    assert second != first
    assert store.stat("a") == ObjectInfo("a", 6, second)
    assert store.read("a") == b"second"


def test_replace_of_a_generation_that_has_passed_changes_nothing(store):
    store.create("a", b"first")
    first = store.stat("a").generation
    second = store.replace("a", b"second", first)
    with pytest.raises(GenerationMismatch, match=r"^a$"):
        store.replace("a", b"third!", first)
    assert store.stat("a") == ObjectInfo("a", 6, second)
    assert store.read("a") == b"second"


def test_replace_of_what_is_gone_makes_nothing(store):
    store.create("a", b"first")
    first = store.stat("a").generation
    store.delete("a", first)
    with pytest.raises(GenerationMismatch):
        store.replace("a", b"second", first)
    assert list(store.list()) == []


def test_delete_frees_the_name(store):
    store.create("a", b"1")
    store.delete("a", store.stat("a").generation)
    assert store.stat("a") is None
    assert store.create("a", b"2") is True
    assert store.read("a") == b"2"


def test_each_write_of_a_name_has_a_generation_of_its_own(store):
    seen = []
    for round_number in range(30):
        store.create("a", b"same")
        seen.append(store.stat("a").generation)
        seen.append(store.replace("a", b"same", seen[-1]))
        if round_number % 2:
            store.delete("a", seen[-1])
        else:
            seen.append(store.replace("a", b"size", seen[-1]))
            store.delete("a", seen[-1])
    assert len(set(seen)) == len(seen)


def test_list_begins_with_the_prefix_and_is_sorted_by_name(store):
    names = ["b", "a/c", "a/b", "a-b", "a.b", "A", "ab/c", "\u00fc", "\U0001f98a"]
    for each in names:
        store.create(each, b"")
    assert [info.name for info in store.list()] == sorted(names)
    assert [info.name for info in store.list("a")] == [
        *("a-b", "a.b", "a/b", "a/c", "ab/c")
    ]
    assert [info.name for info in store.list("a/")] == ["a/b", "a/c"]
    assert [info.name for info in store.list("a/b")] == ["a/b"]
    assert list(store.list("c")) == []
    assert list(store.list("a/b/c")) == []


def test_store_sees_what_is_below_its_root_alone(uri, store):
    sibling = open_store(uri + "-2")
    sibling.create("a", b"sibling")
    open_store(f"{uri}/").create("b", b"same root")
    open_store(f"{uri}/c").create("d", b"below")
    assert [info.name for info in store.list()] == ["b", "c/d"]
    assert store.stat("a") is None
    assert [info.name for info in sibling.list()] == ["a"]


@pytest.mark.parametrize("given", [True, False], ids=["given", "live"])
def test_open_object_is_read_in_parts(store, given):
    store.create("a/b", b"0123456789")
    info = store.stat("a/b")
    with store.open("a/b", info.generation if given else None) as snapshot:
        assert snapshot.info == info
        assert snapshot.read(2, 3) == b"234"
        assert snapshot.read(0, 2) == b"01"
        assert snapshot.read(7, 100) == b"789"
        assert snapshot.read(3, 0) == snapshot.read(10, 5) == b""


def test_open_of_what_is_not_there_is_refused(store):
    with pytest.raises(ObjectNotFound, match=r"^a$"), store.open("a"):
        pass
    store.create("a/b", b"1")
    with pytest.raises(ObjectNotFound, match=r"^a$"), store.open("a", 1):
        pass


def test_open_of_a_generation_that_has_passed_is_refused(store):
    store.create("a", b"1")
    first = store.stat("a").generation
    store.replace("a", b"2", first)
    with pytest.raises(GenerationMismatch, match=r"^a$"), store.open("a", first):
        pass


def test_open_object_is_never_read_as_another(store):
    store.create("a", b"first")
    with store.open("a") as snapshot:
        store.replace("a", b"other", snapshot.info.generation)
        with suppress(GenerationMismatch):
            assert snapshot.read(0, 5) == b"first"


def test_draft_becomes_the_object(store):
    with store.draft("a/b") as draft:
        draft.file.write(b"???45")
        draft.file.seek(0)
        draft.file.write(b"123")
        draft.file.seek(2)
        assert draft.file.read() == b"345"
        assert draft.create() is True
    info = store.stat("a/b")
    with store.draft("a/b") as draft:
        draft.file.write(b"two")
        new = draft.replace(info.generation)
    assert list(store.list()) == [ObjectInfo("a/b", 3, new)]
    assert new != info.generation
    assert store.read("a/b") == b"two"


def test_draft_that_is_refused_may_be_committed_otherwise(store):
    store.create("a", b"first")
    before = store.stat("a")
    with store.draft("a") as draft:
        draft.file.write(b"second")
        assert draft.create() is False
        with pytest.raises(GenerationMismatch, match=r"^a$"):
            draft.replace(before.generation + 1)
        assert store.stat("a") == before
        assert draft.replace(before.generation) == store.stat("a").generation
        assert draft.file.closed
    assert store.read("a") == b"second"


def test_draft_that_is_not_committed_leaves_nothing(store):
    store.create("b/c", b"1")
    before = list(store.list())
    with suppress(KeyError), store.draft("a") as draft:
        draft.file.write(b"half")
        raise KeyError
    with store.draft("b/c") as draft:
        draft.file.write(b"half")
    assert list(store.list()) == before
    assert store.create("a", b"") is True


def test_empty_draft_is_an_empty_object(store):
    with store.draft("a") as draft:
        assert draft.create() is True
    assert store.read("a") == b""


def test_large_draft_comes_back_whole(store):
    part = bytes(range(256)) * 40_000
    with store.draft("a") as draft:
        for _ in range(2):
            draft.file.write(part)
        draft.create()
    assert store.read("a") == part * 2
    with store.open("a") as snapshot:
        assert snapshot.read(10_239_990, 20) == (part * 2)[10_239_990:10_240_010]


def test_there_are_no_old_copies_where_none_are_kept(store):
    store.create("a", b"1")
    store.delete("a", store.replace("a", b"2", store.stat("a").generation))
    assert list(store.old_copies("")) == []
    store.purge(OldCopy("a", 1, 1, datetime.now(UTC), None, "noncurrent"))


def test_check_writable_leaves_nothing(store):
    store.check_writable()
    assert list(store.list()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_store_does_what_a_dictionary_does(uri, steps):
    store, model = open_store(f"{uri}/{uuid.uuid4()}"), {}
    for action, each, data in steps:
        if action == "create":
            assert store.create(each, data) is (each not in model)
            model.setdefault(each, data)
        elif each not in model:
            store.delete(each, 1)
        elif action == "replace":
            store.replace(each, data, store.stat(each).generation)
            model[each] = data
        else:
            store.delete(each, store.stat(each).generation)
            del model[each]
    names = [info.name for info in store.list()]
    assert names == sorted(model)
    assert {name: store.read(name) for name in names} == model
