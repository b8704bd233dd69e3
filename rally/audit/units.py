"""Divides the files of rows into units, each for one worker.

A unit is some consecutive dates of a document, and of these, where they are large, one
of several parts by the bucket. The worker lists the files itself: what is compacted
meanwhile is found as it is then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from rally.audit.clear_bytes import encode_name
from rally.registry.keep_rule import KeepRule
from rally.registry.study import Document, Keep
from rally.storage.partitions import StoredFile

UNIT_BYTES = 64 * 1024 * 1024
"""Size of the compressed rows of a unit, about."""

UNIT_DAYS = 92
"""Most dates of a unit, but for a document of which only the latest is kept."""


class WorkUnit(NamedTuple):
    """Files of rows for one worker.

    Attributes:
        study: Namespace of the study.
        document: `<type>.<version>`.
        days: Dates, sorted.
        before: Dates that may have duplicates of these, sorted.
        part: Number of the part.
        parts: Number of parts, a power of two.
    """

    study: str
    document: str
    days: tuple[str, ...]
    before: tuple[str, ...] = ()
    part: int = 0
    parts: int = 1

    def has(self, file: StoredFile) -> bool:
        """Returns whether a file of the unit's dates is in its part.

        Buckets go by their leading bits, so that a person's rows of all dates meet.
        """
        bits = self.parts.bit_length() - 1
        if file.bucket and file.bucket.bits >= bits:
            return file.bucket.number >> file.bucket.bits - bits == self.part
        return crc32(encode_name(file.info.name)) % self.parts == self.part


@dataclass(slots=True)
class DocumentExtent:
    """Amount of one document.

    Attributes:
        days: Bytes by date.
        bits: Fewest bits of the buckets of compacted files; None where there is none.
    """

    days: dict[str, int] = field(default_factory=dict)
    bits: int | None = None

    def add(self, file: StoredFile) -> None:
        """Counts a file in."""
        day = file.partition.day
        self.days[day] = self.days.get(day, 0) + file.info.size
        if file.bucket:
            bits = file.bucket.bits
            self.bits = bits if self.bits is None else min(self.bits, bits)

    @property
    def size(self) -> int:
        """Size in bytes."""
        return sum(self.days.values())

    def units(self, document: Document) -> Iterator[WorkUnit]:
        """Yields the units of the document."""
        parts = self._parts(document)
        rule = KeepRule(document.keep)
        for days in self._split_dates(document, UNIT_BYTES * parts):
            there = set(self.days) - set(days)
            before = (set() if document.keep is Keep.LATEST else {
                each for day in days for each in rule.winners(day, tuple)
            }) & there  # fmt: skip
            for part in range(parts):
                yield WorkUnit(
                    document.namespace,
                    document.name,
                    days,
                    tuple(sorted(before)),
                    part,
                    parts,
                )

    def _parts(self, document: Document) -> int:
        """Returns a number of parts that keeps the size of each in bounds."""
        latest = document.keep is Keep.LATEST
        most = self.size if latest else max(self.days.values(), default=0)
        parts = 1
        while parts < 1 << (self.bits or 0) and parts * UNIT_BYTES < most:
            parts *= 2
        return parts

    def _split_dates(self, document: Document, limit: int) -> Iterator[tuple[str, ...]]:
        """Yields consecutive dates; all where only the latest of a document is kept."""
        if document.keep is Keep.LATEST:
            yield tuple(sorted(self.days))
            return
        run, size = list[str](), 0
        for day, more in sorted(self.days.items()):
            if run and (size + more > limit or len(run) == UNIT_DAYS):
                yield tuple(run)
                run, size = [], 0
            run.append(day)
            size += more
        if run:
            yield tuple(run)
