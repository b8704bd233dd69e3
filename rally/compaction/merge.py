"""Merges rows of many sorted files into those that stay, in bounded memory."""

from collections.abc import Iterator, Sequence

from rally.compaction.sieve import Sieve
from rally.storage.row_batches import batches, head
from rally.storage.row_streams import LAST, Rows, RowStream, Settle


class Merge:
    """The rows of one compacted file, batch by batch, in order.

    Attributes:
        changed: whether they are others than those of the file that stands there;
            true or false only once all were taken.
    """

    def __init__(
        self,
        sieve: Sieve,
        fresh: Sequence[RowStream],
        standing: Sequence[RowStream],
        winners: Sequence[RowStream],
        end: bytes = LAST,
    ) -> None:
        """Reads nothing yet.

        Args:
            sieve: says which rows stay, and counts the others.
            fresh: of the files that are compacted.
            standing: of the compacted file that is there, if there is one. Its rows
                have been compared with those of other dates.
            winners: of files of dates that win over fresh rows.
            end: rows from here on are another file's.
        """
        self._sieve = sieve
        self._groups = (fresh, standing, winners)
        self._end = end
        self.changed = False

    def __iter__(self) -> Iterator[Rows]:
        sieve = self._sieve
        settles = (sieve.settle, sieve.settle, _any_of(sieve))
        width = sieve.rule.width
        for fresh, standing, winners in batches(
            self._groups, settles, width, self._end, follows=True
        ):
            staying = sieve.beaten_by(winners, fresh) if winners else fresh
            rows = sieve.settle(sorted(staying + standing))
            self.changed = self.changed or rows != standing
            if rows:
                yield rows


def compete(
    sieve: Sieve, losers: Sequence[RowStream], winners: Sequence[RowStream]
) -> bool:
    """Whether a row of the one is beaten by a row of the other.

    Blocks that cannot have such rows are not read, of either.
    """
    width = sieve.rule.width
    settles = (_any_of(sieve), _any_of(sieve))
    while (first := head(winners)) < LAST:
        for each in losers:
            each.skip(first[:width])
        batch = next(batches((losers, winners), settles, width, follows=True), None)
        if batch is None:
            return False
        won = {row[:width] for row in sieve.of_members(batch[1])}
        if not won.isdisjoint([row[:width] for row in batch[0]]):
            return True
    return False


def _any_of(sieve: Sieve) -> Settle:
    """Of equal rows of which only the key matters one is enough."""
    return lambda rows: sieve.of_members(rows)[:1]
