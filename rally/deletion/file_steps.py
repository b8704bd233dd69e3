"""Finds, rewrites and verifies single files on a worker.

The result of a file names what is wrong with it; the other files go on.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import google_crc32c

from rally.deletion.file_rows import FileRows
from rally.deletion.plan import (
    FileOutcome,
    FileResult,
    ListedFile,
    PlannedFile,
    result_to_json,
)
from rally.deletion.rewriting import hide_identifier, recognise_rewrite, rewrite_file
from rally.deletion.scanner import Scanner
from rally.deletion.scope import list_files
from rally.deletion.settings import DeletionSettings
from rally.errors import CorruptFile
from rally.registry.expunges import NO_EXPUNGES, ExpungeOrder, Expunges
from rally.registry.legal_holds import LegalHold
from rally.registry.study import StudyKind
from rally.settings import make_pseudonyms
from rally.storage.failures import STORE_ERRORS, FailureKind, failure_of
from rally.storage.header import CHECKSUM, INDEX, ROW_LENGTHS, Header
from rally.storage.leases import Leases
from rally.storage.objectstore.interface import (
    ObjectStore,
)
from rally.storage.partitions import partition_of, people_in, read_view
from rally.storage.snapshots import outline_of, walk_frames
from rally.withdrawal.list_object import read_people
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.selection import Selection


def find_rows(
    store: ObjectStore,
    file: ListedFile,
    selection: Selection,
    scanner: Scanner,
    orders: Sequence[ExpungeOrder] = (),
) -> FileResult:
    """Finds the rows that deletion has to take out of a file, or fields of them.

    Returns:
        The result, which counts them by request and order.

    Raises:
        CorruptFile: The file is damaged, or its index is wrong.
        GenerationMismatch, ObjectNotFound: The file is not as it was listed.
    """
    blocks, removes, changes = list[tuple[int, int]](), 0, 0
    requests = Counter[str]()
    with store.open(file.name, file.generation) as snapshot:
        content = FileRows(snapshot, selection, scanner, outline_of, orders)
        for offset, length, split in content.find(selection.people):
            if split.removed or split.changed:
                blocks.append((offset, length))
                removes += split.removed
                changes += split.changed
                requests += split.requests
        rows = content.rows
    planned = None
    if blocks or not rows:
        planned = PlannedFile(*file, rows, removes, tuple(blocks), changes)
    fault = content.order_fault
    outcome = FileOutcome.NOT_EXPUNGED if fault else FileOutcome.UNTOUCHED
    return FileResult(
        *(file.study, file.name, outcome, fault, planned),
        rows_before=rows,
        requests=requests,
    )


def verify_file(
    store: ObjectStore,
    file: ListedFile,
    selection: Selection,
    scanner: Scanner,
    orders: Sequence[ExpungeOrder] = (),
) -> FileResult:
    """Checks that no row of a file is condemned, and none names a person who left.

    The check does not trust the index: it inflates and searches each block, and judges
    the rows of a block that contains a pseudonym. If an order to expunge is about the
    file, it looks into each row.

    Returns:
        The result. If rows that were left over are all that is wrong, it counts them by
        request, under "" those of none.

    Raises:
        CorruptFile: The file is truncated, or its index is wrong.
        GenerationMismatch, ObjectNotFound: The file is not as it was listed.
    """
    with store.open(file.name, file.generation) as snapshot:
        content = FileRows(snapshot, selection, scanner, orders=orders)
        header = content.header
        checksum, rows, unexpunged = google_crc32c.Checksum(), 0, 0
        left_over = Counter[str]()
        for blocks in content.decompressed(walk_frames(snapshot, header)):
            for frame, block in blocks:
                checksum.update(frame.data)
                rows += frame.rows
                content.check_named(frame, block.data)
                unexpunged += content.count_unexpunged(frame.offset, frame.data)
            for frame in content.naming_anybody(blocks):
                left_over += content.count_left_over(frame.offset, frame.data)
        stated = header.entries.get(CHECKSUM)
        if stated is not None and stated != checksum.hexdigest():
            raise CorruptFile("the checksum differs: bytes are missing or changed")
        content.check_rows(rows)
    number, requests = left_over.total(), left_over
    detail = f"{number} rows of people who left" if number else ""
    if unexpunged:
        detail = detail or f"{unexpunged} rows of which an order takes something out"
        requests = Counter()
    if scanner.found_in(_other_entries(header)):
        detail = detail or "a header entry names somebody who left"
        requests = Counter()
    outcome = FileOutcome.LEFT_OVER if detail else FileOutcome.CLEAN
    if content.order_fault and not detail:
        outcome, detail = FileOutcome.NOT_EXPUNGED, content.order_fault
    return FileResult(
        file.study,
        file.name,
        outcome,
        detail=detail,
        generation_before=file.generation,
        generation_after=file.generation,
        rows_before=rows,
        checksum_before=checksum.hexdigest().decode(),
        checksum_after=checksum.hexdigest().decode(),
        requests=requests,
    )


def _other_entries(header: Header) -> bytes:
    """Joins all header entries but the index, which is compared with the rows."""
    index = (INDEX, ROW_LENGTHS)
    return b"\0".join(
        value for name, value in header.entries.items() if name not in index
    )


class HalfCompacted(Exception):
    """A killed compaction left its inputs in the partition: rewrite none of them."""


JsonStep = Callable[[Any], dict[str, Any]]
"""A step as a worker runs it: from a task to the JSON of a FileResult."""


class RewriteTask(NamedTuple):
    """Task of rewriting one file of a plan.

    Attributes:
        file: The file as planned.
        plan: Id of the plan.
        withdrawal_list: Counter of the withdrawal list that the plan follows.
    """

    file: PlannedFile
    plan: str
    withdrawal_list: int


class FileSteps:
    """Finds, rewrites and verifies files under one withdrawal list.

    The orders to expunge are those that the list's chain of decisions has, so that a
    plan and its rewrites go by the same ones.
    """

    def __init__(
        self,
        settings: DeletionSettings,
        people: PeopleIndex | None = None,
        expunges: Expunges = NO_EXPUNGES,
    ) -> None:
        """Opens keys and stores, and reads the list if none is given.

        Args:
            settings: Settings of the job.
            people: People on the withdrawal list; None reads the published list.
            expunges: Orders to expunge, where the list is given.

        Raises:
            ConfigurationError: A store, the keys or the list are not usable.
        """
        self._registry = settings.registry()
        self._stores = settings.stores()
        keys = settings.keys(self._registry)
        self._pseudonyms = make_pseudonyms(keys, self._registry)
        if people is None:
            published = read_people(self._stores.platform)
            people = published.list
            expunges = published.expunges
        self._list = people
        self._expunges = expunges
        self._leases = None
        if settings.run:
            self._leases = Leases(self._stores.platform, settings.run)
        self._holds = settings.holds(self._stores.platform)
        self._policies: dict[str, tuple[Selection, Scanner]] = {}

    def knows(self, namespace: str) -> bool:
        """Tells whether a namespace's pseudonyms can be computed: its key exists."""
        study = self._registry.studies[namespace]
        return study.kind is StudyKind.PLATFORM or self._pseudonyms.knows(namespace)

    def candidates(self, orders: Collection[str] = ()) -> Iterator[ListedFile]:
        """Yields the files that can have rows of people on the list, by their buckets.

        Args:
            orders: Ids of orders to expunge, whose files are yielded, too.
        """
        for namespace in self._registry.studies:
            people = self._policy(namespace)[0].people
            for file in list_files(self._stores, [namespace]):
                if people.has_between(*people_in(file.name)) or any(
                    each.id in orders for each in self._orders(file)
                ):
                    yield file

    def find_rows(self, file: ListedFile) -> FileResult:
        """Finds the rows that deletion takes out of a file."""
        store = self._stores.of(file.study)
        policy = *self._policy(file.study), self._orders(file)
        found = named(file, lambda: find_rows(store, file, *policy))
        return self._unless_held(found) if found.planned else found

    def rewrite(self, planned: RewriteTask) -> FileResult:
        """Takes the planned rows out of a file.

        If the list has changed since the plan, nothing is written: only a rewrite that
        an earlier run did by the plan is recognised.
        """
        return self._with_requests(self._rewrite(planned))

    def _with_requests(self, result: FileResult) -> FileResult:
        """Replaces the hidden identifiers from a file's header by the requests."""
        if not result.requests:
            return result
        labels = {
            hide_identifier(each, result.study, result.name): each
            for each in (*self._list.requests(), *self._expunges.ids)
        }
        known = {
            labels[each]: rows
            for each, rows in result.requests.items()
            if each in labels
        }
        return replace(result, requests=known)

    def _rewrite(self, planned: RewriteTask) -> FileResult:
        file, plan, counter = planned
        store = self._stores.of(file.study)
        if counter != self._list.counter:
            return named(file, lambda: recognise_rewrite(store, file, plan))

        def leased() -> FileResult:
            if file.study not in self._registry.studies:
                return _unless_done(recognise_rewrite(store, file, plan))
            if self._hold_over(file):
                return self._unless_held(recognise_rewrite(store, file, plan))
            self._lease(file)
            policy = self._policy(file.study)
            return rewrite_file(store, file, plan, *policy, self._orders(file))

        return named(file, leased)

    def verify(self, file: ListedFile) -> FileResult:
        """Verifies that a file has no rows of people who left, and none expunged."""
        store = self._stores.of(file.study)
        policy = *self._policy(file.study), self._orders(file)
        read = named(file, lambda: verify_file(store, file, *policy))
        return (
            self._unless_held(read) if read.outcome is FileOutcome.LEFT_OVER else read
        )

    def _unless_held(self, result: FileResult) -> FileResult:
        """Returns the result, or HELD if a legal hold keeps what is to be deleted."""
        hold = self._hold_over(result)
        if hold is None or result.outcome is FileOutcome.REWRITTEN:
            return result
        detail = f"{hold} keeps what is to go"
        return FileResult(result.study, result.name, FileOutcome.HELD, detail)

    def _hold_over(self, file: PlannedFile | FileResult) -> LegalHold | None:
        partition = partition_of(file.study, file.name)
        return self._holds.over(file.study, partition.day if partition else "")

    def _lease(self, file: PlannedFile) -> None:
        """Takes the lease of a file's partition for the rest of the run.

        Raises:
            LeaseHeld: Another job has the lease.
            HalfCompacted: A killed compaction has to be finished first.
        """
        partition = partition_of(file.study, file.name)
        if self._leases and partition and self._leases.acquire(partition):
            view = read_view(self._stores.of(file.study), partition)
            if any(live.dead for live in view):
                raise HalfCompacted

    def _orders(self, file: ListedFile | PlannedFile) -> tuple[ExpungeOrder, ...]:
        """Returns the orders to expunge that are about a file."""
        if not self._expunges.orders:
            return ()
        partition = partition_of(file.study, file.name)
        return self._expunges.over(*partition) if partition else ()

    def _policy(self, namespace: str) -> tuple[Selection, Scanner]:
        """Returns the row policy of a namespace, made once, and its scanner.

        The policy is about everybody on the list, with open and closed requests.
        """
        if namespace not in self._policies:
            study = self._registry.studies[namespace]
            selection = Selection(self._list, study, self._pseudonyms)
            self._policies[namespace] = selection, Scanner(selection.people)
        return self._policies[namespace]


