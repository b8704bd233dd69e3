"""A run that is killed anywhere is made good by a plain one: the same end state."""

import random

import pytest

from rally.deletion.plan_store import PlanStore
from rally.events import RALLY
from rally.withdrawal.root import ROOT, read_root
from tests.support.memory_deployment import Killed, Row, document_id
from tests.support.world import GARDEN, HOUSE, POND

pytestmark = pytest.mark.slow("kills")

MUTATIONS = ("create", "replace", "delete", "purge")


def furnish(deployment):
    """Somebody leaves a study, somebody Rally, somebody came back, one is unknown."""
    deployment.join(1, document=document_id(71))
    deployment.join(2, RALLY, document=document_id(72))
    deployment.join(3, when=16)
    deployment.leave(1, document="garden")
    deployment.leave(2, RALLY, document="rally")
    deployment.leave(3, when=15, document="back")
    deployment.leave(
        0, RALLY, document="nobody", participant=None, deletion_id="d" * 36
    )
    people = [
        Row(person, person * 10 + each) for person in range(1, 6) for each in range(3)
    ]
    deployment.put(deployment.indexed_file([*people, Row(3, 38, 18)]), "ours")
    deployment.put(
        deployment.foreign_file([Row(1, 100), Row(2, 101), Row(5, 102)]), "foreign"
    )
    deployment.put(deployment.indexed_file([Row(1, 110), Row(2, 111)]), "all of it")
    deployment.put(
        deployment.indexed_file([Row(4, 120), Row(5, 121)]), "nobody who left"
    )
    deployment.put(deployment.indexed_file([]), "empty")
    deployment.put(
        deployment.indexed_file([Row(1, 200), Row(2, 201)], POND), "pond", POND
    )
    deployment.put(
        deployment.indexed_file([Row(1, 71, 1), Row(2, 72, 1), Row(4, 74, 1)], HOUSE),
        "house",
        HOUSE,
    )


def count(deployment, die_before=0):
    """Counts what changes something; before one of these the process dies."""
    names = []

    def fault(operation, name):
        if operation in MUTATIONS and len(names) + 1 != die_before:
            names.append(f"{operation} {name}")
        elif operation in MUTATIONS or deployment.dead:
            deployment.dead = True
            raise Killed

    deployment.data.fault = deployment.platform.fault = fault
    return names


def kill(deployment, die_before):
    """A run that dies; what it leased is left behind."""
    count(deployment, die_before)
    with pytest.raises(Killed):
        deployment.delete()
    deployment.mark_runs_dead()
    return count(deployment)


def rest(deployment):
    """How it ends: without times, ids of requests, generations and numbers of plans."""
    plans = PlanStore(deployment.platform)
    assert (plans.unfinished(), plans.unreported()) == ([], {})
    deployment.check()
    root = read_root(deployment.platform).root
    assert {each.name for each in deployment.platform.list("withdrawals/")} == {
        ROOT, root.list.name, root.requests.name,
    }  # fmt: skip
    return {
        "rows": {study: deployment.numbers(study) for study in (GARDEN, POND, HOUSE)},
        "stages": deployment.stages(),
        "told": deployment.told(),
        "list": sorted(
            (each.document_id, each.status, each.deferred, len(each.receipts))
            for each in deployment.withdrawals().withdrawals
        ),
        "old": list(deployment.data.old_copies("")),
    }


def ends_well(make_deployment):
    deployment = make_deployment(versioned=True)
    furnish(deployment)
    names = count(deployment)
    assert deployment.delete().faults == []
    return rest(deployment), names


FOLDER = f"data/study={GARDEN}/document=visit.1/date=2026-05-11/bucket=new"
REWRITES = [
    f"replace {FOLDER}/{name}.avro" for name in ("all of it", "foreign", "ours")
]


