"""A request closes, and its person stays gone: whatever comes back is deleted again."""

from datetime import date

import pytest

from rally.deletion.plan import FileOutcome
from rally.event_log.event_log import EventLog
from rally.events import RALLY
from rally.receipts.receipt import Stage
from rally.storage.layout import EVENTS, Partition
from rally.storage.partitions import Bucket, compacted_file, partition_of
from tests.support.memory_deployment import Killed, Row, day, document_id
from tests.support.stores import restore_list, save_list
from tests.support.study_decisions import hold_rows
from tests.support.world import GARDEN, HOUSE, POND

DELETION, LATE = ("deletion", 1), ("late", 1)


@pytest.fixture
def closed(deployment):
    """One has left the garden, and two stay; the request closed long ago."""
    deployment.join(1, document=document_id(9), signal=f"{HOUSE}/enrollment.1")
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="garden")
    deployment.delete()
    deployment.now = day(80)
    deployment.delete()
    assert deployment.stages()["garden"][-1] == "closed"
    assert deployment.told() == {"garden": [DELETION]}
    return deployment


def compacted(deployment, rows, study=GARDEN):
    name = compacted_file(
        Partition(study, "visit.1", "2026-05-11"), Bucket(0, 0), "0123456789ab"
    )
    assert deployment.data.create(name, deployment.indexed_file(rows, study))
    return name


@pytest.mark.parametrize(
    "restore",
    [
        lambda deployment: deployment.put(
            deployment.indexed_file([Row(1, 1), Row(2, 3)]), "back"
        ),
        lambda deployment: deployment.put(
            deployment.foreign_file([Row(2, 3), Row(1, 1)]), "back"
        ),
        lambda deployment: compacted(deployment, [Row(1, 1), Row(2, 3)]),
    ],
    ids=["as ingest wrote it", "without an index", "compacted"],
)
def test_file_that_comes_back_is_deleted_again_and_told(closed, restore):
    restore(closed)

    report = closed.delete()

    assert report.faults == []
    assert report.returned == {GARDEN: 1}
    assert closed.numbers() == [2, 3]
    assert closed.told() == {"garden": [DELETION, LATE]}
    assert closed.stages()["garden"][-1] == "closed"
    closed.check()
    before = closed.all_objects()
    assert closed.delete().returned == {}
    assert closed.all_objects() == before


def test_other_files_are_left_as_they_are(closed):
    before = closed.all_objects()
    report = closed.delete()
    assert (report.planned, report.verified) == ([], [])
    assert closed.all_objects() == before


def test_file_that_loses_all_its_rows_is_gone(closed):
    name = closed.put(closed.indexed_file([Row(1, 1)]), "back")
    closed.delete()
    assert closed.data.stat(name) is None
    assert closed.told()["garden"] == [DELETION, LATE]


def test_row_of_the_enrolment_goes_from_the_platform_too(closed):
    closed.put(closed.indexed_file([Row(1, 9), Row(1, 10)], HOUSE), "back", HOUSE)
    closed.delete()
    assert closed.numbers(HOUSE) == [10]


def test_who_left_rally_stays_gone_from_every_study(deployment):
    deployment.leave(1, RALLY, document="rally")
    deployment.delete()
    deployment.now = day(80)
    deployment.delete()
    for study in (GARDEN, POND, HOUSE):
        deployment.put(
            deployment.indexed_file([Row(1, 1), Row(2, 2)], study), "back", study
        )
    report = deployment.delete()
    assert [deployment.numbers(each) for each in (GARDEN, POND, HOUSE)] == [[2]] * 3
    assert report.returned == {GARDEN: 1, POND: 1, HOUSE: 1}
    assert deployment.told() == {"rally": [("deletion", 0), ("late", 3)]}


def test_who_came_back_keeps_what_came_since(closed):
    closed.join(1, when=60)
    late = closed.indexed_file([Row(1, 1), Row(1, 4, day=61)])
    closed.put(late, "back")
    closed.delete()
    assert closed.numbers() == [2, 4]


def test_copies_of_what_came_back_are_purged(make_deployment):
    deployment = make_deployment(versioned=True)
    deployment.leave(1, document="garden")
    deployment.delete()
    deployment.now = day(80)
    deployment.delete()
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), "back")
    deployment.delete()
    assert list(deployment.data.old_copies("")) == []
    assert deployment.told() == {"garden": [("deletion", 0), LATE]}


def test_what_a_legal_hold_keeps_is_named_each_time(closed):
    days = date(2026, 5, 1), date(2026, 5, 20)
    hold_rows(closed.platform, GARDEN, days, day(79))
    closed.put(closed.indexed_file([Row(1, 1)]), "back")
    for _ in range(2):
        [fault] = closed.delete().faults
        assert fault.outcome is FileOutcome.HELD
    assert closed.numbers() == [1, 2]


def test_damaged_file_is_named_though_nobody_waits(closed):
    name = closed.put(closed.indexed_file([Row(1, 1)])[:-9], "back")
    [fault] = closed.delete().faults
    assert (fault.name, fault.outcome) == (name, FileOutcome.DAMAGED)


def test_run_that_was_killed_before_its_receipt_is_made_good(closed):
    closed.put(closed.indexed_file([Row(1, 1), Row(2, 3)]), "back")

    def die(operation, name):
        if operation == "create" and name.startswith("receipts/"):
            closed.dead = True
            raise Killed

    closed.platform.fault = die
    with pytest.raises(Killed):
        closed.delete()
    closed.mark_runs_dead()
    assert closed.numbers() == [2, 3]
    assert closed.delete().faults == []
    assert closed.told() == {"garden": [DELETION, LATE]}
    closed.check()


def test_restored_events_bring_nobody_back(closed):
    backup = {each.name: closed.platform.read(each.name)
              for each in closed.platform.list(EVENTS)}  # fmt: skip
    closed.join(1, when=60)
    closed.delete()
    events = set(EventLog(closed.platform))
    for name, data in backup.items():
        closed.platform.create(name, data)
    closed.delete()
    assert set(EventLog(closed.platform)) == events
    assert closed.numbers() == [2]


def test_restored_old_list_asks_for_deletion_anew(deployment):
    """No row is younger than it, so nobody can refuse it; the log knows who left."""
    old = save_list(deployment.platform)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="garden")
    deployment.delete()
    deployment.now = day(80)
    deployment.delete()
    restore_list(deployment.platform, old)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 3)]), "back")

    assert deployment.delete().faults == []
    assert deployment.numbers() == [2, 3]
    [request] = deployment.withdrawals().withdrawals
    assert Stage.VERIFIED in request.stages
    deployment.check()


def test_plan_alone_shows_what_came_back(closed):
    name = closed.put(closed.indexed_file([Row(1, 1), Row(2, 3)]), "back")
    [planned] = closed.job().plan().planned
    assert (planned.name, planned.removes) == (name, 1)
    assert partition_of(GARDEN, name) is not None
    assert closed.numbers() == [1, 2, 3]
