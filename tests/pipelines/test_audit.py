"""The audit as a command: what it says, how it ends, and what it writes."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys

import pytest

from pipelines import audit, cli
from pipelines.jobs import audit as audit_job
from rally import settings
from rally.audit.findings import Check, Status
from rally.audit.row_audit import RowAudit
from rally.audit.verified_receipts import POINT
from rally.errors import CorruptFile
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.root import ROOT
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    contents,
    document_id,
    rally_id,
    write_lines,
)

LEFT = "2026-05-25T10:00:00.000000Z"


@pytest.fixture(scope="module")
def template(world, tmp_path_factory):
    """Three joined and were seen; one left the garden, and is deleted."""
    folder = tmp_path_factory.mktemp("template")
    house, garden = f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1"
    messages = [
        world.message(document, {"rally.id": rally_id(person)}, 10 * person + at)
        for person in (1, 2, 3)
        for at, document in enumerate((house, garden))
    ]
    messages += [world.visit(person, 100 + person) for person in (1, 2, 3)]
    request = {"rally.id": rally_id(1)}
    messages.append(world.message(f"{GARDEN}/study-unenrollment/1", request, 200, LEFT))
    messages.append(world.message(f"{GARDEN}/visit/1", b"{}", 201))  # a dead letter
    path, store = write_lines(folder / "in.ndjson", messages), folder / "store"
    for command in (["ingest", f"--input={path}"], ["delete"], ["compact"]):
        assert cli.main([*command, *world.options(str(store))]) == 0
    return store


@pytest.fixture
def lived_in(template, store):
    """A store of its own, in which all that has happened."""
    shutil.copytree(template, store)
    return store


def run(world, store, capsys, *more):
    """Status, output, errors."""
    return cli.main(["audit", *world.options(store), *more]), *capsys.readouterr()


def broken(report):
    return {each.check for each in report.checks if each.status is Status.BROKEN}


def spoil(store):
    """Changes the last byte of a file of rows."""
    opened = open_store(store)
    info = next(info for info in opened.list("data/") if info.name.endswith(".avro"))
    data = opened.read(info.name)
    opened.replace(info.name, data[:-1] + bytes([data[-1] ^ 1]), info.generation)
    return info.name


def test_all_promises_are_kept(world, lived_in, capsys):
    before = contents(lived_in)

    status, out, errors = run(world, lived_in, capsys)

    assert (status, errors) == (0, "")
    assert "25 of 25 promises are kept" in out or "All 23 promises are kept." in out
    after = contents(lived_in)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() <= {f"platform/{POINT}"}


def test_broken_promise_is_named_and_ends_with_1(world, lived_in, capsys):
    name = spoil(lived_in)

    status, out, errors = run(world, lived_in, capsys)

    assert (status, errors) == (1, "")
    assert name in out
    assert broken(audit.run(world.options(lived_in))) == {Check.FILES}


def test_what_cannot_be_checked_ends_with_2(world, lived_in, capsys):
    platform = open_store(f"{lived_in}/platform")
    platform.delete(ROOT, platform.stat(ROOT).generation)

    status, out, errors = run(world, lived_in, capsys)

    assert (status, errors) == (2, "")
    assert "the withdrawal list is missing" in out


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(5, "out of reach"),
            "cannot be read (out of reach); check that it exists and that this account"
            " may read there",
        ),
        (
            ConnectionError(5, "out of reach"),
            "cannot be reached (out of reach); nothing is proven until that is mended",
        ),
    ],
)
def test_platform_that_cannot_be_read_proves_nothing(
    world, lived_in, capsys, monkeypatch, error, told
):
    def refuse(*_):
        raise error

    monkeypatch.setattr(settings, "read_chain", refuse)
    status, out, errors = run(world, lived_in, capsys)
    assert (status, out) == (2, "")
    assert errors == f"rally: {lived_in}/platform: {told}\n"


@pytest.mark.parametrize("error", [OSError(5, "out of reach"), CorruptFile("torn")])
def test_worker_that_gives_up_proves_nothing(
    world, lived_in, capsys, monkeypatch, error
):
    def give_up(*_):
        raise error

    monkeypatch.setattr(audit_job, "_SMALL_BYTES", 0)
    monkeypatch.setattr(RowAudit, "audit_unit", give_up)
    status, out, errors = run(world, lived_in, capsys)
    assert (status, out) == (2, "")
    assert "nothing is proven until that is mended" in errors
    assert len(errors.splitlines()) == 1


def test_report_is_written_for_its_owner_only(world, lived_in, tmp_path, capsys):
    page, data = tmp_path / "audit.html", tmp_path / "audit.json"

    status, out, _ = run(world, lived_in, capsys, f"--html={page}", f"--json={data}")

    assert status == 0
    assert out.startswith("Audit as of 2026-06-01T12:00:00Z")
    assert json.loads(data.read_text())["exit_status"] == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    for file in (page, data):
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == sorted({"audit.html", "audit.json", "store"})


def test_json_goes_to_standard_output(world, lived_in, capsys):
    status, out, _ = run(world, lived_in, capsys, "--json=-", "--threshold=1")
    report = json.loads(out)
    assert status == 0
    assert report["rows"][GARDEN] == {"2026-05-20": 4}
    assert report["scope"]["share"] == 1


def test_no_id_and_no_pseudonym_is_told(world, lived_in, tmp_path, capsys):
    spoil(lived_in)
    page = tmp_path / "audit.html"
    told = ""
    for more in ("--json=-", f"--html={page}"):
        told += "".join(run(world, lived_in, capsys, more, "--threshold=1")[1:])
    told += page.read_text()
    for person in (1, 2, 3):
        for known in (
            rally_id(person),
            world.platform_pseudonym(person),
            world.pseudonym(person),
            document_id(100 + person),
        ):
            assert known not in told


@pytest.mark.parametrize("option", ["--html", "--json"])
def test_file_that_cannot_be_written_is_refused_before_anything_is_read(
    world, lived_in, capsys, monkeypatch, option
):
    monkeypatch.setattr(audit_job, "Audit", None)
    status, out, errors = run(world, lived_in, capsys, f"{option}=/nowhere/at/all")
    assert (status, out) == (2, "")
    assert "/nowhere/at/all: cannot be written" in errors


@pytest.mark.parametrize(("is_spoilt", "expected"), [(True, 1), (False, 2)])
def test_broken_promise_is_told_though_a_file_cannot_be_written(
    world, lived_in, capsys, monkeypatch, tmp_path, is_spoilt, expected
):
    if is_spoilt:
        spoil(lived_in)
    monkeypatch.setattr(audit_job, "check_writable", lambda *_: None)
    status, out, errors = run(world, lived_in, capsys, f"--html={tmp_path}")
    assert status == expected
    assert out.startswith("Audit as of")
    assert errors.startswith(f"rally: --html {tmp_path}: cannot be written")


def test_test_ids_and_addresses_are_looked_for(world, lived_in, capsys, monkeypatch):
    platform = open_store(f"{lived_in}/platform")
    platform.create("reports/note.txt", b"192.0.2.7 and " + rally_id(9).encode())
    given = f"{rally_id(9).upper()}\n\n192.0.2.7\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))

    report = audit.run(world.options(lived_in, "--test_ids"))

    assert broken(report) == {Check.IDS, Check.NETWORK}
    assert broken(audit.run(world.options(lived_in))) == set()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--sample=0", "--sample: must be a number above 0 and at most 1"),
        ("--sample=1.5", "--sample: must be a number above 0 and at most 1"),
        ("--threshold=0", "--threshold: must be a whole number from 1"),
        ("--deadline_days=-1", "--deadline_days: must be a number from 0 to 36,500"),
        ("--grace_days=nan", "--grace_days: must be a number from 0 to 36,500"),
        ("--html=-", "--html: name a file"),
        ("--html=/nowhere/at/all.html", "cannot be written"),
        ("--as_of=yesterday", "--as_of yesterday: is no time"),
        ("--nonsense", "--nonsense: no such option"),
    ],
)
def test_wrong_options_are_one_line(world, lived_in, capsys, option, said):
    status, out, errors = run(world, lived_in, capsys, option)
    assert (status, out) == (2, "")
    assert said in errors
    assert len(errors.splitlines()) == 1


def test_missing_keys_are_a_line_each(world, lived_in, capsys):
    status, out, errors = run(world, lived_in, capsys, "--platform_keys=/nowhere")
    missing = "is missing; is this the key folder"
    assert (status, out) == (2, "")
    assert [line.partition("?")[0].split(": ")[1:] for line in errors.splitlines()] == [
        ["/nowhere/pseudonym.platform.keyset.json", missing],
        ["/nowhere/kek.json", missing],
    ]


def test_wrong_line_of_standard_input_is_not_repeated(
    world, lived_in, capsys, monkeypatch
):
    given = b"192.0.2.7\nnot-an-id\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    status, _, errors = run(world, lived_in, capsys, "--test_ids")
    assert status == 2
    assert "standard input: line 2: is no Rally id" in errors
    assert "not-an-id" not in errors


def test_who_audits_needs_no_key_that_signs(world, lived_in, tmp_path):
    """List and receipts are verified by public keys, which cannot forge them."""
    keys = tmp_path / "keys"
    shutil.copytree(world.keys, keys)
    for path in (keys / "platform").glob("signing.*.keyset.json"):
        path.unlink()
    report = audit.run(world.options(lived_in, f"--platform_keys={keys}/platform"))
    assert broken(report) == set()
    assert {each.status for each in report.checks} == {Status.KEPT}


def test_runner_and_this_process_come_to_the_same(world, lived_in, monkeypatch):
    here = audit.run(world.options(lived_in))
    monkeypatch.setattr(audit_job, "_SMALL_BYTES", 0)
    there = audit.run(world.options(lived_in))
    assert there.checks == here.checks
    assert there.rows == here.rows
    assert there.scope._replace(seconds=0) == here.scope._replace(seconds=0)
    leftovers = open_store(f"{lived_in}/platform").list("results/")
    assert list(leftovers) == []


def test_stores_of_studies_may_be_apart(world, tmp_path, capsys):
    path = write_lines(tmp_path / "in.ndjson", [
        world.message(f"{HOUSE}/enrollment/1", {"rally.id": rally_id(1)}, 1),
        world.message(f"{GARDEN}/study-enrollment/1", {"rally.id": rally_id(1)}, 2),
        world.visit(1, 3),
    ])  # fmt: skip
    store = [f"{tmp_path}/at-{{study}}", f"--platform={tmp_path}/platform"]
    options = world.options(*store)
    world.make_stores(store[0], f"{tmp_path}/platform")
    assert cli.main(["ingest", f"--input={path}", *options]) == 0
    assert broken(audit.run(options)) == set()

    garden, pond = (open_store(f"{tmp_path}/at-{each}") for each in (GARDEN, POND))
    name = next(info.name for info in garden.list("data/"))
    pond.create(name, garden.read(name))
    assert broken(audit.run(options)) == {Check.PLACE}


@pytest.mark.slow("processes")
def test_it_runs_as_a_module(world, lived_in):
    command = [sys.executable, "-m", "pipelines.audit", *world.options(lived_in)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Audit as of")
