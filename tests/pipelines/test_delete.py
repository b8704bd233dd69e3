"""Deletion as a command: what it says, what it leaves, and what it refuses."""

import json
import re
import shutil
from pathlib import Path

import pytest

from pipelines import cli
from rally.events import RALLY
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.list_object import LIST, read_list
from tests.support.stores import see_list
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

LEFT = "2026-05-25T10:00:00.000000Z"


@pytest.fixture
def lived_in(world, store, tmp_path, capsys):
    """One leaves the garden, one Rally; one stays."""
    house, garden = f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1"
    visit = {"page": "p", "count": 1}
    path = write_lines(
        tmp_path / "in.ndjson",
        [
            world.message(garden, {"rally.id": rally_id(1)}, 1),
            world.message(house, {"rally.id": rally_id(2)}, 2),
            world.visit(1, 3),
            world.visit(2, 4),
            world.visit(3, 5),
            world.message(f"{POND}/visit/1", visit | {"rally.id": rally_id(1)}, 6),
            world.message(f"{POND}/visit/1", visit | {"rally.id": rally_id(2)}, 7),
            world.message(
                f"{GARDEN}/study-unenrollment/1", {"rally.id": rally_id(1)}, 8, LEFT
            ),
            world.message(
                f"{HOUSE}/unenrollment/1", {"rally.id": rally_id(2)}, 9, LEFT
            ),
        ],
    )
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    capsys.readouterr()
    return store


def delete(world, store, capsys, *more):
    """Status, output, errors."""
    return cli.main(["delete", *world.options(store), *more]), *capsys.readouterr()


REPORT = """\
SCOPE         STATE   REQUESTS
rally         active         1
rally-garden  active         1

STUDY         FILE                                             ROWS  TO GO  STATE
rally-garden  study-enrollment.1/date=2026-05-20/bucket=new/F     1      1  deleted
rally-garden  visit.1/date=2026-05-20/bucket=new/F                3      2  deleted
rally-house   enrollment.1/date=2026-05-20/bucket=new/F           1      1  deleted
rally-pond    visit.1/date=2026-05-20/bucket=new/F                2      1  deleted

plan: S/platform/plans/P/plan.json
withdrawal list: 2
verified: 2 files, 2 rows read
receipts: 1 to 2
"""


def plain(out, store):
    """The output without what is random in it."""
    out = out.replace(store, "S")
    out = re.sub("[0-9a-f]{32}.avro", "F", out)
    out = re.sub("plans/[0-9a-f]{32}/", "plans/P/", out)
    return [" ".join(line.split()) for line in out.splitlines()
            if not line.startswith("--")]  # fmt: skip


def expected(report):
    return plain(report, "S")


def test_who_left_is_deleted_and_told(world, lived_in, capsys):
    status, out, errors = delete(world, lived_in, capsys)

    assert (status, errors) == (0, "")
    assert plain(out, lived_in) == expected(REPORT)
    assert stored_ids(lived_in) == sorted(
        [
            (world.pseudonym(3), document_id(5)),
            (world.pseudonym(1, POND), document_id(6)),
        ]
    )
    assert cli.main(["receipts", "verify", f"--store={lived_in}",
                     f"--keys={world.keys}"]) == 0  # fmt: skip
    assert capsys.readouterr() == ("All receipts are there and true.\n", "")


