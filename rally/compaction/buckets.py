"""Writes the compacted files of one partition, bucket by bucket.

A compacted file names the files that were merged into it. While one of them exists,
readers take its rows from the compacted file alone.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, cast

from rally.compaction.merge import Merge, compete
from rally.compaction.outcomes import CompactionOutcome, CompactionResult, LeftOutRows
from rally.compaction.partition_view import (
    FINGERPRINT,
    IndexedFile,
    LiveRows,
    PartitionView,
    make_streams,
)
from rally.compaction.row_filter import CompactionContext
from rally.storage.block_writer import BlockWriter
from rally.storage.container import canonical_json, encode_header
from rally.storage.header import LIST_COUNTER
from rally.storage.objectstore.interface import GenerationMismatch, ObjectStore
from rally.storage.partitions import INPUTS, Bucket, Identity, compacted_file
from rally.storage.row_streams import Rows, RowStream, head, row_start
from rally.storage.writer import CONTENT, of_compacted

_IN_MEMORY = 8 * 1024 * 1024
_SYNC_BYTES = 16


InputEntry = tuple[str, int, str]
"""Name, generation and checksum ("" if unknown) of a file that was merged."""


class HeaderLabel(NamedTuple):
    """Header entries of a compacted file that do not depend on its rows.

    Attributes:
        schema: Writer's schema, JSON.
        fingerprint: Fingerprint of the payload's schema.
        version: Version of the pipeline.
        list: Counter of the withdrawal list by which rows were kept.
    """

    schema: str
    fingerprint: str
    version: str
    list: int


class FileDraft:
    """A compacted file in the making: blocks first, the header once all are known."""

    def __init__(self, file: BinaryIO, name: str, label: HeaderLabel) -> None:
        """Starts without a row.

        Args:
            file: Empty temporary file for the blocks.
            name: Name of the object to create; the sync marker is derived from it.
            label: Entries for the header.
        """
        self._file = file
        self._name = name
        self._label = label
        self._digest = of_compacted(name, label.fingerprint)
        self._sync = hashlib.sha256(name.encode()).digest()[:_SYNC_BYTES]
        self._rows = 0
        self._writer = BlockWriter(file, self._sync, indexed=True)

    @property
    def rows(self) -> int:
        """Number of rows written."""
        return self._rows

    def write(self, batches: Iterable[Rows]) -> None:
        """Writes batches of rows."""
        add = self._writer.add
        for rows in batches:
            self._digest.update(b"".join(rows))
            self._rows += len(rows)
            for row in rows:
                add(row)

    def commit(
        self, store: ObjectStore, generation: int | None, inputs: Iterable[InputEntry]
    ) -> int | None:
        """Creates the object, or replaces a generation of it.

        Args:
            store: Store of the study.
            generation: Generation to replace; None creates the object.
            inputs: Files that were merged into this one.

        Returns:
            The new generation, if one was replaced.

        Raises:
            GenerationMismatch: Another generation exists by now.
            ObjectHeld: The store forbids replacing the object.
        """
        header = self._header(inputs)
        with store.draft(self._name) as draft:
            draft.file.write(header)
            self._file.seek(0)
            shutil.copyfileobj(self._file, draft.file)
            if generation is not None:
                return draft.replace(generation)
            if not draft.create():
                raise GenerationMismatch(self._name)
        return None

    def _header(self, inputs: Iterable[InputEntry]) -> bytes:
        entries = {
            "rally.version": self._label.version,
            LIST_COUNTER: str(self._label.list),
            FINGERPRINT: self._label.fingerprint,
            CONTENT: self._digest.hexdigest(),
            INPUTS: canonical_json(sorted(inputs)),
        }
        return encode_header(self._label.schema, entries, self._writer, self._sync)


@contextmanager
def draft_file(name: str, label: HeaderLabel) -> Iterator[FileDraft]:
    """Opens a draft of a compacted file; without `commit`, it leaves nothing behind."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        yield FileDraft(cast(BinaryIO, file), name, label)


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
        draft.write(Merge(row_filter, rows, (), others))
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


