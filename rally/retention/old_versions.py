"""Old copies of what went: purged where the store can, reported where it keeps them."""

from collections.abc import Callable, Iterable
from datetime import datetime

from rally import dead_letters
from rally.dead_letters import place_of
from rally.deletion.old_copies import purge_old_copies
from rally.deletion.plan_store import FOLDER as PLANS
from rally.registry.object_classifier import folder_of
from rally.retention.conclusion import derived_places, row_places
from rally.retention.context import Context
from rally.retention.report import Remains, Report, blocked_by
from rally.storage.layout import EVENTS, study_folder
from rally.storage.objectstore.interface import (
    FOREVER,
    ObjectHeld,
    ObjectStore,
    OldCopy,
)
from rally.storage.partitions import partition_of
from rally.withdrawal.unavailable_studies import waits_for_study
from rally.withdrawal.unreadable import is_owed


def purge_rows(opened: Context, report: Report) -> None:
    """Of rows of all studies: a bucket of rows has no use for versions.

    Of a study that goes also those of rows that were in another study's store.
    """
    for namespace in opened.registry.studies:
        stores = [opened.stores.of(namespace)]
        if namespace in opened.going:
            stores = [store for store, _ in row_places(opened, namespace)]
        for store in stores:
            copies = purge_old_copies(store, namespace, opened.holds)
            report.old_copies += copies.purged
            for each in copies.refused:
                partition = partition_of(namespace, each.name)
                hold = opened.holds.over(namespace, partition.day if partition else "")
                if hold:
                    report.kept[blocked_by(hold)] += 1
                else:
                    report.faults.append((each.name, each.detail))
            told = [each for each in copies.left if each.until]
            _tell(report, folder_of(store.uri) + study_folder(namespace), told)


def purge_records(opened: Context, report: Report, *, events: bool) -> None:
    """Of dead letters that went, of plans, and of what was killed.

    Args:
        opened: says what goes.
        report: is told.
        events: whether those of the event log go, too: nothing ever leaves it but
            events of a study that is being concluded.
    """
    platform = opened.platform
    purge(platform, dead_letters.FOLDER, report, lambda each: _is_gone(opened, each))
    purge(platform, PLANS, report)
    if events:
        purge(platform, EVENTS, report)
    for store in (platform, *opened.stores.each(opened.registry.studies)):
        if not store.uri.startswith("gs://"):  # where a writer leaves nothing behind
            purge(store, "", report, lambda each: _is_left(opened, each))


def purge_derived(opened: Context, report: Report) -> None:
    """Of researchers' folders of the studies that go; a legal hold keeps them."""
    for namespace in opened.going:
        if not opened.holds.of(namespace):
            for store, prefix in derived_places(opened, namespace):
                purge(store, prefix, report)


def purge(
    store: ObjectStore,
    prefix: str,
    report: Report,
    wanted: Callable[[OldCopy], bool] = lambda copy: True,
) -> list[OldCopy]:
    """Purges old copies, tells of the rest, and returns it."""
    for copy in list(store.old_copies(prefix)):  # a listing here holds their locks
        if copy.until is None and wanted(copy):
            try:
                store.purge(copy)
                report.old_copies += 1
            except ObjectHeld:
                continue  # since it was listed; the next listing says until when
            except OSError as error:
                what = f"an old copy cannot be purged ({error.strerror or 'refused'})"
                report.faults.append((copy.name, what))
    left = [each for each in store.old_copies(prefix) if wanted(each) and each.until]
    _tell(report, folder_of(store.uri) + prefix, left)
    return left


def _tell(report: Report, where: str, left: Iterable[OldCopy]) -> None:
    """One line for each reason."""
    found: dict[str, tuple[int, datetime]] = {}
    for each in left:
        number, until = found.get(each.why, (0, each.since))
        found[each.why] = number + 1, max(until, each.until or FOREVER)
    for why, (number, until) in sorted(found.items()):
        remains = Remains(where, number, until, why)
        if remains not in report.remains:
            report.remains.append(remains)


def _is_gone(opened: Context, copy: OldCopy) -> bool:
    """Whether a dead letter of that place goes, or went, so that its copies go, too.

    A withdrawal's went when it was replayed or settled.
    """
    place = place_of(copy.name)
    if place is None or opened.holds.over(place.study, place.day):
        return False
    if waits_for_study(place, opened.registry):
        return False
    if place.study in opened.going:
        return True
    is_past = opened.is_past(place.day, opened.limits.dead_letter_days)
    return is_past and (not is_owed(place) or opened.platform.stat(copy.name) is None)


def _is_left(opened: Context, copy: OldCopy) -> bool:
    days = opened.limits.temporary_days
    return copy.why == "temporary" and opened.is_older(copy.since, days)
