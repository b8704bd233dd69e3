"""Globs of this machine name what a shell's would, and end."""

import glob

import pytest

from rally.sources.globs import match_paths

FILES = ("a.x", "b/c.x", "b/d/e.x", "b/.hidden.x", ".hidden/f.x", "b/[g].x")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("root", ["", "{tree}/", "./", "../{tree.name}/"])
@pytest.mark.parametrize(
    "pattern",
    [
        *("a.x", "*", "*/*", "**", "**/*.x", "b/**", "b/**/*.x", "**/d/*", "*/**/*.x"),
        *("**/**/e.x", "b/**/[[]g].x", ".hidden/*", "nowhere/**", "**/c.x/**", "a**"),
    ],
)
def test_without_links_it_is_what_python_names(tree, root, pattern):
    named = root.format(tree=tree) + pattern
    expected = {each for each in glob.glob(named, recursive=True) if each[-1] != "/"}
    assert set(match_paths(named)) == expected


def test_links_to_the_folder_that_they_are_in_end(tree):
    """Python's own glob goes round for ever in two of them."""
    for name in ("one", "two", "b/one", "b/two"):
        (tree / name).symlink_to(".")
    assert list(match_paths("**/*.x")) == ["a.x", "b/[g].x", "b/c.x", "b/d/e.x"]
    assert list(match_paths("b/**")) == [
        *("b/[g].x", "b/c.x", "b/d", "b/d/e.x", "b/one", "b/two")
    ]


def test_links_that_are_named_are_followed(tree):
    (tree / "link").symlink_to("b")
    (tree / "link.x").symlink_to("b/c.x")
    assert list(match_paths("link/*.x")) == ["link/[g].x", "link/c.x"]
    assert list(match_paths("l*/c.x")) == ["link/c.x"]
    assert list(match_paths("*.x")) == ["a.x", "link.x"]
    assert list(match_paths("link/**/*.x")) == [
        *("link/[g].x", "link/c.x", "link/d/e.x")
    ]
