"""Makes a table of noisy numbers: what cannot be goes, and the exact data is not asked.

All of this works on the recipe and on numbers that are noisy already, so it costs no
privacy (Dwork and Roth 2014, proposition 2.1).

    below zero      zero, where no row of the recipe counts below it
    histograms      no band below zero, and the bands add up to their noisy total
    means           noisy sum by noisy rows, within the declared range
    suppressed      groups whose noisy number of people is too small show nothing
"""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from rally.releases.cells import CellBlock, Cells, Part, mean_name
from rally.releases.noise import NINETEEN_IN_TWENTY, BlockNoise
from rally.releases.recipe import Measure, MeasureKind, Recipe
from rally.releases.table import ColumnKind, ReleaseColumn, ReleaseTable

if TYPE_CHECKING:
    import numpy as np

_MORE_DIGITS = 2
"""Digits after the point that a mean has beyond those of its numbers."""

Rows = list[list[int]]
"""Noisy numbers of a block: for each group one, or one for each band."""


def make_table(
    recipe: Recipe, cells: Cells, noise: tuple[BlockNoise, ...], noised: "np.ndarray"
) -> ReleaseTable:
    """Makes the table of a release.

    Args:
        recipe: The recipe.
        cells: Its cells.
        noise: Noise of each block.
        noised: Noisy numbers of all cells.
    """
    parts = [(each, each.block.of(noised).tolist()) for each in noise]
    hidden = _hidden(recipe, parts)
    numbers = [
        column.without(hidden)
        for measure in recipe.measures
        for column in _columns(measure, [it for it in parts if _is_of(it[0], measure)])
    ]
    labels = cells.labels()
    dimensions = [
        ReleaseColumn(
            each.field, ColumnKind.LABEL, tuple(_text(row[at]) for row in labels)
        )
        for at, each in enumerate(recipe.group_by)
    ]
    return ReleaseTable(cells.groups, tuple(dimensions), tuple(numbers))


def _is_of(noise: BlockNoise, measure: Measure) -> bool:
    return noise.block.measure is measure


def _text(label: str | bool | int) -> str:
    """Gives a label as JSON has it: true, and not True."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def _hidden(recipe: Recipe, parts: list[tuple[BlockNoise, Rows]]) -> set[int]:
    """Gives the groups that show nothing: their noisy people are too few."""
    least = recipe.suppress_below
    people = [rows for noise, rows in parts if noise.block.part is Part.PEOPLE]
    if least is None or not people:
        return set()
    return {group for group, row in enumerate(people[0]) if row[0] < least}


def _columns(
    measure: Measure, parts: list[tuple[BlockNoise, Rows]]
) -> Iterator[ReleaseColumn]:
    for noise, rows in parts:
        yield from _block_columns(noise, rows)
    if measure.kind is MeasureKind.MEAN:
        yield _mean(measure, *parts)


def _block_columns(noise: BlockNoise, rows: Rows) -> Iterator[ReleaseColumn]:
    """Makes the columns of a block: one, or one for each band."""
    block = noise.block
    digits = block.measure.digits if block.part is Part.SUM else 0
    kind = ColumnKind.DECIMAL if digits else ColumnKind.COUNT
    possible = [_possible(block, row) for row in rows]
    errors = (_decimal(math.ceil(noise.error), digits),) * len(rows)
    for band, name in enumerate(block.columns):
        values = tuple(_decimal(row[band], digits) for row in possible)
        yield ReleaseColumn(name, kind, values, errors, block.measure.name)


def _mean(
    measure: Measure, sums: tuple[BlockNoise, Rows], rows: tuple[BlockNoise, Rows]
) -> ReleaseColumn:
    """Divides noisy sums by noisy rows; a group without noisy rows has no mean."""
    digits = measure.digits + _MORE_DIGITS
    least, most = (float(each) for each in (measure.minimum, measure.maximum))
    values, errors = list[str | None](), list[str | None]()
    for (total,), (count,) in zip(sums[1], rows[1], strict=True):
        if count <= 0:
            values.append(None)
            errors.append(None)
            continue
        scale = 10.0**measure.digits
        mean = min(max(total / scale / count, least), most)
        # Of a quotient, to first order; no mean is off by more than its range.
        spread = math.hypot(sums[0].sigma / scale, mean * rows[0].sigma) / count
        is_vague = count <= rows[0].error
        error = most - least if is_vague else NINETEEN_IN_TWENTY * spread
        values.append(f"{mean:.{digits}f}")
        errors.append(f"{min(error, most - least):.{digits}f}")
    return ReleaseColumn(
        mean_name(measure),
        ColumnKind.RATIO,
        tuple(values),
        tuple(errors),
        measure.name,
    )


def _possible(block: CellBlock, row: list[int]) -> list[int]:
    """Gives the nearest numbers that can be."""
    if block.part is Part.BANDS:
        return non_negative(row)
    least, most = block.measure.unit_range if block.part is Part.SUM else (0, 1)
    low = 0 if least >= 0 else None
    high = 0 if most <= 0 else None
    return [_clamped(each, low, high) for each in row]


def _clamped(number: int, low: int | None, high: int | None) -> int:
    if low is not None:
        number = max(number, low)
    return number if high is None else min(number, high)


def non_negative(numbers: list[int]) -> list[int]:
    """Gives the nearest whole numbers that are not below zero and have the same sum.

    A sum below zero is zero. What is below zero is taken off the others in equal parts
    (the projection onto a simplex; Duchi and others 2008), and where that leaves
    fractions, the largest ones are rounded up.
    """
    total = max(sum(numbers), 0)
    taken, kept = 0, 0
    for rank, number in enumerate(sorted(numbers, reverse=True), 1):
        if number * rank <= taken + number - total:
            break
        taken, kept = taken + number, rank
    if not kept:
        return [0] * len(numbers)
    # Each of the `kept` largest gives (taken - total) / kept; all in units of 1 / kept.
    scaled = [max(each * kept - (taken - total), 0) for each in numbers]
    whole = [each // kept for each in scaled]
    order = sorted(range(len(numbers)), key=lambda at: (-(scaled[at] % kept), at))
    for at in order[: total - sum(whole)]:
        whole[at] += 1
    return whole


def _decimal(number: int, digits: int) -> str:
    """Writes a number that is in units of its last digit."""
    return f"{Decimal(number).scaleb(-digits):f}"
