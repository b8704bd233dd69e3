"""What is wrong is told at once, by `--check_only` and by a job that does not begin."""

import shutil
from pathlib import Path

import pytest

from pipelines import cli
from tests.support.world import GARDEN, World, write_lines

JOBS = ("ingest", "replay", "compact", "delete", "purge", "audit")
FINE = "--check_only: the job finds what it needs, and was not begun\n"
REQUIRED = "is required; see --help"
NO_PLATFORM_KEYS = "--platform_keys is required, or --keys; see --help"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A world with a store."""
    root = tmp_path_factory.mktemp("made")
    world = World(root / "world")
    world.make_stores(str(root / "store"))
    write_lines(root / "in.ndjson", [world.visit(1, 1)])
    return root, world


def contents(root: Path) -> dict[str, bytes]:
    files = (each for each in root.rglob("*") if each.is_file())
    return {str(each): each.read_bytes() for each in files}


def words(root, world, job, *more):
    source = [f"--input={root}/in.ndjson"] if job == "ingest" else []
    return [job, *source, *world.where(str(root / "store"), *more)]


@pytest.mark.parametrize("job", JOBS)
def test_job_that_would_begin_says_so_and_changes_nothing(made, job, capsys):
    root, world = made
    before = contents(root)
    assert cli.main(words(root, world, job, "--check-only")) == 0
    assert capsys.readouterr() == (FINE, "")
    assert contents(root) == before


@pytest.mark.parametrize("looks", [True, False], ids=["check_only", "begins"])
@pytest.mark.parametrize("job", JOBS)
def test_all_faults_of_places_are_told_at_once(made, job, looks, tmp_path, capsys):
    root, world = made
    store, keys = tmp_path / "store", tmp_path / "keys"
    shutil.copytree(root / "store", store)
    shutil.copytree(world.keys, keys)
    (store / "rally-store.json").unlink()
    (keys / "platform" / f"pseudonym.{GARDEN}.keyset.json").write_text("{}")
    before = contents(tmp_path)
    more = [f"--store={store}", f"--keys={keys}", *["--check_only"] * looks]
    source = [f"--input={tmp_path}/none"] if job == "ingest" else []

    assert cli.main([*words(root, world, job), *source, *more]) == 2

    none = f"--input {tmp_path}/none: matches no file"
    expected = [
        *([none] if job == "ingest" and looks else []),
        f"{store}: is not a store: it has no rally-store.json; is it mounted? Correct"
        " --store, or make it one by `rally init`",
        f"{keys}/platform/pseudonym.{GARDEN}.keyset.json: is no encrypted Tink keyset;"
        " restore it",
    ]
    out, errors = capsys.readouterr()
    found, told = errors.splitlines(), [f"rally: {each}" for each in expected]
    if not looks:  # what ended the job comes first
        found, told = sorted(found), sorted(told)
    assert (out, found) == ("", told)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("job", JOBS)
def test_all_missing_options_are_told_at_once(job, capsys):
    needs_keys = job in ("ingest", "replay")
    last = f"--keys {REQUIRED}" if needs_keys else NO_PLATFORM_KEYS
    assert cli.main([job]) == 2
    expected = f"rally: --store {REQUIRED}\nrally: {last}\n"
    assert capsys.readouterr() == ("", expected)


def test_unknown_wrong_and_missing_options_are_told_at_once(capsys):
    given = ["--sotre=s", "--split_bytes=x", "--reload_seconds=0", "--nonsense=1"]
    assert cli.main(["ingest", *given]) == 2
    out, errors = capsys.readouterr()
    assert (out, errors.splitlines()) == (
        "",
        [
            "rally: --sotre: no such option; did you mean --store?",
            "rally: --nonsense: no such option; see --help",
            "rally: --split_bytes: must be a whole number from 1 to 1,000,000,000,000;"
            " see --help",
            "rally: --reload_seconds: must be a number above 0 and at most 86,400; see"
            " --help",
            f"rally: --store {REQUIRED}",
            f"rally: --keys {REQUIRED}",
        ],
    )


def test_all_wrong_options_of_a_command_are_told_at_once(capsys):
    given = ["--people=x", "--studies=y", "--none", "--pings-per-day=1"]
    assert cli.main(["estimate", *given]) == 2
    out, errors = capsys.readouterr()
    lines = errors.splitlines()
    assert (out, [each.split(":")[1] for each in lines]) == (
        "",
        [" --none", " --people", " --studies"],
    )
