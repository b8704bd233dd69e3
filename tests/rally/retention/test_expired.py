"""What is past its retention goes by its partition's date, and nothing beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rally.storage.layout import Partition
from rally.storage.partitions import Bucket, compacted_file
from tests.support.memory_deployment import Row
from tests.support.purge_deployment import deleted_counts
from tests.support.world import GARDEN, HOUSE, POND

DAYS = 180


def furnish(deployment, *dates, study=GARDEN):
    """A file a date, of somebody who joined long before."""
    deployment.join(1, study, when=-3000)
    for number, each in enumerate(dates):
        deployment.put(
            deployment.indexed_file([Row(1, number)], study), str(number), study, each
        )


def dates(deployment, study=GARDEN):
    return [name.partition("date=")[2][:10] for name in deployment.names()
            if f"study={study}/" in name]  # fmt: skip


@pytest.mark.parametrize("now", ["2026-05-31", "2028-02-29", "2028-08-27", "2027-01-01",
                                 "2026-12-31", "2028-03-01"])  # fmt: skip
@pytest.mark.parametrize("clock", [timedelta(), timedelta(hours=23, minutes=59)])
def test_row_goes_the_day_after_its_last(deployment, now, clock):
    deployment.now = datetime.fromisoformat(now).replace(tzinfo=UTC) + clock
    today = date.fromisoformat(now)
    last, over = (str(today - timedelta(days=days)) for days in (DAYS, DAYS + 1))
    furnish(deployment, over, last, now)

    report = deployment.purge()

    assert dates(deployment) == [last, now]
    assert deleted_counts(report) == {(GARDEN, "visit.1", "expired"): (1, 1)}
    assert list(report.problems) == []


def test_documents_without_an_end_stay(deployment):
    deployment.put(
        deployment.indexed_file([Row(1, 1)], HOUSE), "old", HOUSE, "2020-02-29"
    )
    report = deployment.purge()
    assert dates(deployment, HOUSE) == ["2020-02-29"]
    assert (report.plan, deleted_counts(report)) == ("", {})


def test_file_that_was_written_later_goes_by_its_date(deployment):
    furnish(deployment, "2026-01-01")
    name = compacted_file(
        Partition(GARDEN, "visit.1", "2025-11-01"), Bucket(0, 0), "0123456789ab"
    )
    deployment.data.create(name, deployment.indexed_file([Row(1, 9)]))
    info = deployment.data.stat(name)
    deployment.now += timedelta(days=30)
    deployment.data.replace(name, deployment.indexed_file([Row(1, 9)]), info.generation)

    deployment.purge()

    assert dates(deployment) == ["2026-01-01"]


def test_second_run_changes_nothing(deployment):
    furnish(deployment, "2025-01-01", "2026-05-01")
    deployment.purge()
    before = deployment.all_objects()
    report = deployment.purge()
    assert deployment.all_objects() == before
    assert (report.plan, report.done, list(report.problems)) == ("", {}, [])


def test_plan_is_the_one_that_a_run_does(deployment):
    furnish(deployment, "2025-01-01", "2026-05-01")
    plan = deployment.purging().plan()
    assert dates(deployment) == ["2025-01-01", "2026-05-01"]
    deployment.now += timedelta(hours=5)
    assert deployment.purging().plan().plan == plan.plan
    data = deployment.platform.read(f"plans/{plan.plan}/purge.ndjson")
    assert deployment.pseudonym(1).encode() not in data
    report = deployment.purge(confirm=plan.plan)
    assert report.plan == plan.plan
    assert dates(deployment) == ["2026-05-01"]
    assert {key: (each.objects, each.bytes) for key, each in report.done.items()} == {
        key: (each.objects, each.bytes) for key, each in plan.planned.items()
    }


def test_old_copies_go_as_well(make_deployment):
    deployment = make_deployment(versioned=True)
    furnish(deployment, "2025-01-01")
    report = deployment.purge()
    assert list(deployment.data.old_copies("")) == []
    assert report.old_copies == 1


def test_what_the_bucket_keeps_remains_until_its_day(make_deployment):
    deployment = make_deployment(soft_delete=timedelta(days=7), versioned=True)
    furnish(deployment, "2025-01-01")
    report = deployment.purge()
    assert [(each.objects, each.reason) for each in report.remains] == [
        (1, "soft-deleted")
    ]
    assert str(report.remains[0]).endswith("remain until 2026-06-07 (soft-deleted)")
    assert report.exit_status == 0


def test_retention_policy_keeps_the_object_and_is_reported(make_deployment):
    deployment = make_deployment(retention=timedelta(days=40))
    furnish(deployment, "2025-01-01")
    report = deployment.purge()
    assert dates(deployment) == ["2025-01-01"]
    assert [str(each) for each in report.remains] == [
        "rally-garden: visit.1: 1 objects remain until 2026-07-10"
        " (a hold or a retention policy)"
    ]
    assert report.exit_status == 0


def test_hold_without_an_end_is_a_problem(deployment):
    furnish(deployment, "2025-01-01")
    deployment.data.hold(deployment.names()[0])
    report = deployment.purge()
    assert [*report.problems] == [
        "rally-garden: visit.1: 1 objects remain until somebody lifts it"
        " (a hold or a retention policy)"
    ]


def test_legal_hold_wins(deployment):
    furnish(deployment, "2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04")
    furnish(deployment, "2025-01-02", study=POND)
    hold = deployment.legal_hold(GARDEN, "2025-01-02", "2025-01-03")
    report = deployment.purge()
    assert dates(deployment) == ["2025-01-02", "2025-01-03"]
    assert dates(deployment, POND) == []
    assert len(report.blocked) == 1
    assert "BLOCKED" in report.blocked[0]
    assert f"{hold.first} to {hold.last}" in report.blocked[0]
    assert report.exit_status == 0
