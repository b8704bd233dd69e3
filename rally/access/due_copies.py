"""Finds the copies of people that have to be destroyed, and says why.

A copy goes once it was fetched, 7 days after it was made, when its case is refused, and
when its person leaves and had not said so in the case. An archive that the record of
its case does not name goes at once.
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
    parse_archive_name,
)
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.storage.objectstore.strays import list_but_strays
from rally.times import from_micros, to_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.withdrawal_list import Withdrawal


class StoredArchive(NamedTuple):
    """An encrypted copy that lies in the platform.

    Attributes:
        case: Id of its case.
        digest: SHA-256 in hex that its name says.
        info: The object as it is listed.
    """

    case: str
    digest: str
    info: ObjectInfo


class DueCopy(NamedTuple):
    """A copy that has to be destroyed.

    Attributes:
        case: Id of its case.
        why: Reason.
        since: Time from which on it should be gone, UTC.
        archive: The encrypted archive; None where it is gone and no record says so.
    """

    case: str
    why: DestroyedFor
    since: datetime
    archive: StoredArchive | None


def list_archives(platform: ObjectStore, case: str = "") -> list[StoredArchive]:
    """Lists encrypted archives by name: of one case, or of all.

    Raises:
        OSError: The platform cannot be read.
    """
    folder = f"{FOLDER}{case}/" if case else FOLDER
    return [
        StoredArchive(*name, info)
        for info in list_but_strays(platform, folder)
        if (name := parse_archive_name(info.name))
    ]


def find_archive(platform: ObjectStore, case: Case) -> StoredArchive | None:
    """Finds the archive that the record of a case names; None where it is gone.

    Raises:
        OSError: The platform cannot be read.
    """
    if case.built is None:
        return None
    digest = case.built.archive
    info = platform.stat(archive_name(case.id, digest))
    return StoredArchive(case.id, digest, info) if info else None


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
    by_case, left = dict[str, list[StoredArchive]](), Leavers(withdrawals)
    for archive in list_archives(platform):
        by_case.setdefault(archive.case, []).append(archive)
    due = list[DueCopy]()
    for case in sorted(cases.values(), key=lambda each: each.id):
        archives = by_case.get(case.id, [])
        for archive in archives:
            if found := _due(platform, case, archive, left, now):
                due.append(DueCopy(case.id, *found, archive))
        digests = {each.digest for each in archives}
        if case.built is None or case.destroyed or case.built.archive in digests:
            continue
        if found := _due_when_built(case, left, now):
            due.append(DueCopy(case.id, *found, None))
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


def _due(
    platform: ObjectStore,
    case: Case,
    archive: StoredArchive,
    left: Leavers,
    now: datetime,
) -> _Due | None:
    """Says why an archive has to go, and since when; None where it stays."""
    if case.built is None and case.refused is None:
        return _due_when_unfinished(platform, case, archive, left, now)
    if found := _due_when_built(case, left, now):
        return found
    if case.built is not None and archive.digest != case.built.archive:
        return DestroyedFor.REPLACED, case.built.at
    return None


def _due_when_built(case: Case, left: Leavers, now: datetime) -> _Due | None:
    """Says why the copy of a case has to go, and since when; None where it stays."""
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


def _due_when_unfinished(
    platform: ObjectStore,
    case: Case,
    archive: StoredArchive,
    left: Leavers,
    now: datetime,
) -> _Due | None:
    """Says why an archive without a record has to go; a run may yet write the record.

    No run does once its person has left.
    """
    if case.approved is None:
        return None
    if left_at := left.left_at(case):
        return DestroyedFor.LEFT, left_at
    dated = platform.list_dated(archive.info.name)
    expires = max((at for _, at in dated), default=now) + EXPIRES_AFTER
    return (DestroyedFor.EXPIRED, expires) if now >= expires else None
