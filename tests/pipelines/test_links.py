"""Links in a store: no job follows one, each names it, and goes on with the rest."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import cli
from rally.registry.transitions import StudyAction
from rally.storage.objectstore.open_store import open_store
from tests.support.populated_store import PopulatedStore
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, POND, contents

pytestmark = pytest.mark.slow("jobs")

JOBS = ("delete", "compact", "purge", "audit")
GARDENS = f"data/study={GARDEN}"
DATE = f"{GARDENS}/document=visit.1/date=2026-05-20"
POND_DATE = f"data/study={POND}/document=visit.1/date=2026-05-30"
LATER = "--as_of=2027-06-01T12:00:00Z"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return PopulatedStore(tmp_path_factory.mktemp("links"))


@pytest.fixture
def here(template, tmp_path):
    """A copy of the store and of the keys."""
    shutil.copytree(template.folder, tmp_path / "here")
    copied = object.__new__(PopulatedStore)
    copied.folder, copied.store = tmp_path / "here", tmp_path / "here" / "store"
    copied.world = object.__new__(type(template.world))
    copied.world.root = copied.folder
    copied.world.keys, copied.world.studies = (
        str(copied.folder / each) for each in ("keys", "studies")
    )
    return copied


def conclude(here):
    """A person concludes the garden, by the file's date."""
    at = datetime(2027, 2, 1, tzinfo=UTC)
    platform = open_store(str(here.store / "platform"))
    decide_study(platform, GARDEN, StudyAction.CONCLUDE, at)


@pytest.fixture
def elsewhere(tmp_path):
    """Somebody's own folder."""
    folder = tmp_path / "elsewhere" / "bucket=new"
    folder.mkdir(parents=True)
    (folder / "thesis.avro").write_bytes(b"theirs")
    (folder / "thesis.txt").write_bytes(b"theirs")
    return folder.parent


def to_a_folder(store, elsewhere):
    (store / GARDENS / "document=visit.1" / "date=2024-01-01").symlink_to(elsewhere)


def to_another_study(store, _):
    target = store / POND_DATE
    (store / GARDENS / "document=visit.1" / "date=2024-01-01").symlink_to(target)


def to_another_studys_file(store, _):
    (file,) = (store / POND_DATE / "bucket=new").glob("*.avro")
    (store / DATE / "bucket=new" / "a.avro").symlink_to(file)


def to_nowhere(store, _):
    (store / DATE / "bucket=new" / "a.avro").symlink_to("nowhere")


def to_itself(store, _):
    for name in ("one", "two"):
        (store / DATE / name).symlink_to(".")


def pipe(store, _):
    os.mkfifo(store / DATE / "bucket=new" / "a.avro")


PLANTED = [
    *(to_a_folder, to_another_study, to_another_studys_file, to_nowhere),
    *(to_itself, pipe),
]


@pytest.mark.parametrize("plant", PLANTED)
def test_each_job_names_a_link_and_goes_on(here, elsewhere, capsys, plant):
    plant(here.store, elsewhere)
    kind = "is a pipe" if plant is pipe else "is a link"
    for job in JOBS:
        capsys.readouterr()
        assert here.run(job) == 1, job
        said = "".join(capsys.readouterr())
        assert kind.removeprefix("is ") in said if job == "audit" else kind in said
    rows = {name for name in contents(str(here.store)) if name.startswith("data/")}
    assert any(f"study={POND}" in name for name in rows)
    assert (elsewhere / "bucket=new" / "thesis.avro").read_bytes() == b"theirs"


def test_link_is_all_that_an_old_date_loses(here, elsewhere, capsys):
    """What is past its retention behind a link is not this study's to delete."""
    to_another_study(here.store, elsewhere)
    (here.store / GARDENS / "document=visit.1" / "old").symlink_to(elsewhere)
    assert here.run("purge", LATER) == 1
    assert "is a link" in capsys.readouterr().err
    assert len(list(elsewhere.rglob("*.*"))) == 2


def test_row_file_replaced_by_a_link_keeps_its_request_open(here, elsewhere, capsys):
    (file,) = (here.store / DATE / "bucket=new").glob("*.avro")
    moved = elsewhere / file.name
    file.rename(moved)
    file.symlink_to(moved)
    before = moved.read_bytes()
    here.write(here.left(1, 8))
    assert here.run("ingest", "--input={folder}/in.ndjson") == 0
    receipts = len(list((here.store / "platform/receipts").iterdir()))

    assert here.run("delete") == 1
    assert "not followed" in capsys.readouterr().err
    assert moved.read_bytes() == before
    assert len(list((here.store / "platform/receipts").iterdir())) == receipts

    file.unlink()
    moved.rename(file)
    assert here.run("delete") == 0
    assert file.read_bytes() != before
    assert len(list((here.store / "platform/receipts").iterdir())) == receipts + 1