def test_json_has_all_that_people_are_told(world, lived_in, capsys):
    status, out, errors = delete(world, lived_in, capsys, "--json")

    assert (status, errors, out.count("\n")) == (0, "", 1)
    (text,) = plain(out, lived_in)
    told = json.loads(text)
    files = [tuple(each.values()) for each in told.pop("files")]
    assert files == [
        (study, f"data/study={study}/document={place}/F", rows, goes, "deleted")
        for study, place, rows, goes in (
            (GARDEN, "study-enrollment.1/date=2026-05-20/bucket=new", 1, 1),
            (GARDEN, "visit.1/date=2026-05-20/bucket=new", 3, 2),
            (HOUSE, "enrollment.1/date=2026-05-20/bucket=new", 1, 1),
            (POND, "visit.1/date=2026-05-20/bucket=new", 2, 1),
        )
    ]
    assert told == {
        "requests": [
            {"scope": "rally", "state": "active", "requests": 1},
            {"scope": "rally-garden", "state": "active", "requests": 1},
        ],
        "plans": ["S/platform/plans/P/plan.json"],
        "withdrawal_list": 2,
        "verified_files": 2,
        "verified_rows": 2,
        "old_copies": [],
        "waiting_requests": 0,
        "orders": [],
        "changed_rows": 0,
        "returned_rows": {},
        "derived": [],
        "receipts": [1, 2],
        "faults": [],
    }


def test_no_id_and_no_pseudonym_is_printed(world, lived_in, capsys):
    _, out, errors = delete(world, lived_in, capsys)
    for person in (1, 2, 3):
        for known in (
            rally_id(person),
            world.platform_pseudonym(person),
            world.pseudonym(person),
            world.pseudonym(person, POND),
        ):
            assert known not in out + errors


@pytest.mark.slow("jobs")
def test_second_run_changes_nothing(world, lived_in, capsys):
    delete(world, lived_in, capsys)
    before = contents(lived_in)

    status, out, errors = delete(world, lived_in, capsys)

    assert (status, errors) == (0, "")
    assert expected(out) == expected(
        """\
SCOPE         STATE   REQUESTS
rally         active         1
rally-garden  active         1

withdrawal list: 2
verified: 2 files, 2 rows read
"""
    )
    assert contents(lived_in) == before


@pytest.mark.slow("jobs")
def test_plan_only_shows_the_plan_that_a_run_applies(world, lived_in, capsys):
    rows = stored_ids(lived_in)

    status, shown, errors = delete(world, lived_in, capsys, "--plan_only")

    assert (status, errors) == (0, "")
    lines = REPORT.replace("deleted", "planned").splitlines()
    planned = "\n".join(lines[:-2]).replace("list: 2", "list: 1")
    assert plain(shown, lived_in) == expected(planned)
    assert stored_ids(lived_in) == rows
    assert contents(lived_in).keys().isdisjoint({"platform/receipts/000000000001.json"})

    _, out, _ = delete(world, lived_in, capsys)

    plans = re.findall("plan: .*", shown)
    assert plans == re.findall("plan: .*", out)
    assert len(plans) == 1


def test_nobody_left(world, store, capsys):
    assert delete(world, store, capsys) == (0, "withdrawal list: 1\n", "")


def test_mass_is_held_by_the_options(world, lived_in, capsys):
    rows = stored_ids(lived_in)
    status, out, errors = delete(
        world, lived_in, capsys, "--hold_above_people=1", "--hold_above_share=0"
    )
    assert (status, errors) == (0, "")
    assert "rally active 1" in plain(out, lived_in)
    assert stored_ids(lived_in) != rows


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--hold_above_people=0", "--hold_above_people: must be a whole number from"
         " 1 to 1,000,000,000; see --help"),
        ("--hold_above_people=few", "--hold_above_people: must be a whole number from"
         " 1 to 1,000,000,000; see --help"),
        ("--hold_above_share=2", "--hold_above_share: must be a number from 0 to 1;"
         " see --help"),
        ("--hold_above_share=nan", "--hold_above_share: must be a number from 0 to 1;"
         " see --help"),
        ("--hold_window_hours=0", "--hold_window_hours: must be a number above 0"
         " and at most 876,000; see --help"),
        ("--hold_days=0", "--hold_days: must be a number above 0 and at most 36,500;"
         " see --help"),
        ("--unresolved_days=-1", "--unresolved_days: must be a number above 0 and"
         " at most 36,500; see --help"),
        ("--longest_delay_days=nan", "--longest_delay_days: must be a number above"
         " 0 and at most 36,500; see --help"),
        ("--as_of=tomorrow", None),
        ("--nonsense=1", "--nonsense: no such option; see --help"),
    ],
)  # fmt: skip
def test_bad_option_is_one_line(world, lived_in, capsys, option, message):
    before = contents(lived_in)
    status, out, errors = delete(world, lived_in, capsys, option)
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("rally: ")
    if message:
        assert errors == f"rally: {message}\n"
    assert contents(lived_in) == before