class BucketWriter:
    """Merges the new files of a partition into its compacted files.

    Attributes:
        fresh: Files to merge: new ones, and compacted ones of another number of
            buckets.
        rows: Number of rows of each compacted file, by the bucket's number.
        made: Number of compacted files that were created.
        left_out: Rows that no compacted file has, of the buckets that were written.
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
        self.fresh = list[IndexedFile]()
        self._present: dict[int, IndexedFile] = {}
        for each in view.indexed.values():
            bucket = each.file.bucket
            if bucket and bucket.bits == context.bits:
                self._present[bucket.number] = each
            else:
                self.fresh.append(each)
        self.rows = {
            number: each.rows
            for number, each in self._present.items()
            if self._is_live(each)
        }
        over = [each for each in self._present.values() if self._is_over(each)]
        self.to_remove = {
            each.file.identity: each.inputs for each in (*self.fresh, *over)
        }
        self.made = 0
        self.left_out, self.dropped = LeftOutRows(), LeftOutRows()

    def write(
        self, parts: Sequence[Sequence[LiveRows]], others: Sequence[Sequence[LiveRows]]
    ) -> None:
        """Writes each bucket that gets new rows.

        Args:
            parts: Live rows of `fresh`.
            others: Rows of dates that win over this one's.
        """
        with open_streams(parts) as fresh, open_streams(others) as winners:
            for number in range(1 << self._context.bits):
                bucket = Bucket(self._context.bits, number)
                if head(fresh) < row_start(bucket.people.end):
                    self._write(bucket, fresh, winners)

    def _write(
        self, bucket: Bucket, fresh: Sequence[RowStream], winners: Sequence[RowStream]
    ) -> None:
        name = compacted_file(self._view.partition, bucket)
        present = self._present.get(bucket.number)
        live = [[(present.source, self._view.live[name])]] if present else []
        row_filter, end = self._context.row_filter(), row_start(bucket.people.end)
        with (
            open_streams(live) as rows,
            draft_file(name, self._label(present)) as draft,
        ):
            merge = Merge(row_filter, fresh, rows, winners, end)
            draft.write(merge)
            if not merge.changed:
                self.dropped += row_filter.counts
                return
            before = present.file.info.generation if present else None
            now = draft.commit(self._store, before, self._inputs(present))
        self.left_out += row_filter.counts
        self.rows[bucket.number] = draft.rows
        self.made += present is None
        if present:
            self.to_remove.pop(present.file.identity, None)
        if now is not None and not draft.rows:
            self.to_remove[name, now] = frozenset(e.file.identity for e in self.fresh)

    def _inputs(self, present: IndexedFile | None) -> set[InputEntry]:
        """Inputs that the bucket's file names: all new files, and its predecessor."""
        files = [*self.fresh, *([present] if present else [])]
        listed = {(*each.file.identity, each.checksum) for each in files}
        return listed | set(remaining_inputs(self._view, present) if present else ())

    def _label(self, present: IndexedFile | None) -> HeaderLabel:
        """Header entries of the file to replace, or of a file that ingest wrote."""
        found = [present] if present else sorted(self.fresh, key=_by_trust)
        return HeaderLabel(
            found[0].schema,
            found[0].fingerprint,
            self._context.version,
            self._context.list,
        )

    def _is_live(self, each: IndexedFile) -> bool:
        return bool(self._view.live[each.file.info.name])

    def _is_over(self, each: IndexedFile) -> bool:
        """Whether a compacted file has no live row, and hides no file that exists."""
        is_needed = not each.inputs.isdisjoint(self._view.unmerged)
        return not is_needed and (not each.rows or not self._is_live(each))


def _by_trust(each: IndexedFile) -> tuple[bool, bool, Identity]:
    return not each.file.is_new, not each.file.bucket, each.file.identity
