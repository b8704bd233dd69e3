"""The purge as a command: what it says, what it leaves, and what it refuses."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from pipelines import cli
from rally.event_log.event_log import EventLog
from rally.registry.transitions import StudyAction
from rally.storage.objectstore.open_store import open_store
from tests.support.study_decisions import decide_study
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    World,
    contents,
    document_id,
    rally_id,
    stored_ids,
    write_lines,
)


@pytest.fixture
def own_world(tmp_path):
    """Keys that a test may destroy."""
    return World(tmp_path / "world")


def messages(world):
    """Persons 1 and 2 are enrolled in the garden and 3 in the pond; 9 is in nothing."""
    house, garden = f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1"
    june = "2026-05-31T10:00:00Z"

    def pond(person, number, sent):
        clear = {"rally.id": rally_id(person), "page": "p", "count": 1}
        return world.message(f"{POND}/visit/1", clear, number, sent)

    return [
        world.message(house, {"rally.id": rally_id(1)}, 1),
        world.message(garden, {"rally.id": rally_id(1)}, 2),
        world.message(garden, {"rally.id": rally_id(2)}, 3),
        world.visit(1, 4),
        world.visit(2, 5, sent=june),
        world.visit(9, 6),
        world.visit(9, 7, sent=june),
        pond(3, 8, june),
    ]


@pytest.fixture
def fill(tmp_path, capsys):
    """Ingests into a store."""

    def filled(world, store):
        path = write_lines(tmp_path / "in.ndjson", messages(world))
        assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
        capsys.readouterr()

    return filled


def purge(world, store, capsys, *more):
    """Status, output, errors."""
    return cli.main(["purge", *world.options(store), *more]), *capsys.readouterr()


def plain(out, store):
    """The output without what is random in it, and without sizes."""
    out = re.sub("plan: [0-9a-f]{32}", "plan: P", out.replace(store, "S"))
    lines = [" ".join(line.split()) for line in out.splitlines()
             if not line.startswith("--")]  # fmt: skip
    return [re.sub(r"(?<= )[0-9,]{3,}(?= 2026)", "B", line) for line in lines]


def conclude(store, study=GARDEN):
    for action, day in ((StudyAction.END, 1), (StudyAction.CONCLUDE, 2)):
        at = datetime(2026, 6, day, tzinfo=UTC)
        decide_study(open_store(f"{store}/platform"), study, action, at)


REPORT = [
    "STUDY DOCUMENT WHY GONE OBJECTS ROWS BYTES OLDEST",
    "rally-garden visit.1 expired 1 2 B 2026-05-20",
    "rally-garden visit.1 unenrolled 1 1 B 2026-05-31",
    "rally-pond visit.1 unenrolled 1 1 B 2026-05-31",
    "",
    "plan: P",
]
PLANNED = [
    "STUDY DOCUMENT WHY TO GO OBJECTS ROWS BYTES OLDEST",
    "rally-garden visit.1 expired 1 all B 2026-05-20",
    *REPORT[2:],
]


def left(world):
    """Enrolments have no retention here."""
    return sorted(
        [
            (world.platform_pseudonym(1), document_id(1)),
            (world.pseudonym(1), document_id(2)),
            (world.pseudonym(2), document_id(3)),
            (world.pseudonym(2), document_id(5)),
        ]
    )


def test_expired_and_unenrolled_rows_go_once(world, store, fill, capsys):
    fill(world, store)
    status, out, errors = purge(world, store, capsys, "--as_of=2026-11-17")
    assert (status, errors) == (0, "")
    assert plain(out, store) == REPORT
    assert stored_ids(store) == left(world)
    assert purge(world, store, capsys, "--as_of=2026-11-17") == (
        0, "nothing to purge\n", "",
    )  # fmt: skip


def test_json_has_all_that_people_are_told(world, store, fill, capsys):
    fill(world, store)
    outs = [
        purge(world, store, capsys, "--as_of=2026-11-17", "--json", *more)
        for more in (["--plan_only"], [], [])
    ]
    assert [(status, errors) for status, _, errors in outs] == [(0, "")] * 3
    planned, gone, nothing = (json.loads(out) for _, out, _ in outs)
    for told in (*planned["objects"], *gone["objects"]):
        assert told.pop("bytes") > 0
    tally = {"study": GARDEN, "document": "visit.1", "objects": 1, "rows": 1}
    unenrolled = tally | {"why": "unenrolled", "oldest": "2026-05-31"}
    expired = tally | {"why": "expired", "oldest": "2026-05-20", "rows": 2}
    others = [unenrolled, unenrolled | {"study": POND}]
    rest = {
        "old_copies": 0,
        "blocked": [],
        "remains": [],
        "destroyed": [],
        "remarks": [],
        "faults": [],
    }
    assert re.fullmatch("[0-9a-f]{32}", planned["plan"])
    assert [planned, gone, nothing] == [
        {"plan": planned["plan"], "is_done": False}
        | {"objects": [expired | {"rows": None}, *others]}
        | rest,
        {"plan": planned["plan"], "is_done": True}
        | {"objects": [expired, *others]}
        | rest,
        {"plan": None, "is_done": False, "objects": []} | rest,
    ]


def test_plan_only_shows_what_a_run_does(world, store, fill, capsys):
    fill(world, store)
    before = stored_ids(store)
    as_of = "--as_of=2026-11-17"
    status, planned, _ = purge(world, store, capsys, as_of, "--plan_only")
    assert status == 0
    assert plain(planned, store) == PLANNED
    assert stored_ids(store) == before
    _, out, _ = purge(world, store, capsys, as_of)
    assert re.findall("plan: .*", out) == re.findall("plan: .*", planned)


def test_what_is_above_the_ceiling_waits_until_it_is_confirmed(
    world, store, fill, capsys
):
    fill(world, store)
    more = ("--as_of=2026-11-17", "--max_objects=0")
    status, _, errors = purge(world, store, capsys, *more)
    ids = re.findall("--confirm ([0-9a-f]{32}) ", errors)
    assert (status, len(ids)) == (1, 3)
    assert errors.splitlines()[0] == (
        "rally: rally-garden: expired: 1 objects go, more than --max_objects allows;"
        " these were not deleted. Look at the plan, and run it again with --confirm"
        f" {ids[0]} if they are right to go"
    )
    assert len(stored_ids(store)) == 8
    status, _, errors = purge(world, store, capsys, *more, f"--confirm={'0' * 32}")
    assert (status, errors) == (
        2, "rally: --confirm: the plan has changed; look at the new one,"
        f" {', '.join(ids)}\n",
    )  # fmt: skip
    assert purge(world, store, capsys, *more, f"--confirm={ids[0]}")[0] == 1
    assert len(stored_ids(store)) == 6
    assert purge(world, store, capsys, *more, f"--confirm={ids[1]},{ids[2]}")[0] == 0
    assert stored_ids(store) == left(world)


def test_conclusion_takes_everything_and_the_keys(own_world, store, fill, capsys):
    world = own_world
    fill(world, store)
    conclude(store)
    keys = [world.pseudonym(person) for person in (1, 2)]
    assert set(keys) & {who for who, _ in stored_ids(store)}

    as_of = "--as_of=2026-06-03"
    status, out, errors = purge(world, store, capsys, as_of)

    assert (status, errors) == (0, "")
    assert not [name for name in contents(store) if f"study={GARDEN}/" in name
                and "rally-lock" not in name]  # fmt: skip
    assert {event.scope for event in EventLog(open_store(f"{store}/platform"))} == {
        "rally"
    }
    for name in (f"{GARDEN}.keyset.json", f"platform/pseudonym.{GARDEN}.keyset.json"):
        assert f"{world.keys}/{name}: destroyed" in out
        assert not os.path.exists(f"{world.keys}/{name}")
    assert "what stays readable without them" in out
    for job in ("purge", "delete", "compact"):
        assert cli.main([job, *world.options(store), as_of]) == 0


def test_no_id_and_no_pseudonym_is_printed(world, store, fill, capsys):
    fill(world, store)
    _, out, errors = purge(world, store, capsys, "--as_of=2026-11-17")
    for person in (1, 2, 3, 9):
        for known in (
            rally_id(person),
            world.platform_pseudonym(person),
            world.pseudonym(person),
            world.pseudonym(person, POND),
        ):
            assert known not in out + errors


def test_many_batches_go_through_beam_to_the_same_end(
    world, store, fill, capsys, monkeypatch
):
    fill(world, store)
    monkeypatch.setattr("rally.retention.plan.BATCH_ENTRIES", 1)
    monkeypatch.setattr("rally.retention.search_tasks._PARTITIONS", 1)
    status, out, errors = purge(world, store, capsys, "--as_of=2026-11-17")
    assert (status, errors) == (0, "")
    assert plain(out, store) == REPORT
    assert stored_ids(store) == left(world)
    platform = open_store(f"{store}/platform")
    assert list(platform.list("results/")) == list(platform.list("leases/")) == []


def test_alarm_is_one_line_and_status_one(world, store, fill, capsys):
    fill(world, store)
    open_store(store).create("copies/a.csv", b"x")
    status, _, errors = purge(world, store, capsys, "--as_of=2026-06-01")
    assert (status, errors) == (
        1, f"rally: {store}/copies/a.csv: is an unregistered copy\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--grace_days=-1", "--grace_days: must be a number from 0 to 36,500"),
        ("--plan_days=nan", "--plan_days: must be a number from 0 to 36,500"),
        ("--archive_days=1e9", "--archive_days: must be a number from 0 to 36,500"),
        ("--max_share=1.5", "--max_share: must be a number from 0 to 1"),
        ("--max_objects=-1", "--max_objects: must be a whole number from 0"),
        ("--as_of=tomorrow", "--as_of tomorrow: is no time"),
        ("--store=", "--store is required"),
        ("--max_object=1", "--max_object: no such option"),
        ("--archives=s3://a/b", "--archives s3://a/b: only local files"),
    ],
)
def test_wrong_options_are_one_line(world, store, capsys, option, message):
    status, out, errors = purge(world, store, capsys, option)
    assert (status, out) == (2, "")
    assert errors.startswith(f"rally: {message}")
    assert errors.count("\n") == 1


def test_lost_list_stops_the_purge(world, store, fill, capsys):
    fill(world, store)
    platform = open_store(f"{store}/platform")
    info = platform.stat("withdrawals/root.json")
    platform.delete(info.name, info.generation)
    before = stored_ids(store)
    status, _, errors = purge(world, store, capsys, "--as_of=2026-11-17")
    assert status == 2
    assert "the withdrawal list is missing" in errors
    assert stored_ids(store) == before


@pytest.mark.slow("processes")
def test_module_is_a_command_of_its_own(world, store, fill):
    fill(world, store)
    ended = subprocess.run(
        [sys.executable, "-m", "pipelines.purge", *world.options(store),
         "--as_of=2026-11-17"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert plain(ended.stdout, store) == REPORT
