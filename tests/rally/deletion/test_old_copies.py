"""Old copies are purged where the bucket lets us; else a request waits for them."""

import errno
from datetime import date, timedelta

import pytest

from rally.deletion.plan import Outcome
from rally.receipts.receipt import Reason
from rally.storage.objectstore.interface import FOREVER
from tests.rally.deletion.place import Row, day, live

WAITING = ["requested", "suppressed", "rewritten"]
DONE = [*WAITING, "purged", "verified"]
WEEK = timedelta(days=7)


def furnish(place):
    name = place.put(place.ours([Row(1, 1), Row(1, 2), Row(2, 3), Row(3, 4)]))
    place.leave(1, document="left")
    return name


def summary(report):
    return {
        namespace: (copies.purged, [(each.why, each.until) for each in copies.left])
        for namespace, copies in report.copies.items()
        if copies.purged or copies.left
    }


def test_noncurrent_generations_are_purged(make_place):
    place = make_place(versioned=True)
    furnish(place)
    place.put(place.ours([Row(1, 5)]), "all of it")

    report = place.delete()

    assert summary(report) == {"rally-garden": (3, [])}
    assert list(place.data.old_copies("")) == []
    assert place.stages() == {"left": DONE}
    assert place.told() == {"left": [("deletion", 3)]}
    assert report.faults == []


@pytest.mark.parametrize("versioned", [False, True])
def test_soft_deleted_copies_keep_a_request_open_until_they_are_gone(
    make_place, versioned
):
    place = make_place(versioned=versioned, soft_delete=WEEK)
    furnish(place)

    report = place.delete()

    kept = [("soft-deleted", day(37))]
    assert summary(report) == {"rally-garden": (int(versioned), kept)}
    assert report.copies["rally-garden"].until == day(37)
    assert report.faults == []
    assert place.stages() == {"left": WAITING}
    assert place.receipts() == []

    place.now = day(36.9)
    before = place.everything()
    assert place.delete().receipts == []
    assert place.everything() == before

    place.now = day(37)
    assert place.delete().receipts == [1]
    assert place.stages() == {"left": DONE}
    assert place.told() == {"left": [("deletion", 2)]}
    (receipt,) = place.receipts()
    assert receipt.old_copies_until is None
    assert len(receipt.sections[0].files) == 1
    assert place.delete().receipts == []
    place.check()


def test_copies_of_what_went_later_do_not_delay_who_left_before(make_place):
    place = make_place(soft_delete=WEEK)
    furnish(place)
    place.delete()
    place.now = day(33)
    place.leave(2, when=32, document="second")
    place.delete()
    assert place.stages() == {"left": WAITING, "second": WAITING}

    place.now = day(37)
    place.delete()
    assert place.stages() == {"left": DONE, "second": WAITING}

    place.now = day(40)
    place.delete()
    assert place.stages() == {"left": DONE, "second": DONE}
    assert place.told() == {"left": [("deletion", 2)], "second": [("deletion", 1)]}
    place.check()


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(days=2)])
def test_copies_count_though_the_buckets_clock_is_ahead(make_place, ahead):
    place = make_place(soft_delete=WEEK)
    place.data.clock = lambda: place.now + ahead
    furnish(place)

    place.delete()
    assert place.stages() == {"left": WAITING}

    place.now = day(37)
    place.delete()
    assert place.stages() == {"left": DONE}


@pytest.mark.parametrize(
    ("why", "until"), [("hold", FOREVER), ("retention", day(50))], ids=["hold", "lock"]
)
def test_noncurrent_generation_that_is_kept_is_reported_until_it_goes(
    make_place, why, until
):
    place = make_place(versioned=True)
    name = furnish(place)
    generation = live(place.data, name).generation

    def keep(operation, of):
        """After the rewrite, before the purge."""
        if (operation, of) == ("replace", name):
            place.data.after = lambda operation, name: None
            if why == "hold":
                place.data.hold(name, generation)
            else:
                place.data.retain(name, until, generation)

    place.data.after = keep
    report = place.delete()

    assert summary(report) == {"rally-garden": (0, [(why, until)])}
    assert place.stages() == {"left": WAITING}
    assert report.faults == []
    if why == "hold":
        place.data.hold(name, generation, on=False)
    else:
        place.now = until
    assert summary(place.delete()) == {"rally-garden": (1, [])}
    assert place.stages()["left"][:5] == DONE
    assert place.told() == {"left": [("deletion", 2)]}
    place.check()


def test_purge_that_is_refused_is_a_fault(make_place):
    place = make_place(versioned=True)
    name = furnish(place)
    other = place.put(place.ours([Row(1, 10), Row(2, 11)]), "other")

    def fault(operation, of):
        if (operation, of) == ("purge", name):
            raise PermissionError(errno.EACCES, "Permission denied")

    place.data.fault = fault
    report = place.delete()

    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [
        (
            name,
            Outcome.UNREACHABLE,
            "an old copy cannot be purged: Permission denied",
        )
    ]
    assert [each.name for each in place.data.old_copies("")] == [name]
    assert place.data.stat(other) is not None
    assert place.stages() == {"left": WAITING[:2]}

    place.data.fault = lambda operation, name: None
    assert place.delete().faults == []
    assert place.stages() == {"left": DONE}
    assert place.told() == {"left": [("deletion", 3)]}


def test_run_that_has_nothing_to_delete_still_purges(make_place):
    """Somebody killed the run before; the live file has no such row any more."""
    place = make_place(versioned=True)
    name = furnish(place)
    place.data.replace(
        name, place.ours([Row(2, 3), Row(3, 4)]), live(place.data, name).generation
    )

    report = place.delete()

    assert (report.planned, report.faults) == ([], [])
    assert summary(report) == {"rally-garden": (1, [])}
    assert place.stages() == {"left": DONE}


def test_late_receipt_says_until_when_copies_are_kept(make_place):
    place = make_place(soft_delete=WEEK)
    furnish(place)
    place.delete()
    place.now = day(40)
    place.delete()
    place.put(place.ours([Row(1, 20, 19), Row(2, 21)]), "late")

    place.delete()

    first, late = place.receipts()
    assert (first.reason, first.old_copies_until) == (Reason.DELETION, None)
    assert (late.reason, late.old_copies_until) == (Reason.LATE, date(2026, 6, 17))
    assert place.told() == {"left": [("deletion", 2), ("late", 1)]}
    assert day(47).date() == date(2026, 6, 17)
    place.check()
