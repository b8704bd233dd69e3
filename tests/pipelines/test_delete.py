"""Deletion as a command: what it says, what it leaves, and what it refuses."""

import json
import re
import shutil
from pathlib import Path

import pytest

from pipelines import cli
from tests.pipelines.conftest import delete
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    contents,
    document_id,
    rally_id,
    stored_ids,
)

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
        "postponed_files": 0,
        "orders": [],
        "changed_rows": 0,
        "returned_rows": {},
        "derived": [],
        "removed_parts": 0,
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
    after = contents(lived_in)
    assert after.keys() == before.keys()
    changed = {name for name, data in after.items() if data != before[name]}
    assert all(each.startswith("views/") for each in changed)  # each run renews them


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


def test_plan_only_says_what_waits_and_until_when(world, lived_in, capsys):
    assert cli.main(["compact", *world.options(lived_in)]) == 0
    capsys.readouterr()
    status, shown, errors = delete(
        world, lived_in, capsys, "--plan_only", "--as_of=2026-05-26T00:00:00Z"
    )

    assert (status, errors) == (0, "")
    files = [each for each in plain(shown, lived_in) if "bucket=" in each]
    assert [each.partition(".avro ")[2] for each in files] == [
        f"{rows} {goes} waits until 2026-05-30"
        for rows, goes in ((1, 1), (3, 2), (1, 1), (2, 1))
    ]
    assert shown.splitlines()[-1] == (
        "files that wait to be rewritten: 4, the first until 2026-05-30; their rows are"
        " refused and left out already"
    )


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
