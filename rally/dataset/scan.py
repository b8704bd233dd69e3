"""Reads the rows of one document as a table: each ping once, and of nobody who left.

Rows are the same before compaction, in the middle of it and after it. Left out are rows
of people who left, or whose leaving is held; what is past its retention or ordered to
be expunged; and what a later row replaces, where only a person's latest is kept.

A scan goes through ranges of participants, and in each from date to date. What is in
memory are the stored rows of one range and date, and ids of the dates whose rows win.
Rows compress as far as their sender likes: above a number of bytes, only their ids are
kept, and the rows are read a second time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import Protocol

import pyarrow as pa

from rally.dataset.columns import find_decoder
from rally.dataset.duplicates import DuplicateFilter
from rally.dataset.filters import Filters, RowConditions
from rally.dataset.row_batches import (
    Ids,
    RowBatch,
    intersect,
    join_batches,
    read_rows,
)
from rally.dataset.row_bytes import Mask, Positions, RowBytes
from rally.dataset.table import (
    MICROS,
    TIME,
    Column,
    arrow_schema,
    choose,
    columns_of,
    conform,
    texts_of,
)
from rally.errors import ConfigurationError, CorruptFile, Faults
from rally.registry.keep_rule import KeepRule
from rally.registry.policy import is_expired
from rally.registry.study import Document
from rally.storage.field_eraser import FieldEraser, FieldRequired, find_eraser
from rally.storage.layout import Partition, document_folder
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.partitions import (
    EVERYBODY,
    Bucket,
    Identity,
    Range,
    StoredFile,
    by_partition,
    list_files,
    read_view,
)
from rally.storage.row_streams import UnreadableRows

MOST_BYTES = 16 * 1024 * 1024
"""Stored bytes of a date's rows of one range; in memory they are some times as many."""

_MOST_HELD = 64 * 1024 * 1024
"""Bytes of rows of a range and date, decompressed, that stay in memory."""

_MOST_BITS = 12
"""Most leading bits of a range: there are four thousand of these at most."""

_LOOKS = 10
"""Attempts to read a date of which a file is replaced meanwhile."""


class ExpungedRows(Protocol):
    """Order to expunge rows of a document, or one field of them."""

    @property
    def document(self) -> str:
        """Name of the document."""

    @property
    def field(self) -> str | None:
        """Path of the field in the schema; None is whole rows."""

    @property
    def first(self) -> str:
        """First submission date, YYYY-MM-DD."""

    @property
    def last(self) -> str:
        """Last submission date."""


class Exclusions(Protocol):
    """What must not be read; see rally.withdrawal.study_view.StudyView."""

    @property
    def expunges(self) -> Sequence[ExpungedRows]:
        """Orders to expunge of the study."""

    def digest_of(self, people: Range) -> bytes:
        """Digests what is excluded of people: another as soon as that changes."""

    def left_out(self, participants: Ids, times: Positions) -> Mask:
        """Tells which rows are of people who left, or whose leaving is held."""


