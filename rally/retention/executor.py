"""Does a batch of a plan, as a worker of any runner does it: counts come back.

What is wrong with one object is counted and, of the first, named; the others go on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby

from rally.dead_letters import place_of
from rally.deletion.file_rows import RowPolicy, Scanner
from rally.deletion.plan import FileOutcome, PlannedFile
from rally.deletion.rewriting import PlanMismatch, rewrite_file
from rally.errors import CorruptFile, cause_of
from rally.events import read_event_object, write_events
from rally.observability.progress import Progress
from rally.retention.context import reopen_context
from rally.retention.plan import Batch, read_batch
from rally.retention.plan_entry import (
    STUDY,
    Phase,
    PlanEntry,
    Reason,
    join_scopes,
    store_of,
    without_holds,
)
from rally.retention.reasons import ReasonCheck, ReasonGone
from rally.retention.report import BatchResult, blocked_by
from rally.retention.row_search import HALF_COMPACTED, Searcher
from rally.retention.settings import PurgeSettings
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


class HalfCompacted(Exception):
    """A compacted file speaks for others that are still there."""


class BatchExecutor:
    """Deletes and rewrites what batches name."""

    def __init__(self, settings: PurgeSettings) -> None:
        """Opens what it needs. Raises ConfigurationError."""
        self._settings = settings
        self._searcher = Searcher(settings)
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._elsewhere = settings.open_derived
        self._progress = Progress(settings.progress)
        self._leases = None
        if settings.run:
            self._leases = Leases(self._stores.platform, settings.run)

    def do(self, batch: Batch) -> BatchResult:
        """Does the lines of a batch, folder by folder."""
        done: BatchResult = {
            "tallies": {},
            "faults": [],
            "more": 0,
            "held": [],
            "undone": 0,
        }
        lines = read_batch(self._stores.platform, batch)
        studies = batch.studies
        opened = reopen_context(self._settings, self._registry, self._stores, studies)
        reasons = ReasonCheck(opened)
        blocked = Counter[str]()
        for _, group in groupby(lines, key=lambda line: line.group):
            members = list(self._unheld(batch, reasons, group, blocked))
            if members:
                self._do_folder(batch, reasons, members, done)
            self._progress.add(len(members))
        self._progress.flush()
        done["tallies"] = [[*key, *sums] for key, sums in done["tallies"].items()]
        done["blocked"] = list(blocked.items())
        return done

    def _unheld(
        self,
        batch: Batch,
        reasons: ReasonCheck,
        lines: Iterable[PlanEntry],
        blocked: Counter[str],
    ) -> Iterator[PlanEntry]:
        """What may go of a folder, by the conclusions and the holds of this moment."""
        free = [each for each in lines if _is_free(each, batch)]
        if free:
            reasons.renew(self._settings.holds(self._stores.platform))
        for line in free:
            rest, hold = without_holds(line, reasons.opened.holds)
            if hold:
                blocked[blocked_by(hold)] += 1
            if rest:
                yield rest

    def _do_folder(
        self,
        batch: Batch,
        reasons: ReasonCheck,
        lines: list[PlanEntry],
        done: BatchResult,
    ) -> None:
        """A folder is a partition, or a plan's: it has one lease."""
        try:
            with self._leased(lines[0]):
                self._check_settled(lines)
                if lines[0].why is Reason.UNREADABLE:
                    self._settle(reasons, lines)
                for line in lines:
                    is_done = self._do_one(batch, reasons, line, done)
                    if not is_done and line.why is Reason.PLAN:
                        return  # done.json must not go before the others
        except HalfCompacted:
            _fault(done, lines, HALF_COMPACTED)
        except CorruptFile as error:
            _fault(done, lines, f"damaged ({error})")
        except LeaseHeld as error:
            _fault(done, lines, f"busy: {error}")
        except GenerationMismatch:
            _fault(done, lines, "busy: its lease changes hands")

    @contextmanager
    def _leased(self, line: PlanEntry) -> Iterator[None]:
        what = _DELETION if line.why is Reason.PLAN else None
        partition = partition_of(line.study, line.name) if line.where == STUDY else None
        leased = partition or what
        with self._leases.held(leased) if self._leases and leased else nullcontext():
            yield

    def _check_settled(self, lines: list[PlanEntry]) -> None:
        """Looks, under the lease, that files to be written are not spoken for.

        An input of a compaction that was killed has to keep its generation.
        """
        partition = partition_of(lines[0].study, lines[0].name)
        if partition and any(each.rows for each in lines if each.where == STUDY):
            view = read_view(self._stores.of(partition.study), partition)
            if any(live.dead for live in view):
                raise HalfCompacted

    def _settle(self, reasons: ReasonCheck, lines: Sequence[PlanEntry]) -> None:
        """Records, before they go, that these withdrawals are given up."""
        platform, place = self._stores.platform, place_of(lines[0].name)
        due = [each for each in lines if reasons.hold(platform, each)]
        infos = (ObjectInfo(each.name, each.size, each.generation) for each in due)
        objects = [(info.name, count_letters(platform, info)) for info in infos]
        if place and any(letters for _, letters in objects):
            event = expiry(place, objects, self._settings.clock()())
            write_events(platform, [event], pipeline_version())

    def _do_one(
        self, batch: Batch, reasons: ReasonCheck, line: PlanEntry, done: BatchResult
    ) -> bool:
        """Whether the object is as planned now; if not, why is noted."""
        try:
            rows = self._act(batch, reasons, line)
        except ObjectNotFound:
            return True
        except ObjectHeld as error:
            until = error.until or FOREVER
            held = f"{line.study or line.where}: {line.document}"
            done["held"].append([held, until.isoformat()])
            done["undone"] += line.is_listed
        except (GenerationMismatch, PlanMismatch):
            _fault(done, [line], "changed meanwhile")
        except ReasonGone:
            _fault(done, [line], f"stays: that it is {line.why} does not hold now")
        except CorruptFile as error:
            _fault(done, [line], f"damaged ({error})")
        except OSError as error:
            _fault(done, [line], f"refused ({cause_of(error)})")
        else:
            _count(done, line, rows)
            return True
        return False

    def _act(self, batch: Batch, reasons: ReasonCheck, line: PlanEntry) -> int:
        """Does what the line says; how many rows went."""
        store = store_of(self._stores, line, self._elsewhere)
        reasons.check(store, line)
        going = frozenset(reasons.opened.going)
        if line.phase is Phase.EVENTS:
            return _remove_events(store, line, going)
        if not line.studies <= going:
            line = self._narrowed(store, line, going)
        if not line.goes_whole:
            return self._rewrite(store, batch, line)
        if line.why is Reason.UNENROLLED or line.phase is Phase.ENROLMENTS:
            self._searcher.check(store, line)
        rows = line.rows or _rows_of(store, line)
        check_erasable(store, line.name)
        store.delete(line.name, line.generation)
        return rows

    def _narrowed(
        self, store: ObjectStore, line: PlanEntry, going: frozenset[str]
    ) -> PlanEntry:
        """What goes of a file where of its studies only some have come so far."""
        about = join_scopes(line.studies & going)
        found = self._searcher.find_again(store, line, about)
        if found is None:
            raise ObjectNotFound(line.name)  # there is nothing of these
        return found

    def _rewrite(self, store: ObjectStore, batch: Batch, line: PlanEntry) -> int:
        partition = partition_of(line.study, line.name)
        if partition is None:
            raise CorruptFile("the plan names no partition")
        judge: RowPolicy = self._searcher.judge(partition, line.about)
        file = PlannedFile(
            line.study,
            line.name,
            line.size,
            line.generation,
            line.rows,
            line.removes,
            line.blocks,
        )
        plan = batch.plan.split("/")[1]
        result = rewrite_file(store, file, plan, judge, Scanner(()))
        if result.outcome is FileOutcome.CHANGED:
            raise GenerationMismatch(line.name)
        return result.rows_removed