def test_store_and_keys_are_required(world, store, capsys):
    assert cli.main(["delete", f"--keys={world.keys}"]) == 2
    assert capsys.readouterr().err.startswith("rally: --store is required")
    assert cli.main(["delete", f"--store={store}"]) == 2
    assert capsys.readouterr().err == (
        "rally: --platform_keys is required, or --keys; see --help\n"
    )


def lose(world, store, tmp_path):
    platform = open_store(f"{store}/platform")
    platform.delete(LIST, platform.stat(LIST).generation)


def forge(world, store, tmp_path):
    World(tmp_path / "forger").publish(store, 8)


def edit(world, store, tmp_path):
    path = Path(store) / "platform" / LIST
    path.write_bytes(path.read_bytes().replace(b'"counter":7', b'"counter":8'))


SPOILT = {
    lose: "the withdrawal list is missing, and who has left is not known without it;"
    " restore it, or let `rally delete --rebuild_list` make it anew from the event log",
    forge: "is not as deletion published it; restore it from a backup",
    edit: "is not as deletion published it; restore it from a backup",
}


@pytest.mark.parametrize(
    ("spoil", "message"), SPOILT.items(), ids=lambda each: getattr(each, "__name__", "")
)
@pytest.mark.parametrize("more", [[], ["--plan_only"]], ids=["run", "plan"])
def test_job_without_the_list_as_it_was_does_nothing(
    world, store, tmp_path, capsys, spoil, message, more
):
    world.publish(store, 7, world.left(9, RALLY))
    path = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    capsys.readouterr()
    spoil(world, store, tmp_path)
    before = contents(store)

    found = delete(world, store, capsys, *more)

    where = f"{store}/platform/{LIST}"
    assert found == (2, "", f"rally: {where}: {message.format(store=store)}\n")
    assert contents(store) == before


@pytest.mark.slow("jobs")
def test_older_list_that_was_put_back_is_made_good(world, lived_in, capsys):
    """Who left in between is in the log, and the counter goes on from the newest."""
    platform = open_store(f"{lived_in}/platform")
    see_list(platform, 7)

    status, out, errors = delete(world, lived_in, capsys)

    assert (status, errors) == (
        1,
        f"rally: {lived_in}/platform/{LIST}: is list 0, and signed records know of list"
        " 7: an older one was put back; restore the newest, or run `rally delete`,"
        " which makes the next from the event log\n",
    )
    assert "withdrawal list: 9\n" in out
    assert len(read_list(platform).list.withdrawals) == 2
    assert delete(world, lived_in, capsys)[0] == 0


@pytest.mark.parametrize("purpose", ["signing.delete.keyset", "pseudonym.platform"])
def test_platform_key_that_is_missing_is_one_line(
    world, lived_in, tmp_path, capsys, purpose
):
    keys = tmp_path / "keys"
    shutil.copytree(world.keys, keys)
    (file,) = (keys / "platform").glob(f"*{purpose}*")
    file.unlink()
    before = contents(lived_in)

    status, out, errors = delete(world, lived_in, capsys, f"--keys={keys}")

    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert str(file) in errors
    assert contents(lived_in) == before


@pytest.mark.slow("jobs")
def test_who_deletes_needs_no_key_that_opens_pings(world, lived_in, tmp_path, capsys):
    keys = tmp_path / "keys"
    shutil.copytree(world.keys, keys)
    for file in keys.glob("*.keyset.json"):
        file.unlink()
    for file in (keys / "platform").glob("dead-letter*"):
        file.unlink()

    assert delete(world, lived_in, capsys, f"--keys={keys}")[0] == 0
    assert len(stored_ids(lived_in)) == 2