class Scan:
    """One reading of a document's table.

    Attributes:
        columns: Columns that are read.
        schema: Arrow's schema of the batches.
        document: Document whose table it is.
        exclusions: Rows that are not read.
    """

    def __init__(
        self,
        store: ObjectStore,
        document: Document,
        exclusions: Exclusions,
        now: datetime,
        *,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
    ) -> None:
        """Chooses what is read; nothing is yet.

        Args:
            store: Store of the study.
            document: Document of the study.
            exclusions: Rows that must not be read.
            now: Time of the reader, UTC: rows past their retention are left out.
            since: First submission date, UTC.
            until: Last submission date.
            columns: Names of columns; None is all.
            filters: Conditions on rows; see rally.dataset.filters.

        Raises:
            ConfigurationError: A column is not there or there twice, none is named, a
                condition is none, or `since` is after `until`; all faults are told.
        """
        known, faults = columns_of(document), Faults()
        with faults.collected():
            self.columns = known if columns is None else _choose_some(known, columns)
        with faults.collected():
            types = {each.name: each.type for each in known}
            self._conditions = RowConditions(filters, types)
        if since and until and since > until:
            faults.lines.append(f"since: {since} is after until, {until}")
        faults.check()
        self.schema = arrow_schema(self.columns)
        others = self._conditions.columns - set(self.schema.names)
        self._decoded = (*self.columns, *choose(known, sorted(others)))
        self._paths = frozenset(
            it.path for it in self._decoded if it.name not in _OF_KEYS
        )
        first, last = self._conditions.days
        self._first = max(since or date.min, first)
        self._last = min(until or date.max, last)
        self._store, self.document = store, document
        self.exclusions, self._now = exclusions, now
        self._expunges = [
            each for each in exclusions.expunges if each.document == document.name
        ]

    def ranges(self, most_bytes: int = MOST_BYTES) -> list[Range]:
        """Divides the participants, so that the rows of one range and date are few.

        Args:
            most_bytes: Stored bytes of a date's rows of one range.
        """
        sizes = (sum(it.info.size for it in found) for found in self.files.values())
        largest = max(sizes, default=0)
        bits = 0
        while largest >> bits > most_bytes and bits < _MOST_BITS:
            bits += 1
        ranges = (Bucket(bits, number).people for number in range(1 << bits))
        return [each for each in ranges if self._wanted_of(each)]

    @property
    def days(self) -> list[str]:
        """The submission dates whose rows are read, sorted."""
        return [day for day in sorted(self.files) if self._is_meant(day)]

    def of_day(self, day: str) -> "Scan":
        """Returns the same scan of one date, by the same listing."""
        _ = self.files
        narrowed = copy(self)
        narrowed._first = narrowed._last = date.fromisoformat(day)
        return narrowed

    def batches(self, people: Range = EVERYBODY) -> Iterator[pa.RecordBatch]:
        """Reads the rows of a range of participants.

        Raises:
            UnreadableRows: A file is damaged, or cannot be read.
            GenerationMismatch: A partition changes all the time.
            OSError: The store cannot be listed.
        """
        for day, rows in self._rows(people):
            for batch in join_batches(rows):
                yield from self._decode(day, batch)

    def batches_by_file(
        self, people: Range = EVERYBODY
    ) -> Iterator[tuple[Identity, pa.RecordBatch]]:
        """Reads as `batches`, file after file.

        Yields:
            Name and generation of a file, and rows of it; in a range all rows of a file
            follow each other.
        """
        for day, rows in self._rows(people):
            for batch in rows:
                for made in self._decode(day, batch):
                    yield batch.source, made

    def read(self, most_bytes: int = MOST_BYTES) -> Iterator[pa.RecordBatch]:
        """Reads all rows, range after range; see `ranges` and `batches`."""
        for people in self.ranges(most_bytes):
            yield from self.batches(people)

    def _rows(self, people: Range) -> Iterator[tuple[str, list[RowBatch]]]:
        """Yields the rows of each date, those that stay."""
        rule, wanted = KeepRule(self.document.keep), self._wanted_of(people)
        staying = DuplicateFilter(rule)
        for day in self._days(rule) if wanted else ():
            rows = staying.filter(day, self._read_day(day, wanted))
            if self._is_meant(day):
                yield day, rows

    def _wanted_of(self, people: Range) -> list[Range]:
        """Returns the participants of a range whose rows can be meant."""
        return intersect([people], self._conditions.people or [EVERYBODY])

    def _is_meant(self, day: str) -> bool:
        return self._first <= date.fromisoformat(day) <= self._last

    @cached_property
    def files(self) -> dict[str, list[StoredFile]]:
        """The stored files of each date that may be read, by date.

        They are listed once: rows that come while a table is read are not in it.
        """
        namespace, name = self.document.namespace, self.document.name
        folder = document_folder(namespace, name)
        files = by_partition(list_files(self._store, namespace, folder))
        today = self._now.date()
        return {
            partition.day: found
            for partition, found in files.items()
            if partition.document == name
            and not is_expired(self.document, date.fromisoformat(partition.day), today)
            and None not in (each.field for each in self._expunges_of(partition.day))
        }

    def _expunges_of(self, day: str) -> list[ExpungedRows]:
        return [each for each in self._expunges if each.first <= day <= each.last]

    def _days(self, rule: KeepRule) -> list[str]:
        """Returns the dates to read, after those whose rows win over theirs."""
        days, meant = sorted(self.files), self.days
        winners = {
            each for day in meant for each in rule.winners(day, lambda: days)
        }.intersection(days)
        return sorted(winners.union(meant), reverse=rule.is_latest)

    def _read_day(self, day: str, people: Sequence[Range]) -> list[RowBatch]:
        """Reads the rows of a date that may be read by anybody."""
        partition = Partition(self.document.namespace, self.document.name, day)
        for _ in range(_LOOKS):
            try:
                return [*_hold_some(self._read_partition(partition, people))]
            except (GenerationMismatch, ObjectNotFound):
                continue
        raise GenerationMismatch(partition.folder)

    def _read_partition(
        self, partition: Partition, people: Sequence[Range]
    ) -> Iterator[RowBatch]:
        try:
            view = read_view(self._store, partition)
        except CorruptFile as error:
            raise UnreadableRows(partition.folder, error) from None
        for live in view:
            try:
                for batch in read_rows(self._store, live, people):
                    out = self.exclusions.left_out(batch.participants, batch.times)
                    yield batch.among(~out)
            except (GenerationMismatch, ObjectNotFound):
                raise
            except (CorruptFile, OSError) as error:
                raise UnreadableRows(live.file.info.name, error) from None

    def _decode(self, day: str, batch: RowBatch) -> Iterator[pa.RecordBatch]:
        """Decodes rows of one schema; yields nothing where none fulfils the filters."""
        fields = [each.field for each in self._expunges_of(day) if each.field]
        try:
            found = _erase(batch.loaded(), fields)
            if found is not None and len(found):
                made = self._conditions.apply(self._make_table(found))
                if made.num_rows:
                    yield made.select(self.schema.names)
        except CorruptFile as error:
            raise UnreadableRows(batch.source[0], error) from None

    def _make_table(self, batch: RowBatch) -> pa.RecordBatch:
        decoder = find_decoder(batch.schema, self._paths)
        found = decoder.decode(batch.load(), batch.starts, batch.ends)
        arrays = [
            _of_keys(each.name, batch)
            if each.name in _OF_KEYS
            else conform(found[each.path], each.type)
            if each.path in found
            else pa.nulls(len(batch), each.type)
            for each in self._decoded
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(self._decoded))


