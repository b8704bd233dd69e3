"""Reads Avro's numbers and texts at many positions of a buffer at once.

Rows of one schema have a field each at a position of its own. Here one call reads the
field of all of them, with numpy, in some nanoseconds a row (Apache Avro 1.12
specification, "Binary Encoding"). Every position is checked against the buffer before
it is read: damaged bytes are a CorruptFile, whatever they say.
"""

from collections.abc import Iterable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rally.errors import CorruptFile

Positions = npt.NDArray[np.int64]
"""Offsets into a buffer, one a value."""

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]

MOST_BYTES = 2**31 - 1 - 64
"""Most bytes of a buffer: Arrow's offsets have 32 bits."""

_PADDING = 64
"""Zeros behind the rows, so that a few bytes can be read at any position of them."""

_MORE = 0x7F
"""Highest first byte of a number of one byte."""

_LONGEST = 10  # bytes of a number of 64 bits
_SHORT = np.array([byte >> 1 ^ -(byte & 1) for byte in range(256)], np.int64)
_WORD = np.dtype("<u8")
_SIGNS = np.uint64(0x8080808080808080)
_SEVENS = np.uint64(0x7F7F7F7F7F7F7F7F)
_ONE = np.uint64(1)


def damaged() -> CorruptFile:
    """Makes the error of rows that cannot be read; it tells nothing of them."""
    return CorruptFile("a row is not what its schema says")


class RowBytes:
    """Rows as they are stored, one behind the other.

    Attributes:
        size: Number of bytes.
        view: The bytes.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Joins pieces of rows.

        Raises:
            CorruptFile: They are more than MOST_BYTES.
        """
        data = b"".join((*pieces, bytes(_PADDING)))
        self.size = len(data) - _PADDING
        if self.size > MOST_BYTES:
            raise CorruptFile("a block is far larger than those of any writer")
        # Read as bytes are, by who walks a row; a part of it is no copy.
        self.view = cast("bytes", memoryview(data)[: self.size])
        self._data = data
        self._bytes = np.frombuffer(data, np.uint8)
        self._words = self._windows(_WORD)
        self._buffer = pa.py_buffer(data)

    def check(self, at: Positions, width: int = 0) -> None:
        """Checks that so many bytes stand at each position; raises CorruptFile."""
        if at.size and at.max() > self.size - width:
            raise damaged()

    def first_bytes(self, at: Positions) -> npt.NDArray[np.uint8]:
        """Reads a byte at each position; raises CorruptFile."""
        self.check(at)
        return self._bytes.take(at)

    def longs(self, at: Positions) -> tuple[Positions, Positions]:
        """Reads an int, a long, a length, a count or an index at each position.

        Returns:
            The numbers, and the positions behind them.

        Raises:
            CorruptFile: A number has more than 64 bits, or there is none.
        """
        first = self.first_bytes(at)
        values, after = _SHORT.take(first), at + 1
        longer = np.flatnonzero(first > _MORE)
        if longer.size:
            values[longer], after[longer] = self._long(at[longer])
        return values, after

    def after_longs(self, at: Positions) -> Positions:
        """Returns the positions behind numbers; raises as `longs`."""
        first = self.first_bytes(at)
        return at + 1 if first.max(initial=0) <= _MORE else self.longs(at)[1]

    def extents(self, at: Positions) -> tuple[Positions, Positions]:
        """Finds where texts, or bytes, whose length stands at a position start and end.

        Raises:
            CorruptFile: One ends behind the buffer.
        """
        length, start = self.longs(at)
        if length.view(np.uint64).max(initial=0) > self.size:  # or is below zero
            raise damaged()
        end = start + length
        self.check(end)
        return start, end

    def numbers(self, at: Positions, type_: str) -> Numbers:
        """Reads numbers of fixed width, such as "<f8"; raises CorruptFile."""
        width = np.dtype(type_)
        self.check(at, width.itemsize)
        return self._windows(width)[at]

    def texts(self, start: Positions, end: Positions, absent: Mask | None) -> pa.Array:
        """Copies ranges of bytes into an array.

        Args:
            start: Position of each range, none before the end of the one before it.
            end: Position behind each.
            absent: Rows without one, which become null; None where all rows have one.

        Raises:
            CorruptFile: Ranges overlap.
        """
        if not start.size:
            none = pa.array([], pa.binary())
            return none if absent is None else pa.nulls(len(absent), none.type)
        # To Arrow, ranges and what lies between them are texts, one behind the other.
        bounds = np.empty(2 * start.size, np.int32)
        bounds[0::2], bounds[1::2] = start, end
        if (bounds[1:] < bounds[:-1]).any():
            raise damaged()
        buffers = [None, pa.py_buffer(bounds), self._buffer]
        pieces = pa.Array.from_buffers(pa.binary(), bounds.size - 1, buffers)
        return pieces.take(every_second(start.size, absent))

    def fixed(self, at: Positions, size: int) -> pa.Array:
        """Copies so many bytes at each position; raises CorruptFile."""
        found = self.numbers(at, f"V{size}") if at.size else b""
        buffers = [None, pa.py_buffer(found)]
        return pa.Array.from_buffers(pa.binary(size), at.size, buffers)

    def _windows(self, type_: Any) -> Numbers:
        """Returns a view with a number at every byte, however these are aligned."""
        width = np.dtype(type_).itemsize
        shape = (max(len(self._data) - width + 1, 0),)
        return np.ndarray(shape, type_, self._data, strides=(1,))

    def _long(self, at: Positions) -> tuple[Positions, Positions]:
        """Reads numbers of any length, eight bytes of each at once."""
        word = self._words[at]
        stop = ~word & _SIGNS
        # All bits up to the last byte's highest; all 64 where it is not among these.
        mask = (stop & (~stop + _ONE)) * np.uint64(2) - _ONE
        bits = _join_sevens(word & mask & _SEVENS)
        after = at + (np.bitwise_count(mask) >> 3)
        further = np.flatnonzero(stop == 0)
        if further.size:
            bits[further], after[further] = self._longest(at[further], bits[further])
        return (bits >> _ONE).view(np.int64) ^ -(bits & _ONE).view(np.int64), after

    def _longest(self, at: Positions, bits: Numbers) -> tuple[Numbers, Positions]:
        """Adds the ninth and the tenth byte of numbers that have them."""
        ninth, tenth = self._bytes[at + 8], self._bytes[at + 9]
        goes_on = ninth > _MORE
        if (tenth[goes_on] > 1).any():  # it has more than 64 bits
            raise damaged()
        bits = bits | (ninth & np.uint8(_MORE)).astype(np.uint64) << np.uint64(56)
        bits |= np.where(goes_on, tenth, 0).astype(np.uint64) << np.uint64(63)
        return bits, at + np.where(goes_on, _LONGEST, _LONGEST - 1)


def every_second(count: int, absent: Mask | None) -> pa.Array:
    """Makes the indices of so many values of which only each second is meant."""
    if absent is None:
        return pa.array(np.arange(0, 2 * count, 2, dtype=np.int32))
    return pa.array((np.cumsum(~absent, dtype=np.int32) - 1) * 2, mask=absent)


def _join_sevens(word: Numbers) -> Numbers:
    """Joins the lower seven bits of eight bytes to a number of 56 bits."""
    for step, low in ((1, 0x007F), (2, 0x3FFF), (4, 0x0FFFFFFF)):
        lower = np.uint64(low * sum(1 << shift for shift in range(0, 64, 16 * step)))
        word = (word & lower) | (word & ~lower) >> np.uint64(step)
    return word
