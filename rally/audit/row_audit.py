"""Reads the files of rows of a unit, as a worker of any runner does it.

It runs beside ingest, compaction and deletion: a partition that changes while it is
read is read again, and what was seen of it before is forgotten.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from rally.audit.clear_bytes import encode_name
from rally.audit.duplicates import DuplicateWindow, Hashes
from rally.audit.file_audit import FileAuditContext, audit_file, hashes_of
from rally.audit.findings import Check, Unit
from rally.audit.rule_book import RuleBook, SchemaCheck
from rally.audit.settings import AuditSettings
from rally.audit.tally import Tally
from rally.audit.units import WorkUnit
from rally.errors import CorruptFile, cause_of
from rally.observability.progress import Progress
from rally.registry.legal_holds import LegalHold
from rally.registry.study import Document, Keep
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import GenerationMismatch, ObjectNotFound
from rally.storage.partitions import LiveFile, list_files, read_view

ROW_CHECKS = (
    *(Check.WITHDRAWN, Check.DATES, Check.PLACE, Check.SCHEMA, Check.DUPLICATES),
    *(Check.ENROLMENT, Check.IDS, Check.NETWORK, Check.FILES, Check.EXPUNGED),
)
"""Checks that only reading rows proves."""

_ATTEMPTS = 5
_SHARE_BITS = 56


class _Task(NamedTuple):
    """Values that all dates of a unit share."""

    unit: WorkUnit
    document: Document
    schema_check: SchemaCheck
    window: DuplicateWindow


class _View(NamedTuple):
    """Files of a partition; not settled where a damaged one says what counts."""

    files: list[LiveFile]
    is_settled: bool


class RowAudit:
    """Audits the files of rows of units."""

    def __init__(self, settings: AuditSettings) -> None:
        """Opens keys and stores, and reads the list and the log.

        Raises:
            ConfigurationError: One of them is not as it must be.
        """
        self.book = RuleBook(settings)
        self._today = settings.clock()().date().isoformat()
        self._share = settings.share
        self._progress = Progress(settings.progress)

    def audit_unit(self, unit: WorkUnit) -> Tally:
        """Returns the findings in a unit."""
        tally, document = Tally(), self.book.document(unit.study, unit.document)
        task = _Task(
            unit, document, SchemaCheck(document), DuplicateWindow(document.keep)
        )
        for day in sorted({*unit.before, *unit.days}):
            partition = Partition(unit.study, unit.document, day)
            if day in unit.before:
                task.window.count(day, self._hash_partition(task, partition))
            else:
                tally.merge(self._audit_partition(task, partition))
        for check in sorted(self.book.unread):
            why = "could not read the event log, or the withdrawal list"
            tally.add_unseen(check, "workers", why)
        return tally

    def _audit_partition(self, task: _Task, partition: Partition) -> Tally:
        """Reads one partition at one moment, as often as that takes."""
        why = "it changes all the time"
        for _ in range(_ATTEMPTS):
            try:
                return self._audit_once(task, partition)
            except (GenerationMismatch, ObjectNotFound):
                continue
            except OSError as error:
                why = f"it cannot be read ({cause_of(error)})"
                break
        tally = Tally()
        for check in ROW_CHECKS:
            tally.add_unseen(check, "/".join(partition), why)
        return tally

    def _audit_once(self, task: _Task, partition: Partition) -> Tally:
        tally, hashes = Tally(), list[Hashes]()
        view = self._view(partition)
        context = FileAuditContext(
            self.book.stores.of(partition.study),
            self.book.rules(partition),
            task.schema_check,
            self.book.searches,
            task.window.width,
            self._today,
            self.book.is_signed,
        )
        for live in self._chosen(task.unit, view.files):
            found, more = audit_file(context, live)
            tally.merge(found)
            self._progress.add(live.file.info.size)
            self._progress.flush()
            if live.file.bucket:
                hashes.append(more)
        if view.is_settled:
            self._record_duplicates(tally, task, partition, hashes)
        else:
            why = "a damaged file says which of the others count"
            tally.add_unseen(Check.DUPLICATES, "/".join(partition), why)
        return tally

    def _view(self, partition: Partition) -> _View:
        """Returns the files that count; all, where a damaged one should say which."""
        store = self.book.stores.of(partition.study)
        try:
            return _View(read_view(store, partition), True)
        except CorruptFile:
            files = list_files(store, partition.study, partition.folder)
            return _View([LiveFile(file) for file in files], False)

    def _chosen(self, unit: WorkUnit, files: list[LiveFile]) -> Iterator[LiveFile]:
        """Yields the files of a unit that chance chose, other ones each day."""
        for live in files:
            name = f"{self._today}/{unit.study}/{live.file.info.name}"
            chance = int(sha256(encode_name(name)).hexdigest()[: _SHARE_BITS // 4], 16)
            if unit.has(live.file) and chance < self._share * (1 << _SHARE_BITS):
                yield live

    def _hash_partition(self, task: _Task, partition: Partition) -> list[Hashes]:
        """Hashes a date of another unit, which records it if it cannot be read."""
        store = self.book.stores.of(partition.study)
        for _ in range(_ATTEMPTS):
            try:
                files = self._chosen(task.unit, self._view(partition).files)
                rules, width = self.book.rules(partition), task.window.width
                return [
                    hashes_of(store, live, width, rules)
                    for live in files
                    if live.file.bucket
                ]
            except (GenerationMismatch, ObjectNotFound):
                continue
            except OSError:
                break
        return []

    def _record_duplicates(
        self, tally: Tally, task: _Task, partition: Partition, hashes: list[Hashes]
    ) -> None:
        number = task.window.count(partition.day, hashes)
        what, where = "there more than once", "/".join(partition)
        if self._covering_hold(task, partition):
            what = f"{what}, under a legal hold"
            tally.add_apart(Check.DUPLICATES, where, what, number, Unit.ROWS)
        else:
            tally.add_broken(Check.DUPLICATES, where, what, number, Unit.ROWS)

    def _covering_hold(self, task: _Task, partition: Partition) -> LegalHold | None:
        """Returns the hold for which compaction may have left a row where it was."""
        if task.document.keep is Keep.LATEST:  # of which any date may hold the other
            return next(iter(self.book.holds.of(partition.study)), None)
        return self.book.holds.over(partition.study, partition.day)


def make_auditor(settings: AuditSettings) -> Callable[[WorkUnit], dict[str, Any]]:
    """Returns a worker's function from a WorkUnit to the JSON of a Tally."""
    audit = RowAudit(settings)
    return lambda unit: audit.audit_unit(unit).to_json()
