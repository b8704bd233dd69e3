"""Decodes the wanted columns of encoded rows into Arrow arrays, field by field.

A row's start is known, so nothing behind the last wanted field is looked at.
"""

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from rally.dataset.decoders import make_decoder, optional_of, read_branches, spread
from rally.dataset.names import Path
from rally.dataset.row_bytes import Positions, RowBytes, damaged
from rally.dataset.skipping import Skip, make_skip
from rally.errors import ConfigurationError, CorruptFile
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import Array, Map, Record, Type, Union

MOST_PLACES = 100_000
"""Most types of a schema; a named type counts at each of its places."""

Columns = dict[Path, pa.Array]
_Step = Callable[[RowBytes, Positions, Columns], Positions]
"""Reads columns of values at some positions; returns the positions behind them."""


class ColumnDecoder:
    """Decodes some columns of rows of one schema.

    Attributes:
        types: Type of each wanted column that the schema has, by its path.
    """

    def __init__(self, record: Record, wanted: Collection[Path]) -> None:
        """Compiles the way to the wanted columns.

        Args:
            record: Type of the rows.
            wanted: Paths of columns, by Avro names from the row's top. One that the
                schema does not have is left out.
        """
        self.types = dict[Path, pa.DataType]()
        self._goes_to_end = True
        self._step = self._through(record, (), frozenset(wanted), is_last=True)

    def decode(self, data: RowBytes, starts: Positions, ends: Positions) -> Columns:
        """Decodes the columns of some rows.

        Args:
            data: Bytes of the rows.
            starts: Position of each row, rising.
            ends: Position behind each row.

        Raises:
            CorruptFile: A row is not what the schema says.
        """
        found = Columns()
        after = self._step(data, starts, found)
        if (after > ends).any() or (self._goes_to_end and (after != ends).any()):
            raise damaged()
        return found

    def _through(
        self, record: Record, path: Path, wanted: frozenset[Path], *, is_last: bool
    ) -> _Step:
        """Compiles the way through a record.

        Args:
            record: Its type.
            path: Its path.
            wanted: Paths of columns.
            is_last: Whether nothing behind the record is wanted.
        """
        fields = [(each, (*path, each.name)) for each in record.fields]
        needed = [
            place
            for place, (_, at) in enumerate(fields)
            if any(each[: len(at)] == at for each in wanted)
        ]
        end = len(fields)
        if is_last:
            end = needed[-1] + 1 if needed else 0
        self._goes_to_end &= not is_last or end == len(fields)
        steps, passed = list[_Step](), list[Type]()
        for place, (field, at) in enumerate(fields[:end]):
            if place not in needed:
                passed.append(field.type)
                continue
            if passed:
                steps.append(_passing(make_skip(passed)))
                passed = []
            is_end = is_last and place == end - 1
            steps.append(self._field(field.type, at, wanted, is_last=is_end))
        if passed:
            steps.append(_passing(make_skip(passed)))
        return _in_turn(steps)

    def _field(
        self, type_: Type, at: Path, wanted: frozenset[Path], *, is_last: bool
    ) -> _Step:
        if at in wanted:
            return self._column(type_, at)
        if isinstance(type_, Record):
            return self._through(type_, at, wanted, is_last=is_last)
        branches = type_.branches if isinstance(type_, Union) else ()
        found = optional_of(branches)
        if found and isinstance(found[1], Record):
            inner = self._through(found[1], at, wanted, is_last=is_last)
            return _optional(found[0], len(branches), inner)
        return _passing(make_skip([type_]))

    def _column(self, type_: Type, at: Path) -> _Step:
        decoder = make_decoder(type_)
        self.types[at] = decoder.type

        def read(data: RowBytes, starts: Positions, found: Columns) -> Positions:
            found[at], after = decoder.read(data, starts)
            return after

        return read


@lru_cache(maxsize=64)
def find_decoder(schema: str, wanted: frozenset[Path]) -> ColumnDecoder:
    """Returns the decoder of some columns of a file's rows, compiled once.

    Args:
        schema: Writer's schema of the file, JSON.
        wanted: Paths of columns.

    Raises:
        CorruptFile: The schema is none of a record, or cannot be read.
    """
    try:
        record = read_schema(orjson.loads(schema))
    except (ConfigurationError, ValueError):
        raise CorruptFile("its schema cannot be read") from None
    if not isinstance(record, Record):
        raise CorruptFile("its schema is not that of rows")
    if _count_places(record, {}) > MOST_PLACES:
        raise CorruptFile("its schema has too many types")
    return ColumnDecoder(record, wanted)


def _count_places(type_: Type, known: dict[int, int]) -> int:
    """Counts the types of a type, each named one at each of its places."""
    if id(type_) not in known:
        parts: list[Any] = []
        match type_:
            case Array(items=part) | Map(values=part):
                parts = [part]
            case Union(branches=branches):
                parts = [*branches]
            case Record(fields=fields):
                parts = [each.type for each in fields]
        known[id(type_)] = 1 + sum(_count_places(each, known) for each in parts)
    return known[id(type_)]


def _passing(skip: Skip) -> _Step:
    return lambda data, starts, found: skip(data, starts)


def _in_turn(steps: list[_Step]) -> _Step:
    def read(data: RowBytes, at: Positions, found: Columns) -> Positions:
        for step in steps:
            at = step(data, at, found)
        return at

    return read


def _optional(place: int, count: int, inner: _Step) -> _Step:
    """Reads the columns of a record that is null in some rows."""

    def read(data: RowBytes, at: Positions, found: Columns) -> Positions:
        branch, after = read_branches(data, at, count)
        absent = branch == place
        here, values = np.flatnonzero(~absent), Columns()
        after[here] = inner(data, after[here], values)
        mask = None if here.size == at.size else absent
        found |= {path: spread(each, mask) for path, each in values.items()}
        return after

    return read
