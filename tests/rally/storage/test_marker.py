"""A place is taken for what its marker says, and for nothing without one."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.storage.marker import (
    NAME,
    Marker,
    PlaceKind,
    new_id,
    read_marker,
    require_marker,
)
from rally.storage.objectstore.local import LocalStore
from tests.fakes.memory_store import MemoryStore

ID, OTHER = "0123456789abcdef" * 2, "f" * 32
FIRST = "5e" * 32
GOOD = {"kind": "store", "layout": 1, "id": ID, "platform": OTHER, "founded": FIRST}
NOT_ITS_OWN = "memory://test/rally-store.json: is not as `rally init` made it; restore"
ids = st.text("0123456789abcdef", min_size=32, max_size=32)


def planted(text):
    """A store whose marker holds this."""
    store = MemoryStore()
    store.create(NAME, text if isinstance(text, bytes) else json.dumps(text).encode())
    return store


def refusal(call, *arguments):
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(ids, ids, st.sampled_from([None, "rally-foo"]))
def test_marker_is_read_as_it_was_written(own, platform, study):
    marker = Marker(PlaceKind.STORE, own, platform, study, founded=FIRST)
    assert read_marker(planted(marker.serialise())) == marker


def test_platform_is_its_own_and_a_new_place_has_an_id_of_its_own():
    platform = Marker.new(PlaceKind.PLATFORM, new_id(), founded=FIRST)
    assert platform.id == platform.platform
    first, second = (Marker.new(PlaceKind.STORE, platform.id) for _ in range(2))
    assert len({first.id, second.id, platform.id}) == 3
    assert first.platform == second.platform == platform.id


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"null", b"[]", b"{}", b"\xff", b"[" * 4096, b"{" * 100_000, b"NaN"),
        json.dumps(GOOD).encode() + b" " * 4096,
        *(
            {**GOOD, "kind": each}
            for each in ("platform", "Store", "", None, ["store"])
        ),
        *({**GOOD, "layout": each} for each in (0, -1, True, 1.0, "1", None)),
        *(
            {**GOOD, "id": each}
            for each in ("", ID[1:], ID.upper(), f"{ID}\n", 1, None)
        ),
        *({**GOOD, "platform": each} for each in ("../../etc", None, {})),
        *(
            {**GOOD, "founded": each}
            for each in ("", FIRST[1:], FIRST.upper(), None, 5)
        ),
        {name: each for name, each in GOOD.items() if name != "founded"},
        *({**GOOD, "study": each} for each in ("", "a b", "rally", "../x", None, 7)),
        {**GOOD, "colour": "green"},
        {"kind": "store", "layout": 1, "id": ID},
    ],
)
def test_what_is_no_marker_is_one_line(text):
    assert refusal(read_marker, planted(text)).startswith(NOT_ITS_OWN)


def test_marker_that_is_not_read_to_its_end_costs_no_memory():
    store = planted(b"[" * 10_000_000)
    assert refusal(read_marker, store).startswith(NOT_ITS_OWN)
    assert sum(length for _, _, length in store.reads) < 5_000


@pytest.mark.parametrize("layout", [2, 10**100])
def test_layout_of_newer_software_says_so(layout):
    newer = {"layout": layout, "place": "new in layout 2"}
    assert refusal(read_marker, planted(newer)) == (
        f"memory://test/rally-store.json: says layout {layout}, and this software knows"
        " 1; use a newer one"
    )


def test_only_a_file_is_a_marker(tmp_path):
    store = LocalStore(str(tmp_path))
    assert read_marker(store) is None
    place = tmp_path / NAME
    rest = "; take it away, and restore what `rally init` made there from a backup"
    place.mkdir()
    assert refusal(read_marker, store) == f"{place}: is a folder{rest}"
    place.rmdir()
    os.mkfifo(place)
    assert refusal(read_marker, store) == (
        f"{place}: is a pipe, a socket or a device, which nobody follows or opens{rest}"
    )


def test_folder_that_is_not_there_is_no_place(tmp_path):
    assert refusal(require_marker, LocalStore(f"{tmp_path}/disk"), PlaceKind.STORE) == (
        f"{tmp_path}/disk: is not a store: it has no rally-store.json; is it mounted?"
        " Correct --store, or make it one by `rally init`"
    )
    assert not (tmp_path / "disk").exists()


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        (
            Marker(PlaceKind.PLATFORM, ID, ID, founded=FIRST),
            "is a platform, and not a store; correct --store",
        ),
        (
            Marker(PlaceKind.DERIVED, ID, OTHER, "rally-foo"),
            "is a folder of researchers' tables, and not a store; correct --store",
        ),
        (
            Marker(PlaceKind.STORE, ID, ID, "rally-foo", founded=FIRST),
            f"belongs to platform {ID}, and not to {OTHER}; correct --store or"
            " --platform",
        ),
        (
            Marker(PlaceKind.STORE, ID, OTHER, founded=FIRST),
            "is the place of all studies, and not of rally-foo; correct --store",
        ),
        (
            Marker(PlaceKind.STORE, ID, OTHER, "rally-bar", founded=FIRST),
            "is the place of rally-bar, and not of rally-foo; correct --store",
        ),
    ],
    ids=["platform", "derived", "another platform's", "shared", "another study's"],
)
def test_place_of_another_kind_or_owner_is_refused(marker, says):
    store = planted(marker.serialise())
    wanted = (store, PlaceKind.STORE, OTHER, "rally-foo")
    assert refusal(require_marker, *wanted) == f"memory://test: {says}"


def test_store_of_one_study_is_not_that_of_all():
    store = planted(
        Marker(PlaceKind.STORE, ID, OTHER, "rally-foo", founded=FIRST).serialise()
    )
    assert refusal(require_marker, store, PlaceKind.STORE, OTHER) == (
        "memory://test: is the place of rally-foo, and not of all studies; correct"
        " --store"
    )


def test_copy_of_a_place_is_that_place():
    marker = Marker(PlaceKind.STORE, ID, OTHER, "rally-foo", founded=FIRST)
    for _ in range(2):
        store = planted(marker.serialise())
        assert require_marker(store, PlaceKind.STORE, OTHER, "rally-foo") == marker


def test_store_that_refuses_or_is_away_is_told_apart():
    def refuse(operation, name):
        raise error

    store = MemoryStore(fault=refuse)
    error = PermissionError(13, "Permission denied")
    assert refusal(read_marker, store) == (
        "memory://test: cannot be read (Permission denied); check that it exists and"
        " that this account may read there"
    )
    error = ConnectionError(None, "no answer")
    with pytest.raises(ConnectionError):
        read_marker(store)
