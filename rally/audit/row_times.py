"""Whether the times of many rows are between two, without decoding one.

A long is written in groups of seven bits, the lowest first (Apache Avro 1.11
specification, "Binary Encoding"). Times of our centuries have eight bytes; read as one
number, lowest byte first, they keep their order.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import and_, or_

from rally.audit.collection_windows import Span
from rally.storage.longs import decode_long
from rally.storage.row_keys import KEY_BYTES

_GOES_ON = 0x8080808080808080
_OF_EIGHT = 0x0080808080808080
"""Which bytes of a long say that another follows, where it has eight."""


def are_within(stamps: Sequence[int], span: Span) -> bool:
    """Whether times are surely all in a span of our centuries.

    Args:
        stamps: the first eight bytes of each, the lowest first.
        span: not empty.
    """
    return not stamps or (
        min(stamps) >= as_stored(span.start)
        and max(stamps) <= as_stored(span.end - 1)
        and reduce(and_, stamps) & _GOES_ON == _OF_EIGHT
        and not reduce(or_, stamps) & 1  # a number below zero is odd
    )


def times_of(data: bytes, starts: Sequence[int]) -> list[int]:
    """The times of rows, microseconds."""
    return [decode_long(data, start + KEY_BYTES)[0] for start in starts]


def as_stored(time: int) -> int:
    """The eight bytes of a time from 1979 to 3111, as one number."""
    groups: Iterator[int] = ((time << 1) >> 7 * place & 0x7F for place in range(8))
    return _OF_EIGHT | sum(group << 8 * place for place, group in enumerate(groups))
