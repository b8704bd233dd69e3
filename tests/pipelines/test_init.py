"""No job and no command takes an empty folder for a store without rows."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import cli
from rally.decisions.founding import FILE as FOUNDING
from rally.registry.transitions import StudyAction
from rally.storage.marker import NAME
from rally.storage.objectstore.open_store import open_store
from tests.pipelines.spoilt_places import (
    ALSO,
    SPOILT,
    emptied_store,
    other_platform,
    unmounted,
)
from tests.support.study_decisions import decide_study
from tests.support.world import (
    AS_OF,
    GARDEN,
    HOUSE,
    POND,
    World,
    contents,
    rally_id,
    stored_ids,
    write_lines,
)

JOBS = ("replay", "compact", "delete", "purge", "audit")
COMMANDS = {
    "withdraw": ["withdraw", "--all"],
    "withdrawals": ["withdrawals"],
    "receipts": ["receipts", "verify"],
    "states": ["studies", "list"],
    "pause": ["studies", "pause", GARDEN, "--by=stop"],
    "conclude": [
        *("studies", "conclude", GARDEN, "--by=decide", "--announced_days=0", "--yes")
    ],
    "infrastructure": ["studies", "infrastructure"],
}


NO_KEYS = ("states", "pause", "infrastructure")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A world, and a store in which somebody joined, was seen, and left."""
    world = World(tmp_path_factory.mktemp("world"))
    study = Path(world.studies, GARDEN, "study.yaml")
    told = "ending_announced: 2026-05-01\ncollect_through: 2026-05-29"
    study.write_text(study.read_text().replace("collect_through: 2026-12-31", told))
    path = write_lines(world.root / "in.ndjson", pings(world))
    store = f"{world.root}/store"
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    return world


def pings(world):
    who = {"rally.id": rally_id(1)}
    return [
        world.message(f"{HOUSE}/enrollment/1", who, 1),
        world.message(f"{GARDEN}/study-enrollment/1", who, 2),
        world.visit(1, 3),
        world.message(f"{GARDEN}/study-unenrollment/1", who, 4, "2026-05-21T10:00:00Z"),
    ]


@pytest.fixture
def world(made, tmp_path):
    """The same in a folder of its own, which may be spoilt."""
    shutil.copytree(made.root, tmp_path / "here")
    here = tmp_path / "here"
    copied = object.__new__(World)
    copied.__dict__ |= made.__dict__
    copied.root, copied.keys = here, str(here / "keys")
    copied.studies = str(here / "studies")
    return copied


def places(world, store, *more):
    named = {"store": store, "keys": world.keys, "studies": world.studies}
    return [f"--{name}={value}" for name, value in named.items()] + list(more)


@pytest.fixture
def run(world, capsys):
    """Types a command: its status, what it prints, and what it complains of."""

    def typed(words, *options):
        status = cli.main([*words, *options])
        out, err = capsys.readouterr()
        return status, out, err

    return typed


def everything(root):
    return contents(str(root))


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda each: each.__name__)
def test_place_that_is_not_ours_is_refused_by_every_job(world, run, spoil):
    store = f"{world.root}/store"
    says = spoil(store).format(store=store)
    before = everything(world.root)
    options = places(world, store, f"--as_of={AS_OF}")
    source = f"--input={world.root}/in.ndjson"

    found = {job: run([job], *options) for job in JOBS}
    found["ingest"] = run(["ingest", source], *options)

    for job, (status, out, err) in found.items():
        assert (job, status, out) == (job, 2, "")
        expected = [says, *(each.format(store=store) for each in ALSO.get(spoil, ()))]
        if (spoil, job) == (other_platform, "delete"):
            expected.append("signing.delete: is not the key that the platform's ")
        for line, begin in zip(err.splitlines(), expected, strict=True):
            assert line.startswith(f"rally: {begin}")
    assert everything(world.root) == before


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    "spoil", [unmounted, emptied_store, other_platform], ids=lambda each: each.__name__
)
def test_place_that_is_not_ours_is_refused_by_every_command(
    world, run, monkeypatch, spoil, name
):
    store = f"{world.root}/store"
    says = spoil(store).format(store=store)
    before = everything(world.root)
    monkeypatch.setattr("sys.stdin", (Path(world.root) / "in.ndjson").open())
    options = places(world, store)
    if name in NO_KEYS:
        options = [each for each in options if not each.startswith("--keys")]

    status, out, err = run(COMMANDS[name], *options)

    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"rally: {says}")
    assert everything(world.root) == before


