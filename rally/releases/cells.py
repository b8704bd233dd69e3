"""The cells of a release: one whole number for each group and each part of a measure.

All of them lie in one vector of 64-bit integers, whose length follows from the recipe
alone: whatever the data, it is as long, and what is not there is zero.

    measures   people, mean of minutes       groups   a, b, c
    vector     people: a b c | minutes, sum: a b c | minutes, rows: a b c
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from rally.errors import ConfigurationError
from rally.releases.recipe import Measure, MeasureKind, Recipe, Value, band_labels

if TYPE_CHECKING:
    import numpy as np

MOST_IN_A_CELL = 2**62
"""Largest absolute value of a cell: noise is added to it without overflow."""


ERROR = "_error"
"""Ends the name of the column that says how far another is off."""


class Part(StrEnum):
    """What a cell counts.

    PEOPLE: people with a row in the group. ROWS: rows in the group; of a mean, rows
    that have the number. SUM: sum of a clamped number, in units of its last digit.
    BANDS: rows in a band of a number.
    """

    PEOPLE = "people"
    ROWS = "rows"
    SUM = "sum"
    BANDS = "bands"


_PARTS: dict[MeasureKind, tuple[Part, ...]] = {
    MeasureKind.PEOPLE: (Part.PEOPLE,),
    MeasureKind.ROWS: (Part.ROWS,),
    MeasureKind.SUM: (Part.SUM,),
    MeasureKind.MEAN: (Part.SUM, Part.ROWS),
    MeasureKind.HISTOGRAM: (Part.BANDS,),
}


class CellBlock(NamedTuple):
    """Cells of one part of a measure, of all groups.

    Attributes:
        measure: The measure.
        part: What its cells count.
        start: Position of its first cell.
        groups: Number of groups.
        width: Cells of each group: of a histogram its bands, else one.
    """

    measure: Measure
    part: Part
    start: int
    groups: int
    width: int

    @property
    def name(self) -> str:
        """Name of its column, or what the names of its columns begin with."""
        is_mean = self.measure.kind is MeasureKind.MEAN
        return f"{self.measure.name}_{self.part}" if is_mean else self.measure.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns of a table, one for each cell of a group."""
        if self.part is not Part.BANDS:
            return (self.name,)
        labels = band_labels(self.measure.edges)
        return tuple(f"{self.name}_{each.replace(' ', '_')}" for each in labels)

    def most_of(self, rows: int) -> int:
        """Gives the most that one person changes a group, by Euclidean distance.

        Args:
            rows: Most rows of a person that count in a group.
        """
        if self.part is Part.PEOPLE:
            return 1
        if self.part is Part.SUM:
            return rows * max(map(abs, self.measure.unit_range))
        return rows

    def of(self, vector: "np.ndarray") -> "np.ndarray":
        """Gives its cells of a vector as a table of groups by width, without a copy."""
        end = self.start + self.groups * self.width
        return vector[self.start : end].reshape(self.groups, self.width)


class Cells:
    """Names and places of all cells of a release.

    Attributes:
        blocks: Blocks in their order.
        groups: Number of groups.
        length: Number of cells.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Lays them out, in the order of the recipe's measures.

        Raises:
            ConfigurationError: Two columns of the table would have one name.
        """
        self._group_by = recipe.group_by
        self.groups = recipe.groups
        self.blocks = tuple(_blocks(recipe))
        self.length = sum(each.groups * each.width for each in self.blocks)
        names = [each.field for each in recipe.group_by]
        names += [
            mean_name(it) for it in recipe.measures if it.kind is MeasureKind.MEAN
        ]
        names += [name for each in self.blocks for name in each.columns]
        names += [name + ERROR for name in names[len(recipe.group_by) :]]
        for name, times in Counter(names).items():
            if times > 1:
                raise ConfigurationError(
                    f"{recipe.name}: two columns of its table are called {name}; give"
                    " a measure another name"
                )

    def block(self, measure: str, part: Part) -> CellBlock:
        """Finds a block by the name of its measure. Raises KeyError."""
        known = {(each.measure.name, each.part): each for each in self.blocks}
        return known[measure, part]

    def zeros(self) -> "np.ndarray":
        """Makes a vector in which nothing is counted yet."""
        import numpy as np

        return np.zeros(self.length, np.int64)

    def merge(self, vectors: Iterable["np.ndarray"]) -> "np.ndarray":
        """Adds vectors of disjoint people, in any order."""
        merged = self.zeros()
        for vector in vectors:
            merged += vector
        return merged

    def labels(self) -> list[tuple[Value, ...]]:
        """Gives the labels of each group; the last grouping varies fastest."""
        return list(product(*(each.labels for each in self._group_by)))


def mean_name(measure: Measure) -> str:
    """Names the column of a mean."""
    return f"{measure.name}_mean"


def _blocks(recipe: Recipe) -> Iterator[CellBlock]:
    start, groups = 0, prod(len(each.labels) for each in recipe.group_by)
    for measure in recipe.measures:
        for part in _PARTS[measure.kind]:
            width = len(measure.edges) - 1 if part is Part.BANDS else 1
            yield CellBlock(measure, part, start, groups, width)
            start += groups * width
