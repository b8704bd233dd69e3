"""Ingest of files, audit and replay on Flink: a TaskManager is killed, nothing differs.

A replay is held where rows are stored, and their dead letters are not removed yet. An
audit leaves nothing by which its middle could be known: there the TaskManager is killed
as soon as Flink has started its tasks.
"""

import io
import json
import os
import re
import shutil
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from pipelines import cli
from rally.registry.registry import Registry
from rally.registry.review_files import cover, dump_review, placeholder_review
from rally.storage.marker import NAME
from tests.engines.jobs import Job, is_running
from tests.engines.stores import files, held
from tests.support.world import (
    GARDEN,
    HOUSE,
    World,
    contents,
    document_id,
    rally_id,
    stored_ids,
    write_lines,
)

pytestmark = [pytest.mark.integration, pytest.mark.flink, pytest.mark.slow("flink")]

PEOPLE = 100
PINGS = 10_000
SIZE = 2_000
SEALED = "platform/dead-letters/"
OF_ITS_OWN = (SEALED, "platform/decisions/", "platform/withdrawals/", "views/")
"""What differs from platform to platform: seals, the founding, and who signs by it."""

UNITS = "--split_bytes=1000000"


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def world(here):
    return World(here / "world")


@pytest.fixture(scope="module")
def source(world, here):
    """Everybody joins; many visits; of fifty pings, one cannot be read."""
    lines = here / "lines"
    lines.mkdir()
    write_lines(lines / "joins.in", joins(world))
    for part in range(8):
        numbers = range(part, PINGS, 8)
        write_lines(lines / f"{part}.in", (ping(world, each) for each in numbers))
    return f"--input={lines}/*.in"


@pytest.fixture(scope="module")
def later_studies(world, here):
    """The registry once the garden has a reviewed version 9 of its visits, too."""
    studies = here / "studies"
    shutil.copytree(world.studies, studies)
    garden = studies / GARDEN
    shutil.copy(garden / "visit.1.avsc", garden / "visit.9.avsc")
    described = (garden / "study.yaml").read_text()
    (visit,) = re.findall(r"^  visit\.1:\n(?:    .*\n?)+", described, re.MULTILINE)
    (garden / "study.yaml").write_text(
        described.rstrip() + "\n" + visit.replace("visit.1", "visit.9")
    )
    study = Registry.load(str(studies)).studies[GARDEN]
    covered = cover(study.documents["visit.9"], study.starts, study.collect_through)
    review = placeholder_review("r2", study, [covered], study.starts)
    (garden / "reviews/r2.yaml").write_text(dump_review(review))
    return str(studies)


@pytest.fixture(scope="module")
def local(world, source, here, later_studies):
    """The store that the local runner makes of it, and what it says."""
    store, said = str(here / "local"), io.StringIO()
    make_store(world, store, later_studies)
    with redirect_stdout(said):
        assert cli.main(["ingest", source, UNITS, *world.options(store)]) == 0
    return store, said.getvalue()


def make_store(world, store, studies):
    """Makes a store whose platform knows the reviews of a registry."""
    own, world.studies = world.studies, studies
    world.make_stores(store)
    world.studies = own


def joins(world):
    for person in range(PEOPLE):
        clear, sent = {"rally.id": rally_id(person)}, "2026-05-02T10:00:00Z"
        for number, document in enumerate(
            (f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1")
        ):
            number += 2 * person + 1_000_000
            yield world.message(document, clear, number, sent)


def ping(world, number):
    page = os.urandom(SIZE // 2).hex()
    clear = {"rally.id": rally_id(number % PEOPLE), "page": page, "count": number}
    sent = f"2026-05-{number % 4 + 10}T10:00:00Z"
    document = f"{GARDEN}/visit/{9 if number % 50 == 7 else 1}"
    return world.message(document, clear, number, sent)


def test_ingest_leaves_what_the_local_runner_leaves(
    cluster, world, source, local, here, later_studies
):
    expected, said = local
    store = str(here / "store")
    make_store(world, store, later_studies)
    with Job(cluster, "ingest", [source, UNITS, *world.options(store)]) as job:
        written = job.kill_taskmanager_when(lambda: files(store))
        assert job.succeed() == said

    assert len(written) < len(files(expected))
    found, wanted = contents(store), contents(expected)
    assert found.keys() == wanted.keys()
    for name in found:  # seals and ids are different each time, names are not
        differs = name.startswith(OF_ITS_OWN) or name.endswith(NAME)
        assert differs or found[name] == wanted[name]
    assert world.dead_letters(store) == world.dead_letters(expected)
    numbers = Counter(number for _, number in stored_ids(store))
    assert all(numbers[document_id(n)] == (n % 50 != 7) for n in range(PINGS))


def test_audit_reads_what_the_local_runner_reads(cluster, world, local, capsys):
    argv = world.options(local[0])
    capsys.readouterr()
    status = cli.main(["audit", "--json=-", *argv])
    wanted = capsys.readouterr().out
    with Job(cluster, "audit", argv, "--json=-") as job:
        job.kill_taskmanager_when(lambda: is_running(cluster))
        ended = job.end()
    assert (ended[0], ended[2]) == (status, "")
    assert without_seconds(ended[1]) == without_seconds(wanted)


def test_replay_takes_in_what_the_local_runner_takes_in(
    cluster, world, local, here, later_studies, capsys
):
    """The visits of another version fail; then the study has that version."""
    argv = [*world.options(""), f"--studies={later_studies}"]
    stores = [str(here / name) for name in ("replayed", "replayed-on-flink")]
    for store in stores:
        shutil.copytree(local[0], store)
    capsys.readouterr()
    assert cli.main(["replay", *argv, f"--store={stores[0]}"]) == 0
    said = capsys.readouterr().out

    before = files(stores[1])
    letters = list(Path(stores[1], SEALED).glob("*/*/*"))
    with Job(cluster, "replay", [*argv, f"--store={stores[1]}"]) as job:
        with held(letters):
            job.kill_taskmanager_when(lambda: files(stores[1]) != before)
            assert len(world.dead_letters(stores[1])) == PINGS // 50
        job.succeed()

    assert f"dead letters: {PINGS // 50} removed, 0 kept" in said
    assert not world.dead_letters(stores[1])
    assert rows_of(stores[1]) == rows_of(stores[0])
    numbers = {number for _, number in rows_of(stores[1])}
    assert numbers >= {document_id(n) for n in range(PINGS)}


def rows_of(store):
    """Every row once: what a killed worker took in is taken in again."""
    return set(stored_ids(store))


def without_seconds(report):
    told = json.loads(report)
    assert told["scope"].pop("seconds") > 0
    return told
