"""Old copies are purged where the bucket lets us; else a request waits for them."""

import errno
from datetime import date, timedelta

import pytest

from rally.deletion.plan import FileOutcome
from rally.events import RALLY
from rally.receipts.receipt import ReceiptReason
from rally.storage.objectstore.interface import FOREVER
from tests.support.memory_deployment import Row, day, live

WAITING = ["requested", "suppressed", "rewritten"]
DONE = [*WAITING, "purged", "verified"]
WEEK = timedelta(days=7)


def furnish(deployment):
    name = deployment.put(
        deployment.indexed_file([Row(1, 1), Row(1, 2), Row(2, 3), Row(3, 4)])
    )
    deployment.leave(1, document="left")
    return name


def summary(report):
    return {
        namespace: (copies.purged, [(each.why, each.until) for each in copies.left])
        for namespace, copies in report.copies.items()
        if copies.purged or copies.left
    }


def test_noncurrent_generations_are_purged(make_deployment):
    deployment = make_deployment(versioned=True)
    furnish(deployment)
    deployment.put(deployment.indexed_file([Row(1, 5)]), "all of it")

    report = deployment.delete()

    assert summary(report) == {"rally-garden": (3, [])}
    assert list(deployment.data.old_copies("")) == []
    assert deployment.stages() == {"left": DONE}
    assert deployment.told() == {"left": [("deletion", 3)]}
    assert report.faults == []


@pytest.mark.parametrize("versioned", [False, True])
def test_soft_deleted_copies_keep_a_request_open_until_they_are_gone(
    make_deployment, versioned
):
    deployment = make_deployment(versioned=versioned, soft_delete=WEEK)
    furnish(deployment)

    report = deployment.delete()

    kept = [("soft-deleted", day(37))]
    assert summary(report) == {"rally-garden": (int(versioned), kept)}
    assert report.copies["rally-garden"].until == day(37)
    assert report.faults == []
    assert deployment.stages() == {"left": WAITING}
    assert deployment.receipts() == []

    deployment.now = day(36.9)
    before = deployment.all_objects()
    assert deployment.delete().receipts == []
    assert deployment.all_objects() == before

    deployment.now = day(37)
    assert deployment.delete().receipts == [1]
    assert deployment.stages() == {"left": DONE}
    assert deployment.told() == {"left": [("deletion", 2)]}
    (receipt,) = deployment.receipts()
    assert receipt.old_copies_until is None
    assert receipt.sections[0].files == 1
    assert deployment.delete().receipts == []
    deployment.check()


def test_copies_of_what_went_later_do_not_delay_who_left_before(make_deployment):
    deployment = make_deployment(soft_delete=WEEK)
    furnish(deployment)
    deployment.delete()
    deployment.now = day(33)
    deployment.leave(2, when=32, document="second")
    deployment.delete()
    assert deployment.stages() == {"left": WAITING, "second": WAITING}

    deployment.now = day(37)
    deployment.delete()
    assert deployment.stages() == {"left": DONE, "second": WAITING}

    deployment.now = day(40)
    deployment.delete()
    assert deployment.stages() == {"left": DONE, "second": DONE}
    assert deployment.told() == {"left": [("deletion", 2)], "second": [("deletion", 1)]}
    deployment.check()


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(days=2)])
def test_copies_count_though_the_buckets_clock_is_ahead(make_deployment, ahead):
    deployment = make_deployment(soft_delete=WEEK)
    deployment.data.clock = lambda: deployment.now + ahead
    furnish(deployment)

    deployment.delete()
    assert deployment.stages() == {"left": WAITING}

    deployment.now = day(37)
    deployment.delete()
    assert deployment.stages() == {"left": DONE}