@pytest.mark.slow("jobs")
def test_faults_are_lines_of_their_own_and_the_status_is_1(world, lived_in, capsys):
    folder = f"data/study={GARDEN}/document=visit.1/date=2026-05-20/bucket=new"
    bad = Path(lived_in) / folder / "bad.avro"
    bad.write_bytes(b"no Avro")
    lost = Path(lived_in) / "data/study=rally-lost/document=a.1/date=2026-05-20"
    lost.mkdir(parents=True)
    (lost / "a.avro").write_bytes(b"rows")

    status, out, errors = delete(world, lived_in, capsys)

    assert status == 1
    assert errors == (
        f"rally: {folder}/bad.avro: damaged (no Avro container file)\n"
        "rally: data/study=rally-lost: is in no registry, so nobody can be deleted"
        " there; register the study or remove the folder\n"
    )
    assert "receipts:" not in out
    assert bad.read_bytes() == b"no Avro"
    assert (lost / "a.avro").read_bytes() == b"rows"
    assert len(stored_pseudonyms(world, lived_in, bad, lost)) == 2


def stored_pseudonyms(world, store, bad, lost):
    """Whose rows there are, once what nobody can read is gone."""
    bad.unlink()
    shutil.rmtree(lost.parents[1])
    return stored_ids(store)


def test_log_that_is_damaged_stops_the_job_in_one_line(world, lived_in, capsys):
    (event, *_) = sorted((Path(lived_in) / "platform/events").rglob("*.avro"))
    event.write_bytes(event.read_bytes()[:-1])
    name = event.relative_to(Path(lived_in) / "platform")
    before = contents(lived_in)

    status, out, errors = delete(world, lived_in, capsys)

    assert (status, out) == (1, "")
    assert errors == (
        f"rally: {name}: the checksum differs: bytes are missing or changed; when that"
        " is mended or over, run it again for what is not done\n"
    )
    assert unleased(contents(lived_in)) == unleased(before)


def unleased(found):
    return {name: found[name] for name in found if "/leases/" not in name}


@pytest.mark.slow("jobs")
def test_store_that_cannot_be_listed_stops_the_job_in_one_line(world, lived_in, capsys):
    plans = Path(lived_in) / "platform" / "plans"
    plans.symlink_to(plans)

    status, out, errors = delete(world, lived_in, capsys)

    assert (status, out) == (1, "")
    assert errors == (
        f"rally: {plans}: is a link, which nobody follows or opens; when that is"
        " mended or over, run it again for what is not done\n"
    )
    plans.unlink()
    assert delete(world, lived_in, capsys)[0] == 0


@pytest.fixture
def half_compacted(world, lived_in, tmp_path, capsys):
    """A compaction wrote its file and was killed before it removed what went in."""
    (file,) = Path(lived_in).glob(f"data/study={GARDEN}/document=visit.1/**/*.avro")

    def make():
        spare = tmp_path / "spare"
        spare.hardlink_to(file)
        assert cli.main(["compact", *world.options(lived_in)]) == 0
        capsys.readouterr()
        assert not file.exists()
        file.parent.mkdir(exist_ok=True)
        file.hardlink_to(spare)
        spare.unlink()

    return make


@pytest.mark.slow("jobs")
@pytest.mark.parametrize("begun", [False, True], ids=["new plan", "plan of a dead run"])
def test_half_compaction_is_finished_before_anything_is_rewritten(
    world, lived_in, half_compacted, capsys, begun
):
    """An input that is rewritten is no input any more: its rows would count twice."""
    if begun:
        _, out, _ = delete(world, lived_in, capsys, "--plan_only")
        (plan,) = re.findall("plan: (.*)/plan.json", out)
    half_compacted()
    if begun:
        (Path(plan) / "begun.json").write_text("{}")

    status, _, errors = delete(world, lived_in, capsys)

    assert (status, errors) == (0, "")
    assert stored_ids(lived_in) == sorted(
        [
            (world.pseudonym(3), document_id(5)),
            (world.pseudonym(1, POND), document_id(6)),
        ]
    )
