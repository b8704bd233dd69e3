"""Compaction as a command: what it says, and what it refuses to begin with."""

import json
from datetime import UTC, date, datetime

import pytest

from pipelines import cli, compact
from rally.decisions.chain import LOSS
from rally.decisions.entry import entry_name
from rally.storage.header import read_header
from rally.storage.leases import Leases
from rally.storage.objectstore.open_store import open_store
from tests.support.stores import see_list
from tests.support.study_decisions import hold_rows
from tests.support.world import (
    GARDEN,
    SENT_LATER,
    contents,
    document_id,
    stored_ids,
    write_lines,
)

SENT_DAY, LATER_DAY = "2026-05-20", "2026-05-21"


@pytest.fixture
def ingested(world, store, tmp_path, capsys):
    """Three pings, one of them twice over midnight and once more on the same day."""
    for number, messages in enumerate(
        [
            [world.visit(1, 1), world.visit(2, 2)],
            [world.visit(1, 1, sent="2026-05-20T10:00:01.000000Z"), world.visit(1, 3)],
            [world.visit(1, 1, sent=SENT_LATER)],
        ]
    ):
        path = write_lines(tmp_path / f"{number}.ndjson", messages)
        assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    capsys.readouterr()
    return open_store(store)


def run(world, store, capsys, *more):
    """Status, output, errors."""
    return compact.main([*world.options(store), *more]), *capsys.readouterr()


def data(store):
    return {name: body for name, body in contents(store).items() if "data/" in name}


COMPACTED = """\
STUDY         DOCUMENT  PARTITIONS  FILES BEFORE  AFTER  ROWS BEFORE  AFTER  DUPLICATES\
  WITHDRAWN  SUPERSEDED
rally-garden  visit.1            2             3      1            5      3           2\
          0           0
"""


@pytest.mark.slow("processes")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="one process"),
        pytest.param(
            ("--direct_running_mode=multi_processing", "--direct_num_workers=2"),
            id="two processes",
        ),
    ],
)
def test_compaction_says_what_it_did(world, store, ingested, capsys, options):
    assert run(world, store, capsys, *options) == (0, COMPACTED, "")
    person = world.pseudonym(1), world.pseudonym(2)
    assert stored_ids(store) == sorted(
        [
            (person[0], document_id(1)),
            (person[0], document_id(3)),
            (person[1], document_id(2)),
        ]
    )
    folder = f"data/study={GARDEN}/document=visit.1/date={SENT_DAY}"
    [name] = data(store)
    fingerprint = read_header(data(store)[name]).entries["rally.schema"].decode()
    assert name == f"{folder}/bucket=0-0/compacted-{fingerprint[:12]}.avro"
    assert not [each for each in contents(store) if "leases" in each or "res" in each]


def test_json_has_all_that_people_are_told(world, store, ingested, capsys):
    (info,) = [each for each in ingested.list("data/") if LATER_DAY in each.name]
    half = ingested.read(info.name)[: info.size // 2]
    ingested.replace(info.name, half, info.generation)
    fault = f"{info.name}: damaged: the header is cut off"

    status, out, errors = run(world, store, capsys, "--json")

    assert (status, errors, out.count("\n")) == (1, f"rally: {fault}\n", 1)
    assert json.loads(out) == {
        "documents": [
            {
                "study": "rally-garden",
                "document": "visit.1",
                "partitions": 1,
                "files_before": 2,
                "files_after": 1,
                "rows_before": 4,
                "rows_after": 3,
                "duplicates": 1,
                "withdrawn": 0,
                "superseded": 0,
            }
        ],
        "held_partitions": 0,
        "faults": [fault],
    }


def test_compaction_twice_changes_nothing(world, store, ingested, capsys):
    run(world, store, capsys)
    before = contents(store)
    assert run(world, store, capsys) == (0, "nothing to compact\n", "")
    assert contents(store) == before


def test_a_damaged_file_is_named_and_the_others_are_compacted(
    world, store, ingested, capsys
):
    (info,) = [each for each in ingested.list("data/") if LATER_DAY in each.name]
    half = ingested.read(info.name)[: info.size // 2]
    ingested.replace(info.name, half, info.generation)

    status, out, errors = run(world, store, capsys)

    assert (status, errors) == (
        1,
        f"rally: {info.name}: damaged: the header is cut off\n",
    )
    assert out.splitlines()[-1].split() == [
        *("rally-garden", "visit.1", "1", "2", "1", "4", "3", "1", "0", "0")
    ]


def test_a_partition_of_another_run_is_left_to_it(world, store, ingested, capsys):
    platform = open_store(f"{store}/platform")
    from rally.storage.layout import Partition

    with Leases(platform, "other", "delete") as leases:
        leases.acquire(Partition(GARDEN, "visit.1", SENT_DAY))
        status, _, errors = run(world, store, capsys)
    assert status == 1
    assert "busy: `rally delete` works there" in errors


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--keys=y"], "--store is required"),
        (["--store=x"], "--platform_keys is required, or --keys"),
        (["--store=x", "--keys=y", "--as_of=soon"], "--as_of soon: is no time"),
        (["--store=x", "--keys=y", "--input=z"], "--input: no such option"),
    ],
    ids=["store", "keys", "time", "unknown"],
)
def test_what_is_missing_is_one_line(capsys, argv, message):
    assert compact.main(argv) == 2
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.startswith("rally: ")
    assert message in errors
    assert errors.count("\n") == 1


