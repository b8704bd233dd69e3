"""A purge that is killed anywhere is made good by a plain one: the same end."""

import random

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.event_log.event_log import EventLog
from rally.events import RALLY, write_events
from tests.rally.deletion.test_killed import MUTATIONS, count
from tests.support.memory_deployment import Killed, Row, document_id
from tests.support.world import GARDEN, HOUSE, POND

pytestmark = pytest.mark.slow("kills")

VERSIONED = {"versioned": True, "platform": {"versioned": True}}


def furnish(deployment):
    """One study is concluded, of another some has expired, and some is nobody's."""
    for person, study in ((1, GARDEN), (2, GARDEN), (3, POND), (4, POND)):
        deployment.join(
            person,
            study,
            when=-400 - person,
            document=document_id(person),
            signal=f"{HOUSE}/enrollment.1",
        )
    event = next(iter(EventLog(deployment.platform)))
    others = [
        event._replace(scope=each, document_id=document_id(50 + number))
        for number, each in enumerate((GARDEN, POND, RALLY))
    ]
    write_events(deployment.platform, others, "1")
    joined = [Row(person, person, 1) for person in range(1, 5)]
    deployment.put(
        deployment.indexed_file(joined, HOUSE), "joined", HOUSE, "2026-05-02"
    )
    deployment.put(
        deployment.indexed_file(joined[:2], HOUSE), "garden", HOUSE, "2026-05-02"
    )
    deployment.put(deployment.indexed_file([Row(1, 100), Row(2, 101)]), "a")
    deployment.put(deployment.indexed_file([Row(1, 102)]), "b", date="2026-05-12")
    deployment.put(
        deployment.indexed_file([Row(3, 103), Row(9, 104), Row(4, 105)], POND),
        "c",
        POND,
    )
    deployment.put(deployment.foreign_file([Row(9, 106), Row(4, 107)], POND), "d", POND)
    deployment.put(deployment.indexed_file([Row(9, 108)], POND), "e", POND)
    deployment.put(
        deployment.indexed_file([Row(3, 109)], POND), "f", POND, "2025-01-01"
    )
    for number, (study, kind) in enumerate(
        (
            (GARDEN, LetterKind.PING),
            (POND, LetterKind.PING),
            (POND, LetterKind.WITHDRAWAL),
        )
    ):
        folder = LetterPlace(study, kind, f"2026-01-{number + 1:02}").folder
        deployment.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")
    deployment.platform.create(f"plans/{1:032}/plan.json", b"{}")
    deployment.conclude()


def kill(deployment, die_before):
    count(deployment, die_before)
    with pytest.raises(Killed):
        deployment.purge()
    deployment.mark_runs_dead()
    return count(deployment)


def rest(deployment):
    """How it ends; without generations, and the plans of runs that were killed."""
    return {
        "rows": {study: deployment.numbers(study) for study in (GARDEN, POND, HOUSE)},
        "files": deployment.names(),
        "records": [
            name for name in deployment.records() if "purge.ndjson" not in name
        ],
        "events": sorted(set(EventLog(deployment.platform))),
        "old": [
            each.name
            for store in (deployment.data, deployment.platform)
            for each in store.old_copies("")
            if "leases/" not in each.name
        ],
        "keys": deployment.key_files(),
    }


def ends_well(make_deployment):
    deployment = make_deployment(**VERSIONED)
    furnish(deployment)
    names = count(deployment)
    report = deployment.purge()
    assert [*report.problems] == []
    return rest(deployment), names


def test_run_ends_as_it_should(make_deployment):
    end, names = ends_well(make_deployment)
    assert end["rows"] == {GARDEN: [], POND: [103, 105, 107], HOUSE: [3, 4]}
    assert {each.scope for each in end["events"]} == {POND, RALLY}
    assert end["old"] == []
    assert not [name for name in end["keys"] if GARDEN in name]
    assert [name for name in names if "withdrawals/" in name] == []


def test_killed_before_any_change_and_run_again_ends_the_same(make_deployment):
    expected, names = ends_well(make_deployment)
    assert len(names) > 40
    for number in range(1, len(names) + 1):
        deployment = make_deployment(**VERSIONED)
        furnish(deployment)
        kill(deployment, number)
        report = deployment.purge(run="2" * 32)
        assert [*report.problems] == [], names[number - 1]
        assert rest(deployment) == expected, names[number - 1]


@pytest.mark.parametrize("seed", range(10))
def test_killed_again_and_again_ends_the_same(make_deployment, seed):
    expected, _ = ends_well(make_deployment)
    numbers = random.Random(seed)
    deployment = make_deployment(**VERSIONED)
    furnish(deployment)
    for run in range(200):
        count(deployment, die_before=numbers.randint(3, 20))
        try:
            report = deployment.purge(run=f"{run:032}")
            break
        except Killed:
            deployment.mark_runs_dead()
    assert [*report.problems] == []
    assert rest(deployment) == expected


def test_key_files_may_go_one_by_one(make_deployment, monkeypatch):
    """A kill between two of them leaves the rest for the next run."""
    expected, _ = ends_well(make_deployment)
    from rally.keys.folder import KeyFolder

    forget = KeyFolder.forget
    for number in range(3):
        deployment, left = make_deployment(**VERSIONED), [number]

        def die(folder, name, left=left):
            if not left[0]:
                raise Killed
            left[0] -= 1
            return forget(folder, name)

        furnish(deployment)
        monkeypatch.setattr(KeyFolder, "forget", die)
        with pytest.raises(Killed):
            deployment.purge()
        monkeypatch.setattr(KeyFolder, "forget", forget)
        deployment.mark_runs_dead()
        assert (
            len([key for key in deployment.key_files() if GARDEN in key]) == 3 - number
        )
        assert deployment.purge(run="2" * 32).exit_status == 0
        assert rest(deployment) == expected


def test_run_after_a_good_one_changes_nothing(make_deployment):
    deployment = make_deployment(**VERSIONED)
    furnish(deployment)
    deployment.purge()
    before = deployment.all_objects()
    names = count(deployment)
    report = deployment.purge()
    assert [name for name in names if "leases/" not in name] == []
    assert deployment.all_objects() == before
    assert (report.plan, report.done, report.exit_status) == ("", {}, 0)


@pytest.mark.parametrize("operation", MUTATIONS)
def test_store_that_refuses_is_named_and_made_good(make_deployment, operation):
    expected, _ = ends_well(make_deployment)
    deployment = make_deployment(**VERSIONED)
    furnish(deployment)

    def refuse(done, name):
        if done == operation and name.startswith("data/"):
            raise OSError(5, "Input/output error")

    deployment.data.fault = refuse
    report = deployment.purge()
    assert report.exit_status == (operation != "create")
    deployment.data.fault = lambda *_: None
    assert deployment.purge().exit_status == 0
    assert rest(deployment) == expected