def test_place_that_was_moved_or_restored_is_the_same_place(world, run):
    store, moved = f"{world.root}/store", f"{world.root}/elsewhere"
    shutil.copytree(store, moved)
    shutil.rmtree(store)
    status, _, err = run(["delete"], *places(world, moved, f"--as_of={AS_OF}"))
    assert (status, err) == (0, "")
    assert stored_ids(moved) == [(world.platform_pseudonym(1), stored_ids(moved)[0][1])]


@pytest.fixture
def apart(world, tmp_path):
    """Each study has a store of its own; the options of jobs."""
    store, platform = f"{tmp_path}/at-{{study}}", f"{tmp_path}/records"
    world.make_stores(store, platform)
    path = write_lines(
        tmp_path / "in.ndjson",
        [
            *pings(world),
            world.message(
                f"{POND}/visit/1", {"rally.id": rally_id(1), "page": "p", "count": 1}, 5
            ),
        ],
    )
    options = places(world, store, f"--platform={platform}", f"--as_of={AS_OF}")
    assert cli.main(["ingest", f"--input={path}", *options]) == 0
    return options


@pytest.mark.slow("jobs")
@pytest.mark.parametrize("job", JOBS)
def test_store_of_one_study_that_is_not_there_is_that_studys_fault(
    apart, run, tmp_path, capsys, job
):
    capsys.readouterr()
    (tmp_path / f"at-{POND}").rename(tmp_path / "unmounted")

    status, out, err = run([job], *apart)

    assert status in (1, 2 if job == "audit" else 1)
    assert err.splitlines()[0] == (
        f"rally: {POND}: {tmp_path}/at-{POND}: is not a store: it has no"
        " rally-store.json; is it mounted? Correct --store, or make it one by"
        f" `rally init --study {POND}`"
    )
    assert not (tmp_path / f"at-{POND}").exists()
    if job == "delete":
        assert f"{GARDEN}" in out
        assert stored_ids(str(tmp_path / f"at-{GARDEN}")) == []


@pytest.mark.slow("jobs")
def test_study_that_was_never_begun_is_not_used(world, run, tmp_path, capsys):
    """It has neither store nor key, and is in the registry all the same."""
    store, platform = f"{tmp_path}/at-{{study}}", f"{tmp_path}/records"
    key = Path(world.keys, "platform", f"pseudonym.{POND}.keyset.json")
    key.unlink()
    Path(world.keys, "platform", FOUNDING).unlink()  # of the world's own platform
    where = places(world, store, f"--platform={platform}")
    for study in (GARDEN, HOUSE):
        begin = ["init", "--development", *where, f"--study={study}"]
        assert cli.main(begin) == 0
    clear = {"rally.id": rally_id(1), "page": "p", "count": 1}
    late = [*pings(world), world.message(f"{POND}/visit/1", clear, 5)]
    path = write_lines(tmp_path / "in.ndjson", late)
    capsys.readouterr()

    status, out, err = run(["ingest", f"--input={path}"], *where, f"--as_of={AS_OF}")
    found = {job: run([job], *where, f"--as_of={AS_OF}")[::2] for job in JOBS}

    assert (status, err) == (0, "")
    assert f"{POND}    visit.1               failed no key      1\n" in out
    assert found == dict.fromkeys(JOBS, (0, ""))
    assert not key.exists()

    assert cli.main(["init", *where, f"--study={POND}"]) == 0
    assert cli.main(["replay", *where, f"--as_of={AS_OF}"]) == 0
    assert len(stored_ids(f"{tmp_path}/at-{POND}")) == 1


def conclude(platform):
    for action, day in ((StudyAction.END, 1), (StudyAction.CONCLUDE, 2)):
        at = datetime(2026, 6, day, tzinfo=UTC)
        decide_study(open_store(platform), GARDEN, action, at)


