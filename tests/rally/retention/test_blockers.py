"""A concluded study waits until deletion has settled who left before it."""

from datetime import timedelta

import pytest

from rally.events import RALLY
from tests.rally.retention.stored_studies import (
    key_files,
    only_the_garden_is_gone,
    store_two_studies,
)
from tests.support.memory_deployment import Row, day
from tests.support.world import GARDEN, HOUSE, POND


def test_it_waits_for_deferred_withdrawals_and_their_receipts(deployment):
    store_two_studies(deployment)
    deployment.conclude(at=day(29))
    now, deployment.now = deployment.now, day(28)
    deployment.leave(1, GARDEN, when=27)
    deployment.delete()
    assert [each.deferred for each in deployment.withdrawals().withdrawals] == [
        (GARDEN,)
    ]
    deployment.now = now

    report = deployment.purge()

    assert report.waits == [
        f"{GARDEN}: waits for `rally delete`: withdrawals that are not settled: 1"
    ]
    assert report.exit_status == 1
    assert (report.plan, deployment.numbers()) == ("", [100, 101, 102])

    deployment.delete()
    report = deployment.purge_twice()

    assert [str(each.reason) for each in deployment.receipts()] == [
        "deletion",
        "settled",
    ]
    assert only_the_garden_is_gone(deployment)
    assert [*report.problems] == []
    deployment.check()


@pytest.mark.parametrize(("when", "waits"), [(26, True), (29, False)])
def test_it_waits_for_who_left_rally_before_it_and_not_for_who_does_later(
    make_deployment, when, waits
):
    """While a bucket keeps what is deleted, somebody's leaving is always under way."""
    deployment = make_deployment(soft_delete=timedelta(days=7))
    store_two_studies(deployment)
    deployment.conclude()  # on the 27th day at midnight
    deployment.leave(3, RALLY, when=when)
    deployment.delete()
    assert "verified" not in next(iter(deployment.stages().values()))

    assert bool(deployment.purge().waits) == waits
    assert bool(deployment.numbers()) == waits


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_it_waits_for_somebody_whom_the_list_does_not_know(deployment, scope):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.leave(1, scope, when=20)
    assert deployment.purge().waits == [
        f"{GARDEN}: waits for `rally delete`: somebody left whom the list lacks"
    ]
    deployment.delete()
    assert deployment.told() == {
        f"left-1-{scope}-20": [("deletion", 3 + (scope == RALLY))]
    }
    assert deployment.purge().exit_status == 0
    assert deployment.key_files() == key_files(HOUSE, POND)


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_it_does_not_wait_for_strangers_whom_the_list_has_let_go(deployment, scope):
    """Else anybody could keep a study from its conclusion, by one withdrawal."""
    store_two_studies(deployment)
    deployment.leave(9, scope, when=2)
    now = deployment.now
    for each in (3, 43, 93):
        deployment.now = day(each)
        deployment.delete()
    assert deployment.withdrawals().withdrawals == ()
    deployment.now = now
    deployment.conclude()
    assert deployment.purge_twice().waits == []
    assert deployment.key_files() == key_files(HOUSE, POND)


def test_it_does_not_wait_for_who_left_rally_after_it(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.leave(1, RALLY, when=29)
    assert deployment.purge().waits == []
    assert deployment.key_files() == key_files(HOUSE, POND)


def test_study_that_waits_loses_what_expires(deployment):
    deployment.join(1, when=1)
    deployment.put(deployment.indexed_file([Row(1, 1)]), date="2025-01-01")
    deployment.put(deployment.indexed_file([Row(1, 2), Row(2, 3)]), "b")
    deployment.conclude()
    deployment.leave(1, GARDEN, when=20)
    assert deployment.purge().waits != []
    assert deployment.numbers() == [2]


def test_legal_hold_on_another_study_is_not_waited_for(deployment):
    """Deletion cannot settle who left Rally as long as the garden is under hold."""
    store_two_studies(deployment)
    deployment.legal_hold(GARDEN, "2026-05-11", "2026-05-12")
    deployment.leave(1, RALLY, when=20)
    deployment.leave(3, RALLY, when=20)
    deployment.conclude(POND)
    deployment.put(deployment.indexed_file([Row(3, 104)], POND), "late", POND)
    deployment.delete()
    deployment.put(deployment.indexed_file([Row(3, 105)], POND), "later", POND)
    assert deployment.purge().waits == [
        f"{POND}: waits for `rally delete`: withdrawals that are not settled: 2"
    ]
    deployment.delete()
    report = deployment.purge()
    assert [*report.problems] == []
    assert deployment.key_files() == key_files(GARDEN, HOUSE)
    assert deployment.numbers() == [100, 101, 102]


def test_plan_whose_receipts_wait_for_a_legal_hold_is_blocked(deployment):
    store_two_studies(deployment)
    deployment.legal_hold(GARDEN, "2026-05-11", "2026-05-12")
    deployment.leave(1, RALLY, when=20)
    deployment.delete()
    deployment.now += timedelta(days=100)
    report = deployment.purge()
    assert [*report.problems] == []
    assert any(name.endswith("/begun.json") for name in deployment.records("plans/"))
    assert len(report.blocked) == 1