def test_row_file_with_a_second_name_keeps_its_request_open(here, elsewhere, capsys):
    (file,) = (here.store / DATE / "bucket=new").glob("*.avro")
    (elsewhere / "backup").hardlink_to(file)
    here.write(here.left(1, 8))
    assert here.run("ingest", "--input={folder}/in.ndjson") == 0
    for job in ("delete", "purge", "audit"):
        assert here.run(job) == 1
        assert "hard link" in "".join(capsys.readouterr())
    assert file.read_bytes() == (elsewhere / "backup").read_bytes()

    (elsewhere / "backup").unlink()
    assert here.run("delete") == 0
    assert here.run("audit") == 0


def replace_by_link(place, elsewhere):
    shutil.move(place, elsewhere / "garden")
    place.symlink_to(elsewhere / "garden")


def replace_by_file(place, elsewhere):
    shutil.move(place, elsewhere / "garden")
    place.write_bytes(b"")


@pytest.mark.parametrize(
    ("replace", "why"),
    [
        (replace_by_link, "is a link, which nobody follows or opens"),
        (replace_by_file, "Not a directory"),
    ],
)
def test_study_whose_folder_is_none_stops_no_other(
    here, elsewhere, capsys, replace, why
):
    place = here.store / GARDENS
    replace(place, elsewhere)
    kept = contents(str(elsewhere))
    here.write(here.world.visit(3, 50), here.pond(2, 51), here.left(1, 52))
    named = f"rally: {GARDEN}: {place}: {why}; put the folder itself there"
    for job in ("ingest", *JOBS):
        capsys.readouterr()
        source = ["--input={folder}/in.ndjson"] if job == "ingest" else []
        assert here.run(job, *source) == 1, job
        out, err = capsys.readouterr()
        assert f"{named}, which this account may list\n" in err
        if job == "ingest":
            assert f"{GARDEN}  unknown   failed study unavailable      2" in out
            assert f"{POND}    visit.1   stored                        1" in out
    assert contents(str(elsewhere)) == kept
    assert list((here.store / POND_DATE).glob("bucket=0-*/compacted-*.avro"))

    place.unlink()
    shutil.move(elsewhere / "garden", place)
    assert here.run("replay") == 0
    assert here.run("delete") == 0
    assert "receipts: 2" in capsys.readouterr().out


OF_ROWS = (
    *("withdrawn", "retention", "dates", "review", "place", "schema", "duplicates"),
    *("enrolment", "ids", "network", "files"),
)
"""The checks that say *unknown* where rows cannot be looked at."""


@pytest.mark.parametrize("replace", [replace_by_link, replace_by_file])
def test_audit_knows_nothing_of_a_study_whose_folder_is_none(
    here, elsewhere, tmp_path, replace
):
    replace(here.store / GARDENS, elsewhere)
    assert here.run("audit", f"--json={tmp_path}/audit.json") == 1
    checks = json.loads((tmp_path / "audit.json").read_text())["checks"]
    states = {each["check"]: each["status"] for each in checks}
    assert {each: states[each] for each in OF_ROWS} == dict.fromkeys(OF_ROWS, "unknown")


def test_ingest_takes_nothing_of_a_study_whose_document_is_a_link(
    here, elsewhere, capsys
):
    """It would be written there; others name the link, and do what they can."""
    replace_by_link(here.store / GARDENS / "document=visit.1", elsewhere)
    here.write(here.world.visit(3, 50), here.pond(2, 51))
    assert here.run("ingest", "--input={folder}/in.ndjson") == 1
    out, err = capsys.readouterr()
    assert err == (
        f"rally: {GARDEN}: {here.store}/{GARDENS}/document=visit.1: is a link, which"
        " nobody follows or opens; put the folder itself there, which this account may"
        " list and write\n"
    )
    assert f"{POND}    visit.1   stored" in out


