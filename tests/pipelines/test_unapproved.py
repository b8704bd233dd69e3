"""A password that nobody approved: it fails at check, at ingest and in the audit."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import cli
from rally.audit.findings import Check
from rally.decisions.contents import DecisionKind, Suspension
from rally.decisions.writing import decide
from rally.registry.registry import Registry
from rally.storage.objectstore.open_store import open_store
from tests.support.people import signer
from tests.support.reviews import write_reviews
from tests.support.schemas import SAYS
from tests.support.world import (
    GARDEN,
    HOUSE,
    World,
    document_id,
    rally_id,
    stored_events,
    stored_rows,
    write_lines,
)

SUSPENDED = datetime(2026, 5, 1, tzinfo=UTC)
SECRET = {"email": "ann@example.org", "form": {"password": "hunter2"}}


@pytest.fixture
def own_world(tmp_path):
    return World(tmp_path / "world")


@pytest.fixture
def run(own_world, store, capsys):
    """Runs a command: status, output, errors."""

    def run(*command):
        status = cli.main([*command, *own_world.options(store)])
        return status, *capsys.readouterr()

    return run


def add_fields(world):
    """An author adds an address and a free map, says what they are, and no more."""
    file = Path(world.studies, GARDEN, "visit.1.avsc")
    schema = json.loads(file.read_text())
    anything = {"type": "map", "values": "string"}
    schema["fields"] += [
        {"name": "email", "type": ["null", "string"], "default": None, **SAYS},
        {"name": "form", "type": ["null", anything], "default": None, **SAYS},
    ]
    file.write_text(json.dumps(schema))


def pings(world, folder):
    """People join, and send what they typed."""
    messages = [
        world.message(f"{namespace}/{name}/1", {"rally.id": rally_id(1)}, number)
        for number, (namespace, name) in enumerate(
            [(HOUSE, "enrollment"), (GARDEN, "study-enrollment")], 10
        )
    ]
    messages.append(world.visit(1, 1))
    clear = {"rally.id": rally_id(1), "page": "p", "count": 1, **SECRET}
    messages.append(world.message(f"{GARDEN}/visit/1", clear, 2))
    return write_lines(folder / "in.ndjson", messages)


def closed_line(world):
    study = Registry.load(world.studies).studies[GARDEN]
    fingerprint = study.documents["visit.1"].schema.fingerprint
    why = f"no review covers its schema, {fingerprint}"
    return f"{GARDEN}/visit.1: not collected: {why}"


def visits(store):
    return [
        row["document_id"]
        for partition, row in stored_rows(store)
        if partition.startswith(f"{GARDEN}/visit.1/")
    ]


def review_of(world):
    return Path(world.studies, GARDEN, "reviews", "r1.yaml")


def test_field_that_nobody_approved_closes_its_document(
    own_world, run, store, tmp_path, capsys
):
    source = pings(own_world, tmp_path)
    add_fields(own_world)

    status = cli.main(["studies", "check", f"--studies={own_world.studies}"])
    errors = capsys.readouterr().err
    assert status == 2
    assert f"rally: {GARDEN}/visit.1: no review covers its schema, " in errors

    status, out, errors = run("ingest", f"--input={source}")
    assert (status, errors) == (1, f"rally: {closed_line(own_world)}\n")
    assert "visit.1 refused not approved 2" in " ".join(out.split())
    assert visits(store) == []
    assert len(stored_events(store)) == 2  # who joins is heard all the same
    stored = b"".join(each.read_bytes() for each in Path(store).rglob("*.avro"))
    assert b"hunter2" not in stored


@pytest.mark.parametrize(
    "job",
    [("replay",), ("compact",), ("delete", "--plan_only"), ("purge",), ("audit",)],
)
def test_each_job_names_the_document_and_does_all_else(own_world, run, job):
    add_fields(own_world)
    status, _, errors = run(*job)
    assert (status, errors) == (1, f"rally: {closed_line(own_world)}\n")


@pytest.mark.parametrize(
    "job", ["ingest", "replay", "compact", "delete", "purge", "audit"]
)
def test_look_before_a_job_names_the_document(own_world, run, tmp_path, job):
    source = [f"--input={pings(own_world, tmp_path)}"] if job == "ingest" else []
    add_fields(own_world)
    status, out, errors = run(job, *source, "--check_only")
    assert (status, out, errors) == (2, "", f"rally: {closed_line(own_world)}\n")


def test_suspended_document_is_closed_as_decided(own_world, run, store):
    own_world.options(store)
    suspension = Suspension(GARDEN, "visit.1", "a leak")
    platform = open_store(f"{store}/platform")
    decide(platform, signer("stop"), DecisionKind.SUSPEND, suspension, SUSPENDED)
    assert run("compact") == (0, "nothing to compact\n", "")


def test_rows_that_nobody_approved_are_found(own_world, run, store, tmp_path):
    """Somebody had it stored all the same: the audit finds its rows."""
    approved = tmp_path / "approved"
    shutil.copytree(Path(own_world.studies, GARDEN, "reviews"), approved)
    source = pings(own_world, tmp_path)
    add_fields(own_world)
    write_reviews(Path(own_world.studies))  # of its own making, and signed
    assert run("ingest", f"--input={source}")[0] == 0
    assert visits(store) == [document_id(1), document_id(2)]
    report = tmp_path / "report.json"
    status, _, _ = run("audit", f"--json={report}")
    assert status == 0, broken(report)

    shutil.copy(approved / "r1.yaml", review_of(own_world))  # what people approved
    status, _, _ = run("audit", f"--json={report}")
    assert status == 1
    assert broken(report) == {Check.REVIEW}
    assert "hunter2" not in report.read_text()


def broken(report):
    checks = json.loads(report.read_text())["checks"]
    return {each["check"] for each in checks if each["status"] == "broken"}
