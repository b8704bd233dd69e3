"""Buckets: parts of a partition by the leading bits of the pseudonym."""

import re
from typing import NamedTuple
from uuid import UUID

_BUCKET = re.compile(r"(0|[1-9][0-9]{0,2})-([0-9a-f]+)")
_ID_BITS = 128


class Range(NamedTuple):
    """Participants from `start` up to, and without, `end`; bytes as in a row."""

    start: bytes
    end: bytes


EVERYBODY = Range(b"", b"\xff")


class Bucket(NamedTuple):
    """A part of a partition: who has these leading bits.

    Attributes:
        bits: how many.
        number: their value.
    """

    bits: int
    number: int

    @property
    def name(self) -> str:
        """As it stands in a path, `<bits>-<hex>`."""
        return f"{self.bits}-{self.number:0{max(-(-self.bits // 4), 1)}x}"

    @property
    def people(self) -> Range:
        """Who is in it; together the buckets leave out nobody."""
        last = self.number + 1 == 1 << self.bits
        return Range(
            self._start(self.number) if self.number else EVERYBODY.start,
            EVERYBODY.end if last else self._start(self.number + 1),
        )

    def _start(self, number: int) -> bytes:
        return str(UUID(int=number << (_ID_BITS - self.bits))).encode()


def parse_bucket(text: str) -> Bucket | None:
    """The bucket of that name, as it stands in a path; None: it is none."""
    match = _BUCKET.fullmatch(text)
    if match is None:
        return None
    bucket = Bucket(int(match[1]), int(match[2], 16))
    is_one = bucket.bits <= _ID_BITS and bucket.number < 1 << bucket.bits
    return bucket if is_one and bucket.name == text else None
