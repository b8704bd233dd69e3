"""A legal hold suspends deletion: its files stay byte for byte, and requests wait."""

import pytest

from rally.deletion.plan import FileOutcome
from tests.support.memory_deployment import Row, day, document_id
from tests.support.study_decisions import hold_rows, release_rows
from tests.support.world import GARDEN, HOUSE, POND

HELD, FREE = "2026-05-11", "2026-05-12"
DAYS = day(9).date(), day(10).date()
DETAIL = "a legal hold of 2026-05-10 to 2026-05-11 keeps what is to go"


def place_hold(platform, days=DAYS):
    return hold_rows(platform, GARDEN, days, day(25))


@pytest.fixture
def furnished(deployment):
    """Rows of who left on a day that is held, on one that is not, and elsewhere."""
    deployment.join(1, document=document_id(91))
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), "held", date=HELD)
    deployment.put(
        deployment.indexed_file([Row(3, 3), Row(2, 4)]), "of others", date=HELD
    )
    deployment.put(
        deployment.indexed_file([Row(1, 5, 11), Row(2, 6, 11)]), "free", date=FREE
    )
    deployment.put(deployment.indexed_file([Row(1, 7), Row(2, 8)], POND), "pond", POND)
    deployment.put(deployment.indexed_file([Row(1, 91, 1)], HOUSE), "house", HOUSE)
    deployment.leave(1, GARDEN, document="garden")
    deployment.leave(1, POND, document="pond")
    return deployment


def faults(report):
    return [(each.name[-9:], each.outcome, each.detail) for each in report.faults]


def test_held_file_stays_and_its_request_waits(furnished):
    place_hold(furnished.platform)
    before = furnished.all_objects()

    report = furnished.delete()

    assert faults(report) == [("held.avro", FileOutcome.HELD, DETAIL)]
    assert furnished.numbers() == [1, 2, 3, 4, 6]
    assert furnished.numbers(POND) == [8]
    held = [name for name in before if HELD in name and GARDEN in name]
    assert len(held) == 2
    assert all(furnished.all_objects()[name] == before[name] for name in held)
    assert furnished.stages()["garden"] == ["requested", "suppressed"]
    assert furnished.stages()["pond"][-1] == "verified"
    assert [each.scope for each in furnished.receipts()] == [POND]


def test_release_lets_the_next_run_finish_with_one_receipt_of_all(furnished):
    hold = place_hold(furnished.platform)
    furnished.delete()
    furnished.now = day(31)
    release_rows(furnished.platform, hold, day(31))

    report = furnished.delete()

    assert report.faults == []
    assert furnished.numbers() == [2, 3, 4, 6]
    assert furnished.told() == {"garden": [("deletion", 3)], "pond": [("deletion", 1)]}
    furnished.check()


def test_hold_of_days_without_rows_to_delete_is_in_nobody_s_way(furnished):
    place_hold(furnished.platform, (day(1).date(), day(2).date()))

    assert furnished.delete().faults == []
    assert furnished.numbers() == [2, 3, 4, 6]


def test_plan_that_a_run_had_begun_waits_too(furnished):
    """The hold comes between a run that was killed and the one that goes on."""
    plan = furnished.job().plan()
    assert [each.name[-9:] for each in plan.planned if "held" in each.name]
    furnished.platform.create(f"{plan.plans[0][18:-9]}begun.json", b"{}\n")
    hold = place_hold(furnished.platform)

    report = furnished.delete()

    assert ("held.avro", FileOutcome.HELD, DETAIL) in faults(report)
    assert 1 in furnished.numbers()
    release_rows(furnished.platform, hold, day(30))
    assert furnished.delete().faults == []
    assert furnished.numbers() == [2, 3, 4, 6]


def test_old_copies_of_held_days_stay_and_others_go(make_deployment):
    deployment = make_deployment(versioned=True)
    for date in (HELD, FREE):
        name = deployment.put(
            deployment.indexed_file([Row(1, 1), Row(2, 2)]), date, date=date
        )
        deployment.data.replace(
            name, deployment.indexed_file([Row(2, 2)]), deployment.data.stat(name)[2]
        )
    deployment.leave(1, GARDEN)
    place_hold(deployment.platform)

    report = deployment.delete()

    assert [HELD in copy.name for copy in deployment.data.old_copies("")] == [True]
    assert report.copies[GARDEN].purged == 1
    hold = "a legal hold of 2026-05-10 to 2026-05-11 keeps an old copy"
    assert [each.detail for each in report.faults] == [hold]
    assert "purged" not in deployment.stages()["left-1-rally-garden-20.0"]
