"""Finds where values end, and where the items of arrays and maps begin.

Rows are walked side by side: in each round one item of every row that has one more. The
last few rows are walked by themselves, by code that is made for their schema, so that
one long row costs no more than its bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count as counter
from typing import Any, NamedTuple

import numpy as np

from rally.dataset.row_bytes import Positions, RowBytes, damaged
from rally.storage.header import decode_varint
from rally.storage.row_skipper import Walker, compile_walker
from rally.validation.avro_types import Array, Map, Record, Type, Union
from rally.validation.leaves import PRIMITIVES, Leaf

Skip = Callable[[RowBytes, Positions], Positions]
"""Function that returns the positions behind values; raises CorruptFile."""

_FEW = 32
"""Rows below which each is walked by itself."""

_WIDTHS = {"null": 0, "boolean": 1, "float": 4, "double": 8}


class Items(NamedTuple):
    """Items of arrays, or entries of maps.

    Attributes:
        starts: Position of each item, row after row.
        counts: Number of items of each row.
        after: Positions behind the arrays.
    """

    starts: Positions
    counts: Positions
    after: Positions


def width_of(type_: Type) -> int | None:
    """Returns how many bytes each value of a type has; None where that differs."""
    if isinstance(type_, Leaf):
        return type_.size if type_.size is not None else _WIDTHS.get(type_.name)
    if not isinstance(type_, Record):
        return None
    widths = [width_of(each.type) for each in type_.fields]
    return None if None in widths else sum(each or 0 for each in widths)


def make_skip(types: Iterable[Type]) -> Skip:
    """Makes the function that skips a value of each type, one behind the other."""
    steps, width = list[Skip](), 0
    for type_ in types:
        fixed = width_of(type_)
        if fixed is None:
            steps += [_fixed(width), _skip(type_)] if width else [_skip(type_)]
            width = 0
        else:
            width += fixed
    if width:
        steps.append(_fixed(width))
    return steps[0] if len(steps) == 1 else _in_turn(steps)


def _fixed(width: int) -> Skip:
    def skip(data: RowBytes, at: Positions) -> Positions:
        data.check(at, width)
        return at + width

    return skip


def _in_turn(steps: Sequence[Skip]) -> Skip:
    def skip(data: RowBytes, at: Positions) -> Positions:
        for step in steps:
            at = step(data, at)
        return at

    return skip


def _skip(type_: Type) -> Skip:
    match type_:
        case Record(fields=fields):
            return make_skip(each.type for each in fields)
        case Union(branches=branches):
            return _union(branches)
        case Array() | Map():
            blocks = Blocks(type_)
            return lambda data, at: blocks.find(data, at).after
        case Leaf(name="string" | "bytes"):
            return lambda data, at: data.extents(at)[1]
    return RowBytes.after_longs  # of a number, or of an enum


def _union(branches: Sequence[Type]) -> Skip:
    skips = [None if width_of(it) == 0 else make_skip((it,)) for it in branches]

    def skip(data: RowBytes, at: Positions) -> Positions:
        first = data.first_bytes(at)
        if not first.any() and skips[0] is None:  # null, as most are
            return at + 1
        branch, after = data.longs(at)
        if branch.view(np.uint64).max(initial=0) >= len(skips):
            raise damaged()
        for place, each in enumerate(skips):
            if each is not None:
                here = np.flatnonzero(branch == place)
                if here.size:
                    after[here] = each(data, after[here])
        return after

    return skip


class Blocks:
    """Walks arrays or maps of one type."""

    def __init__(self, type_: Array | Map) -> None:
        item = (
            [type_.items]
            if isinstance(type_, Array)
            else [PRIMITIVES["string"], type_.values]
        )
        widths = [width_of(each) for each in item]
        self._width = None if None in widths else sum(each or 0 for each in widths)
        self._skip = make_skip(item)
        self._item = item
        self._walk: Walker | None = None

    def find(self, data: RowBytes, at: Positions) -> Items:
        """Finds the items of all rows.

        Args:
            data: Rows.
            at: Position of each array or map.

        Raises:
            CorruptFile: There is none, or it has more items than there are bytes.
        """
        after, counts = np.empty_like(at), np.zeros_like(at)
        rows, total, starts = np.arange(at.size), 0, list[Positions]()
        while rows.size >= _FEW:
            count, at = self._counts(data, at)
            goes_on = count > 0
            if not goes_on.all():
                after[rows[~goes_on]] = at[~goes_on]
                rows, at, count = rows[goes_on], at[goes_on], count[goes_on]
            total += int(count.sum())
            if total > data.size:
                raise damaged()
            counts[rows] += count
            at = self._pass_items(data, at, count, starts)
        for row, place in zip(rows.tolist(), at.tolist(), strict=True):
            found, after[row] = self._walk_row(data, place, data.size - total)
            total, counts[row] = total + len(found), counts[row] + len(found)
            starts.append(np.array(found, np.int64))
        whole = np.concatenate(starts) if starts else np.empty(0, np.int64)
        # Rows lie one behind the other: so do their items.
        whole.sort()
        return Items(whole, counts, after)

    def _counts(self, data: RowBytes, at: Positions) -> tuple[Positions, Positions]:
        """Reads the number of items of a block of each row, 0 at an end."""
        count, at = data.longs(at)
        below = np.flatnonzero(count < 0)
        if below.size:  # its size in bytes follows
            count[below] = -count[below]
            at[below] = data.after_longs(at[below])
        if count.view(np.uint64).max(initial=0) > data.size:
            raise damaged()
        return count, at

    def _pass_items(
        self, data: RowBytes, at: Positions, count: Positions, starts: list[Positions]
    ) -> Positions:
        """Passes the items of one block of each row, and notes where they begin."""
        if self._width is not None:
            within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            starts.append(np.repeat(at, count) + within * self._width)
            after = at + count * self._width
            data.check(after)
            return after
        at, rows = at.copy(), np.flatnonzero(count)
        while rows.size >= _FEW:
            here = at[rows]
            starts.append(here)
            at[rows] = self._skip(data, here)
            count = count - 1
            rows = rows[count[rows] > 0]
        for row in rows.tolist():
            found, at[row] = self._walk_items(data, int(at[row]), int(count[row]))
            starts.append(np.array(found, np.int64))
        return at

    def _walk_row(self, data: RowBytes, at: int, most: int) -> tuple[list[int], int]:
        """Walks all blocks of one row; returns where items begin, and the end."""
        starts = list[int]()
        try:
            while True:
                count, at = decode_varint(data.view, at)
                if count < 0:
                    count = -count
                    _, at = decode_varint(data.view, at)
                if count == 0:
                    return starts, at
                if count + len(starts) > most:
                    raise damaged()
                found, at = self._walk_items(data, at, count)
                starts += found
        except (IndexError, ValueError):
            raise damaged() from None

    def _walk_items(self, data: RowBytes, at: int, count: int) -> tuple[list[int], int]:
        """Walks the items of one block; returns where they begin, and the end."""
        if self._walk is None:
            self._walk = compile_walker(_plain_record(self._item, counter()))
        try:
            ends = self._walk(data.view[at:], count)
        except (IndexError, ValueError):
            raise damaged() from None
        if at + ends[-1] > data.size:
            raise damaged()
        return [at, *(at + end for end in ends[:-1])], at + ends[-1]


def _plain(type_: Type, number: Iterator[int]) -> Any:
    """Returns a type as JSON for a walker, each record under a name of its own."""
    match type_:
        case Array(items=items):
            return {"type": "array", "items": _plain(items, number)}
        case Map(values=values):
            return {"type": "map", "values": _plain(values, number)}
        case Union(branches=branches):
            return [_plain(each, number) for each in branches]
        case Record(fields=fields):
            return _plain_record([each.type for each in fields], number)
    if type_.size is not None:
        return {"type": "fixed", "name": f"t{next(number)}", "size": type_.size}
    return type_.name if type_.name in PRIMITIVES else "int"  # an enum's index


def _plain_record(types: Iterable[Type], number: Iterator[int]) -> Any:
    fields = [{"name": "value", "type": _plain(each, number)} for each in types]
    return {"type": "record", "name": f"t{next(number)}", "fields": fields}
