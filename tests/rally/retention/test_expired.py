"""What is past its retention goes by its partition's date, and nothing beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rally.storage.layout import Partition
from rally.storage.partitions import Bucket, compacted_file
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row
from tests.rally.retention.place import gone

DAYS = 180


def furnish(place, *dates, study=GARDEN):
    """A file a date, of somebody who joined long before."""
    place.join(1, study, when=-3000)
    for number, each in enumerate(dates):
        place.put(place.ours([Row(1, number)], study), str(number), study, each)


def dates(place, study=GARDEN):
    return [name.partition("date=")[2][:10] for name in place.names()
            if f"study={study}/" in name]  # fmt: skip


@pytest.mark.parametrize("now", ["2026-05-31", "2028-02-29", "2028-08-27", "2027-01-01",
                                 "2026-12-31", "2028-03-01"])  # fmt: skip
@pytest.mark.parametrize("clock", [timedelta(), timedelta(hours=23, minutes=59)])
def test_row_goes_the_day_after_its_last(place, now, clock):
    place.now = datetime.fromisoformat(now).replace(tzinfo=UTC) + clock
    today = date.fromisoformat(now)
    last, over = (str(today - timedelta(days=days)) for days in (DAYS, DAYS + 1))
    furnish(place, over, last, now)

    report = place.purge()

    assert dates(place) == [last, now]
    assert gone(report) == {(GARDEN, "visit.1", "expired"): (1, 1)}
    assert list(report.problems) == []


def test_documents_without_an_end_stay(place):
    place.put(place.ours([Row(1, 1)], HOUSE), "old", HOUSE, "2020-02-29")
    report = place.purge()
    assert dates(place, HOUSE) == ["2020-02-29"]
    assert (report.plan, gone(report)) == ("", {})


def test_file_that_was_written_later_goes_by_its_date(place):
    furnish(place, "2026-01-01")
    name = compacted_file(Partition(GARDEN, "visit.1", "2025-11-01"), Bucket(0, 0))
    place.data.create(name, place.ours([Row(1, 9)]))
    info = place.data.stat(name)
    place.now += timedelta(days=30)
    place.data.replace(name, place.ours([Row(1, 9)]), info.generation)

    place.purge()

    assert dates(place) == ["2026-01-01"]


def test_second_run_changes_nothing(place):
    furnish(place, "2025-01-01", "2026-05-01")
    place.purge()
    before = place.everything()
    report = place.purge()
    assert place.everything() == before
    assert (report.plan, report.done, list(report.problems)) == ("", {}, [])


def test_plan_is_the_one_that_a_run_does(place):
    furnish(place, "2025-01-01", "2026-05-01")
    plan = place.purging().plan()
    assert dates(place) == ["2025-01-01", "2026-05-01"]
    place.now += timedelta(hours=5)
    assert place.purging().plan().plan == plan.plan
    data = place.platform.read(f"plans/{plan.plan}/purge.ndjson")
    assert place.pseudonym(1).encode() not in data
    report = place.purge(confirm=plan.plan)
    assert report.plan == plan.plan
    assert dates(place) == ["2026-05-01"]
    assert {key: (each.objects, each.bytes) for key, each in report.done.items()} == {
        key: (each.objects, each.bytes) for key, each in plan.planned.items()
    }


def test_old_copies_go_as_well(make_place):
    place = make_place(versioned=True)
    furnish(place, "2025-01-01")
    report = place.purge()
    assert list(place.data.old_copies("")) == []
    assert report.old_copies == 1


def test_what_the_bucket_keeps_remains_until_its_day(make_place):
    place = make_place(soft_delete=timedelta(days=7), versioned=True)
    furnish(place, "2025-01-01")
    report = place.purge()
    assert [(each.objects, each.why) for each in report.remains] == [
        (1, "soft-deleted")
    ]
    assert str(report.remains[0]).endswith("remain until 2026-06-07 (soft-deleted)")
    assert report.exit_status == 0


def test_retention_policy_keeps_the_object_and_is_reported(make_place):
    place = make_place(retention=timedelta(days=40))
    furnish(place, "2025-01-01")
    report = place.purge()
    assert dates(place) == ["2025-01-01"]
    assert [str(each) for each in report.remains] == [
        "rally-garden: visit.1: 1 objects remain until 2026-07-10"
        " (a hold or a retention policy)"
    ]
    assert report.exit_status == 0


def test_hold_without_an_end_is_a_problem(place):
    furnish(place, "2025-01-01")
    place.data.hold(place.names()[0])
    report = place.purge()
    assert [*report.problems] == [
        "rally-garden: visit.1: 1 objects remain until somebody lifts it"
        " (a hold or a retention policy)"
    ]


def test_legal_hold_wins(place):
    furnish(place, "2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04")
    furnish(place, "2025-01-02", study=POND)
    hold = place.legal_hold(GARDEN, "2025-01-02", "2025-01-03")
    report = place.purge()
    assert dates(place) == ["2025-01-02", "2025-01-03"]
    assert dates(place, POND) == []
    assert len(report.blocked) == 1
    assert "BLOCKED" in report.blocked[0]
    assert f"{hold.first} to {hold.last}" in report.blocked[0]
    assert report.exit_status == 0
