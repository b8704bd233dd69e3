"""What objects may be called, and that no store takes anything else."""

from os.path import normpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.objectstore.interface import check_object_name, is_object_name

TAKEN = {
    *("a", "a/b", ".a", "a..b/...", "..a", "a/", "data/study=x/", "~a", "a b", "a\\b"),
    *("\u00fc", "a\u202eb", "rally-store.json"),
}
FOREIGN = {
    *(
        "",
        "/",
        "/a",
        "a//b",
        "a//",
        ".",
        "..",
        "../a",
        "a/..",
        "a/../b",
        "a/./b",
        "./a",
    ),
    *("a\0", "a\n", "a/\x1b[2J", "\x7f", "a\x9bb", "a/\r/b"),
}


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_names_of_objects_are_taken(name):
    assert is_object_name(name)
    check_object_name(name)


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_other_names_are_refused(name):
    assert not is_object_name(name)
    with pytest.raises(FileNotFoundError):
        check_object_name(name)


@given(st.lists(st.sampled_from(["a", "..", ".", "", "b.avro", "\n"]), min_size=1))
def test_what_is_taken_stays_below_its_root(parts):
    name = "/".join(parts)
    if is_object_name(name):
        assert normpath(f"/root/{name}") == f"/root/{name}".rstrip("/")
