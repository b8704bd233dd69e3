"""Audits the listing of the studies' stores, without opening a file."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from rally.audit.collection_windows import interval_of_day, until_stopped, windows_in
from rally.audit.findings import Check, Unit
from rally.audit.searching import redact_id_like
from rally.audit.tally import Tally
from rally.audit.units import DocumentExtent
from rally.errors import cause_of
from rally.registry.approvals import Approvals
from rally.registry.legal_holds import LegalHolds
from rally.registry.object_classifier import ObjectClassifier, Region
from rally.registry.policy import is_expired
from rally.registry.registry import Registry
from rally.storage.layout import DATA, Partition, Stores
from rally.storage.objectstore.interface import (
    FOREVER,
    ObjectInfo,
    ObjectStore,
    OldCopy,
    Stray,
)
from rally.storage.partitions import StoredFile, parse_file

LISTED = (Check.RETENTION, Check.REVIEW, Check.PLACE, Check.COPIES)
"""Checks that a listing proves, or helps to prove."""


_ROOTS = (Region.PLATFORM, Region.DERIVED)
"""Places with roots of their own, which are looked into elsewhere."""


@dataclass
class Listing:
    """Contents of the stores.

    Attributes:
        tally: Findings.
        extents: Amount to read, by study and document.
        unlisted: Studies whose store could not be listed.
    """

    tally: Tally = field(default_factory=Tally)
    extents: dict[tuple[str, str], DocumentExtent] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)

    @property
    def studies(self) -> set[str]:
        """Studies that have rows."""
        return {study for study, _ in self.extents}


class StoreAudit:
    """Looks at the names of all objects, and keeps one at a time in memory."""

    def __init__(
        self,
        stores: Stores,
        registry: Registry,
        approvals: Approvals,
        holds: LegalHolds,
        concluded: Collection[str],
        as_of: datetime,
        purge_days: float,
    ) -> None:
        """Lists nothing yet.

        Args:
            stores: Stores of the studies and of the platform.
            registry: Registry of the studies.
            approvals: Approvals by the reviews.
            holds: Legal holds.
            concluded: Studies of which nothing may be there, which is another check.
            as_of: Clock of the audit, UTC.
            purge_days: Time for which old copies of what has expired may stay.
        """
        self._stores = stores
        self._registry = registry
        self._approvals = approvals
        self._holds = holds
        self._concluded = concluded
        self._as_of = as_of
        self._today = as_of.date()
        self._allowed = timedelta(days=purge_days)
        self._classifier = ObjectClassifier(stores, registry)
        self._listing = Listing()

    def run(self) -> Listing:
        """Lists every store once."""
        for store in self._stores.each(self._registry.studies):
            try:
                for info in store.list():
                    self._check_object(store, info)
                for stray in store.strays():
                    self._check_stray(store, stray)
            except OSError as error:
                self._record_unlisted(store, error, *LISTED)
                self._listing.unlisted.update(
                    study
                    for study in self._registry.studies
                    if self._stores.of(study) is store
                )
                continue
            try:
                for copy in store.old_copies(DATA):
                    self._check_copy(store, copy)
            except OSError as error:
                self._record_unlisted(store, error, Check.RETENTION)
        return self._listing

    def _record_unlisted(
        self, store: ObjectStore, error: OSError, *checks: Check
    ) -> None:
        why = f"cannot be listed ({cause_of(error)})"
        for check in checks:
            self._listing.tally.add_unseen(check, store.uri, why)

    def _check_object(self, store: ObjectStore, info: ObjectInfo) -> None:
        place, tally = self._classifier.classify(store, info), self._listing.tally
        if place.study in self._concluded and place.region is not Region.WRONG_STORE:
            return
        if place.partition:
            self._check_file(parse_file(info, place.partition.study), place.partition)
        elif place.region.is_alarm:
            is_place = place.region is Region.WRONG_STORE
            check = Check.PLACE if is_place else Check.COPIES
            name, what = redact_id_like(info.name), place.region.value
            tally.add_broken(check, name, what, 1, Unit.OBJECTS)

    def _check_stray(self, store: ObjectStore, stray: Stray) -> None:
        """Records a link; for a concluded study another check does."""
        place = self._classifier.locate(store, stray)
        if place.study in self._concluded or place.region in _ROOTS:
            return
        name, what = redact_id_like(stray.name), stray.kind.value
        self._listing.tally.add_broken(Check.COPIES, name, what, 1, Unit.OBJECTS)

    def _check_file(self, file: StoredFile, partition: Partition) -> None:
        study = self._registry.studies[partition.study]
        document = self._registry.documents(study)[partition.document]
        key = partition.study, partition.document
        self._listing.extents.setdefault(key, DocumentExtent()).add(file)
        day = date.fromisoformat(partition.day)
        where, tally = "/".join(partition), self._listing.tally
        approved = until_stopped(self._approvals.windows(document))
        if not windows_in(approved, interval_of_day(partition.day)):
            what = "of a day that no review covers"
            tally.add_broken(Check.REVIEW, where, what, 1, Unit.OBJECTS)
        if is_expired(document, day, self._today):
            self._record_expired(partition, "past its retention")

    def _check_copy(self, store: ObjectStore, copy: OldCopy) -> None:
        """Looks at an old copy: of what has expired the copies have to go, too."""
        info = ObjectInfo(copy.name, copy.size, copy.generation)
        partition = self._classifier.classify(store, info).partition
        if partition is None or partition.study in self._concluded:
            return
        study = self._registry.studies[partition.study]
        document = self._registry.documents(study)[partition.document]
        if not is_expired(document, date.fromisoformat(partition.day), self._today):
            return
        what = f"past its retention, an old copy: {copy.why}"
        if copy.until is not None:
            until = None if copy.until == FOREVER else copy.until.date()
            where, tally = "/".join(partition), self._listing.tally
            tally.add_apart(Check.RETENTION, where, what, 1, Unit.OBJECTS, until)
        elif self._as_of - copy.since > self._allowed:
            self._record_expired(partition, what)

    def _record_expired(self, partition: Partition, what: str) -> None:
        where, tally = "/".join(partition), self._listing.tally
        if self._holds.over(partition.study, partition.day):
            what = f"{what}, under a legal hold"
            tally.add_apart(Check.RETENTION, where, what, 1, Unit.OBJECTS)
        else:
            tally.add_broken(Check.RETENTION, where, what, 1, Unit.OBJECTS)
