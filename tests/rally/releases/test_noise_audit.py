"""What 20,000 draws tell of one person stays below what a release claims.

Half of the draws with a person and half without choose the threshold that tells the two
apart best; the other half says how well it does, with 95 % confidence (Jagielski and
others 2020; Clopper and Pearson 1934).
"""

import math

import numpy as np
import pytest
from scipy.stats import beta

from rally.releases.cells import Cells
from rally.releases.noise import draw, noise_of
from tests.rally.releases.recipes import make_recipe

pytestmark = pytest.mark.slow("models")

DRAWS, COPIES = 20_000, 1_000
RHO, DELTA = 0.5, 0.01
GROUPS, ROWS = 2, 5
CLAIM = RHO + 2 * math.sqrt(RHO * math.log(1 / DELTA))
"""Epsilon at this delta, as cards say it: 3.5."""

RECIPE = make_recipe(
    rho=str(RHO),
    group_by=[{"field": "region", "values": [f"r{n}" for n in range(COPIES * GROUPS)]}],
    measures=["people", "rows"],
    bounds={"groups": GROUPS, "rows_per_group": ROWS},
    suppress_below=None,
)
"""Groups that are many copies of two: noise is drawn for each cell alone, so that one
call of the last step makes many independent draws."""

CELLS = Cells(RECIPE)
NOISE = noise_of(RECIPE, CELLS)


def draws_of(times):
    """Draws with a person who counts so many times in both groups, or 0 times.

    Returns:
        People and rows of both groups: a row of four numbers for each draw.
    """
    exact = CELLS.zeros()
    people, rows = (each.block.of(exact) for each in NOISE)
    people[:], rows[:] = times, ROWS * times
    drawn = []
    for _ in range(DRAWS // COPIES):
        noised = draw(NOISE, CELLS, exact)
        parts = [each.block.of(noised).reshape(COPIES, GROUPS) for each in NOISE]
        drawn.append(np.hstack(parts))
    return np.concatenate(drawn)


WEIGHTS = [1 / NOISE[0].sigma ** 2] * GROUPS + [ROWS / NOISE[1].sigma ** 2] * GROUPS
"""Weights of the numbers in the log-likelihood of somebody who is in the data."""


@pytest.fixture(scope="module")
def without():
    return draws_of(0)


def least_epsilon(without, with_):
    """The least epsilon that the draws are compatible with, with 95 % confidence."""
    without, with_ = without @ WEIGHTS, with_ @ WEIGHTS
    half = DRAWS // 2
    thresholds = np.quantile(with_[:half], np.linspace(0.02, 0.98, 97))
    best = max(thresholds, key=lambda at: bound(without[:half], with_[:half], at))
    return bound(without[half:], with_[half:], best)


def bound(without, with_, threshold):
    found, false = int((with_ >= threshold).sum()), int((without >= threshold).sum())
    least = beta.ppf(0.025, found, len(with_) - found + 1) if found else 0.0
    most = beta.ppf(0.975, false + 1, len(without) - false)
    return math.log((least - DELTA) / most) if least > DELTA else 0.0


def test_person_within_bounds_is_hidden_as_claimed(without):
    found = least_epsilon(without, draws_of(1))
    assert 1 < found <= CLAIM  # above 1: the audit sees what there is to see


def test_person_whom_nothing_bounds_is_seen(without):
    """A bound that is broken is caught: somebody counts three times."""
    assert least_epsilon(without, draws_of(3)) > CLAIM


def test_noise_has_the_declared_spread(without):
    people, rows = without[:, :GROUPS], without[:, GROUPS:]
    for noise, own in zip(NOISE, (people, rows), strict=True):
        assert own.std() == pytest.approx(noise.sigma, rel=0.02)
        assert abs(own.mean()) < 5 * noise.sigma / math.sqrt(own.size)
        assert (abs(own) <= noise.error).mean() == pytest.approx(0.95, abs=0.03)
    together = np.corrcoef(without.T) - np.eye(2 * GROUPS)
    assert abs(together).max() < 5 / math.sqrt(DRAWS)  # each cell has noise of its own
