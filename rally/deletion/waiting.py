"""Requests whose files are not rewritten yet, so that one rewrite serves many of them.

From the first run on, ingest refuses their rows, and readers leave them out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from rally.deletion.plan import FileOutcome, FileResult, ListedFile
from rally.deletion.scope import namespaces_of
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.partitions import parse_file, partition_of
from rally.times import from_micros
from rally.withdrawal.requests import key_of, subject_of
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import Withdrawal

Waiting = Mapping[str, datetime]
"""Time until which the files of a request wait, by its id."""


def find_waiting(
    withdrawals: Iterable[Withdrawal],
    registry: Registry,
    rulings: Rulings,
    going: Iterable[str],
    now: datetime,
    rewrite_after_days: float,
) -> dict[str, datetime]:
    """Finds the requests that are no reason yet to rewrite a file.

    Nobody waits who was told that nothing is left, whom a person has expedited, or who
    is in a study that purge is about to take: it waits for them.

    Args:
        withdrawals: Requests of the published list.
        registry: Registry of the studies.
        rulings: Rulings of people.
        going: Namespaces of concluded studies that are not purged yet.
        now: Time of the run.
        rewrite_after_days: Age in days from which on a request does not wait. It counts
            from when its deadline does.
    """
    urgent, allowed = frozenset(going), timedelta(days=rewrite_after_days)
    waiting = dict[str, datetime]()
    for each in withdrawals:
        until = from_micros(max(each.received, each.renewed)) + allowed
        if (
            until > now
            and each.is_open
            and Stage.VERIFIED not in each.stages
            and not rulings.is_expedited(subject_of(key_of(each)))
            and urgent.isdisjoint(namespaces_of(each, registry))
        ):
            waiting[each.request] = until
    return waiting


def find_unsettled(files: Iterable[ListedFile]) -> set[Partition | None]:
    """Finds the partitions that compaction is about to write, in which nothing waits.

    It would drop the rows of people who left with the rest that it merges, and no
    receipt would count them.

    Args:
        files: Files that may have rows of people who left; a file that is not compacted
            may have anybody's.
    """
    return {
        partition_of(each.study, each.name)
        for each in files
        if parse_file(ObjectInfo(each.name, each.size, each.generation), "").bucket
        is None
    }


def is_postponed(found: FileResult, waiting: Waiting) -> bool:
    """Tells whether all that is to go from a file belongs to requests that wait."""
    return bool(found.requests) and all(each in waiting for each in found.requests)


def excuse(verified: FileResult, waiting: Waiting) -> FileResult:
    """Returns the result of verification; WAITING if requests that wait explain it."""
    is_left_over = verified.outcome is FileOutcome.LEFT_OVER
    if is_left_over and is_postponed(verified, waiting):
        return replace(verified, outcome=FileOutcome.WAITING, detail="")
    return verified


def requests_in(results: Iterable[FileResult]) -> Iterator[str]:
    """Yields the requests for which files wait, or waited when they were verified."""
    for each in results:
        if each.outcome is FileOutcome.WAITING:
            yield from each.requests


def waits_until(postponed: FileResult, waiting: Waiting) -> datetime:
    """Returns the time from which on a file is rewritten at the latest."""
    return min(waiting[each] for each in postponed.requests)
