"""Writes the compacted files of one partition, bucket by bucket.

A compacted file has the rows of one bucket and one schema, and names the files that
were merged into it. While one of them exists, readers take its rows from the compacted
file alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

from rally.compaction.file_draft import (
    IN_MEMORY,
    FileDraft,
    HeaderLabel,
    InputEntry,
    draft_file,
)
from rally.compaction.merge import MergedRows, compete, merge
from rally.compaction.outcomes import CompactionOutcome, CompactionResult, LeftOutRows
from rally.compaction.partition_view import (
    TAG_BYTES,
    IndexedFile,
    LiveRows,
    PartitionView,
    make_streams,
)
from rally.compaction.row_filter import CompactionContext
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import Bucket, Identity, compacted_file
from rally.storage.row_streams import Rows, RowStream, head, row_start


def supersede(
    store: ObjectStore,
    target: PartitionView,
    winners: Sequence[list[LiveRows]],
    context: CompactionContext,
) -> CompactionResult | None:
    """Removes rows that lose against winners from the compacted files of a partition.

    Files that are not compacted yet stay: the compaction of their partition compares
    them with the winners itself.

    Args:
        store: Store of the study.
        target: The partition that may lose rows.
        winners: Rows of other dates.
        context: Parameters of the compaction.

    Returns:
        The result for the partition; None if no row loses.

    Raises:
        LeaseHeld: Another run works on the partition.
        GenerationMismatch: A file changed meanwhile.
        ObjectHeld: A file may not be replaced.
    """
    present = [name for name, each in target.indexed.items() if each.file.bucket]
    with (
        open_streams(target.parts(present)) as losers,
        open_streams(winners) as others,
    ):
        if not compete(context.row_filter(), losers, others):
            return None
    counts, rows, files = LeftOutRows(), 0, len(target.files)
    with context.lease(target.partition):
        for name in present:
            lost, left = _rewrite(store, target, target.indexed[name], winners, context)
            counts, rows = counts + lost, rows + left
            files -= not left
    return CompactionResult(
        target.partition,
        CompactionOutcome.COMPACTED,
        len(target.files),
        files,
        rows,
        counts,
    )


@contextmanager
def open_streams(parts: Sequence[Sequence[LiveRows]]) -> Iterator[list[RowStream]]:
    """Opens streams of live rows, and closes them afterwards."""
    found = make_streams(parts)
    with ExitStack() as closed:
        for each in found:
            closed.enter_context(closing(each))
        yield found


def _rewrite(
    store: ObjectStore,
    target: PartitionView,
    each: IndexedFile,
    winners: Sequence[list[LiveRows]],
    context: CompactionContext,
) -> tuple[LeftOutRows, int]:
    name, generation = each.file.identity
    row_filter = context.row_filter()
    label = HeaderLabel(each.schema, each.fingerprint, context.version, context.list)
    with (
        open_streams([[(each.source, target.live[name])]]) as rows,
        open_streams(winners) as others,
        draft_file(name, label) as draft,
    ):
        for merged in merge(row_filter, rows, (), others):
            draft.write(merged.staying)
        if not row_filter.counts.total:
            return row_filter.counts, each.rows
        inputs = list(remaining_inputs(target, each))
        if not draft.rows and not inputs:
            store.delete(name, generation)
        else:
            draft.commit(
                store, generation, [*inputs, (name, generation, each.checksum)]
            )
        return row_filter.counts, draft.rows


def remaining_inputs(target: PartitionView, each: IndexedFile) -> Iterator[InputEntry]:
    """Yields the inputs of a compacted file that still exist."""
    for file in target.files:
        if file.identity in each.inputs:
            found = target.indexed.get(file.info.name)
            yield (*file.identity, found.checksum if found else "")


class BucketDrafts:
    """The files of one bucket in the making: one for each revision of its rows.

    Attributes:
        changed: Revisions whose rows differ from those of the present file.
        drafts: Drafts by revision.
    """

    def __init__(self, drafts: Mapping[str, FileDraft], *, tagged: bool) -> None:
        """Takes drafts without rows.

        Args:
            drafts: Draft of each revision that the bucket may have rows of.
            tagged: Whether each row ends with the tag of its revision.
        """
        self.drafts = drafts
        self._tagged = tagged
        self.changed = set[str]()

    def write(self, merged: MergedRows) -> None:
        """Writes the rows of a batch that stay, each into the file of its revision."""
        staying, present = self._split(merged.staying), self._split(merged.present)
        for revision in staying.keys() | present.keys():
            rows = staying.get(revision, [])
            self.drafts[revision].write(rows)
            if revision not in self.changed and rows != present.get(revision, []):
                self.changed.add(revision)

    def _split(self, rows: Rows) -> Mapping[str, Rows]:
        """Divides rows by revision, and takes their tags off."""
        if not self._tagged:
            return dict.fromkeys(self.drafts, rows)  # of which there is one
        found: dict[bytes, Rows] = {}
        for row in rows:
            found.setdefault(row[-TAG_BYTES:], []).append(row[:-TAG_BYTES])
        return {tag.hex(): each for tag, each in found.items()}


class BucketWriter:
    """Merges the new files of a partition into its compacted files.

    Attributes:
        fresh: Files to merge: new ones, and compacted ones of another number of
            buckets.
        is_mixed: Whether the partition has rows of several revisions.
        rows: Number of rows of each compacted file, by name.
        made: Number of compacted files that were created.
        left_out: Rows that no compacted file has, of the buckets that were written.
            After a file that another writer changed, some may be counted twice.
        dropped: Rows of `fresh` that no compacted file has, of buckets that were not
            written.
        to_remove: Files to delete in the end, each with the inputs that it names.
    """

    def __init__(
        self, store: ObjectStore, view: PartitionView, context: CompactionContext
    ) -> None:
        """Divides the files into new and compacted ones; writes nothing yet.

        Args:
            store: Store of the study.
            view: The partition.
            context: Parameters of the compaction.
        """
        self._store = store
        self._view = view
        self._context = context
        self._revisions = view.revisions
        self.is_mixed = len(self._revisions) > 1
        self.fresh = list[IndexedFile]()
        self._present: dict[int, dict[str, IndexedFile]] = {}
        for each in view.indexed.values():
            bucket = each.file.bucket
            if bucket and bucket.bits == context.bits:
                self._present.setdefault(bucket.number, {})[each.revision] = each
            else:
                self.fresh.append(each)
        self._fresh_revisions = {each.revision for each in self.fresh}
        compacted = [
            each for files in self._present.values() for each in files.values()
        ]
        self.rows = {
            each.file.info.name: each.rows for each in compacted if self._is_live(each)
        }
        over = [each for each in compacted if self._is_over(each)]
        self.to_remove = {
            each.file.identity: each.inputs for each in (*self.fresh, *over)
        }
        self.made = 0
        self.left_out, self.dropped = LeftOutRows(), LeftOutRows()

    def write(
        self, parts: Sequence[Sequence[LiveRows]], others: Sequence[Sequence[LiveRows]]
    ) -> None:
        """Writes each bucket that gets new rows, or that a killed run left by half.

        Args:
            parts: Live rows of `fresh`, with tags if the partition is mixed.
            others: Rows of dates that win over this one's.
        """
        unfinished = set(self._find_unfinished())
        with open_streams(parts) as fresh, open_streams(others) as winners:
            for number in range(1 << self._context.bits):
                bucket = Bucket(self._context.bits, number)
                has_new = head(fresh) < row_start(bucket.people.end)
                if has_new or number in unfinished:
                    self._write(bucket, fresh, winners)

    def _find_unfinished(self) -> Iterator[int]:
        """Yields buckets of which some files may be written and others not.

        The rows that lost against rows of a file that is written may still stand in
        the file of another revision.
        """
        there = {file.identity for file in self._view.files}
        for number, files in self._present.items():
            inputs = [each.inputs for each in files.values()]
            if len(files) > 1 and any(not each.isdisjoint(there) for each in inputs):
                yield number

    def _write(
        self, bucket: Bucket, fresh: Sequence[RowStream], winners: Sequence[RowStream]
    ) -> None:
        present = self._present.get(bucket.number, {})
        tagged = self.is_mixed
        live = [[self._view.rows_of(each, tagged=tagged)] for each in present.values()]
        row_filter, end = self._context.row_filter(), row_start(bucket.people.end)
        with open_streams(live) as rows, ExitStack() as opened:
            drafts = BucketDrafts(
                {
                    each: opened.enter_context(self._draft(bucket, each))
                    for each in sorted(present.keys() | self._fresh_revisions)
                },
                tagged=tagged,
            )
            for merged in merge(row_filter, fresh, rows, winners, end):
                drafts.write(merged)
            if not drafts.changed:
                self.dropped += row_filter.counts
                return
            for place, revision in enumerate(self._in_order(bucket, drafts)):
                self._commit(bucket, revision, drafts.drafts[revision])
                if not place:
                    self.left_out += row_filter.counts

    def _in_order(self, bucket: Bucket, drafts: BucketDrafts) -> list[str]:
        """Returns the revisions that changed, in the order in which to write them.

        Files that lose rows come first: the rows that won are still in the new files,
        and two compacted files do not have a row twice.
        """
        present = self._present.get(bucket.number, {})

        def gain(revision: str) -> tuple[int, str]:
            before = present[revision].rows if revision in present else 0
            return drafts.drafts[revision].rows - before, revision

        return sorted(drafts.changed, key=gain)

    def _draft(
        self, bucket: Bucket, revision: str
    ) -> AbstractContextManager[FileDraft]:
        name = compacted_file(self._view.partition, bucket, revision)
        label = self._label(bucket, revision)
        return draft_file(name, label, IN_MEMORY // len(self._revisions))

    def _commit(self, bucket: Bucket, revision: str, draft: FileDraft) -> None:
        name = compacted_file(self._view.partition, bucket, revision)
        present = self._present.get(bucket.number, {}).get(revision)
        before = present.file.info.generation if present else None
        now = draft.commit(self._store, before, self._inputs(revision, present))
        self.rows[name] = draft.rows
        if present is None:
            self.made += 1
            return
        self.to_remove.pop(present.file.identity, None)
        if now is not None and not draft.rows and not self._is_needed(present):
            self.to_remove[name, now] = frozenset(e.file.identity for e in self.fresh)

    def _inputs(self, revision: str, present: IndexedFile | None) -> set[InputEntry]:
        """Inputs that a file names: new files of its revision, and its predecessor."""
        files = [each for each in self.fresh if each.revision == revision]
        files += [present] if present else []
        listed = {(*each.file.identity, each.checksum) for each in files}
        return listed | set(remaining_inputs(self._view, present) if present else ())

    def _label(self, bucket: Bucket, revision: str) -> HeaderLabel:
        """Header entries of the file to replace, or of a file that ingest wrote."""
        present = self._present.get(bucket.number, {}).get(revision)
        fresh = (each for each in self.fresh if each.revision == revision)
        found = present or min(fresh, key=_by_trust)
        return HeaderLabel(
            found.schema, found.fingerprint, self._context.version, self._context.list
        )

    def _is_live(self, each: IndexedFile) -> bool:
        return bool(self._view.live[each.file.info.name])

    def _is_needed(self, each: IndexedFile) -> bool:
        """Tells whether a compacted file hides rows of a file that exists and stays."""
        return not each.inputs.isdisjoint(self._view.unmerged)

    def _is_over(self, each: IndexedFile) -> bool:
        """Tells whether a compacted file has no live row and hides no other file."""
        return not self._is_needed(each) and (not each.rows or not self._is_live(each))


def _by_trust(each: IndexedFile) -> tuple[bool, bool, Identity]:
    return not each.file.is_new, not each.file.bucket, each.file.identity
