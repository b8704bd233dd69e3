"""Finds the copies of people that have to be destroyed, and says why.

A copy goes once it was fetched, 7 days after it was made, when its case is refused, and
when its person leaves and had not said so in the case.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from rally.access.cases import Case
from rally.access.records import (
    EXPIRES_AFTER,
    FOLDER,
    DestroyedFor,
    archive_name,
    case_of_archive,
)
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.storage.objectstore.strays import list_but_strays
from rally.times import from_micros, to_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.withdrawal_list import Withdrawal


class DueCopy(NamedTuple):
    """A copy that has to be destroyed.

    Attributes:
        case: Id of its case.
        why: Reason.
        since: Time from which on it should be gone, UTC.
        archive: The encrypted archive as it is listed; None where it is gone and no
            record says so.
    """

    case: str
    why: DestroyedFor
    since: datetime
    archive: ObjectInfo | None


def list_archives(platform: ObjectStore) -> dict[str, ObjectInfo]:
    """Lists encrypted archives by the case in whose folder they lie.

    Raises:
        OSError: The platform cannot be read.
    """
    return {
        case: info
        for info in list_but_strays(platform, FOLDER)
        if (case := case_of_archive(info.name))
    }


def find_due(
    platform: ObjectStore,
    cases: Mapping[str, Case],
    withdrawals: Iterable[Withdrawal],
    now: datetime,
) -> list[DueCopy]:
    """Finds the copies that have to be destroyed, by the ids of their cases.

    What lies in the folder of no case, or of one that nobody approved, is no copy: the
    audit names it.

    Args:
        platform: Store of the platform.
        cases: All cases, with their records.
        withdrawals: Requests on the published list.
        now: Time of the job, UTC.

    Raises:
        OSError: The platform cannot be read.
    """
    archives, left = list_archives(platform), Leavers(withdrawals)
    due = list[DueCopy]()
    for case in sorted(cases.values(), key=lambda each: each.id):
        archive = archives.get(case.id)
        if archive is None and not case.has_archive:
            continue
        if case.built is None and case.refused is None:
            found = _unfinished(platform, case, left, now)
        else:
            found = _due(case, left, now)
        if found is not None:
            due.append(DueCopy(case.id, *found, archive))
    return due


class Leavers:
    """People who have left, as a case asks for its own person."""

    def __init__(self, withdrawals: Iterable[Withdrawal]) -> None:
        """Takes the requests of the published list that count."""
        self._left = [
            each
            for each in withdrawals
            if each.participant is not None and each.status is RequestStatus.ACTIVE
        ]

    def left_at(self, case: Case) -> datetime | None:
        """Says when a case's person left since, and had not said so in it, UTC."""
        if case.wants_leaving:
            return None
        since = to_micros(case.opened.at)
        times = (
            each.time
            for each in self._left
            if each.time >= since and case.is_of(each.participant or "")
        )
        first = min(times, default=None)
        return None if first is None else from_micros(first)


_Due = tuple[DestroyedFor, datetime]


def _due(case: Case, left: Leavers, now: datetime) -> _Due | None:
    """Says why a copy that was made has to go, and since when; None where it stays."""
    if case.destroyed is not None:  # killed before the archive was gone, or put back
        return case.destroyed.why, case.destroyed.at
    if case.refused is not None:
        return DestroyedFor.REFUSED, case.refused.at
    if case.fetched is not None:
        return DestroyedFor.FETCHED, case.fetched.at
    if left_at := left.left_at(case):
        return DestroyedFor.LEFT, left_at
    if case.built is not None and now >= case.built.expires:
        return DestroyedFor.EXPIRED, case.built.expires
    return None


def _unfinished(
    platform: ObjectStore, case: Case, left: Leavers, now: datetime
) -> _Due | None:
    """Says why what a killed export left has to go; its next run may yet finish it.

    No run finishes it once its person has left.
    """
    if case.approved is None:
        return None
    if left_at := left.left_at(case):
        return DestroyedFor.LEFT, left_at
    dated = platform.list_dated(archive_name(case.id))
    expires = max((at for _, at in dated), default=now) + EXPIRES_AFTER
    return (DestroyedFor.EXPIRED, expires) if now >= expires else None
