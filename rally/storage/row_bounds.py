"""Proves where the rows of many blocks begin, walking all of them side by side.

Rows mostly begin with two ids of 36 characters, and where bytes look so, a row may
begin. What looks so is a guess: a payload may look so, too, and another writer's row
may not. Every place is therefore walked by the writer's schema, all at once, and the
rows are those that follow one another from the first byte to the last, as many as each
block says. So no payload can move a bound, whoever wrote the file. What cannot be
proved is left to the walk of one row after the other, which says the same.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]

_LEADING = ("participant", "document_id")
_TEXTS = ("string", "bytes")
_ID = 0x48  # length of a text of 36 bytes
_ID_BYTES = 37
_HYPHEN = ord("-")
_HYPHENS = (9, 14, 19, 24)  # in a text with its length
_FIXED = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_MORE = 0x7F  # a greater byte is followed by another one of the same number
_LAST_SHIFT = 28
_LONGEST = 10
_MICROS = 0x8080808080808080
_EIGHT_BYTES = 0x0080808080808080
_BEYOND = 1 << 48
"""Position of what is no row of the schema: behind every end, wherever it goes on."""

_STEPS = 64
_ROWS_A_STEP = 16  # a step through an array's items costs as much as walking these rows
_CALLS_A_STEP = 64  # an item of more calls costs a further step for so many

# A schema of few bytes may name a type twice in each next one, and so double at each.
_CALLS = 2000
_DEPTH = 50
_LONGEST_FIXED = 1 << 30


class _Rows:
    """Bytes that are walked from many positions at once."""

    def __init__(self, data: bytes, steps: int) -> None:
        self.size = len(data)
        self.bytes = np.frombuffer(data, np.uint8)
        self._words = np.ndarray((max(self.size - 7, 0),), "<u8", data, strides=(1,))
        self.steps = steps

    def at(self, positions: Positions) -> Positions:
        return self.bytes.take(positions, mode="clip").astype(np.int64)

    def have_micros(self, positions: Positions) -> bool:
        """Tells whether a number of eight bytes stands at each position."""
        if self.size < 8 or not positions.size:
            return False
        words = self._words[np.minimum(positions, self.size - 8)]
        return bool(((words & np.uint64(_MICROS)) == np.uint64(_EIGHT_BYTES)).all())


_Skip = Callable[[_Rows, Positions], Positions]
"""Finds the positions behind the values that begin at some positions."""


class RowBounds:
    """Finds the rows of blocks of one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Compiles the schema.

        Args:
            schema: Parsed JSON of a record.

        Raises:
            ValueError, KeyError, TypeError: Its rows do not begin with two texts, the
                participant and the document id, or a type contains itself, or it
                is too large to walk many rows by it side by side.
        """
        first = [(each["name"], each["type"]) for each in schema["fields"][:2]]
        if tuple(name for name, _ in first) != _LEADING or not all(
            (kind["type"] if isinstance(kind, dict) else kind) in _TEXTS
            for _, kind in first
        ):
            raise ValueError("rows that do not begin with their ids")
        self._skip = _Compiler().value(schema, "").skip

    def find(
        self, data: bytes, sizes: Sequence[int], counts: Sequence[int]
    ) -> list[int] | None:
        """Finds the bounds of all rows of some blocks.

        Args:
            data: Decompressed blocks, one behind the other.
            sizes: Number of bytes of each block.
            counts: Number of rows of each block.

        Returns:
            Where each row begins, and the end of the last; None where this is not
            proved.
        """
        rows = _Rows(data, _STEPS + sum(counts) // _ROWS_A_STEP)
        begins = _guess(rows.bytes)
        if begins.size < sum(counts) or not begins.size or begins[0]:
            return None
        bounds = _chain(begins, self._skip(rows, begins), sum(counts), rows.size)
        if bounds is None:
            return None
        numbers, ends = accumulate(counts), accumulate(sizes)
        if any(
            bounds[number] != end for number, end in zip(numbers, ends, strict=True)
        ):
            return None
        return bounds


def _guess(data: npt.NDArray[np.uint8]) -> Positions:
    """Returns the positions at which the bytes look like the beginning of a row."""
    length = data == _ID
    begins = np.flatnonzero(length[:-_ID_BYTES] & length[_ID_BYTES:])
    begins = begins[begins < len(data) - 2 * _ID_BYTES]
    for hyphen in (*_HYPHENS, *(_ID_BYTES + each for each in _HYPHENS)):
        begins = begins[data[begins + hyphen] == _HYPHEN]
    return begins


def _chain(
    begins: Positions, ends: Positions, count: int, size: int
) -> list[int] | None:
    """Follows rows from the first on, each beginning where the one before ends."""
    if begins.size == count:
        if ends[-1] != size or (ends[:-1] != begins[1:]).any():
            return None
        return [*begins.tolist(), size]
    after = dict(zip(begins.tolist(), ends.tolist(), strict=True))
    bounds, at = [0], 0
    for _ in range(count):
        following = after.get(at)
        if following is None:
            return None
        bounds.append(following)
        at = following
    return bounds if at == size else None


class _Type(NamedTuple):
    """How values of one type are skipped, and how large the type is.

    Attributes:
        skip: Skips them.
        calls: Calls that this makes at most, with one step through each array.
        depth: Calls within each other.
    """

    skip: _Skip
    calls: int = 1
    depth: int = 1


class _Compiler:
    """Makes the function of a schema; types are named as row_skipper names them."""

    def __init__(self) -> None:
        self._named: dict[str, _Type] = {}

    def value(self, schema: Any, namespace: str) -> _Type:
        if isinstance(schema, list):
            branches = [self.value(each, namespace) for each in schema]
            return _around(branches, partial(_union, [each.skip for each in branches]))
        if isinstance(schema, str):
            return self._by_name(schema, namespace)
        kind = schema["type"]
        if kind in ("record", "error", "enum", "fixed"):
            return self._define(schema, namespace)
        if kind in ("array", "map"):
            item = self.value(schema.get("items", schema.get("values")), namespace)
            steps = 1 + item.calls // _CALLS_A_STEP
            step = _pair if kind == "map" else _single
            return _around([item], partial(_items, step, item.skip, steps))
        if schema.get("logicalType") == "timestamp-micros" and kind == "long":
            return _Type(_micros)
        return self.value(kind, namespace)

    def _by_name(self, name: str, namespace: str) -> _Type:
        if name in _FIXED:
            return _Type(partial(_fixed, _FIXED[name]))
        if name in ("int", "long"):
            return _Type(_long)
        if name in _TEXTS:
            return _Type(_text)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        return self._named[full] if full in self._named else self._named[name]

    def _define(self, schema: dict[str, Any], outer: str) -> _Type:
        name, namespace = schema["name"], schema.get("namespace", outer)
        if "." in name:
            namespace = name.rpartition(".")[0]
        if schema["type"] == "fixed":
            size = schema["size"]
            if not isinstance(size, int) or not 0 <= size <= _LONGEST_FIXED:
                raise ValueError("a size that is none, or too large")
            made = _Type(partial(_fixed, size))
        elif schema["type"] == "enum":
            made = _Type(_long)
        else:
            fields = [self.value(each["type"], namespace) for each in schema["fields"]]
            made = _around(fields, partial(_record, [each.skip for each in fields]))
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        self._named[full] = made
        return made


def _around(parts: Sequence[_Type], skip: _Skip) -> _Type:
    """Makes the type that has these within it; raises ValueError if it is too large."""
    calls = 1 + sum(each.calls for each in parts)
    depth = 1 + max((each.depth for each in parts), default=0)
    if calls > _CALLS or depth > _DEPTH:
        raise ValueError("a schema that is too large to walk rows side by side")
    return _Type(skip, calls, depth)


def _record(fields: Sequence[_Skip], rows: _Rows, at: Positions) -> Positions:
    for field in fields:
        at = field(rows, at)
    return at


def _fixed(size: int, rows: _Rows, at: Positions) -> Positions:
    return at + size if size else at


def _long(rows: _Rows, at: Positions) -> Positions:
    more = rows.at(at) > _MORE
    at = at + 1
    if more.any():
        open_ones = np.flatnonzero(more)
        for _ in range(_LONGEST - 1):
            still = rows.at(at[open_ones]) > _MORE
            at[open_ones] += 1
            open_ones = open_ones[still]
            if not open_ones.size:
                return at
        at[open_ones] = _BEYOND
    return at


def _micros(rows: _Rows, at: Positions) -> Positions:
    return at + 8 if rows.have_micros(at) else _long(rows, at)


def _number(rows: _Rows, at: Positions) -> tuple[Positions, Positions]:
    """Reads what zig-zag numbers are encoded as: odd ones are negative."""
    number = rows.at(at)
    at = at + 1
    open_ones = np.flatnonzero(number > _MORE)
    if open_ones.size:
        number[open_ones] &= _MORE
        for shift in range(7, _LAST_SHIFT + 1, 7):
            more = rows.at(at[open_ones])
            number[open_ones] |= (more & _MORE) << shift
            at[open_ones] += 1
            open_ones = open_ones[more > _MORE]
            if not open_ones.size:
                break
        number[open_ones], at[open_ones] = 0, _BEYOND
    return number, at


def _text(rows: _Rows, at: Positions) -> Positions:
    number, at = _number(rows, at)
    negative = number & 1
    if negative.any():
        at[negative.astype(bool)] = _BEYOND
    return at + (number >> 1)


def _union(branches: Sequence[_Skip], rows: _Rows, at: Positions) -> Positions:
    number, at = _number(rows, at)
    left = len(at)
    for place, branch in enumerate(branches):
        chosen = np.flatnonzero(number == 2 * place)
        if chosen.size == len(at):
            return branch(rows, at)
        if chosen.size:
            at[chosen] = branch(rows, at[chosen])
            left -= chosen.size
    if left:
        at[(number & 1).astype(bool) | (number >= 2 * len(branches))] = _BEYOND
    return at


def _single(item: _Skip, rows: _Rows, at: Positions) -> Positions:
    return item(rows, at)


def _pair(item: _Skip, rows: _Rows, at: Positions) -> Positions:
    return item(rows, _text(rows, at))


def _items(
    step: Callable[[_Skip, _Rows, Positions], Positions],
    item: _Skip,
    steps: int,
    rows: _Rows,
    at: Positions,
) -> Positions:
    """Skips arrays or maps; a count below zero is left to the walk of single rows."""
    at = at.copy()
    open_ones = np.arange(len(at))
    while open_ones.size:
        count, behind = _number(rows, at[open_ones])
        behind[(count & 1).astype(bool) | (behind > rows.size)] = _BEYOND
        at[open_ones] = behind
        count >>= 1
        going_on = (count > 0) & (behind <= rows.size)
        open_ones, count = open_ones[going_on], count[going_on]
        todo = open_ones
        while todo.size:
            rows.steps -= steps
            before = at[todo]
            behind = step(item, rows, before)
            # Items of no bytes could be any number.
            behind[(behind == before) | (rows.steps < 0)] = _BEYOND
            at[todo] = behind
            count = count - 1
            going_on = (count > 0) & (behind <= rows.size)
            todo, count = todo[going_on], count[going_on]
        open_ones = open_ones[at[open_ones] <= rows.size]
    return at
