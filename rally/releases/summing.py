"""Exact sums of one part of the participants, within their bounds."""

import numpy as np

from rally.releases.bounding import Contributions, bound
from rally.releases.cells import CellBlock, Cells, Part
from rally.releases.grouping import Countable
from rally.releases.recipe import Recipe


def sum_up(recipe: Recipe, cells: Cells, rows: Countable, key: bytes) -> np.ndarray:
    """Sums what people contribute, each within the bounds of the recipe.

    Args:
        recipe: Recipe.
        cells: Its cells.
        rows: Rows in its groups, all of those of each person in them.
        key: Key that chooses; see rally.releases.bounding.

    Returns:
        A vector of the cells. It is exact, and secret until noise is added.
    """
    given = Contributions(rows.participant, rows.document_id, rows.group)
    bounded = bound(given, recipe.bounds, key)
    vector, group = cells.zeros(), rows.group[bounded.rows]
    for block in cells.blocks:
        if block.part is Part.PEOPLE:
            table = block.of(vector)
            table[:, 0] = np.bincount(bounded.people, minlength=block.groups)
            continue
        column = rows.numbers[recipe.measures.index(block.measure)]
        present = column.present[bounded.rows]
        values = column.values[bounded.rows][present]
        _add(block, block.of(vector), group[present], values)
    return vector


def _add(
    block: CellBlock, table: np.ndarray, group: np.ndarray, values: np.ndarray
) -> None:
    """Adds the numbers of some rows to the cells of a block."""
    if block.part is Part.SUM:
        np.add.at(table[:, 0], group, values)
        return
    at = group * block.width + values if block.part is Part.BANDS else group
    table += np.bincount(at, minlength=table.size).reshape(table.shape)
