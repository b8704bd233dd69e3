"""Noise costs what the ledger says, and has no bits that tell more than its number."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opendp.domains import atom_domain, vector_domain
from opendp.measurements import make_gaussian
from opendp.metrics import l2_distance
from opendp.mod import enable_features

from rally.errors import ConfigurationError
from rally.releases.cells import Cells
from rally.releases.noise import MOST_OF_A_PERSON, draw, noise_of
from tests.rally.releases.recipes import make_recipe

COUNTS = {"measures": ["people", "rows"], "suppress_below": None}


def noise(**changes):
    recipe = make_recipe(**changes)
    cells = Cells(recipe)
    return cells, noise_of(recipe, cells)


def test_cost_is_split_by_weights_and_adds_up_exactly():
    _, found = noise(rho="0.007")
    shares = {each.block.name: each.rho / Fraction("0.007") for each in found}
    assert shares == {
        "people": Fraction(1, 6),
        "visits": Fraction(2, 6),
        "minutes": Fraction(1, 6),
        "attention_sum": Fraction(1, 12),
        "attention_rows": Fraction(1, 12),
        "lengths": Fraction(1, 6),
    }
    assert sum(each.rho for each in found) == Fraction("0.007")


def test_sensitivity_is_that_of_a_person_in_as_many_groups_as_may_be():
    _, found = noise()
    assert {each.block.name: each.sensitivity_squared for each in found} == {
        "people": 3,
        "visits": 3 * 20**2,
        "minutes": 3 * (20 * 1200) ** 2,
        "attention_sum": 3 * (20 * 750) ** 2,
        "attention_rows": 3 * 20**2,
        "lengths": 3 * 20**2,
    }


def test_deviation_is_as_published_for_one_count():
    """The error of 19 in 20 is what `rally release --plan_only` says."""
    _, (people,) = noise(
        measures=["people"],
        rho="0.0175",
        bounds={"groups": 1, "rows_per_group": 1},
        suppress_below=None,
    )
    assert people.sigma == pytest.approx(math.sqrt(1 / (2 * 0.0175)))
    assert people.error == pytest.approx(1.96 * 5.345, abs=0.01)


@given(
    rho=st.decimals("0.000000001", "999", places=9),
    groups=st.integers(1, 8),
    rows=st.integers(1, 1000),
    maximum=st.integers(1, 10**6),
    weight=st.integers(1, 100),
)
def test_opendp_agrees_on_the_cost(rho, groups, rows, maximum, weight):
    _, found = noise(
        rho=f"{rho:f}",
        bounds={"groups": groups, "rows_per_group": rows},
        measures=[
            {"name": "s", "sum": "s", "minimum": 0, "maximum": maximum, "digits": 0},
            {"name": "n", "count": "people", "weight": weight},
        ],
        suppress_below=None,
    )
    for each in found:
        root = math.sqrt(each.sensitivity_squared)
        space = vector_domain(atom_domain(T="i64")), l2_distance(T="f64")
        enable_features("contrib")
        cost = make_gaussian(*space, scale=each.sigma).map(root)
        assert cost <= each.rho * (1 + Fraction(1, 2**50))
        assert cost >= each.rho * (1 - Fraction(1, 2**40))  # and none is wasted


def test_noise_is_whole_numbers_of_every_parity():
    """Multiples of anything would tell which numbers they were added to."""
    cells, found = noise(**COUNTS)
    draws = np.concatenate([draw(found, cells, cells.zeros()) for _ in range(50)])
    assert draws.dtype == np.int64
    for modulus in (2, 3, 5):
        assert {*(draws % modulus)} == {*range(modulus)}


def test_noise_is_added_to_each_cell():
    cells, found = noise(**COUNTS, rho="900")
    exact = np.arange(cells.length) * 1000
    noised = draw(found, cells, exact)
    assert abs(noised - exact).max() < 200
    assert (noised != exact).any()
    assert (exact == np.arange(cells.length) * 1000).all()


def test_noise_is_drawn_anew():
    cells, found = noise(**COUNTS)
    assert (
        draw(found, cells, cells.zeros()) != draw(found, cells, cells.zeros())
    ).any()


def test_largest_sums_are_noised_without_overflow():
    cells, found = noise(**COUNTS)
    noised = draw(found, cells, cells.zeros() + 2**62)
    assert abs(noised - 2**62).max() < 10**6


@pytest.mark.parametrize("vector", [np.zeros(3, np.int64), np.zeros(16)])
def test_what_is_no_vector_of_the_cells_is_refused(vector):
    cells, found = noise(**COUNTS)
    with pytest.raises(ValueError, match="no vector"):
        draw(found, cells, vector)


def test_noise_that_costs_more_than_its_part_is_refused():
    """OpenDP is asked before it draws; a smaller deviation would cost more."""
    cells, found = noise(**COUNTS)
    less = [each._replace(sigma=each.sigma * 0.999) for each in found]
    with pytest.raises(ValueError, match="costs more"):
        draw(tuple(less), cells, cells.zeros())


def test_sum_that_fits_in_no_64_bits_is_refused():
    huge = {"name": "s", "sum": "s", "minimum": 0, "maximum": 10**9, "digits": 0}
    rows = MOST_OF_A_PERSON // 10**9
    noise(measures=[huge], bounds={"groups": 1, "rows_per_group": rows},
          suppress_below=None)  # fmt: skip
    with pytest.raises(ConfigurationError, match="s: one person may add"):
        noise(measures=[huge], bounds={"groups": 1, "rows_per_group": rows + 1},
              suppress_below=None)  # fmt: skip


def test_columns_say_the_cost_as_the_ledger_does():
    _, (people, _) = noise(**COUNTS, rho="0.1")
    assert people.column == ("people", "1/20", 3, people.sigma)
    assert Decimal(people.sensitivity_squared) == 3