def _unless_done(result: FileResult) -> FileResult:
    """Returns the result of a finished rewrite, or UNAVAILABLE if there is none."""
    if result.outcome is FileOutcome.REWRITTEN:
        return result
    return FileResult(result.study, result.name, FileOutcome.UNAVAILABLE)


def make_finder(settings: DeletionSettings) -> JsonStep:
    """Makes the finding step of a worker: from a ListedFile to a result's JSON."""
    step = FileSteps(settings).find_rows
    return lambda file: result_to_json(step(file))


def make_rewriter(settings: DeletionSettings) -> JsonStep:
    """Makes the rewriting step of a worker: from a RewriteTask to a result's JSON."""
    step = FileSteps(settings).rewrite
    return lambda planned: result_to_json(step(planned))


def make_verifier(settings: DeletionSettings) -> JsonStep:
    """Makes the verifying step of a worker: from a ListedFile to a result's JSON."""
    step = FileSteps(settings).verify
    return lambda file: result_to_json(step(file))


def named(
    file: ListedFile | PlannedFile | FileResult, step: Callable[[], FileResult]
) -> FileResult:
    """Runs a step for a file, and turns what it raises into a result."""
    try:
        return step()
    except HalfCompacted:
        outcome = FileOutcome.HALF_COMPACTED
        detail = "a compaction was killed meanwhile"
    except STORE_ERRORS as error:
        failure = failure_of(error)
        outcome, detail = _OUTCOMES[failure.kind], failure.detail
        if failure.kind is FailureKind.CHANGED:
            detail = "written by somebody else meanwhile"
        elif failure.kind is FailureKind.HELD:
            until = f" until {failure.until:%Y-%m-%d}" if failure.until else ""
            detail = f"the bucket holds it{until}"
    return FileResult(file.study, file.name, outcome, detail)


_OUTCOMES = {
    FailureKind.CODEC: FileOutcome.CODEC,
    FailureKind.DAMAGED: FileOutcome.DAMAGED,
    FailureKind.BUSY: FileOutcome.BUSY,
    FailureKind.GONE: FileOutcome.GONE,
    FailureKind.CHANGED: FileOutcome.CHANGED,
    FailureKind.HELD: FileOutcome.HELD,
    FailureKind.REFUSED: FileOutcome.UNREACHABLE,
}
