"""A study whose file is broken stops no job: each goes on, names it, and exits 1."""

from pathlib import Path

import pytest

from pipelines import cli
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    World,
    document_id,
    rally_id,
    stored_rows,
    write_lines,
)

pytestmark = pytest.mark.slow("jobs")

LEFT = "2026-05-25T10:00:00.000000Z"


def misspell(text: str) -> str:
    return text.replace("means: data", "means: date")


def tear_off(text: str) -> str:
    return text[: len(text) // 2] + "\n  - {"


@pytest.fixture
def own_world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def run(own_world, store, capsys):
    """Runs a command on it: status, output, errors."""

    def run(job, *more):
        options = own_world.options(store, *more)
        if job == "withdrawals":
            options[1:2] = [f"--platform_keys={own_world.keys}/platform"]
        return cli.main([job, *options]), *capsys.readouterr()

    return run


def numbers(store) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for partition, row in stored_rows(store):
        found.setdefault(partition.partition("/")[0], []).append(row["document_id"])
    return {study: sorted(ids) for study, ids in found.items()}


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (misspell, "line 16: documents.visit.1.means: must be one of: data, joins,"
         " leaves, deletion-id, consents, access-request"),
        (tear_off, ""),
    ],
)  # fmt: skip
def test_jobs_go_on_without_a_broken_study(
    own_world, run, store, tmp_path, spoil, fault
):
    visit = {"page": "p", "count": 1, "private": False}

    def pond(person, number):
        clear = visit | {"rally.id": rally_id(person)}
        return own_world.message(f"{POND}/visit/1", clear, number)

    def leaves(document, person, number):
        clear = {"rally.id": rally_id(person)}
        return own_world.message(document, clear, number, LEFT)

    first = write_lines(
        tmp_path / "first.ndjson",
        [own_world.visit(1, 1), own_world.visit(2, 2), pond(2, 3), pond(3, 4)],
    )
    assert run("ingest", f"--input={first}")[0] == 0
    study = Path(own_world.studies) / POND / "study.yaml"
    good = study.read_text()
    study.write_text(spoil(good))

    second = write_lines(
        tmp_path / "second.ndjson",
        [
            *(own_world.visit(3, 5), pond(3, 6)),
            leaves(f"{GARDEN}/study-unenrollment/1", 1, 7),
            leaves(f"{HOUSE}/unenrollment/1", 2, 8),
        ],
    )
    for job, *more in (
        ("ingest", f"--input={second}"),
        ("delete",),
        ("compact",),
        ("purge",),
        ("replay",),
        ("withdrawals",),
        ("audit",),
    ):
        status, _, errors = run(job, *more)
        named = [line for line in errors.splitlines() if POND in line]
        assert (job, status, len(named)) == (job, 1, 1)
        assert named[0].startswith(f"rally: {study}: {fault}")
        assert "no registry" not in errors
    pond_rows = [document_id(3), document_id(4)]
    assert numbers(store)[POND] == pond_rows
    assert document_id(1) not in numbers(store).get(GARDEN, ())
    assert document_id(2) not in numbers(store).get(GARDEN, ())

    study.write_text(good)
    assert run("replay")[0] == 0
    status, out, _ = run("delete")
    assert (status, "receipts: 2" in out) == (0, True)
    assert numbers(store)[POND] == [document_id(4), document_id(6)]
