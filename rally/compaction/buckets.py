"""Writes the compacted files of one partition, bucket by bucket."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, cast

from rally.compaction.merge import Merge, compete
from rally.compaction.outcomes import Compacted, Counts, Outcome
from rally.compaction.partition_view import (
    FINGERPRINT,
    IndexedFile,
    Part,
    PartitionView,
    streams,
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


Listed = tuple[str, int, str]
"""An input: its name, generation and checksum; "" where it has none."""


class Label(NamedTuple):
    """What the header of a compacted file says of it.

    Attributes:
        schema: the writer's, JSON.
        fingerprint: of the payload's schema.
        version: of the pipeline.
        list: counter of the withdrawal list under which rows stayed.
    """

    schema: str
    fingerprint: str
    version: str
    list: int


class Spool:
    """The blocks of a file whose header is not known yet."""

    def __init__(self, file: BinaryIO, name: str, label: Label) -> None:
        """Begins with no row.

        Args:
            file: empty.
            name: of the object that will be; the sync marker follows from it.
            label: for the header.
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
        """How many there are."""
        return self._rows

    def write(self, batches: Iterable[Rows]) -> None:
        """Takes all rows."""
        add = self._writer.add
        for rows in batches:
            self._digest.update(b"".join(rows))
            self._rows += len(rows)
            for row in rows:
                add(row)

    def commit(
        self, store: ObjectStore, generation: int | None, inputs: Iterable[Listed]
    ) -> int | None:
        """Makes the object, or replaces the generation that stands there.

        Returns:
            The new generation, where one was replaced.

        Raises:
            GenerationMismatch: another stands there by now.
            ObjectHeld: what stands there may not be replaced.
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

    def _header(self, inputs: Iterable[Listed]) -> bytes:
        entries = {
            "rally.version": self._label.version,
            LIST_COUNTER: str(self._label.list),
            FINGERPRINT: self._label.fingerprint,
            CONTENT: self._digest.hexdigest(),
            INPUTS: canonical_json(sorted(inputs)),
        }
        return encode_header(self._label.schema, entries, self._writer, self._sync)


@contextmanager
def spooled(name: str, label: Label) -> Iterator[Spool]:
    """A file in the making; what is not committed leaves nothing behind."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        yield Spool(cast(BinaryIO, file), name, label)


def supersede(
    store: ObjectStore,
    target: PartitionView,
    winners: Sequence[list[Part]],
    terms: CompactionContext,
) -> Compacted | None:
    """Takes out of a partition's compacted files what loses; None where nothing does.

    Files that are not compacted yet are left to the compaction of their partition,
    which compares them with the winners itself.

    Args:
        store: of the study.
        target: the partition.
        winners: rows of other dates.
        terms: by which it is compacted.

    Raises:
        LeaseHeld: another run works there.
        GenerationMismatch: a file changed meanwhile.
        ObjectHeld: a file may not be replaced.
    """
    standing = [name for name, each in target.indexed.items() if each.file.bucket]
    with (
        opened(target.parts(standing)) as losers,
        opened(winners) as others,
    ):
        if not compete(terms.sieve(), losers, others):
            return None
    counts, rows, files = Counts(), 0, len(target.files)
    with terms.lease(target.partition):
        for name in standing:
            lost, left = _rewrite(store, target, target.indexed[name], winners, terms)
            counts, rows = counts + lost, rows + left
            files -= not left
    return Compacted(
        target.partition, Outcome.COMPACTED, len(target.files), files, rows, counts
    )


@contextmanager
def opened(parts: Sequence[Sequence[Part]]) -> Iterator[list[RowStream]]:
    """Streams of sources, closed afterwards."""
    found = streams(parts)
    with ExitStack() as closed:
        for each in found:
            closed.enter_context(closing(each))
        yield found


def _rewrite(
    store: ObjectStore,
    target: PartitionView,
    each: IndexedFile,
    winners: Sequence[list[Part]],
    terms: CompactionContext,
) -> tuple[Counts, int]:
    name, generation = each.file.identity
    sieve = terms.sieve()
    label = Label(each.schema, each.fingerprint, terms.version, terms.list)
    with (
        opened([[(each.source, target.live[name])]]) as rows,
        opened(winners) as others,
        spooled(name, label) as spool,
    ):
        spool.write(Merge(sieve, rows, (), others))
        if not sieve.counts.total:
            return sieve.counts, each.rows
        inputs = list(still_there(target, each))
        if not spool.rows and not inputs:
            store.delete(name, generation)
        else:
            spool.commit(
                store, generation, [*inputs, (name, generation, each.checksum)]
            )
        return sieve.counts, spool.rows