def test_concluded_study_with_a_link_keeps_its_keys(here, elsewhere, capsys):
    to_a_folder(here.store, elsewhere)
    key = Path(here.world.keys, "platform", f"pseudonym.{GARDEN}.keyset.json")
    conclude(here)
    assert here.run("delete", LATER) == 1
    assert here.run("purge", LATER) == 1
    assert not list((here.store / GARDENS).rglob("*.avro"))
    assert len(list(elsewhere.rglob("*.*"))) == 2
    assert key.exists()

    (here.store / GARDENS / "document=visit.1" / "date=2024-01-01").unlink()
    for _ in range(2):  # the log forgets the study once all else of it is gone
        assert here.run("delete", LATER) == 0
        assert here.run("purge", LATER) == 0
    assert not key.exists()


def test_empty_marker_of_a_tool_is_nothing_left_of_a_concluded_study(here, capsys):
    """Purge leaves what stands for a folder, and the audit counts no row there."""
    (here.store / GARDENS / "_SUCCESS").write_bytes(b"")
    (here.store / GARDENS / "notes.txt").write_bytes(b"of somebody")
    conclude(here)
    assert here.run("delete", LATER) == 0
    assert here.run("audit", LATER) == 1
    assert "concluded     BROKEN" in capsys.readouterr().out
    assert here.run("purge", LATER) == 0
    assert [*contents(str(here.store / GARDENS))] == ["_SUCCESS"]
    assert here.run("delete", LATER) == 0  # which makes the log forget the study
    assert here.run("purge", LATER) == 0
    capsys.readouterr()
    here.run("audit", LATER)
    assert "concluded     kept" in capsys.readouterr().out


READ_BY = {
    "events": ("delete", "purge", "audit", "ingest"),
    "decisions": ("delete", "purge", "audit", "compact", "ingest", "replay"),
    "plans": ("delete", "purge", "audit", "compact"),
    "leases": ("delete", "purge", "audit", "compact"),
    "receipts": ("delete", "audit"),
    "dead-letters": ("delete", "purge", "audit", "ingest", "replay"),
}


@pytest.mark.parametrize("name", READ_BY)
def test_records_behind_a_link_are_not_taken_for_none(here, elsewhere, capsys, name):
    """Who left, what was decided and what is held would else be forgotten."""
    folder = here.store / "platform" / name
    if folder.exists():
        shutil.move(folder, elsewhere / name)
    folder.symlink_to(elsewhere / name)
    before = contents(str(here.store))
    for job in READ_BY[name]:
        source = ["--input={folder}/in.ndjson"] if job == "ingest" else []
        capsys.readouterr()
        assert here.run(job, *source) in (1, 2), job
        said = "".join(capsys.readouterr()).splitlines()
        assert any("a link" in line and name in line for line in said), job
        assert "Traceback" not in said
    after = contents(str(here.store))
    assert {name: after.get(name) for name in before if name.startswith("data/")} == {
        name: data for name, data in before.items() if name.startswith("data/")
    }


def test_platform_and_store_may_be_links_themselves(here, tmp_path):
    shutil.move(here.store / "platform", tmp_path / "platform")
    (here.store / "platform").symlink_to(tmp_path / "platform")
    shutil.move(here.store, tmp_path / "large")
    here.store.symlink_to(tmp_path / "large")
    for job in JOBS:
        assert here.run(job) == 0, job


def put_link(place, elsewhere):
    place.symlink_to(elsewhere / "moved")


def put_pipe(place, _):
    os.mkfifo(place)


def put_folder(place, _):
    place.mkdir()


@pytest.mark.parametrize(
    ("put", "is_what"),
    [
        (put_link, "is a link, which nobody follows or opens"),
        (put_pipe, "is a pipe, a socket or a device, which nobody follows or opens"),
        (put_folder, "is a folder"),
    ],
)
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("rally-store.json", "what `rally init` made there"),
        ("platform/rally-store.json", "what `rally init` made there"),
        ("platform/withdrawals/root.json", "the withdrawal list"),
    ],
)
def test_what_stands_in_the_place_of_marker_or_list_is_named(
    here, elsewhere, capsys, name, what, put, is_what
):
    place = here.store / name
    options = here.world.options(str(here.store))
    place.rename(elsewhere / "moved")
    put(place, elsewhere)
    told = f"{place}: {is_what}; take it away, and restore {what} from a backup"
    for job in ("ingest", *JOBS):
        source = [f"--input={here.folder}/in.ndjson"] if job == "ingest" else []
        capsys.readouterr()
        status = cli.main([job, *source, *options])
        assert status in (1, 2) if job == "audit" else status == 2, job
        said = "".join(capsys.readouterr())
        if job == "audit":  # it goes on, and has a table of what is unknown
            told = told.partition(";")[0]
        assert told in said
        assert job == "audit" or said == f"rally: {told}\n"
