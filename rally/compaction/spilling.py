"""Makes few sorted sources of many, in temporary files of this machine."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO

from rally.compaction.look import Part, streams
from rally.compaction.sieve import Sieve
from rally.storage.block_writer import BlockWriter
from rally.storage.buckets import EVERYBODY
from rally.storage.header import CODEC, Header
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.row_batches import batches
from rally.storage.row_streams import Source, make_source

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


def few(
    parts: Sequence[list[Part]], sieve: Sieve, files: ExitStack, most: int = FAN_IN
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


def _merge(parts: Sequence[list[Part]], sieve: Sieve, files: ExitStack) -> Source:
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