def still_there(target: PartitionView, each: IndexedFile) -> Iterator[Listed]:
    """The inputs of a compacted file that it still has to speak for."""
    for file in target.files:
        if file.identity in each.inputs:
            found = target.indexed.get(file.info.name)
            yield (*file.identity, found.checksum if found else "")


class Buckets:
    """What is new in a partition, and the compacted files that take it in.

    Attributes:
        fresh: the files that are taken in: new ones, and compacted ones of another
            number of buckets.
        rows: of each compacted file, by the bucket's number.
        made: how many compacted files there are now that were not.
        left_out: rows that are in no compacted file, of the buckets written.
        dropped: rows of `fresh` that go with their files, of buckets that stay as they
            are.
        to_remove: the files to remove in the end, each with those that it speaks for.
    """

    def __init__(
        self, store: ObjectStore, own: PartitionView, terms: CompactionContext
    ) -> None:
        """Writes nothing yet.

        Args:
            store: of the study.
            own: the partition.
            terms: by which it is compacted.
        """
        self._store = store
        self._own = own
        self._terms = terms
        self.fresh = list[IndexedFile]()
        self._standing: dict[int, IndexedFile] = {}
        for each in own.indexed.values():
            bucket = each.file.bucket
            if bucket and bucket.bits == terms.bits:
                self._standing[bucket.number] = each
            else:
                self.fresh.append(each)
        self.rows = {
            number: each.rows
            for number, each in self._standing.items()
            if self._is_live(each)
        }
        over = [each for each in self._standing.values() if self._is_over(each)]
        self.to_remove = {
            each.file.identity: each.inputs for each in (*self.fresh, *over)
        }
        self.made = 0
        self.left_out, self.dropped = Counts(), Counts()

    def write(
        self, parts: Sequence[Sequence[Part]], others: Sequence[Sequence[Part]]
    ) -> None:
        """Writes each bucket for which there is something new.

        Args:
            parts: what is live of `fresh`.
            others: rows of dates that win.
        """
        with opened(parts) as fresh, opened(others) as winners:
            for number in range(1 << self._terms.bits):
                bucket = Bucket(self._terms.bits, number)
                if head(fresh) < row_start(bucket.people.end):
                    self._write(bucket, fresh, winners)

    def _write(
        self, bucket: Bucket, fresh: Sequence[RowStream], winners: Sequence[RowStream]
    ) -> None:
        name = compacted_file(self._own.partition, bucket)
        standing = self._standing.get(bucket.number)
        live = [[(standing.source, self._own.live[name])]] if standing else []
        sieve, end = self._terms.sieve(), row_start(bucket.people.end)
        with (
            opened(live) as rows,
            spooled(name, self._label(standing)) as spool,
        ):
            merge = Merge(sieve, fresh, rows, winners, end)
            spool.write(merge)
            if not merge.changed:
                self.dropped += sieve.counts
                return
            before = standing.file.info.generation if standing else None
            now = spool.commit(self._store, before, self._inputs(standing))
        self.left_out += sieve.counts
        self.rows[bucket.number] = spool.rows
        self.made += standing is None
        if standing:
            self.to_remove.pop(standing.file.identity, None)
        if now is not None and not spool.rows:
            self.to_remove[name, now] = frozenset(e.file.identity for e in self.fresh)

    def _inputs(self, standing: IndexedFile | None) -> set[Listed]:
        """What the bucket's file speaks for: all that stands beside it, and itself."""
        files = [*self.fresh, *([standing] if standing else [])]
        listed = {(*each.file.identity, each.checksum) for each in files}
        return listed | set(still_there(self._own, standing) if standing else ())

    def _label(self, standing: IndexedFile | None) -> Label:
        """Of the file that stands there, or else of a file as ingest wrote it."""
        found = [standing] if standing else sorted(self.fresh, key=_by_trust)
        return Label(
            found[0].schema, found[0].fingerprint, self._terms.version, self._terms.list
        )

    def _is_live(self, each: IndexedFile) -> bool:
        return bool(self._own.live[each.file.info.name])

    def _is_over(self, each: IndexedFile) -> bool:
        """Whether nothing of a compacted file counts, and nobody needs its word."""
        is_needed = not each.inputs.isdisjoint(self._own.unmerged)
        return not is_needed and (not each.rows or not self._is_live(each))


def _by_trust(each: IndexedFile) -> tuple[bool, bool, Identity]:
    return not each.file.is_new, not each.file.bucket, each.file.identity