def make_executor(settings: PurgeSettings) -> Callable[[Batch], BatchResult]:
    """For workers: a batch to what became of it."""
    return BatchExecutor(settings).do


def _remove_events(store: ObjectStore, line: PlanEntry, studies: frozenset[str]) -> int:
    """Writes the other events anew first: killed in between, they are there twice."""
    info = store.stat(line.name)
    if info is None:
        raise ObjectNotFound(line.name)
    if info.generation != line.generation:
        raise GenerationMismatch(line.name)
    events = read_event_object(store, line.name)
    kept = [each for each in events if each.scope not in line.studies & studies]
    with store.open(line.name, line.generation) as snapshot:
        version = outline_of(snapshot).entries.get("rally.version", b"").decode()
    check_erasable(store, line.name)
    write_events(store, kept, version)
    store.delete(line.name, line.generation)
    return len(events) - len(kept)


def _rows_of(store: ObjectStore, line: PlanEntry) -> int:
    """What the header of a file of rows says; 0 where it says nothing."""
    if line.where != STUDY:
        return 0
    try:
        with store.open(line.name, line.generation) as snapshot:
            return outline_of(snapshot).rows
    except (CorruptFile, KeyError, ValueError):
        return 0


def _is_free(line: PlanEntry, batch: Batch) -> bool:
    """Whether it may go now: below the ceiling, and as far as its study has come."""
    if (line.study, line.why) in batch.withheld:
        return False
    return not line.studies or not line.studies.isdisjoint(batch.studies)


def _count(done: BatchResult, line: PlanEntry, rows: int) -> None:
    key = (line.study, line.document, str(line.why))
    objects, before, size, oldest = done["tallies"].get(key, (0, 0, 0, ""))
    oldest = min(filter(None, (oldest, line.day)), default="")
    done["tallies"][key] = (objects + 1, before + rows, size + line.size, oldest)


def _fault(done: BatchResult, lines: Sequence[PlanEntry], what: str) -> None:
    """Names the first of them, where there is room; all are counted."""
    done["undone"] += sum(each.is_listed for each in lines)
    done["more"] += len(lines)
    if len(done["faults"]) < _SHOWN:
        done["faults"].append([lines[0].name, what])
        done["more"] -= 1
