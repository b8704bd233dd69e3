"""From rows to what a recipe counts: filters, groups, and whole numbers to add.

Rows come as columns. What is in none of the declared groups counts nowhere. Numbers are
clamped to the declared range and made whole numbers of a declared unit, since sums of
floating-point numbers depend on their order and on more of a person than their bound
(Casacuberta et al. 2022, "Widespread Underestimation of Sensitivity").
"""

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rally.releases.recipe import (
    Between,
    Filter,
    Grouping,
    Measure,
    MeasureKind,
    OneOf,
    Recipe,
    Value,
)

NO_GROUP = -1

_ID_BYTES = 36
_ID = np.dtype(f"S{_ID_BYTES}")

Demographics = Callable[[np.ndarray, Grouping], np.ndarray]
"""Function from participants to their numbers in a demographic grouping, or NO_GROUP.

It gives NO_GROUP to whoever did not agree to that.
"""


class Numbers(NamedTuple):
    """Whole numbers of one measure, by row.

    Attributes:
        values: Units of a sum or a mean, or numbers of bands; 0 of other measures.
        present: Whether a row has one.
    """

    values: np.ndarray
    present: np.ndarray


class Countable(NamedTuple):
    """Rows that may count, as columns of one length.

    Attributes:
        participant: Pseudonyms, bytes of one width.
        document_id: Ids of the pings, likewise.
        group: Number of each row's group.
        numbers: Numbers of each measure, in the recipe's order.
    """

    participant: np.ndarray
    document_id: np.ndarray
    group: np.ndarray
    numbers: tuple[Numbers, ...]


def count_rows(
    recipe: Recipe, batch: pa.RecordBatch, demographics: Demographics
) -> Countable:
    """Finds the rows of a batch that are in a group, and their numbers.

    Args:
        recipe: Recipe.
        batch: Rows, with the columns of the recipe.
        demographics: See Demographics.
    """
    kept = _passing(recipe.filters, batch)
    rows = batch if kept is None else batch.filter(kept)
    participant = ids_of(rows.column("participant"))
    group = np.zeros(len(rows), np.int64)
    for each in recipe.group_by:
        own = (
            demographics(participant, each)
            if each.is_demographic
            else place(rows.column(each.field), each)
        )
        is_in = (group != NO_GROUP) & (own != NO_GROUP)
        group = np.where(is_in, group * len(each.labels) + own, NO_GROUP)
    at = np.flatnonzero(group != NO_GROUP)
    rows = rows.take(pa.array(at))
    return Countable(
        participant[at],
        ids_of(rows.column("document_id")),
        group[at],
        tuple(_numbers(each, rows) for each in recipe.measures),
    )


def join(parts: Sequence[Countable]) -> Countable:
    """Puts the rows of some batches of one recipe together; at least one."""
    participant, document_id, group, numbers = zip(*parts, strict=True)
    return Countable(
        np.concatenate(participant),
        np.concatenate(document_id),
        np.concatenate(group),
        tuple(_join_numbers(each) for each in zip(*numbers, strict=True)),
    )


def _join_numbers(parts: Sequence[Numbers]) -> Numbers:
    values, present = zip(*parts, strict=True)
    return Numbers(np.concatenate(values), np.concatenate(present))


def place(column: pa.Array, grouping: Grouping) -> np.ndarray:
    """Gives the number of each value in a grouping, or NO_GROUP."""
    if grouping.values:
        found = pc.index_in(column, _value_set(column, grouping.values))
        return pc.fill_null(found, NO_GROUP).to_numpy(zero_copy_only=False)
    values, present = _as_numbers(column)
    return _band(values, present, grouping.edges)


def ids_of(column: pa.Array) -> np.ndarray:
    """Gives ids as bytes of one width."""
    binary = column.cast(pa.binary())
    _, offsets, data = binary.buffers()
    ends = np.frombuffer(offsets, np.int32)[binary.offset :][: len(binary) + 1]
    if len(binary) and (np.diff(ends) == _ID_BYTES).all():
        return np.frombuffer(data, _ID, len(binary), int(ends[0]))
    return np.array(binary.to_pylist(), _ID)


def _passing(filters: Sequence[Filter], batch: pa.RecordBatch) -> pa.Array | None:
    """Tells of each row whether it meets all filters; None where there are none."""
    passing = None
    for each in filters:
        column = batch.column(each.field)
        own = (
            pc.is_in(column, _value_set(column, each.values))
            if isinstance(each, OneOf)
            else _within(column, each)
        )
        passing = own if passing is None else pc.and_(passing, own)
    return passing


def _within(column: pa.Array, bounds: Between) -> pa.Array:
    values, present = _as_numbers(column)
    passing = present
    if bounds.at_least is not None:
        passing = passing & (values >= _edge(bounds.at_least, values.dtype))
    if bounds.at_most is not None:
        passing = passing & (values <= -_edge(-bounds.at_most, values.dtype))
    return pa.array(passing)


def _band(
    values: np.ndarray, present: np.ndarray, edges: Sequence[Decimal]
) -> np.ndarray:
    """Gives the number of each value's band, or NO_GROUP outside of all."""
    bounds = np.array([_edge(each, values.dtype) for each in edges], values.dtype)
    found = np.searchsorted(bounds, values, side="right") - 1
    is_in = present & (found >= 0) & (found < len(edges) - 1)
    return np.where(is_in, found, NO_GROUP)


def _numbers(measure: Measure, rows: pa.RecordBatch) -> Numbers:
    if measure.field is None:
        return Numbers(np.zeros(len(rows), np.int64), np.ones(len(rows), bool))
    values, present = _as_numbers(rows.column(measure.field))
    if measure.kind is MeasureKind.HISTOGRAM:
        bands = _band(values, present, measure.edges)
        return Numbers(bands, bands != NO_GROUP)
    return Numbers(_units(measure, values), present)


def _units(measure: Measure, values: np.ndarray) -> np.ndarray:
    """Clamps numbers, and makes them whole numbers of the measure's unit."""
    least, most = measure.unit_range
    scale = 10**measure.digits
    if values.dtype == np.int64:
        # Clamped before, so that none is too large to be multiplied.
        low, high = least // scale, -(-most // scale)
        return np.clip(np.clip(values, low, high) * scale, least, most)
    low, high = float(measure.minimum), float(measure.maximum)
    return np.clip(np.rint(np.clip(values, low, high) * scale), least, most).astype(
        np.int64
    )


def _as_numbers(column: pa.Array) -> Numbers:
    """Gives numbers of 64 bits; NaN is none, and counts as 0 where it is not there."""
    kind = pa.float64() if pa.types.is_floating(column.type) else pa.int64()
    values = pc.fill_null(column.cast(kind), 0).to_numpy(zero_copy_only=False)
    present = column.is_valid().to_numpy(zero_copy_only=False)
    if kind == pa.float64():
        is_number = ~np.isnan(values)
        values, present = np.where(is_number, values, 0), present & is_number
    return Numbers(values, present)


def _value_set(column: pa.Array, values: Sequence[Value]) -> pa.Array:
    return pa.array(values, column.type)


def _edge(edge: Decimal, dtype: np.dtype) -> float | int:
    """Gives the least number of a type that is not below an edge."""
    if dtype == np.int64:
        return int(edge.to_integral_value(ROUND_CEILING))
    return float(edge)
