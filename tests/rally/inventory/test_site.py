"""The files of the site, and the folder that they are in."""

import json
from pathlib import Path

import pytest

from rally.errors import ConfigurationError
from rally.inventory.site import make_site, write_site
from rally.registry.registry import Registry
from tests.rally.inventory.samples import STREAM, inventory_of, shipped, stream, whole


def files_in(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_site_has_a_page_for_each_study_and_document():
    files = make_site(inventory_of(stream()))
    documents = Registry({STREAM: stream()}).documents(stream())
    assert files.keys() == {
        *("index.html", "fields.html", "style.css", "inventory.json"),
        f"{STREAM}/index.html",
        *(f"{STREAM}/{name}.html" for name in documents),
        *(f"{STREAM}/reviews/{each.id}.html" for each in stream().reviews),
    }


def test_equal_inventories_are_equal_bytes():
    assert make_site(whole()) == make_site(whole())


@pytest.mark.parametrize("before", ["no folder", "an empty folder", "the same site"])
def test_site_is_written(tmp_path, before):
    folder, files = tmp_path / "site", make_site(inventory_of(stream()))
    if before == "an empty folder":
        folder.mkdir()
    if before == "the same site":
        write_site(folder, files)
    write_site(folder, files)
    assert files_in(folder) == files
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*.html")} == {0o644}


def test_pages_that_are_no_more_go_and_nothing_else_does(tmp_path):
    write_site(tmp_path, make_site(whole()))
    others = {
        "robots.txt": "a",
        "about.html": "b",
        "rally-core/note.txt": "c",
        "rally-core/Note.html": "d",
        "rally-core/letters/a.html": "e",
    }
    for name, text in others.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files = make_site(inventory_of(stream(), shipped().studies["rally-zero-one"]))
    write_site(tmp_path, files)
    assert files_in(tmp_path) == {**files, **others}


@pytest.mark.parametrize(
    "found",
    [
        {"letters.txt": "mine"},
        {"inventory.json": "[]"},
        {"inventory.json": "{}"},
        {"inventory.json": '{"as_of": "2022-10-01"}'},
        {"inventory.json": b"\xff"},
        {"inventory.json/index.html": ""},
    ],
    ids=["files", "a list", "no studies", "another form", "no text", "a folder"],
)
def test_folder_with_something_else_stays_as_it_is(tmp_path, found):
    for name, content in found.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as caught:
        write_site(tmp_path, make_site(whole()))
    assert str(caught.value) == (
        f"--out {tmp_path}: holds something else than an inventory; name a new or an "
        "empty folder"
    )
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {
        tmp_path / name for name in found
    }


def test_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "site").write_text("")
    with pytest.raises(ConfigurationError) as caught:
        write_site(tmp_path / "site", {})
    assert str(caught.value).startswith(f"--out {tmp_path}/site: cannot be written (")


def test_data_beside_the_pages_is_json():
    assert json.loads(make_site(whole())["inventory.json"])["format"] == 1
