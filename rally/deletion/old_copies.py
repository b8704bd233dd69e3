"""Purges old copies of a study's files, and reports those that the store keeps."""

from dataclasses import dataclass
from datetime import datetime

from rally.deletion.plan import FileOutcome, FileResult
from rally.errors import cause_of
from rally.registry.legal_holds import NO_HOLDS, LegalHolds
from rally.storage.layout import study_folder
from rally.storage.objectstore.interface import (
    ObjectHeld,
    ObjectStore,
    OldCopy,
    StrayInTheWay,
)
from rally.storage.partitions import partition_of


@dataclass(frozen=True, slots=True)
class OldCopies:
    """Old copies that are left after a purge of them.

    Attributes:
        purged: Number of copies deleted for good, or moved to soft delete.
        left: Copies that the store keeps.
        refused: Faults for copies that this account may not purge, or that a legal
            hold keeps.
    """

    purged: int = 0
    left: tuple[OldCopy, ...] = ()
    refused: tuple[FileResult, ...] = ()

    @property
    def until(self) -> datetime | None:
        """Time at which the last copy expires; None if none expires."""
        return max((each.until for each in self.left if each.until), default=None)

    @property
    def newest(self) -> datetime | None:
        """Time at which the last copy stopped being live; None without any."""
        return max((each.since for each in self.left), default=None)

    def since_before(self, time: datetime) -> bool:
        """Tells whether one of them stopped being live at a time or before it."""
        return any(each.since <= time for each in self.left)


def purge_old_copies(
    store: ObjectStore, namespace: str, holds: LegalHolds = NO_HOLDS
) -> OldCopies:
    """Purges all old copies below a study's folder that no legal hold keeps.

    A bucket of rows has no use for versions, whether deletion or compaction left them.
    """
    folder, purged, refused = study_folder(namespace), 0, dict[str, FileResult]()
    try:
        copies = list(store.old_copies(folder))
    except StrayInTheWay:  # reported as a fault of its own
        return OldCopies()
    for copy in copies:
        partition = partition_of(namespace, copy.name)
        if hold := holds.over(namespace, partition.day if partition else ""):
            detail = f"{hold} keeps an old copy"
            result = FileResult(namespace, copy.name, FileOutcome.HELD, detail)
            refused[copy.name] = result
        elif copy.until is None:
            try:
                store.purge(copy)
                purged += 1
            except ObjectHeld:
                continue  # held since it was listed; the next listing says until when
            except OSError as error:
                refused[copy.name] = _refused(namespace, copy, error)
    left = tuple(store.old_copies(folder))
    return OldCopies(purged, left, tuple(refused.values()))


def _refused(namespace: str, copy: OldCopy, error: OSError) -> FileResult:
    reason = cause_of(error)
    detail = f"an old copy cannot be purged: {reason}"
    return FileResult(namespace, copy.name, FileOutcome.UNREACHABLE, detail)
