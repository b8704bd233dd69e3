"""Executes batches of a plan on a worker: deletes and rewrites what they name.

Every object that cannot be dealt with is counted, and the first ones are named. The
others go on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby
from typing import Any

from rally.dead_letters import place_of
from rally.deletion.file_rows import RowPolicy
from rally.deletion.file_steps import HalfCompacted
from rally.deletion.plan import FileOutcome, PlannedFile
from rally.deletion.rewriting import PlanMismatch, rewrite_file
from rally.deletion.scanner import Scanner
from rally.errors import CorruptFile
from rally.events import write_events
from rally.observability.progress import Progress
from rally.retention.context import reopen_context
from rally.retention.logs import find_log
from rally.retention.plan import Batch, EntryTally, read_batch
from rally.retention.plan_entry import (
    STUDY,
    Phase,
    PlanEntry,
    Reason,
    apply_holds,
    join_scopes,
    store_of,
)
from rally.retention.reasons import ReasonCheck, ReasonGone
from rally.retention.report import BatchResult, blocked_by
from rally.retention.row_search import HALF_COMPACTED, Searcher
from rally.retention.settings import PurgeSettings
from rally.storage.failures import FailureKind, failure_of
from rally.storage.leases import LeaseHeld, Leases
from rally.storage.objectstore.interface import (
    FOREVER,
    GenerationMismatch,
    ObjectHeld,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.objectstore.strays import check_erasable
from rally.storage.partitions import partition_of, read_view
from rally.storage.snapshots import outline_of
from rally.version import pipeline_version
from rally.withdrawal.unreadable import count_letters, expiry

_SHOWN = 20
_DELETION = "deletion"


class BatchExecutor:
    """Executes batches with stores and keys that are opened once."""

    def __init__(self, settings: PurgeSettings) -> None:
        """Opens registry, stores and keys. Raises ConfigurationError."""
        self._settings = settings
        self._searcher = Searcher(settings)
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._elsewhere = settings.open_derived
        self._progress = Progress(settings.progress)
        self._leases = None
        if settings.run:
            self._leases = Leases(self._stores.platform, settings.run)

    def execute(self, batch: Batch) -> BatchResult:
        """Executes the entries of a batch, group by group."""
        result = BatchResult()
        entries = read_batch(self._stores.platform, batch)
        context = reopen_context(
            self._settings, self._registry, self._stores, batch.studies
        )
        reasons = ReasonCheck(context)
        for _, group in groupby(entries, key=lambda entry: entry.group):
            free = list(self._select_free(batch, reasons, group, result.blocked))
            if free:
                self._execute_group(batch, reasons, free, result)
            self._progress.add(len(free))
        self._progress.flush()
        return result

    def _select_free(
        self,
        batch: Batch,
        reasons: ReasonCheck,
        entries: Iterable[PlanEntry],
        blocked: Counter[str],
    ) -> Iterator[PlanEntry]:
        """Yields what conclusions and legal holds of this moment let go of a group."""
        free = [each for each in entries if _is_free(each, batch)]
        if free:
            reasons.renew(self._settings.holds(self._stores.platform))
        for entry in free:
            rest, hold = apply_holds(entry, reasons.context.holds)
            if hold:
                blocked[blocked_by(hold)] += 1
            if rest:
                yield rest

    def _execute_group(
        self,
        batch: Batch,
        reasons: ReasonCheck,
        entries: list[PlanEntry],
        result: BatchResult,
    ) -> None:
        """Executes the entries of one partition, or one plan's folder, by one lease."""
        try:
            with self._leased(entries[0]):
                self._check_settled(entries)
                if entries[0].reason is Reason.UNREADABLE:
                    self._record_expiry(reasons, entries)
                for entry in entries:
                    is_done = self._execute_entry(batch, reasons, entry, result)
                    if not is_done and entry.reason is Reason.PLAN:
                        return  # done.json goes last
        except HalfCompacted:
            _fault(result, entries, HALF_COMPACTED)
        except GenerationMismatch:
            _fault(result, entries, "busy: its lease changes hands")
        except (CorruptFile, LeaseHeld) as error:
            _fault(result, entries, _describe(error))

    @contextmanager
    def _leased(self, entry: PlanEntry) -> Iterator[None]:
        what = _DELETION if entry.reason is Reason.PLAN else None
        partition = (
            partition_of(entry.study, entry.name) if entry.where == STUDY else None
        )
        leased = partition or what
        with self._leases.held(leased) if self._leases and leased else nullcontext():
            yield

    def _check_settled(self, entries: list[PlanEntry]) -> None:
        """Checks under the lease that no killed compaction left inputs.

        Such an input has to keep its generation, so it must not be rewritten.
        """
        partition = partition_of(entries[0].study, entries[0].name)
        if partition and any(each.rows for each in entries if each.where == STUDY):
            view = read_view(self._stores.of(partition.study), partition)
            if any(live.dead for live in view):
                raise HalfCompacted

    def _record_expiry(
        self, reasons: ReasonCheck, entries: Sequence[PlanEntry]
    ) -> None:
        """Records unreadable withdrawals as given up before they are deleted."""
        platform, place = self._stores.platform, place_of(entries[0].name)
        due = [each for each in entries if reasons.hold(platform, each)]
        infos = (ObjectInfo(each.name, each.size, each.generation) for each in due)
        objects = [(info.name, count_letters(platform, info)) for info in infos]
        if place and any(letters for _, letters in objects):
            event = expiry(place, objects, self._settings.clock()())
            write_events(platform, [event], pipeline_version())

    def _execute_entry(
        self, batch: Batch, reasons: ReasonCheck, entry: PlanEntry, result: BatchResult
    ) -> bool:
        """Executes one entry; whether the object is now as planned.

        If it is not, the result names the fault.
        """
        try:
            rows = self._apply(batch, reasons, entry)
        except ObjectNotFound:
            return True
        except ObjectHeld as error:
            until = error.until or FOREVER
            held = f"{entry.study or entry.where}: {entry.document}"
            result.held.append((held, until))
            result.undone += entry.is_listed
        except PlanMismatch:
            _fault(result, [entry], _CHANGED)
        except ReasonGone:
            _fault(
                result, [entry], f"stays: that it is {entry.reason} does not hold now"
            )
        except (GenerationMismatch, CorruptFile, OSError) as error:
            _fault(result, [entry], _describe(error))
        else:
            _count(result, entry, rows)
            return True
        return False

    def _apply(self, batch: Batch, reasons: ReasonCheck, entry: PlanEntry) -> int:
        """Deletes or rewrites an object, and returns the number of deleted rows."""
        store = store_of(self._stores, entry, self._elsewhere)
        reasons.check(store, entry)
        going = frozenset(reasons.context.going)
        if entry.phase is Phase.EVENTS:
            return _remove_records(store, entry, going)
        if not entry.studies <= going:
            entry = self._narrow(store, entry, going)
        if not entry.goes_whole:
            return self._rewrite(store, batch, entry)
        if entry.reason is Reason.UNENROLLED or entry.phase is Phase.ENROLMENTS:
            self._searcher.check(store, entry)
        rows = entry.rows or _rows_of(store, entry)
        check_erasable(store, entry.name)
        store.delete(entry.name, entry.generation)
        return rows

    def _narrow(
        self, store: ObjectStore, entry: PlanEntry, going: frozenset[str]
    ) -> PlanEntry:
        """Narrows an entry to those of its studies that are deleted now."""
        about = join_scopes(entry.studies & going)
        found = self._searcher.find_again(store, entry, about)
        if found is None:
            raise ObjectNotFound(entry.name)  # it has nothing of these studies
        return found

    def _rewrite(self, store: ObjectStore, batch: Batch, entry: PlanEntry) -> int:
        partition = partition_of(entry.study, entry.name)
        if partition is None:
            raise CorruptFile("the plan names no partition")
        policy: RowPolicy = self._searcher.policy_for(partition, entry.about)
        file = PlannedFile(
            entry.study,
            entry.name,
            entry.size,
            entry.generation,
            entry.rows,
            entry.removes,
            entry.blocks,
        )
        plan = batch.plan.split("/")[1]
        result = rewrite_file(store, file, plan, policy, Scanner(()))
        if result.outcome is FileOutcome.CHANGED:
            raise GenerationMismatch(entry.name)
        return result.rows_removed