def test_nothing_is_compacted_without_the_withdrawal_list(
    world, store, ingested, capsys
):
    before = data(store)
    platform = open_store(f"{store}/platform")
    info = platform.stat("withdrawals/root.json")
    platform.delete(info.name, info.generation)

    status, out, errors = run(world, store, capsys)

    assert (status, out) == (2, "")
    assert "the withdrawal list is missing" in errors
    assert data(store) == before


def test_keys_that_open_pings_are_not_needed(world, store, ingested, capsys):
    options = [each for each in world.options(store) if not each.startswith("--keys")]
    assert compact.main([*options, f"--platform_keys={world.keys}/platform"]) == 0


def test_nothing_is_rewritten_where_a_decision_is_lost(world, store, ingested, capsys):
    """It may have forbidden that."""
    platform = open_store(f"{store}/platform")
    see_list(platform, 0)
    world.publish(store, 1)
    platform.delete(entry_name(2), platform.stat(entry_name(2)).generation)
    before = contents(store)
    status, out, complaint = run(world, store, capsys)
    last = complaint.splitlines()[-1]
    assert (status, out, last.startswith(f"rally: {LOSS}")) == (1, "", True)
    assert contents(store) == before


def place(store, first, last):
    """Puts days of the study under a legal hold."""
    days = date.fromisoformat(first), date.fromisoformat(last)
    at = datetime(2026, 5, 25, tzinfo=UTC)
    hold_rows(open_store(f"{store}/platform"), GARDEN, days, at)


def test_partition_under_a_legal_hold_is_left_as_it_is(world, store, ingested, capsys):
    place(store, SENT_DAY, SENT_DAY)
    before = data(store)

    status, out, errors = run(world, store, capsys)

    assert (status, errors) == (0, "")
    assert out.endswith("left as they are under a legal hold: 1 partitions\n")
    after = data(store)
    held = {name for name in before if SENT_DAY in name}
    assert {name: after.get(name) for name in held} == {n: before[n] for n in held}
    # The other day's one row was a copy of a held one, which was read for it.
    assert set(after) == held


def test_held_rows_that_lose_against_another_date_stay(world, store, tmp_path, capsys):
    """A duplicate of the day before does not take a row out of a day that is held."""
    messages = {
        "later": world.visit(1, 1, sent=SENT_LATER),
        "first": world.visit(1, 1),
    }
    for name, message in messages.items():
        path = write_lines(tmp_path / name, [message])
        assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
        assert run(world, store, capsys)[0] == 0 if name == "later" else True
    place(store, LATER_DAY, LATER_DAY)
    before = {n: b for n, b in data(store).items() if LATER_DAY in n}
    capsys.readouterr()

    status, _, errors = run(world, store, capsys)

    assert status == 1
    assert errors.startswith(f"rally: data/study={GARDEN}/document=visit.1/date=")
    assert "is kept" in errors
    assert {n: b for n, b in data(store).items() if LATER_DAY in n} == before