@pytest.mark.parametrize(
    ("why", "until"), [("hold", FOREVER), ("retention", day(50))], ids=["hold", "lock"]
)
def test_noncurrent_generation_that_is_kept_is_reported_until_it_goes(
    make_deployment, why, until
):
    deployment = make_deployment(versioned=True)
    name = furnish(deployment)
    generation = live(deployment.data, name).generation

    def keep(operation, of):
        """After the rewrite, before the purge."""
        if (operation, of) == ("replace", name):
            deployment.data.after = lambda operation, name: None
            if why == "hold":
                deployment.data.hold(name, generation)
            else:
                deployment.data.retain(name, until, generation)

    deployment.data.after = keep
    report = deployment.delete()

    assert summary(report) == {"rally-garden": (0, [(why, until)])}
    assert deployment.stages() == {"left": WAITING}
    assert report.faults == []
    if why == "hold":
        deployment.data.hold(name, generation, on=False)
    else:
        deployment.now = until
    assert summary(deployment.delete()) == {"rally-garden": (1, [])}
    assert deployment.stages()["left"][:5] == DONE
    assert deployment.told() == {"left": [("deletion", 2)]}
    deployment.check()


def test_purge_that_is_refused_is_a_fault(make_deployment):
    deployment = make_deployment(versioned=True)
    name = furnish(deployment)
    other = deployment.put(deployment.indexed_file([Row(1, 10), Row(2, 11)]), "other")

    def fault(operation, of):
        if (operation, of) == ("purge", name):
            raise PermissionError(errno.EACCES, "Permission denied")

    deployment.data.fault = fault
    report = deployment.delete()

    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [
        (
            name,
            FileOutcome.UNREACHABLE,
            "an old copy cannot be purged: Permission denied",
        )
    ]
    assert [each.name for each in deployment.data.old_copies("")] == [name]
    assert deployment.data.stat(other) is not None
    assert deployment.stages() == {"left": WAITING[:2]}

    deployment.data.fault = lambda operation, name: None
    assert deployment.delete().faults == []
    assert deployment.stages() == {"left": DONE}
    assert deployment.told() == {"left": [("deletion", 3)]}


def test_run_that_has_nothing_to_delete_still_purges(make_deployment):
    """Somebody killed the run before; the live file has no such row any more."""
    deployment = make_deployment(versioned=True)
    name = furnish(deployment)
    deployment.data.replace(
        name,
        deployment.indexed_file([Row(2, 3), Row(3, 4)]),
        live(deployment.data, name).generation,
    )

    report = deployment.delete()

    assert (report.planned, report.faults) == ([], [])
    assert summary(report) == {"rally-garden": (1, [])}
    assert deployment.stages() == {"left": DONE}


def test_late_receipt_says_until_when_copies_are_kept(make_deployment):
    deployment = make_deployment(soft_delete=WEEK)
    furnish(deployment)
    deployment.delete()
    deployment.now = day(40)
    deployment.delete()
    deployment.put(deployment.indexed_file([Row(1, 20, 19), Row(2, 21)]), "late")

    deployment.delete()

    first, late = deployment.receipts()
    assert (first.reason, first.old_copies_until) == (ReceiptReason.DELETION, None)
    assert (late.reason, late.old_copies_until) == (
        ReceiptReason.LATE,
        date(2026, 6, 17),
    )
    assert deployment.told() == {"left": [("deletion", 2), ("late", 1)]}
    assert day(47).date() == date(2026, 6, 17)
    deployment.check()


def test_old_copies_of_rows_reported_under_another_request_keep_this_one_open(
    make_deployment,
):
    deployment = make_deployment(soft_delete=WEEK)
    deployment.leave(1, when=20, document="one")
    deployment.leave(1, RALLY, when=20.1, document="two")
    for day_of_run, name in ((25, "a"), (27, "b")):
        deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), name)
        deployment.now = day(day_of_run)
        deployment.delete()
    for day_of_run, is_done in ((33, False), (34.1, True)):
        deployment.now = day(day_of_run)
        deployment.delete()
        done = ["verified" in each for each in deployment.stages().values()]
        assert done == [is_done, is_done]
