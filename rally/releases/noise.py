"""Noise that hides each person: integers of the discrete Gaussian distribution.

A person who is in the data or not changes a column by a bounded distance. Noise whose
variance is the square of that distance, divided by 2 rho, makes the column cost rho in
zero-concentrated differential privacy, and the costs of columns add up (Bun and Steinke
2016; Canonne, Kamath and Steinke 2020). OpenDP draws it by exact arithmetic: no output
has bits that tell more than its number.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from rally.errors import ConfigurationError
from rally.releases.cells import MOST_IN_A_CELL, CellBlock, Cells
from rally.releases.ledger_lines import ColumnNoise
from rally.releases.recipe import MeasureKind, Recipe

if TYPE_CHECKING:
    import numpy as np

MOST_OF_A_PERSON = MOST_IN_A_CELL // 2**26
"""Most that one person may add to a cell, so that 67 million people fit in it."""

_SLACK = 1 + 2.0**-46
"""Raises sigma by more than OpenDP's careful rounding of a cost may take."""

NINETEEN_IN_TWENTY = 1.959963984540054
"""Standard deviations within which noise is, 19 times in 20."""


class BlockNoise(NamedTuple):
    """Noise of one block of cells.

    Attributes:
        block: The block.
        rho: Its part of the release's cost.
        sensitivity_squared: Square of the most that one person changes it.
        sigma: Standard deviation.
    """

    block: CellBlock
    rho: Fraction
    sensitivity_squared: int
    sigma: float

    @property
    def error(self) -> float:
        """How far a cell is off at most, 19 times in 20."""
        return NINETEEN_IN_TWENTY * self.sigma

    @property
    def column(self) -> ColumnNoise:
        """Gives it as the ledger has it."""
        return ColumnNoise(
            self.block.name, str(self.rho), self.sensitivity_squared, self.sigma
        )


def noise_of(recipe: Recipe, cells: Cells) -> tuple[BlockNoise, ...]:
    """Splits the cost of a release among its blocks.

    A measure has its weight's share; of a mean, sum and rows have half of it each.

    Raises:
        ConfigurationError: One person may add more to a sum than 64 bits have room for.
    """
    total = sum(each.weight for each in recipe.measures)
    noise = []
    for block in cells.blocks:
        halves = 2 if block.measure.kind is MeasureKind.MEAN else 1
        rho = Fraction(recipe.rho) * block.measure.weight / (total * halves)
        most = block.most_of(recipe.bounds.rows)
        if most > MOST_OF_A_PERSON:
            raise ConfigurationError(
                f"{recipe.name}: {block.measure.name}: one person may add {most:,}"
                f" units of the last digit, and {MOST_OF_A_PERSON:,} fit; narrow the"
                " range, or take fewer digits or rows"
            )
        squared = recipe.bounds.groups * most**2
        sigma = math.sqrt(Fraction(squared) / (2 * rho)) * _SLACK
        noise.append(BlockNoise(block, rho, squared, sigma))
    return tuple(noise)


def draw(
    noise: tuple[BlockNoise, ...], cells: Cells, accumulator: "np.ndarray"
) -> "np.ndarray":
    """Adds noise to each cell of an accumulator.

    Args:
        noise: Noise of each block.
        cells: Cells of the release.
        accumulator: Exact numbers of all cells, 64-bit integers.

    Returns:
        Another vector of the same length.

    Raises:
        ConfigurationError: OpenDP is not installed.
        ValueError: The accumulator is no vector of these cells, or OpenDP says that
            the noise costs more than it is to: a fault of this software.
    """
    import numpy as np

    if accumulator.shape != (cells.length,) or accumulator.dtype != np.int64:
        raise ValueError("the accumulator is no vector of this release's cells")
    noised = cells.zeros()
    for each in noise:
        drawn = _draw(each, each.block.of(accumulator).ravel().tolist())
        each.block.of(noised)[:] = np.array(drawn, np.int64).reshape(
            each.block.groups, each.block.width
        )
    return noised


def check_noise(noise: tuple[BlockNoise, ...]) -> None:
    """Sees that OpenDP is there and can draw the noise, before anything is reserved.

    Args:
        noise: Noise of each block.

    Raises:
        ConfigurationError: OpenDP is not installed.
        ValueError: OpenDP says that the noise costs more than it is to: a fault of this
            software.
    """
    for each in noise:
        _measurement(each)


def _draw(noise: BlockNoise, exact: list[int]) -> list[int]:
    """Adds noise by OpenDP, once it agrees on what that costs."""
    drawn: list[int] = _measurement(noise)(exact)
    return drawn


def _measurement(noise: BlockNoise) -> Callable[[list[int]], list[int]]:
    """Makes OpenDP's measurement of a block; raises as `check_noise` does."""
    try:
        from opendp.domains import atom_domain, vector_domain
        from opendp.measurements import make_gaussian
        from opendp.metrics import l2_distance
        from opendp.mod import enable_features
    except ImportError:
        raise ConfigurationError(
            "a release needs OpenDP; install the extra `releases` of this software"
        ) from None
    enable_features("contrib")
    measurement = make_gaussian(
        vector_domain(atom_domain(T="i64")), l2_distance(T="f64"), scale=noise.sigma
    )
    if not Fraction(measurement.map(_root(noise.sensitivity_squared))) <= noise.rho:
        raise ValueError("the noise of a column costs more than its part of rho")
    return measurement


def _root(square: int) -> float:
    """Gives a number that is not below the root of a whole number."""
    root = math.sqrt(square)
    return root if Fraction(root) ** 2 >= square else math.nextafter(root, math.inf)