@pytest.mark.slow("jobs")
def test_concluded_study_keeps_its_keys_while_its_store_is_not_there(
    apart, world, run, tmp_path, capsys
):
    options = [*apart[:-1], "--as_of=2026-06-10"]
    conclude(f"{tmp_path}/records")
    store = tmp_path / f"at-{GARDEN}"
    store.rename(tmp_path / "unmounted")
    keys = contents(world.keys)
    for job in ("delete", "purge"):
        assert run([job], *options)[0] == 1
    assert contents(world.keys) == keys

    (tmp_path / "unmounted").rename(store)
    for job in ("delete", "purge"):
        assert run([job], *options)[0] == 0
    gone = {*keys} - {*contents(world.keys)}
    assert gone == {
        f"{GARDEN}.keyset.json",
        f"platform/pseudonym.{GARDEN}.keyset.json",
    }
    assert [*contents(str(store))] == [NAME]

    shutil.rmtree(store)  # nothing was left
    assert {job: run([job], *options)[::2] for job in JOBS} == dict.fromkeys(
        JOBS, (0, "")
    )


@pytest.mark.slow("jobs")
@pytest.mark.parametrize("plan_only", [True, False])
@pytest.mark.parametrize("lost", ["folder", "marker", "link"])
def test_deletion_names_a_researchers_folder_that_is_not_there(
    world, run, tmp_path, capsys, lost, plan_only
):
    """It deletes all the same, and tells that nobody knows what is in there."""
    tables = tmp_path / "tables"
    tables.mkdir()
    study = Path(world.studies, GARDEN, "study.yaml")
    named = f"derived: [{tables}, 'bq://project/data']\ndocuments:"
    study.write_text(study.read_text().replace("documents:", named, 1))
    store = f"{world.root}/store"
    options = places(world, store, "--as_of=2026-06-10")
    assert cli.main(["init", *options[:-1], f"--study={GARDEN}"]) == 0
    marker = tables / NAME
    told = f"{GARDEN}: {tables}: is not a folder of researchers' tables: it has no"
    if lost == "folder":
        tables.rename(tmp_path / "away")
    elif lost == "marker":
        marker.unlink()
    else:
        marker.rename(tmp_path / "away")
        marker.symlink_to(tmp_path / "away")
        told = f"{GARDEN}: {marker}: "
    capsys.readouterr()

    status, out, err = run(["delete"], *options, *["--plan_only"][: int(plan_only)])

    assert status == 1
    assert [line.startswith(f"rally: {told}") for line in err.splitlines()] == [True]
    assert ("receipts: 1" in out) != plan_only


@pytest.mark.slow("jobs")
@pytest.mark.parametrize("lost", ["folder", "marker"])
def test_researchers_folder_that_is_not_there_keeps_the_keys(
    world, run, tmp_path, capsys, lost
):
    tables = tmp_path / "tables"
    tables.mkdir()
    study = Path(world.studies, GARDEN, "study.yaml")
    text = study.read_text().replace(
        "documents:", f"derived: [{tables}]\ndocuments:", 1
    )
    study.write_text(text)
    store = f"{world.root}/store"
    options = places(world, store, "--as_of=2026-06-10")
    status, out, _ = run(["audit"], *options)
    assert status == 2
    assert "is not a folder of researchers' tables" in out
    assert f" {GARDEN}: {tables} " in out
    assert cli.main(["init", *options[:-1], f"--study={GARDEN}"]) == 0
    assert run(["delete"], *options)[0] == 0
    conclude(f"{store}/platform")
    (tables / "visits.csv").write_text("participant\n")
    away = tmp_path / "away"
    if lost == "folder":
        tables.rename(away)
    else:
        (tables / NAME).rename(away)
    capsys.readouterr()

    status, _, err = run(["purge"], *options)

    assert status == 1
    assert f"{tables}: is not a folder of researchers' tables: it has no" in err
    assert Path(world.keys, f"{GARDEN}.keyset.json").exists()

    away.rename(tables if lost == "folder" else tables / NAME)
    assert run(["delete"], *options)[0] == 0  # the log forgets the study before that
    assert run(["purge"], *options)[0] == 0
    assert [*contents(str(tables))] == [NAME]
    assert not Path(world.keys, f"{GARDEN}.keyset.json").exists()
    shutil.rmtree(tables)  # nothing was left
    assert run(["purge"], *options)[::2] == (0, "")
