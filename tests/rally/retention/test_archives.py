"""Archives that were ingested go by when they were written; only what globs name."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from rally.errors import ConfigurationError
from tests.rally.retention.stored_studies import register_folders
from tests.support.purge_deployment import deleted_counts
from tests.support.world import GARDEN

NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)


def write(folder, name, days):
    """A file that was written so many days before the day of NOW began."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    time = NOW.replace(hour=0) - timedelta(days=days)
    os.utime(path, (time.timestamp(), time.timestamp()))
    return path


def left(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def test_only_old_files_that_a_glob_names_go(deployment, tmp_path):
    deployment.now, folder = NOW, tmp_path / "in"
    for name, days in (("a/1.ndjson", 31), ("a/2.ndjson", 30), ("a/3.csv", 99),
                       ("b/c/4.ndjson", 99), ("d/5.ndjson", 99)):  # fmt: skip
        write(folder, name, days)
    globs = f"{folder}/a/*.ndjson,{folder}/b/**/*.ndjson,{folder}/a/1*,{folder}/none*"

    report = deployment.purge(archives=globs)

    assert left(folder) == ["a/2.ndjson", "a/3.csv", "d/5.ndjson"]
    assert deleted_counts(report) == {("", "(archives)", "archive"): (2, 0)}
    assert report.exit_status == 0
    assert deployment.purge(archives=globs).plan == ""


def test_nothing_goes_that_is_not_named(deployment, tmp_path):
    deployment.now = NOW
    write(tmp_path / "in", "1.ndjson", 99)
    assert deployment.purge().plan == ""


def test_glob_that_names_what_a_store_holds_is_refused(deployment, tmp_path):
    deployment.now = NOW
    write(tmp_path / "in", "1.ndjson", 99)
    deployment.data.uri = str(tmp_path / "in")
    with pytest.raises(ConfigurationError, match="--archives: names what"):
        deployment.purge(archives=f"{tmp_path}/*/1.ndjson")
    assert left(tmp_path / "in") == ["1.ndjson"]


@pytest.mark.parametrize("linked", ["folder", "store", "file"])
def test_glob_that_reaches_a_store_by_a_link_is_refused(deployment, tmp_path, linked):
    deployment.now = NOW
    path = write(tmp_path / "in", "1.ndjson", 99)
    link = tmp_path / "link"
    link.symlink_to(path if linked == "file" else path.parent)
    deployment.data.uri = str(link if linked == "store" else path.parent)
    named = {"folder": f"{link}/*", "store": str(path), "file": str(link)}[linked]
    with pytest.raises(ConfigurationError, match="--archives: names what"):
        deployment.purge(archives=named)
    assert path.exists()


@pytest.mark.parametrize("what", ["keys", "platform", "registry", "derived"])
def test_glob_that_names_what_is_no_archive_is_refused(deployment, tmp_path, what):
    folders = {each: deployment.folder / each for each in ("keys", "platform")}
    folder = folders.get(what, tmp_path / what)
    path = write(folder, "old.json", 99)
    register_folders(deployment, GARDEN, str(tmp_path / "derived"))
    with pytest.raises(ConfigurationError, match="--archives: names what"):
        deployment.purge(
            archives=f"{folder}/*.json", studies=str(tmp_path / "registry")
        )
    assert path.exists()


def test_file_that_was_written_again_meanwhile_stays(deployment, tmp_path):
    deployment.now = NOW
    path = write(tmp_path / "in", "1.ndjson", 99)
    deployment.platform.after = lambda operation, name: (
        path.write_text("more") if name.endswith("purge.ndjson") else None
    )
    report = deployment.purge(archives=str(path))
    assert path.read_text() == "more"
    assert report.faults == [("1.ndjson", "changed meanwhile")]


@pytest.mark.parametrize("seconds", [-(2**33), -1, 0, 946_684_800, 2**33, 2**38])
def test_archive_of_a_time_that_cannot_be_stays_and_is_named(
    deployment, tmp_path, seconds
):
    deployment.now, folder = NOW, tmp_path / "in"
    write(folder, "1.ndjson", 99)
    odd = write(folder, "2.ndjson", 0)
    os.utime(odd, (0, seconds))

    report = deployment.purge(archives=f"{folder}/*.ndjson")

    assert left(folder) == ["2.ndjson"]
    assert report.exit_status == 1
    [(name, what)] = report.faults
    assert name == str(odd)
    assert what.startswith("is an archive whose time of writing cannot be true")


def test_archives_behind_links_stay_and_are_named(deployment, tmp_path):
    """What they lead to may be anybody's, and of a link only the name would go."""
    deployment.now, folder, theirs = NOW, tmp_path / "in", tmp_path / "theirs"
    for at in (folder / "a", theirs):
        write(at, "1.ndjson", 99)
    (folder / "b").symlink_to(theirs)
    (folder / "a" / "2.ndjson").symlink_to(theirs / "1.ndjson")
    (folder / "a" / "loop").symlink_to(".")
    (folder / "a" / "again").symlink_to(".")

    report = deployment.purge(archives=f"{folder}/**/*.ndjson,{folder}/*/*.ndjson")

    assert [*left(folder), *left(theirs)] == ["a/2.ndjson", "1.ndjson"]
    assert [name for name, _ in report.faults] == [
        *(f"{folder}/a/2.ndjson", f"{folder}/a/2.ndjson", f"{folder}/b/1.ndjson")
    ]
    assert all("is a link" in what for _, what in report.faults)
    assert report.exit_status == 1


def test_folder_that_a_glob_names_in_plain_may_be_a_link(deployment, tmp_path):
    deployment.now = NOW
    write(tmp_path / "large disk", "1.ndjson", 99)
    (tmp_path / "in").symlink_to("large disk")
    assert deployment.purge(archives=f"{tmp_path}/in/*.ndjson").exit_status == 0
    assert left(tmp_path / "large disk") == []
