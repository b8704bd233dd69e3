"""Purges old copies of deleted objects, and reports those that the store keeps."""

from collections.abc import Callable, Iterable
from datetime import datetime

from rally import dead_letters
from rally.access.records import FOLDER as CASES
from rally.access.records import parse_archive_name
from rally.dead_letters import place_of
from rally.deletion.old_copies import purge_old_copies
from rally.registry.object_classifier import folder_of
from rally.retention.conclusion import derived_places, row_places, view_places
from rally.retention.context import Context
from rally.retention.logs import LOGS
from rally.retention.report import PurgeReport, Remains, blocked_by
from rally.storage.layout import study_folder
from rally.storage.objectstore.interface import (
    FOREVER,
    ObjectHeld,
    ObjectStore,
    OldCopy,
)
from rally.storage.partitions import partition_of
from rally.storage.plan_objects import FOLDER as PLANS
from rally.withdrawal.unavailable_studies import waits_for_study
from rally.withdrawal.unreadable import is_owed


def purge_row_copies(context: Context, report: PurgeReport) -> None:
    """Purges old copies of the rows of all studies, as a bucket of rows needs none.

    For a concluded study, this includes rows that were in another study's store, and
    its views of the withdrawal list.
    """
    for namespace in context.registry.studies:
        stores = [context.stores.of(namespace)]
        if namespace in context.going:
            stores = [store for store, _ in row_places(context, namespace)]
        for store in stores:
            copies = purge_old_copies(store, namespace, context.holds)
            report.old_copies += copies.purged
            for each in copies.refused:
                partition = partition_of(namespace, each.name)
                hold = context.holds.over(namespace, partition.day if partition else "")
                if hold:
                    report.kept[blocked_by(hold)] += 1
                else:
                    report.faults.append((each.name, each.detail))
            left = [each for each in copies.left if each.until]
            _report_left(report, folder_of(store.uri) + study_folder(namespace), left)
        if namespace in context.going and not context.holds.of(namespace):
            for store, prefix in view_places(context, namespace):
                purge_copies(store, prefix, report)


def purge_record_copies(context: Context, report: PurgeReport, *, events: bool) -> None:
    """Purges old copies of dead letters, plans, archives and files of killed writers.

    Args:
        context: Context of the purge.
        report: Report, to which copies are added.
        events: Whether to purge copies of the logs too; only a conclusion deletes
            their records.
    """
    platform = context.platform
    purge_copies(
        platform, dead_letters.FOLDER, report, lambda each: _is_gone(context, each)
    )
    purge_copies(platform, PLANS, report)
    purge_copies(
        platform, CASES, report, lambda each: parse_archive_name(each.name) is not None
    )
    if events:
        for each in LOGS:
            purge_copies(platform, each.log.folder, report)
    for store in (platform, *context.stores.each(context.registry.studies)):
        if not store.uri.startswith(
            "gs://"
        ):  # writers to a bucket leave no temporary files
            purge_copies(store, "", report, lambda each: _is_left(context, each))


def purge_derived_copies(context: Context, report: PurgeReport) -> None:
    """Purges old copies in researchers' folders of concluded studies without a hold."""
    for namespace in context.going:
        if not context.holds.of(namespace):
            for store, prefix in derived_places(context, namespace):
                purge_copies(store, prefix, report)


def purge_copies(
    store: ObjectStore,
    prefix: str,
    report: PurgeReport,
    wanted: Callable[[OldCopy], bool] = lambda copy: True,
) -> list[OldCopy]:
    """Purges old copies below a prefix, and reports those that are left.

    Args:
        store: The store.
        prefix: Prefix of names.
        report: Report, to which copies and faults are added.
        wanted: Whether to purge a copy; all by default.
    """
    for copy in list(
        store.old_copies(prefix)
    ):  # listed first: purging changes the folders
        if copy.until is None and wanted(copy):
            try:
                store.purge(copy)
                report.old_copies += 1
            except ObjectHeld:
                continue  # held since it was listed; the next listing says until when
            except OSError as error:
                what = f"an old copy cannot be purged ({error.strerror or 'refused'})"
                report.faults.append((copy.name, what))
    left = [each for each in store.old_copies(prefix) if wanted(each) and each.until]
    _report_left(report, folder_of(store.uri) + prefix, left)
    return left


def _report_left(report: PurgeReport, where: str, left: Iterable[OldCopy]) -> None:
    """Reports copies that a store keeps, one line for each reason."""
    found: dict[str, tuple[int, datetime]] = {}
    for each in left:
        number, until = found.get(each.why, (0, each.since))
        found[each.why] = number + 1, max(until, each.until or FOREVER)
    for reason, (number, until) in sorted(found.items()):
        remains = Remains(where, number, until, reason)
        if remains not in report.remains:
            report.remains.append(remains)


def _is_gone(context: Context, copy: OldCopy) -> bool:
    """Tells whether the dead letter of an old copy is deleted, or was.

    That of a withdrawal was deleted when it was replayed or settled.
    """
    place = place_of(copy.name)
    if place is None or context.holds.over(place.study, place.day):
        return False
    if waits_for_study(place, context.registry):
        return False
    if place.study in context.going:
        return True
    days = place.days_kept(context.limits.dead_letter_days)
    is_past = context.is_past(place.day, days)
    return is_past and (not is_owed(place) or context.platform.stat(copy.name) is None)


def _is_left(context: Context, copy: OldCopy) -> bool:
    days = context.limits.temporary_days
    return copy.why == "temporary" and context.is_older(copy.since, days)
