"""A concluded study waits until deletion has settled who left before it."""

from datetime import timedelta

import pytest

from rally.events import RALLY
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row, day
from tests.rally.retention.furnished import furnish, is_over, keys


def test_it_waits_for_deferred_withdrawals_and_their_receipts(place):
    furnish(place)
    place.conclude(at=day(29))
    now, place.now = place.now, day(28)
    place.leave(1, GARDEN, when=27)
    place.delete()
    assert [each.deferred for each in place.withdrawals().withdrawals] == [(GARDEN,)]
    place.now = now

    report = place.purge()

    assert report.waits == [
        f"{GARDEN}: waits for `rally delete`: withdrawals that are not settled: 1"
    ]
    assert report.exit_status == 1
    assert (report.plan, place.numbers()) == ("", [100, 101, 102])

    place.delete()
    report = place.purge()

    assert [str(each.reason) for each in place.receipts()] == ["deletion", "settled"]
    assert is_over(place)
    assert [*report.problems] == []
    place.check()


@pytest.mark.parametrize(("when", "waits"), [(26, True), (29, False)])
def test_it_waits_for_who_left_rally_before_it_and_not_for_who_does_later(
    make_place, when, waits
):
    """While a bucket keeps what is deleted, somebody's leaving is always under way."""
    place = make_place(soft_delete=timedelta(days=7))
    furnish(place)
    place.conclude()  # on the 27th day at midnight
    place.leave(3, RALLY, when=when)
    place.delete()
    assert "verified" not in next(iter(place.stages().values()))

    assert bool(place.purge().waits) == waits
    assert bool(place.numbers()) == waits


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_it_waits_for_somebody_whom_the_list_does_not_know(place, scope):
    furnish(place)
    place.conclude()
    place.leave(1, scope, when=20)
    assert place.purge().waits == [
        f"{GARDEN}: waits for `rally delete`: somebody left whom the list lacks"
    ]
    place.delete()
    assert place.told() == {f"left-1-{scope}-20": [("deletion", 3 + (scope == RALLY))]}
    assert place.purge().exit_status == 0
    assert place.key_files() == keys(HOUSE, POND)


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_it_does_not_wait_for_strangers_whom_the_list_has_let_go(place, scope):
    """Else anybody could keep a study from its conclusion, by one withdrawal."""
    furnish(place)
    place.leave(9, scope, when=2)
    now = place.now
    for each in (3, 43, 93):
        place.now = day(each)
        place.delete()
    assert place.withdrawals().withdrawals == ()
    place.now = now
    place.conclude()
    assert place.purge().waits == []
    assert place.key_files() == keys(HOUSE, POND)


def test_it_does_not_wait_for_who_left_rally_after_it(place):
    furnish(place)
    place.conclude()
    place.leave(1, RALLY, when=29)
    assert place.purge().waits == []
    assert place.key_files() == keys(HOUSE, POND)


def test_study_that_waits_loses_what_expires(place):
    place.join(1, when=1)
    place.put(place.ours([Row(1, 1)]), date="2025-01-01")
    place.put(place.ours([Row(1, 2), Row(2, 3)]), "b")
    place.conclude()
    place.leave(1, GARDEN, when=20)
    assert place.purge().waits != []
    assert place.numbers() == [2]


def test_legal_hold_on_another_study_is_not_waited_for(place):
    """Deletion cannot settle who left Rally as long as the garden is under hold."""
    furnish(place)
    place.legal_hold(GARDEN, "2026-05-11", "2026-05-12")
    place.leave(1, RALLY, when=20)
    place.leave(3, RALLY, when=20)
    place.conclude(POND)
    place.put(place.ours([Row(3, 104)], POND), "late", POND)
    place.delete()
    place.put(place.ours([Row(3, 105)], POND), "later", POND)
    assert place.purge().waits == [
        f"{POND}: waits for `rally delete`: withdrawals that are not settled: 2"
    ]
    place.delete()
    report = place.purge()
    assert [*report.problems] == []
    assert place.key_files() == keys(GARDEN, HOUSE)
    assert place.numbers() == [100, 101, 102]


def test_plan_whose_receipts_wait_for_a_legal_hold_is_blocked(place):
    furnish(place)
    place.legal_hold(GARDEN, "2026-05-11", "2026-05-12")
    place.leave(1, RALLY, when=20)
    place.delete()
    place.now += timedelta(days=100)
    report = place.purge()
    assert [*report.problems] == []
    assert any(name.endswith("/begun.json") for name in place.records("plans/"))
    assert len(report.blocked) == 1
