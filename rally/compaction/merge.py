"""Merges the rows of many sorted files in bounded memory."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

from rally.compaction.partition_view import LiveRows, make_streams
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
"""Number of sources read side by side; each has a block and a chunk in memory."""

_NAME = "a temporary file"
_CODEC = "null"
_SYNC = bytes(16)


class _Spilled:
    """A temporary file that is read as an object of a store is."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()
        self.info = ObjectInfo(_NAME, os.fstat(self._descriptor).st_size, 0)

    def read(self, start: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, start)


def reduce_fan_in(
    parts: Sequence[list[LiveRows]],
    row_filter: RowFilter,
    files: ExitStack,
    most: int = FAN_IN,
) -> list[list[LiveRows]]:
    """Merges sources into temporary files until at most so many are left.

    Args:
        parts: Chains of sources; those of a chain follow one another in order.
        row_filter: Filter that thins out rows that are equal.
        files: Exit stack that closes, and so removes, the temporary files.
        most: Largest number of chains to return.
    """
    found = list(parts)
    while len(found) > most:
        merged = _merge(found[:most], row_filter, files)
        found = [*found[most:], [(merged, [EVERYBODY])]]
    return found


def _merge(
    parts: Sequence[list[LiveRows]], row_filter: RowFilter, files: ExitStack
) -> Source:
    file: BinaryIO = files.enter_context(TemporaryFile())  # noqa: SIM115
    writer = BlockWriter(file, _SYNC, _CODEC, indexed=True)
    opened = make_streams(parts)
    with ExitStack() as closed:
        for stream in opened:
            closed.enter_context(closing(stream))
        for (rows,) in batches([opened], [row_filter.settle], row_filter.rule.width):
            for row in sorted(rows):
                writer.add(row)
    blocks, _ = writer.finish()
    file.flush()
    header = Header({CODEC: _CODEC.encode()}, _SYNC, 0)
    return make_source(_NAME, partial(_opened, file), header, blocks)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[_Spilled]:
    yield _Spilled(file)


class MergedRows(NamedTuple):
    """Rows of one batch of a merge.

    Attributes:
        staying: Rows that stay, sorted.
        present: Rows of the present compacted files, file after file.
    """

    staying: Rows
    present: Rows


def merge(
    row_filter: RowFilter,
    fresh: Sequence[RowStream],
    standing: Sequence[RowStream],
    winners: Sequence[RowStream],
    end: bytes = LAST,
) -> Iterator[MergedRows]:
    """Yields the rows of one bucket in order, batch by batch.

    Args:
        row_filter: Filter that drops rows and counts them.
        fresh: Streams of the files to merge.
        standing: Streams of the present compacted files. Their rows were compared with
            those of other dates already.
        winners: Streams of dates that win over fresh rows.
        end: First bytes of the rows of the next bucket, at which the merge stops.
    """
    groups = (fresh, standing, winners)
    settles = (row_filter.settle, row_filter.settle, _any_of(row_filter))
    width = row_filter.rule.width
    for new, present, others in batches(groups, settles, width, end, follows=True):
        staying = row_filter.beaten_by(others, new) if others else new
        yield MergedRows(row_filter.settle(sorted(staying + present)), present)


def compete(
    row_filter: RowFilter, losers: Sequence[RowStream], winners: Sequence[RowStream]
) -> bool:
    """Tells whether a row of the losing streams is equal to one of the winning streams.

    Blocks that cannot have equal rows are not read.
    """
    width = row_filter.rule.width
    settles = (_any_of(row_filter), _any_of(row_filter))
    while (first := head(winners)) < LAST:
        for each in losers:
            each.skip(first[:width])
        batch = next(batches((losers, winners), settles, width, follows=True), None)
        if batch is None:
            return False
        won = {row[:width] for row in row_filter.of_members(batch[1])}
        if not won.isdisjoint([row[:width] for row in batch[0]]):
            return True
    return False


def _any_of(row_filter: RowFilter) -> Settle:
    """Keeps one of equal rows, for a side of which only the keys matter."""
    return lambda rows: row_filter.of_members(rows)[:1]
