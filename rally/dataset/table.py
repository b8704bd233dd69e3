"""The table of a document: its columns, their types, and how stored rows become them.

All revisions of a document are one table. A column has the widest of its revisions'
types; what a revision does not have is null in its rows, and what a later one has given
up stays a column (Apache Avro 1.12 specification, "Schema Resolution").
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rally.dataset.decoders import make_decoder
from rally.dataset.names import ROW_COLUMNS, Path, name_columns, typed_leaves
from rally.errors import ConfigurationError, CorruptFile, ManyFaults
from rally.registry.study import Document
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import Type

PAYLOAD = "payload"
TIME = "submission_timestamp"
MICROS = pa.timestamp("us", "UTC")

_ROW_TYPES = (pa.string(), pa.string(), MICROS, pa.string(), pa.string())
_RANKS: tuple[pa.DataType, ...] = (
    *(pa.null(), pa.int32(), pa.int64(), pa.float32(), pa.float64()),
)
_TEXTS = (pa.string(), pa.binary())


class Column(NamedTuple):
    """One column of a document's table.

    Attributes:
        name: Name of the column.
        path: Avro names of the fields from the row's top to it: ("payload", "events").
        type: Type of its values.
    """

    name: str
    path: Path
    type: pa.DataType

    @property
    def is_row_column(self) -> bool:
        """Whether every table has it."""
        return self.path[0] != PAYLOAD


def columns_of(document: Document) -> tuple[Column, ...]:
    """Returns the columns of a document's table, those of every table first.

    Raises:
        ConfigurationError: A field has types in its revisions that are no one type.
    """
    oldest_first = [read_schema(each.json) for each in reversed(document.revisions)]
    types = _widest_types(document, oldest_first)
    own = zip(ROW_COLUMNS, _ROW_TYPES, strict=True)
    return (
        *(Column(name, (name,), type_) for name, type_ in own),
        *(
            Column(name, (PAYLOAD, *path), types[path])
            for path, name in name_columns(oldest_first).items()
        ),
    )


def choose(columns: Sequence[Column], names: Iterable[str]) -> tuple[Column, ...]:
    """Returns the columns of some names, in their order.

    Raises:
        ConfigurationError: There is none of a name, or a name is there twice; all of
            them are told.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ConfigurationError("columns: are a list of names")
    known = {each.name: each for each in columns}
    counts = Counter(map(str, names))
    faults = [
        f"{each}: is no column; `rally rows --describe` lists them"
        if each not in known
        else f"{each}: is named twice in columns"
        for each, number in counts.items()
        if each not in known or number > 1
    ]
    if faults:
        raise ManyFaults(faults)
    return tuple(known[each] for each in counts)


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """Returns the schema of a table of these columns."""
    return pa.schema([pa.field(each.name, each.type) for each in columns])


def _widest_types(
    document: Document, revisions: Iterable[Type]
) -> dict[Path, pa.DataType]:
    types = dict[Path, pa.DataType]()
    for revision in revisions:
        for path, type_ in typed_leaves(revision):
            new = make_decoder(type_).type
            try:
                types[path] = widen(types.get(path, new), new)
            except TypeError:
                raise ConfigurationError(
                    f"{document.namespace}/{document.name}: {'/'.join(path)} has types"
                    " in its revisions that no column can have"
                ) from None
    return types


@lru_cache(maxsize=4096)
def widen(old: pa.DataType, new: pa.DataType) -> pa.DataType:
    """Returns the type that holds the values of two. Raises TypeError if none does."""
    if old == new:
        return new
    if old in _RANKS and new in _RANKS:
        return max(old, new, key=_RANKS.index)
    if pa.types.is_null(old) or pa.types.is_null(new):
        return old if pa.types.is_null(new) else new
    if old in _TEXTS and new in _TEXTS:
        return pa.binary()
    if pa.types.is_list(old) and pa.types.is_list(new):
        return pa.list_(widen(old.value_type, new.value_type))
    if pa.types.is_map(old) and pa.types.is_map(new):
        return pa.map_(pa.string(), widen(old.item_type, new.item_type))
    if pa.types.is_struct(old) and pa.types.is_struct(new):
        fields = {each.name: each.type for each in old}
        for each in new:
            fields[each.name] = widen(fields.get(each.name, each.type), each.type)
        return pa.struct(list(fields.items()))
    for one, other in ((old, new), (new, old)):  # a union got one branch more
        if pa.types.is_struct(one) and member_of(one, other) is not None:
            return one
    raise TypeError


def member_of(type_: pa.StructType, member: pa.DataType) -> int | None:
    """Returns which field of a union's struct values of a type are in, if any."""
    places = (n for n, each in enumerate(type_) if each.type == member)
    return next(places, None)


def conform(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """Turns the values of one revision into those of its table's column.

    Raises:
        CorruptFile: They have a type that the column cannot hold, which rows of another
            program may have.
    """
    if values.type == type_:
        return values
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), type_)
    try:
        return _conform(values, type_)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError):
        raise CorruptFile("a column has another type than the document's") from None


def _conform(values: pa.Array, type_: pa.DataType) -> pa.Array:
    if pa.types.is_struct(type_):
        return _conform_struct(values, type_)
    if pa.types.is_list(type_) and pa.types.is_list(values.type):
        items = conform(values.values, type_.value_type)
        return pa.ListArray.from_arrays(
            values.offsets, items, type_, mask=_missing(values)
        )
    if pa.types.is_map(type_) and pa.types.is_map(values.type):
        items = conform(values.items, type_.item_type)
        return pa.MapArray.from_arrays(
            values.offsets, values.keys, items, type_, mask=_missing(values)
        )
    return values.cast(type_, safe=False)


def _conform_struct(values: pa.Array, type_: pa.StructType) -> pa.Array:
    fields = dict[str, pa.Array]()
    if pa.types.is_struct(values.type):
        names = [each.name for each in values.type]
        fields = {name: values.field(place) for place, name in enumerate(names)}
    elif (place := member_of(type_, values.type)) is not None:
        fields = {type_.field(place).name: values}
    else:
        raise TypeError
    children = [
        conform(fields[each.name], each.type)
        if each.name in fields
        else pa.nulls(len(values), each.type)
        for each in type_
    ]
    return pa.StructArray.from_arrays(
        children, fields=list(type_), mask=_missing(values)
    )


def _missing(values: pa.Array) -> pa.Array | None:
    return values.is_null() if values.null_count else None


def texts_of(values: npt.NDArray[np.bytes_]) -> pa.Array:
    """Turns ASCII of fixed width into an array of texts; null where it is empty.

    Raises:
        CorruptFile: They are no text.
    """
    try:
        texts = pa.array(values).cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        raise CorruptFile("an id is no text") from None
    empty = values == b""
    if not empty.any():
        return texts
    return texts.filter(pa.array(~empty)).take(
        pa.array(np.cumsum(~empty) - 1, mask=empty)
    )
