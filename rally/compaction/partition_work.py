"""Compacts one partition.

The steps have an order in which a kill at any moment loses no row and shows none twice:

1. Write the compacted files of each bucket that gets new rows, one for each schema: the
   rows of the present ones and of the new files, without those that must not stay.
2. Remove rows of other dates that lose against the new rows.
3. Compare with files that winning dates got meanwhile.
4. Remove the files that were merged.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from rally.compaction.buckets import BucketWriter, supersede
from rally.compaction.merge import reduce_fan_in
from rally.compaction.outcomes import (
    CompactionOutcome,
    CompactionResult,
    LeftOutRows,
    Trouble,
    describe_failure,
)
from rally.compaction.partition_view import (
    MAX_REVISIONS,
    IndexedFile,
    LiveRows,
    PartitionView,
    PartitionViewer,
    has_work,
    reason_to_skip,
    unread_troubles,
    unseen_files,
)
from rally.compaction.row_filter import CompactionContext
from rally.registry.keep_rule import ListDays
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectStore,
)
from rally.storage.partitions import EVERYBODY, Identity, list_files


def remove_files(
    store: ObjectStore, to_remove: Mapping[Identity, frozenset[Identity]]
) -> tuple[list[str], list[Trouble]]:
    """Removes merged files, inputs first, so that no row reappears.

    Args:
        store: Store of the study.
        to_remove: Files to remove, each with the inputs that it names.

    Returns:
        Names of the files that are gone, and the holds that keep the others.

    Raises:
        GenerationMismatch: Another writer replaced one of them.
    """
    left, gone = dict(to_remove), list[str]()
    held: dict[Identity, Trouble] = {}
    while True:
        free = [
            each
            for each, inputs in left.items()
            if each not in held and inputs.isdisjoint(left)
        ]
        if not free:
            return gone, list(held.values())
        for name, generation in free:
            try:
                store.delete(name, generation)
            except ObjectHeld as error:
                held[name, generation] = describe_failure(name, error)
                continue
            gone.append(name)
            del left[name, generation]


class PartitionWork:
    """Compaction of one partition, which may take several attempts.

    An attempt fails when another writer changes a file meanwhile. What it had removed
    until then is remembered for the result of the last one.
    """

    def __init__(
        self, store: ObjectStore, partition: Partition, viewer: PartitionViewer
    ) -> None:
        """Stores its arguments; reads nothing yet.

        Args:
            store: Store of the study.
            partition: The partition.
            viewer: Viewer that reads the headers of files.
        """
        self._store = store
        self._partition = partition
        self._viewer = viewer
        self._files_before: int | None = None
        self._left_out = LeftOutRows()
        self._other_days: dict[Partition, CompactionResult] = {}

    def attempt(self, context: CompactionContext) -> list[CompactionResult]:
        """Compacts the partition if there is something to do.

        Args:
            context: Parameters of the compaction.

        Returns:
            The result for the partition, then those for other dates that lost rows.

        Raises:
            LeaseHeld: Another run works on the partition.
            GenerationMismatch, ObjectNotFound: A file changed meanwhile; try again.
            ObjectHeld: A file may not be replaced.
            Unreadable: A file cannot be read to its end.
        """
        self._context = context
        view = self._viewer.view(self._partition)
        if bad := reason_to_skip(view, context.bits):
            return [self._unchanged_result(view, bad)]
        if not has_work(view):
            return [self._finished_result(view), *self._other_days.values()]
        with self._context.lease(self._partition):
            done = self._compact(self._viewer.view(self._partition))
        return [done, *self._other_days.values()]

    def _compact(self, view: PartitionView) -> CompactionResult:
        if bad := reason_to_skip(view, self._context.bits):
            return self._unchanged_result(view, bad)
        if self._files_before is None:
            self._files_before = len(view.files)
        winners = self._view_days(self._context.winners)
        buckets = BucketWriter(self._store, view, self._context)
        with ExitStack() as files:
            self._write(buckets, view, winners, files)
            losers = self._take_out_losers(buckets.fresh, files)
        self._compare_with_new(view, winners)
        gone, held = remove_files(self._store, buckets.to_remove)
        return CompactionResult(
            self._partition,
            held[0].outcome if held else CompactionOutcome.COMPACTED,
            self._files_before,
            len(view.files) + buckets.made - len(gone),
            sum(buckets.rows.values()),
            self._left_out + buckets.dropped,
            (*view.troubles, *unread_troubles([*winners, *losers]), *held),
        )

    def _write(
        self,
        buckets: BucketWriter,
        view: PartitionView,
        winners: Sequence[PartitionView],
        files: ExitStack,
    ) -> None:
        names = {each.file.info.name for each in buckets.fresh}
        row_filter = self._context.row_filter()
        fresh = view.parts(names, tagged=buckets.is_mixed)
        parts = reduce_fan_in(fresh, row_filter, files)
        others = [part for each in winners for part in each.parts()]
        try:
            buckets.write(parts, reduce_fan_in(others, row_filter, files))
        finally:  # rows of written buckets stay left out, also if the attempt fails
            self._left_out += buckets.left_out + row_filter.counts

    def _take_out_losers(
        self, fresh: Sequence[IndexedFile], files: ExitStack
    ) -> list[PartitionView]:
        """Removes rows of other dates that lose, and returns views of these dates.

        Inputs whose rows a killed run had merged already take part as well: that run
        may not have come to this step.
        """
        parts: list[list[LiveRows]] = [[(each.source, [EVERYBODY])] for each in fresh]
        losers = self._view_days(self._context.losers)
        if any(each.indexed for each in losers):
            parts = reduce_fan_in(parts, self._context.row_filter(), files)
        for each in losers:
            self._record(supersede(self._store, each, parts, self._context))
        return losers

    def _compare_with_new(
        self, view: PartitionView, winners: Sequence[PartitionView]
    ) -> None:
        """Removes rows that lose against files that winning dates got meanwhile.

        A compaction of these dates that ran beside this one may have read this
        partition before its buckets were written.

        Raises:
            GenerationMismatch: Rows were removed, so that the view is outdated.
        """
        seen = {file.identity for each in winners for file in each.files}
        parts = list[list[LiveRows]]()
        for each in self._view_days(self._context.winners):
            parts += each.parts(unseen_files(each, seen))
        with ExitStack() as files:
            reduced = reduce_fan_in(parts, self._context.row_filter(), files)
            view = self._viewer.view(view.partition)
            if reduced and (
                done := supersede(self._store, view, reduced, self._context)
            ):
                self._left_out += done.counts
                raise GenerationMismatch(view.partition.folder)

    def _view_days(
        self, chosen: Callable[[str, ListDays], Sequence[str]]
    ) -> list[PartitionView]:
        """Views other dates of the document as they are now."""
        return [
            self._viewer.view(self._partition._replace(day=day))
            for day in chosen(self._partition.day, self._days)
        ]

    def _days(self) -> list[str]:
        """Lists the dates of the document anew: one may have got its first file."""
        folder = self._partition.folder.partition("date=")[0]
        files = list_files(self._store, self._partition.study, folder)
        return sorted({file.partition.day for file in files} - {""})

    def _record(self, done: CompactionResult | None) -> None:
        if done:
            before = self._other_days.get(done.partition)
            self._other_days[done.partition] = (
                before.followed_by(done) if before else done
            )

    def _finished_result(self, view: PartitionView) -> CompactionResult:
        """Makes the result once nothing is left to do."""
        if self._files_before is None:
            outcome = (
                view.troubles[0].outcome
                if view.troubles
                else CompactionOutcome.UNCHANGED
            )
            return self._unchanged_result(view, outcome)
        return CompactionResult(
            self._partition,
            CompactionOutcome.COMPACTED,
            self._files_before,
            len(view.files),
            sum(each.rows for each in view.indexed.values()),
            self._left_out,
            view.troubles,
        )

    def _unchanged_result(
        self, view: PartitionView, outcome: CompactionOutcome
    ) -> CompactionResult:
        """Makes the result of a partition in which nothing was changed."""
        troubles = view.troubles
        if outcome is CompactionOutcome.SCHEMAS_DIFFER:
            reason = (
                "files that name one fingerprint differ in their schemas, or the files"
                f" have more than {MAX_REVISIONS} schemas; it is left as it is"
            )
            troubles = (*troubles, Trouble(outcome, view.partition.folder, reason))
        files = len(view.files)
        return CompactionResult(
            self._partition, outcome, files, files, troubles=troubles
        )