def _hold_some(batches: Iterable[RowBatch]) -> Iterator[RowBatch]:
    """Keeps the bytes of the first rows; those of the others are read when needed."""
    held = 0
    for batch in batches:
        if batch.read_again and held + batch.size > _MOST_HELD:
            load = partial(_read_again, batch.source[0], batch.read_again)
            yield replace(batch, load=load)
        else:
            held += batch.size
            yield batch


def _read_again(name: str, read: Callable[[], RowBytes]) -> RowBytes:
    try:
        return read()
    except (GenerationMismatch, ObjectNotFound):
        raise GenerationMismatch(name) from None
    except (CorruptFile, OSError) as error:
        raise UnreadableRows(name, error) from None


def _choose_some(known: Sequence[Column], names: Sequence[str]) -> tuple[Column, ...]:
    if chosen := choose(known, names):
        return chosen
    raise ConfigurationError("columns: names none; leave it out, and all are read")


_OF_KEYS = ("participant", "document_id", TIME)


def _of_keys(name: str, batch: RowBatch) -> pa.Array:
    if name == TIME:
        return pa.array(batch.times).view(MICROS)
    ids = batch.participants if name == "participant" else batch.document_ids
    return texts_of(ids)


def _erase(batch: RowBatch, fields: Sequence[str]) -> RowBatch | None:
    """Takes fields out of rows; None where that cannot be done, and no row is read."""
    try:
        erasers = [
            eraser
            for each in fields
            if (eraser := find_eraser(batch.schema, each)).is_there
        ]
    except FieldRequired:
        return None
    if not erasers:
        return batch
    rows = [_erased(batch.row(place), erasers) for place in range(len(batch))]
    return batch.with_rows(rows)


def _erased(row: bytes, erasers: Iterable[FieldEraser]) -> bytes:
    for each in erasers:
        row = each.erase(row)
    return row
