"""Compacts one partition.

In this order, so that a kill at any moment loses nothing and shows nothing twice:

1. for each bucket with something new, its compacted file is written: the rows of the
   one that stands there and those of the new files, without those that have to go;
2. rows of other dates that lose against new rows are taken out there;
3. new files of the winning dates that came meanwhile are looked at;
4. the files that went into the buckets are removed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from rally.compaction.buckets import Buckets, supersede
from rally.compaction.merge import reduce_fan_in
from rally.compaction.outcomes import Compacted, Counts, Outcome, Trouble
from rally.compaction.partition_view import (
    IndexedFile,
    Part,
    PartitionView,
    PartitionViewer,
    has_work,
    left_alone,
    news,
    serious,
)
from rally.compaction.row_filter import CompactionContext, Days
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectStore,
)
from rally.storage.partitions import EVERYBODY, Identity, list_files


def remove(
    store: ObjectStore, to_remove: Mapping[Identity, frozenset[Identity]]
) -> tuple[list[str], list[Trouble]]:
    """Removes files by generation; one that speaks for another goes after it.

    Args:
        store: of the study.
        to_remove: the files, and for each those that it speaks for.

    Returns:
        The names of those that are gone, and what holds back the others.

    Raises:
        GenerationMismatch: somebody has written one of them.
    """
    left, gone = dict(to_remove), list[str]()
    held: dict[Identity, Trouble] = {}
    while True:
        free = [
            each
            for each, speaks_for in left.items()
            if each not in held and speaks_for.isdisjoint(left)
        ]
        if not free:
            return gone, list(held.values())
        for name, generation in free:
            try:
                store.delete(name, generation)
            except ObjectHeld as error:
                held[name, generation] = holding(name, error)
                continue
            gone.append(name)
            del left[name, generation]


def holding(name: str, error: ObjectHeld) -> Trouble:
    """What an object is in for that may not be replaced or removed."""
    until = "somebody lifts it" if error.until is None else f"{error.until:%Y-%m-%d}"
    return Trouble(Outcome.HELD, name, f"it is kept by its bucket until {until}")


class PartitionWork:
    """One partition, tried until nobody comes in between."""

    def __init__(
        self, store: ObjectStore, partition: Partition, looker: PartitionViewer
    ) -> None:
        """Reads nothing yet.

        Args:
            store: of the study.
            partition: which.
            looker: reads headers.
        """
        self._store = store
        self._partition = partition
        self._looker = looker
        self._files_before: int | None = None
        self._left_out = Counts()
        self._elsewhere: dict[Partition, Compacted] = {}

    def attempt(self, terms: CompactionContext) -> list[Compacted]:
        """Compacts it, or finds nothing to do; other dates' results come behind.

        Args:
            terms: by which it is compacted.

        Raises:
            LeaseHeld: another run works there.
            GenerationMismatch, ObjectNotFound: a file changed meanwhile: try again.
            ObjectHeld: a file may not be replaced.
            Unreadable: a file cannot be read to its end.
        """
        self._terms = terms
        own = self._looker.look(self._partition)
        if bad := left_alone(own, terms.bits):
            return [self._told(own, bad)]
        if not has_work(own):
            return [self._finished(own), *self._elsewhere.values()]
        with self._terms.lease(self._partition):
            done = self._compact(self._looker.look(self._partition))
        return [done, *self._elsewhere.values()]

    def _compact(self, own: PartitionView) -> Compacted:
        if bad := left_alone(own, self._terms.bits):
            return self._told(own, bad)
        if self._files_before is None:
            self._files_before = len(own.files)
        winners = self._look_at(self._terms.rule.winners)
        buckets = Buckets(self._store, own, self._terms)
        with ExitStack() as files:
            self._write(buckets, own, winners, files)
            losers = self._take_out_losers(buckets.fresh, files)
        self._compare_with_new(own, winners)
        gone, held = remove(self._store, buckets.to_remove)
        return Compacted(
            self._partition,
            held[0].outcome if held else Outcome.COMPACTED,
            self._files_before,
            len(own.files) + buckets.made - len(gone),
            sum(buckets.rows.values()),
            self._left_out + buckets.dropped,
            (*own.troubles, *serious([*winners, *losers]), *held),
        )

    def _write(
        self,
        buckets: Buckets,
        own: PartitionView,
        winners: Sequence[PartitionView],
        files: ExitStack,
    ) -> None:
        names = {each.file.info.name for each in buckets.fresh}
        sieve = self._terms.sieve()
        parts = reduce_fan_in(own.parts(names), sieve, files)
        others = [part for each in winners for part in each.parts()]
        try:
            buckets.write(parts, reduce_fan_in(others, sieve, files))
        finally:  # what is written stays left out, should the rest be tried again
            self._left_out += buckets.left_out + sieve.counts

    def _take_out_losers(
        self, fresh: Sequence[IndexedFile], files: ExitStack
    ) -> list[PartitionView]:
        """Rows of other dates: also for inputs that are dead by now, after a crash."""
        parts: list[list[Part]] = [[(each.source, [EVERYBODY])] for each in fresh]
        losers = self._look_at(self._terms.rule.losers)
        if any(each.indexed for each in losers):
            parts = reduce_fan_in(parts, self._terms.sieve(), files)
        for each in losers:
            self._note(supersede(self._store, each, parts, self._terms))
        return losers

    def _compare_with_new(
        self, own: PartitionView, winners: Sequence[PartitionView]
    ) -> None:
        """Looks at what winning dates got while this one was compacted.

        Their own compaction, should it have gone on beside this one, may have seen
        this partition before its buckets were written.
        """
        seen = {file.identity for each in winners for file in each.files}
        parts = list[list[Part]]()
        for each in self._look_at(self._terms.rule.winners):
            parts += each.parts(news(each, seen))
        with ExitStack() as files:
            few_parts = reduce_fan_in(parts, self._terms.sieve(), files)
            own = self._looker.look(own.partition)
            if few_parts and (
                done := supersede(self._store, own, few_parts, self._terms)
            ):
                self._left_out += done.counts
                raise GenerationMismatch(own.partition.folder)

    def _look_at(self, chosen: Callable[[str, Days], list[str]]) -> list[PartitionView]:
        """Looks at other dates of the document, as they are now."""
        return [
            self._looker.look(self._partition._replace(day=day))
            for day in chosen(self._partition.day, self._days)
        ]

    def _days(self) -> list[str]:
        """The dates of the document; one may have got its first file meanwhile."""
        folder = self._partition.folder.partition("date=")[0]
        files = list_files(self._store, self._partition.study, folder)
        return sorted({file.partition.day for file in files} - {""})

    def _note(self, done: Compacted | None) -> None:
        if done:
            before = self._elsewhere.get(done.partition)
            self._elsewhere[done.partition] = before.then(done) if before else done

    def _finished(self, own: PartitionView) -> Compacted:
        """There is nothing to do: any more, or from the beginning."""
        if self._files_before is None:
            outcome = own.troubles[0].outcome if own.troubles else Outcome.UNCHANGED
            return self._told(own, outcome)
        return Compacted(
            self._partition,
            Outcome.COMPACTED,
            self._files_before,
            len(own.files),
            sum(each.rows for each in own.indexed.values()),
            self._left_out,
            own.troubles,
        )

    def _told(self, own: PartitionView, outcome: Outcome) -> Compacted:
        """Nothing was done."""
        troubles = own.troubles
        if outcome is Outcome.SCHEMAS_DIFFER:
            why = "its files were written with schemas that differ; it is left as it is"
            troubles = (*troubles, Trouble(outcome, own.partition.folder, why))
        files = len(own.files)
        return Compacted(self._partition, outcome, files, files, troubles=troubles)