def make_batch_step(settings: PurgeSettings) -> Callable[[Batch], dict[str, Any]]:
    """Makes the step of a worker: from a batch to the JSON of its result."""
    execute = BatchExecutor(settings).execute
    return lambda batch: execute(batch).to_json()


def _remove_records(
    store: ObjectStore, entry: PlanEntry, studies: frozenset[str]
) -> int:
    """Deletes records of studies from an object of a log.

    The other records are written first: a kill in between leaves them twice, and never
    loses them.
    """
    log = find_log(entry.name)
    assert log  # the reasons have been checked
    info = store.stat(entry.name)
    if info is None:
        raise ObjectNotFound(entry.name)
    if info.generation != entry.generation:
        raise GenerationMismatch(entry.name)
    records = log.log.read_object(store, entry.name)
    gone = log.about(records, entry.studies & studies)
    with store.open(entry.name, entry.generation) as snapshot:
        version = outline_of(snapshot).entries.get("rally.version", b"").decode()
    check_erasable(store, entry.name)
    log.log.write(store, {*records} - {*gone}, version)
    store.delete(entry.name, entry.generation)
    return len(gone)


def _rows_of(store: ObjectStore, entry: PlanEntry) -> int:
    """Returns the number of rows in the header of a file; 0 if it has none."""
    if entry.where != STUDY:
        return 0
    try:
        with store.open(entry.name, entry.generation) as snapshot:
            return outline_of(snapshot).rows
    except (CorruptFile, KeyError, ValueError):
        return 0


def _is_free(entry: PlanEntry, batch: Batch) -> bool:
    """Tells whether an entry is within the limits, and its study is deleted now."""
    if (entry.study, entry.reason) in batch.withheld:
        return False
    return not entry.studies or not entry.studies.isdisjoint(batch.studies)


def _count(result: BatchResult, entry: PlanEntry, rows: int) -> None:
    key = (entry.study, entry.document, str(entry.reason))
    result.tallies.setdefault(key, EntryTally()).add(rows, entry.size, entry.day)


def _fault(result: BatchResult, entries: Sequence[PlanEntry], what: str) -> None:
    """Counts a fault for each entry, and names the first if there is room."""
    result.undone += sum(each.is_listed for each in entries)
    result.more_faults += len(entries)
    if len(result.faults) < _SHOWN:
        result.faults.append((entries[0].name, what))
        result.more_faults -= 1


_CHANGED = "changed meanwhile"


def _describe(error: Exception) -> str:
    """Returns the words of a report for an error that a store raised."""
    kind, detail, _ = failure_of(error)
    if kind is FailureKind.CHANGED:
        return _CHANGED
    if kind is FailureKind.BUSY:
        return f"busy: {detail}"
    if kind is FailureKind.REFUSED:
        return f"refused ({detail})"
    return f"damaged ({detail})"
