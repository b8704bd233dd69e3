"""Proves that nothing is left of a concluded platform but the proof.

What goes, in which order and what stays says rally.retention.platform_records; what has
no business on a platform at all is named by the check COPIES.
"""

from datetime import datetime, timedelta

from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.decisions.chain import Chain
from rally.errors import ConfigurationError, cause_of
from rally.keys.folder import KeyFolder
from rally.receipts.chain import find
from rally.receipts.conclusion import NAME, ConclusionReceipt, read_conclusion
from rally.receipts.receipt import FOLDER as RECEIPTS
from rally.registry.legal_holds import LegalHolds
from rally.retention.platform_records import (
    GOING,
    RECEIPT_DAYS,
    RecordKind,
    find_own_keys,
    list_going,
    list_keys,
)
from rally.storage.objectstore.interface import FOREVER, ObjectStore, OldCopy
from rally.times import from_micros

_NO_RECEIPT = "no last receipt says what went"
_LATE_RECEIPTS = "receipts past their time"


class PlatformEndAudit:
    """Audits a concluded platform's own records and keys.

    Attributes:
        tally: Findings.
    """

    def __init__(
        self,
        platform: ObjectStore,
        chain: Chain,
        holds: LegalHolds,
        folders: tuple[KeyFolder | None, KeyFolder],
        as_of: datetime,
        purge_days: float,
    ) -> None:
        """Lists nothing yet.

        Args:
            platform: Store of the platform.
            chain: Decisions of the platform, one of which concludes it.
            holds: Legal holds, which keep everything.
            folders: Folders of ping keys, where it is named, and of platform keys.
            as_of: Clock of the audit, UTC.
            purge_days: Days in which purge may be at work.
        """
        self.tally = Tally()
        self._platform = platform
        self._chain = chain
        self._folders = folders
        self._as_of = as_of
        self._allowed = timedelta(days=purge_days)
        self._is_held = bool(holds.holds)
        self._is_recent = not chain.is_concluded(as_of - self._allowed)

    def run(self) -> None:
        """Looks at every kind of record, at receipts, and then at keys.

        Raises:
            OSError: The platform cannot be listed.
        """
        last = self._read_last()
        if last is not None and last.finished is not None:
            self._is_recent = False
        remaining = [self._look_at(kind) for kind in GOING]
        receipts = self._look_at_receipts()
        if last is None:
            self._add(Check.CONCLUDED, NAME, _NO_RECEIPT, 1)
        if not any(remaining):
            self._look_at_keys(has_receipts=receipts)

    def _read_last(self) -> ConclusionReceipt | None:
        try:
            return read_conclusion(self._platform, self._chain)
        except ConfigurationError:
            what = "is not as the purge signed it"
            self.tally.add_broken(Check.CONCLUDED, NAME, what, 1, Unit.OBJECTS)
            return ConclusionReceipt(0, self._chain.head)

    def _look_at(self, kind: RecordKind) -> bool:
        """Notes what is left of a kind; returns whether a key may still be needed."""
        number = sum(1 for _ in list_going(self._platform, kind))
        self._add(Check.CONCLUDED, kind.prefix, kind.what, number)
        if not kind.is_personal:
            return False
        copies = list(self._platform.old_copies(kind.prefix))
        for copy in copies:
            self._add_copy(kind, copy)
        return bool(number or copies)

    def _add_copy(self, kind: RecordKind, copy: OldCopy) -> None:
        what = f"{kind.what}, an old copy: {copy.why}"
        if copy.until is None:
            self._add(Check.CONCLUDED, kind.prefix, what, 1)
            return
        until = None if copy.until == FOREVER else copy.until.date()
        unit = Unit.OBJECTS
        self.tally.add_apart(Check.CONCLUDED, kind.prefix, what, 1, unit, until)

    def _look_at_receipts(self) -> bool:
        """Notes receipts past their time; returns whether there is any receipt.

        One that is not as it was signed is for the check RECEIPTS to name.
        """
        since = self._as_of - timedelta(days=RECEIPT_DAYS + 1) - self._allowed
        late, is_any = 0, False
        try:
            for receipt in find(self._platform, self._chain):
                is_any = True
                if from_micros(receipt.written) >= since:
                    break
                late += 1
        except ConfigurationError:
            return True
        self._add(Check.CONCLUDED, RECEIPTS, _LATE_RECEIPTS, late)
        return is_any

    def _look_at_keys(self, *, has_receipts: bool) -> None:
        """Notes keys that are left though nothing is left that they open or name."""
        for folder in filter(None, self._folders):
            try:
                found = list_keys(folder)
                if folder is self._folders[1] and not has_receipts:
                    found += find_own_keys(folder)
            except (ConfigurationError, OSError) as error:
                why = cause_of(error) if isinstance(error, OSError) else str(error)
                self.tally.add_unseen(Check.KEYS, "platform", why)
                continue
            for name in found:
                self._add(Check.KEYS, "platform", name, 1)

    def _add(self, check: Check, where: str, what: str, number: int) -> None:
        if self._is_held or self._is_recent:
            why = "under a legal hold" if self._is_held else "being purged"
            what = f"{what}, {why}"
            self.tally.add_apart(check, where, what, number, Unit.OBJECTS)
        else:
            self.tally.add_broken(check, where, what, number, Unit.OBJECTS)
