"""Takes rows out of compacted files that lose against rows of another date."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from rally.compaction.bucket_file import Label, Listed, spooled
from rally.compaction.indexed_file import IndexedFile
from rally.compaction.look import Look, Part, streams
from rally.compaction.merge import Merge, compete
from rally.compaction.outcomes import Compacted, Counts, Outcome
from rally.compaction.terms import Terms
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.row_streams import RowStream


def thin(
    store: ObjectStore, target: Look, winners: Sequence[list[Part]], terms: Terms
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
    target: Look,
    each: IndexedFile,
    winners: Sequence[list[Part]],
    terms: Terms,
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


def still_there(target: Look, each: IndexedFile) -> Iterator[Listed]:
    """The inputs of a compacted file that it still has to speak for."""
    for file in target.files:
        if file.identity in each.inputs:
            found = target.indexed.get(file.info.name)
            yield (*file.identity, found.checksum if found else "")
