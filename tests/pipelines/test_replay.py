"""Replay as a command: what it says, and what it refuses to begin with."""

import json
import shutil

import pytest

from pipelines import cli
from rally.dead_letters import LetterKind, LetterPlace, list_dead_letters
from rally.storage.objectstore.open_store import open_store
from tests.support.world import (
    AS_OF,
    GARDEN,
    POND,
    contents,
    document_id,
    rally_id,
    stored_ids,
    write_lines,
)

DAY = AS_OF[:10]


@pytest.fixture
def letters(world, store, tmp_path, capsys):
    """Ingests without the garden's key: two visits, one bad, and a withdrawal."""
    keys = tmp_path / "keys"
    shutil.copytree(world.keys, keys)
    (keys / f"{GARDEN}.keyset.json").unlink()
    who = {"rally.id": rally_id(4)}
    path = write_lines(
        tmp_path / "in.ndjson",
        [
            world.visit(1, 1),
            world.visit(2, 2),
            world.message(f"{GARDEN}/visit/1", {"rally.id": rally_id(3)}, 3),
            world.message(f"{GARDEN}/study-unenrollment/1", who, 4),
        ],
    )
    options = [*world.options(store), f"--keys={keys}"]
    assert cli.main(["ingest", f"--input={path}", *options]) == 0
    capsys.readouterr()
    return open_store(f"{store}/platform")


def object_of(platform, kind):
    (info,) = [
        info for place, info in list_dead_letters(platform) if place.kind == kind
    ]
    return info


def replay(world, store, capsys, *more):
    """Status, output, errors."""
    return cli.main(["replay", *world.options(store), *more]), *capsys.readouterr()


WENT_AND_KEPT = """\
STUDY         DOCUMENT              OUTCOME                 PINGS
rally-garden  study-unenrollment.1  left                        1
rally-garden  visit.1               failed schema mismatch      1
rally-garden  visit.1               stored                      2

STUDY         DOCUMENT  MISMATCH          PINGS
rally-garden  visit.1   /page is missing      1

dead letters: 3 removed, 1 kept
"""
KEPT_AGAIN = """\
STUDY         DOCUMENT  OUTCOME                 PINGS
rally-garden  visit.1   failed schema mismatch      1

STUDY         DOCUMENT  MISMATCH          PINGS
rally-garden  visit.1   /page is missing      1

dead letters: 0 removed, 1 kept
"""


def test_replay_says_how_many_went_and_how_many_were_kept(
    world, store, letters, capsys
):
    assert replay(world, store, capsys) == (0, WENT_AND_KEPT, "")
    assert {number for _, number in stored_ids(store)} == {
        document_id(1),
        document_id(2),
    }
    assert replay(world, store, capsys) == (0, KEPT_AGAIN, "")


def test_json_has_all_that_people_are_told(world, store, letters, capsys):
    status, out, errors = replay(world, store, capsys, "--json")
    assert (status, errors, out.count("\n")) == (0, "", 1)
    told = json.loads(out)
    outcomes = [tuple(each.values()) for each in told.pop("outcomes")]
    assert outcomes == [
        ("rally-garden", "study-unenrollment.1", "left", None, 1),
        ("rally-garden", "visit.1", "failed", "schema_mismatch", 1),
        ("rally-garden", "visit.1", "stored", None, 2),
    ]
    mismatch = {"study": "rally-garden", "document": "visit.1"}
    assert told == {
        "mismatches": [{**mismatch, "where": "/page is missing", "pings": 1}],
        "left_out": [],
        "dead_letters": {"removed": 3, "kept": 1, "unopened": 0},
        "damaged": [],
    }


def test_replay_of_another_reason_keeps_all_and_says_so(world, store, letters, capsys):
    before = contents(store)

    found = replay(world, store, capsys, "--reason=invalid_id")

    assert found == (0, "dead letters: 0 removed, 4 kept\n", "")
    assert contents(store) == before


def test_replay_says_how_many_do_not_open(world, store, letters, capsys):
    info = object_of(letters, LetterKind.PING)
    moved = (
        LetterPlace(POND, LetterKind.PING, DAY).folder + info.name.rpartition("/")[2]
    )
    letters.create(moved, letters.read(info.name))

    status, out, errors = replay(world, store, capsys)

    assert (status, errors) == (0, "")
    assert out.endswith(
        "dead letters: 3 removed, 4 kept\n"
        "3 of the kept do not open with this private key\n"
    )


def test_replay_of_a_damaged_object_names_it_and_replays_the_others(
    world, store, letters, capsys
):
    info = object_of(letters, LetterKind.PING)
    half = letters.read(info.name)[: info.size // 2]
    letters.replace(info.name, half, info.generation)

    assert replay(world, store, capsys) == (
        1,
        "STUDY         DOCUMENT              OUTCOME  PINGS\n"
        "rally-garden  study-unenrollment.1  left         1\n"
        "\n"
        "dead letters: 1 removed, 0 kept\n",
        f"rally: {info.name}: is damaged and was left out; restore or remove it\n",
    )
    assert letters.read(info.name) == half
    assert stored_ids(store) == []


def test_replay_of_damaged_objects_alone_does_not_say_that_there_are_none(
    world, store, tmp_path, capsys
):
    name = f"{LetterPlace(GARDEN, LetterKind.PING, DAY).folder}{'0' * 32}.avro"
    open_store(f"{store}/platform").create(name, b"")

    assert replay(world, store, capsys) == (
        1,
        "",
        f"rally: {name}: is damaged and was left out; restore or remove it\n",
    )


def test_replay_goes_on_beside_a_stray_file(world, store, letters, capsys):
    expected = replay(world, store, capsys)
    letters.create("dead-letters/README", b"not ours")

    assert expected[0] == 0
    status, out, errors = replay(world, store, capsys)
    assert (status, errors) == (0, "")
    assert out.endswith("dead letters: 0 removed, 1 kept\n")
    assert letters.read("dead-letters/README") == b"not ours"


def test_replay_without_its_private_key_does_not_begin(
    letters, world, store, tmp_path, capsys
):
    keys = tmp_path / "keys-of-ingest"
    shutil.copytree(world.keys, keys)
    private = keys / "platform" / "dead-letter.private.keyset.json"
    private.unlink()
    before = contents(store)

    status, out, errors = replay(world, store, capsys, f"--keys={keys}")

    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert errors.startswith(f"rally: {private}: is missing")
    assert contents(store) == before


@pytest.mark.slow("processes")
def test_two_workers_count_dead_letters_as_one_does(world, store, letters, capsys):
    two = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]

    assert replay(world, store, capsys, *two) == (0, WENT_AND_KEPT, "")
