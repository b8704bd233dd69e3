"""Writes the compacted files of one partition, bucket by bucket."""

from collections.abc import Sequence

from rally.compaction.bucket_file import Label, Listed, spooled
from rally.compaction.indexed_file import IndexedFile
from rally.compaction.look import Look, Part
from rally.compaction.merge import Merge
from rally.compaction.outcomes import Counts
from rally.compaction.terms import Terms
from rally.compaction.thinning import opened, still_there
from rally.storage.buckets import Bucket
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import Identity, compacted_file
from rally.storage.row_batches import head
from rally.storage.row_streams import RowStream, row_start


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
        doomed: the files to remove in the end, each with those that it speaks for.
    """

    def __init__(self, store: ObjectStore, own: Look, terms: Terms) -> None:
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
        self.doomed = {each.file.identity: each.inputs for each in (*self.fresh, *over)}
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
            self.doomed.pop(standing.file.identity, None)
        if now is not None and not spool.rows:
            self.doomed[name, now] = frozenset(e.file.identity for e in self.fresh)

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
