"""Makes decoders of Avro types: each reads one field of many rows into an Arrow array.

A decoder works in two steps, so that a value that may be null is copied once: it finds
the values of all rows, and then builds an array in which absent ones are null.

Avro's types become Arrow's of the same name; an enum becomes a string, a union of
several types a struct with a field for each, called after the type: `long`, `string`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rally.dataset.row_bytes import Mask, Numbers, Positions, RowBytes, damaged
from rally.dataset.skipping import Blocks
from rally.validation.avro_types import Array, Map, Record, Type, Union
from rally.validation.leaves import Leaf

Found = Any
"""Values that a decoder found and that its own `build` makes an array of."""


class Decoder(NamedTuple):
    """Decoder of one type.

    Attributes:
        type: Type of its arrays.
        find: Function that finds the values at some positions, and the positions behind
            them. Raises CorruptFile.
        build: Function that makes an array of what was found, with null where a mask
            says that a row has none. Raises CorruptFile.
    """

    type: pa.DataType
    find: Callable[[RowBytes, Positions], tuple[Found, Positions]]
    build: Callable[[RowBytes, Found, Mask | None], pa.Array]

    def read(self, data: RowBytes, at: Positions) -> tuple[pa.Array, Positions]:
        """Decodes a value at each position."""
        found, after = self.find(data, at)
        return self.build(data, found, None), after


def make_decoder(type_: Type) -> Decoder:
    """Makes the decoder of a type, which does not contain itself."""
    match type_:
        case Leaf():
            return _leaf(type_)
        case Record():
            return _record(type_)
        case Array(items=items):
            return _array(type_, make_decoder(items))
        case Map(values=values):
            return _map(type_, make_decoder(values))
        case Union(branches=branches):
            return _union(branches)


def optional_of(branches: Sequence[Type]) -> tuple[int, Type] | None:
    """Returns where null is in a union of one type, and that type.

    The place is -1 if null is not in it. None of a union of several types.
    """
    names = [each.name for each in branches]
    others = [each for each in branches if each.name != "null"]
    if len(others) != 1:
        return None
    return names.index("null") if "null" in names else -1, others[0]


def read_branches(data: RowBytes, at: Positions, count: int) -> tuple[Any, Positions]:
    """Reads which branch of a union each value is of. Raises CorruptFile."""
    branch, after = data.longs(at)
    if branch.view(np.uint64).max(initial=0) >= count:
        raise damaged()
    return branch, after


def spread(values: pa.Array, absent: Mask | None) -> pa.Array:
    """Puts values where rows have one, and null where a mask says that one has none."""
    if absent is None:
        return values
    return values.take(pa.array(np.cumsum(~absent) - 1, mask=absent))


def _leaf(leaf: Leaf) -> Decoder:
    if leaf.size is not None:
        return _fixed(leaf.size)
    if leaf.name in _NUMBERS:
        return _number(leaf.name)
    match leaf.name:
        case "null":
            return _NULL
        case "boolean":
            return _BOOLEAN
        case "int" | "long":
            return _integer(leaf)
        case "string":
            return _text(pa.string())
        case "bytes":
            return _text(pa.binary())
    return _enum(leaf)


_NUMBERS = {"float": ("<f4", pa.float32()), "double": ("<f8", pa.float64())}
_TIMES = {
    "date": pa.date32(),
    "timestamp-millis": pa.timestamp("ms", "UTC"),
    "timestamp-micros": pa.timestamp("us", "UTC"),
    "timestamp-nanos": pa.timestamp("ns", "UTC"),
    "local-timestamp-millis": pa.timestamp("ms"),
    "local-timestamp-micros": pa.timestamp("us"),
    "local-timestamp-nanos": pa.timestamp("ns"),
}
_INT = np.iinfo(np.int32)


def _build_numbers(data: RowBytes, values: Numbers, absent: Mask | None) -> pa.Array:
    if absent is None:
        return pa.array(values)
    whole = np.zeros(len(absent), values.dtype)
    whole[~absent] = values
    return pa.array(whole, mask=absent)


def _number(name: str) -> Decoder:
    stored, type_ = _NUMBERS[name]
    width = np.dtype(stored).itemsize

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        return data.numbers(at, stored), at + width

    return Decoder(type_, find, _build_numbers)


def _integer(leaf: Leaf) -> Decoder:
    is_int = leaf.name == "int"
    base = pa.int32() if is_int else pa.int64()
    type_ = _TIMES.get(leaf.variant, base)

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        values, after = data.longs(at)
        if not is_int:
            return values, after
        narrow = values.astype(np.int32)
        if (narrow != values).any():
            raise damaged()
        return narrow, after

    def build(data: RowBytes, values: Found, absent: Mask | None) -> pa.Array:
        return _build_numbers(data, values, absent).view(type_)

    return Decoder(type_, find, build)


def _find_booleans(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
    data.check(at, 1)
    return data.first_bytes(at) != 0, at + 1


def _build_nulls(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
    return pa.nulls(len(found if absent is None else absent))


_BOOLEAN = Decoder(pa.bool_(), _find_booleans, _build_numbers)
_NULL = Decoder(pa.null(), lambda _, at: (at, at), _build_nulls)


def _text(type_: pa.DataType) -> Decoder:
    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        start, end = data.extents(at)
        return (start, end), end

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        start, end = found
        texts = data.texts(start, end, absent)
        try:
            return texts if texts.type == type_ else texts.cast(type_)
        except pa.ArrowInvalid:  # it is not UTF-8
            raise damaged() from None

    return Decoder(type_, find, build)


def _fixed(size: int) -> Decoder:
    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        return data.fixed(at, size), at + size

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        return spread(found, absent)

    return Decoder(pa.binary(size), find, build)


def _enum(leaf: Leaf) -> Decoder:
    symbols = pa.array(leaf.symbols, pa.string())

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        return read_branches(data, at, len(symbols))

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        return symbols.take(_build_numbers(data, found, absent))

    return Decoder(pa.string(), find, build)


def _record(record: Record) -> Decoder:
    inner = [make_decoder(each.type) for each in record.fields]
    fields = [
        pa.field(field.name, each.type)
        for field, each in zip(record.fields, inner, strict=True)
    ]
    type_ = pa.struct(fields)

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        found, count = list[Found](), len(at)
        for each in inner:
            values, at = each.find(data, at)
            found.append(values)
        return (count, found), at

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        count, values = found
        columns = [
            each.build(data, it, absent) for each, it in zip(inner, values, strict=True)
        ]
        return _join_struct(type_, columns, count, absent)

    return Decoder(type_, find, build)


def _join_struct(
    type_: pa.StructType, columns: Sequence[pa.Array], count: int, absent: Mask | None
) -> pa.Array:
    """Joins columns to structs; null where a mask says so."""
    count = count if absent is None else len(absent)
    validity = None if absent is None else pa.array(~absent).buffers()[1]
    return pa.Array.from_buffers(type_, count, [validity], children=[*columns])


def _array(array: Array, items: Decoder) -> Decoder:
    type_, blocks = pa.list_(items.type), Blocks(array)

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        found = blocks.find(data, at)
        values, _ = items.find(data, found.starts)
        return (found.counts, values), found.after

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        counts, values = found
        offsets, missing = _offsets_of(counts, absent)
        built = items.build(data, values, None)
        return pa.ListArray.from_arrays(offsets, built, type_, mask=missing)

    return Decoder(type_, find, build)


def _map(map_: Map, values: Decoder) -> Decoder:
    type_, blocks = pa.map_(pa.string(), values.type), Blocks(map_)
    keys = _text(pa.string())

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        found = blocks.find(data, at)
        texts, behind = keys.find(data, found.starts)
        return (found.counts, texts, values.find(data, behind)[0]), found.after

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        counts, *items = found
        pairs = [
            each.build(data, it, None)
            for each, it in zip((keys, values), items, strict=True)
        ]
        offsets, missing = _offsets_of(counts, absent)
        return pa.MapArray.from_arrays(offsets, *pairs, type_, mask=missing)

    return Decoder(type_, find, build)


def _offsets_of(counts: Positions, absent: Mask | None) -> tuple[pa.Array, Any]:
    """Returns where the items of each row begin, and which rows are null."""
    lengths, missing = counts, None
    if absent is not None:
        lengths, missing = np.zeros(len(absent), np.int64), pa.array(absent)
        lengths[~absent] = counts
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.array(offsets), missing


def _union(branches: Sequence[Type]) -> Decoder:
    if found := optional_of(branches):
        place, other = found
        return _optional(place, len(branches), make_decoder(other))
    return _several(branches)


def _optional(place: int, count: int, decoder: Decoder) -> Decoder:
    """Makes the decoder of a union of one type and, at a place, null; see optional_of.

    Args:
        place: Place of null.
        count: Number of branches.
        decoder: Decoder of the other type.
    """

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        branch, after = read_branches(data, at, count)
        absent = branch == place
        present = np.flatnonzero(~absent)
        if present.size == at.size:
            found, after = decoder.find(data, after)
            return (None, found), after
        found, behind = decoder.find(data, after[present])
        after[present] = behind
        return (absent, found), after

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        inner, values = found
        return decoder.build(data, values, _both(absent, inner))

    return Decoder(decoder.type, find, build)


def _both(outer: Mask | None, inner: Mask | None) -> Mask | None:
    """Joins the mask of rows with that of those which the first one leaves."""
    if outer is None or inner is None:
        return outer if inner is None else inner
    joined = outer.copy()
    joined[~outer] = inner
    return joined


def _several(branches: Sequence[Type]) -> Decoder:
    inner = [make_decoder(each) for each in branches]
    null = next((n for n, each in enumerate(branches) if each.name == "null"), None)
    members = [place for place in range(len(branches)) if place != null]
    type_ = pa.struct(
        [
            pa.field(branches[place].name.replace(".", "_"), inner[place].type)
            for place in members
        ]
    )

    def find(data: RowBytes, at: Positions) -> tuple[Found, Positions]:
        branch, after = read_branches(data, at, len(branches))
        found = list[Found]()
        for place in members:
            here = np.flatnonzero(branch == place)
            values, behind = inner[place].find(data, after[here])
            after[here] = behind
            found.append(values)
        return (branch, found), after

    def build(data: RowBytes, found: Found, absent: Mask | None) -> pa.Array:
        branch, values = found
        columns = [
            inner[place].build(data, it, _both(absent, branch != place))
            for place, it in zip(members, values, strict=True)
        ]
        missing = absent if null is None else _both(absent, branch == null)
        return _join_struct(type_, columns, len(branch), missing)

    return Decoder(type_, find, build)
