"""Merges rows of many sorted files into those that stay, in bounded memory."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO

from rally.compaction.partition_view import Part, streams
from rally.compaction.row_filter import RowFilter
from rally.storage.block_writer import BlockWriter
from rally.storage.header import CODEC, Header
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.partitions import EVERYBODY
from rally.storage.row_streams import (
    LAST,
    Rows,
    RowStream,
    Settle,
    Source,
    batches,
    head,
    make_source,
)

FAN_IN = 32
"""Sources that are read side by side; each has a block and a chunk in memory."""

_NAME = "a temporary file"
_CODEC = "null"
_SYNC = bytes(16)


class _Spilled:
    """A temporary file, read as an object is."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()
        self.info = ObjectInfo(
            "a temporary file", os.fstat(self._descriptor).st_size, 0
        )

    def read(self, start: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, start)


def reduce_fan_in(
    parts: Sequence[list[Part]], sieve: RowFilter, files: ExitStack, most: int = FAN_IN
) -> list[list[Part]]:
    """The same rows from at most so many sources.

    Args:
        parts: sources; those that follow one another in order are one list.
        sieve: which rows count, should there be very many that are equal.
        files: closes, and so removes, the temporary files.
        most: how many at most.
    """
    found = list(parts)
    while len(found) > most:
        merged = _merge(found[:most], sieve, files)
        found = [*found[most:], [(merged, [EVERYBODY])]]
    return found


def _merge(parts: Sequence[list[Part]], sieve: RowFilter, files: ExitStack) -> Source:
    file: BinaryIO = files.enter_context(TemporaryFile())  # noqa: SIM115
    writer = BlockWriter(file, _SYNC, _CODEC, indexed=True)
    opened = streams(parts)
    with ExitStack() as closed:
        for stream in opened:
            closed.enter_context(closing(stream))
        for (rows,) in batches([opened], [sieve.settle], sieve.rule.width):
            for row in sorted(rows):
                writer.add(row)
    blocks, _ = writer.finish()
    file.flush()
    header = Header({CODEC: _CODEC.encode()}, _SYNC, 0)
    return make_source(_NAME, partial(_opened, file), header, blocks)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[_Spilled]:
    yield _Spilled(file)


class Merge:
    """The rows of one compacted file, batch by batch, in order.

    Attributes:
        changed: whether they are others than those of the file that stands there;
            true or false only once all were taken.
    """

    def __init__(
        self,
        sieve: RowFilter,
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
    sieve: RowFilter, losers: Sequence[RowStream], winners: Sequence[RowStream]
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


def _any_of(sieve: RowFilter) -> Settle:
    """Of equal rows of which only the key matters one is enough."""
    return lambda rows: sieve.of_members(rows)[:1]
