"""Old copies of a study's files: purged where the store can, and reported if not."""

from dataclasses import dataclass
from datetime import datetime

from rally.deletion.plan import FileResult, Outcome
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
class Copies:
    """What is left of old copies after a purge.

    Attributes:
        purged: how many were deleted for good, or moved to soft delete.
        left: that the store keeps, and until when.
        refused: faults, where the store did not let this account purge, or a legal
            hold does not.
    """

    purged: int = 0
    left: tuple[OldCopy, ...] = ()
    refused: tuple[FileResult, ...] = ()

    @property
    def until(self) -> datetime | None:
        """When the last of them goes by itself; None where there is none."""
        return max((each.until for each in self.left if each.until), default=None)

    @property
    def newest(self) -> datetime | None:
        """When the last of them stopped being the live one; None without any."""
        return max((each.since for each in self.left), default=None)

    def since_before(self, time: datetime) -> bool:
        """Whether one of them was still the live one at a time, or before it."""
        return any(each.since <= time for each in self.left)


def purge_old_copies(
    store: ObjectStore, namespace: str, holds: LegalHolds = NO_HOLDS
) -> Copies:
    """Purges what is not live any more below a study's folder.

    A data bucket has no use for versions: whatever was deleted or compacted away in
    the same folder goes with the rest, but for what a legal hold keeps.
    """
    folder, purged, refused = study_folder(namespace), 0, dict[str, FileResult]()
    try:
        copies = list(store.old_copies(folder))
    except StrayInTheWay:  # a fault of its own
        return Copies()
    for copy in copies:
        partition = partition_of(namespace, copy.name)
        if hold := holds.over(namespace, partition.day if partition else ""):
            detail = f"{hold} keeps an old copy"
            result = FileResult(namespace, copy.name, Outcome.HELD, detail)
            refused[copy.name] = result
        elif copy.until is None:
            try:
                store.purge(copy)
                purged += 1
            except ObjectHeld:
                continue  # since it was listed; the next listing says until when
            except OSError as error:
                refused[copy.name] = _refused(namespace, copy, error)
    left = tuple(store.old_copies(folder))
    return Copies(purged, left, tuple(refused.values()))


def _refused(namespace: str, copy: OldCopy, error: OSError) -> FileResult:
    reason = cause_of(error)
    detail = f"an old copy cannot be purged: {reason}"
    return FileResult(namespace, copy.name, Outcome.UNREACHABLE, detail)