def test_run_does_its_steps_in_their_order(make_deployment):
    end, names = ends_well(make_deployment)
    steps = [
        name.partition("/plans/")[0].rpartition("/")[2] if "plans/" in name else name
        for name in names
    ]
    plan = ["plan.json", "begun.json", "applied.json", "done.json"]
    assert [step for step in steps if step in plan] == plan
    list_, first = f"replace {ROOT}", "create receipts/000000000001.json"
    order = [
        list_,
        "plan.json",
        "begun.json",
        REWRITES[0],
        REWRITES[2],
        "applied.json",
        REWRITES[0].replace("replace", "delete"),
        REWRITES[0].replace("replace", "purge"),
        first,
        "create receipts/000000000003.json",
        list_,
        "done.json",
    ]
    at = -1
    for step in order:
        at = steps.index(step, at + 1)
    assert end == {
        "rows": {
            GARDEN: [38, *range(40, 43), *range(50, 53), 102, 120, 121],
            POND: [200],
            HOUSE: [74],
        },
        "stages": {
            "garden": ["requested", "suppressed", "rewritten", "purged", "verified"],
            "rally": ["requested", "suppressed", "rewritten", "purged", "verified"],
            "back": ["requested", "suppressed", "rewritten", "purged", "verified"],
            "nobody": ["requested"],
        },
        "told": {
            "back": [("deletion", 3)],
            "garden": [("deletion", 6)],
            "rally": [("deletion", 7)],
        },
        "list": [
            ("back", "active", (), 1),
            ("garden", "active", (), 1),
            ("nobody", "active", (), 0),
            ("rally", "active", (), 1),
        ],
        "old": [],
    }


def test_killed_before_any_change_and_run_again_ends_the_same(make_deployment):
    expected, names = ends_well(make_deployment)
    for number in range(1, len(names) + 1):
        deployment = make_deployment(versioned=True)
        furnish(deployment)
        kill(deployment, number)
        report = deployment.delete()
        assert report.faults == [], names[number - 1]
        assert rest(deployment) == expected, names[number - 1]


@pytest.mark.parametrize("seed", range(20))
def test_killed_again_and_again_ends_the_same(make_deployment, seed):
    expected, _ = ends_well(make_deployment)
    numbers = random.Random(seed)
    deployment = make_deployment(versioned=True)
    furnish(deployment)
    for _ in range(100):
        count(deployment, die_before=numbers.randint(3, 20))
        try:
            report = deployment.delete()
            break
        except Killed:
            deployment.mark_runs_dead()
    assert report.faults == []
    assert rest(deployment) == expected


def test_plan_only_after_a_kill_is_what_the_next_run_does(make_deployment):
    _, names = ends_well(make_deployment)
    for number in range(1, len(names) + 1):
        deployment = make_deployment(versioned=True)
        furnish(deployment)
        kill(deployment, number)
        planned = deployment.job().plan().planned
        report = deployment.delete()
        done = {(each.name, each.rows_removed) for each in report.rewritten}
        assert done == {(each.name, each.removes) for each in planned}


def test_plan_only_between_a_kill_and_the_next_run_loses_no_count(make_deployment):
    """New requests make a newer list; what was done under the one before is told."""
    expected, names = ends_well(make_deployment)
    for number in range(1, len(names) + 1):
        deployment = make_deployment(versioned=True)
        furnish(deployment)
        kill(deployment, number)
        deployment.leave(4, POND, document="more")
        planned = deployment.job().plan()
        report = deployment.delete()
        assert report.faults == []
        assert planned.plans[-1] in report.plans or not planned.planned
        end = rest(deployment)
        del end["stages"]["more"], end["told"]["more"]
        end["list"] = [each for each in end["list"] if each[0] != "more"]
        assert end == expected


def test_run_after_a_good_one_changes_nothing(make_deployment):
    deployment = make_deployment(versioned=True)
    furnish(deployment)
    deployment.delete()
    before = deployment.all_objects()
    names = count(deployment)

    report = deployment.delete()

    renewed = ("leases/", "views/")  # by each run
    assert not [name for name in names if not any(map(name.count, renewed))]
    assert deployment.all_objects() == before
    assert (report.planned, report.rewritten, report.receipts) == ([], [], [])
    assert report.faults == []
    assert deployment.job().plan().planned == []


def test_plan_is_the_one_that_a_run_applies(deployment):
    furnish(deployment)
    planned = deployment.job().plan()
    rows = deployment.numbers(), deployment.numbers(POND), deployment.numbers(HOUSE)
    data = deployment.platform.read(planned.plans[0].removeprefix("memory://platform/"))

    assert deployment.job().plan().plans == planned.plans
    assert rows == (
        deployment.numbers(),
        deployment.numbers(POND),
        deployment.numbers(HOUSE),
    )
    assert deployment.receipts() == []
    assert deployment.pseudonym(1).encode() not in data
    assert deployment.platform_pseudonym(1).encode() not in data

    report = deployment.delete()

    assert report.plans == planned.plans
    assert report.planned == planned.planned
    done = {each.name: each.rows_removed for each in report.rewritten}
    assert done == {each.name: each.removes for each in planned.planned}
