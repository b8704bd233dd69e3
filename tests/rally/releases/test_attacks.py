"""Attacks on what leaves tell of one person no more than the budget allows.

Of two worlds that differ by one person, results that cost rho are told apart with an
advantage (rate of right accusations less that of wrong ones) of at most the distance
of two Gaussians: 2 Phi(sqrt(2 rho) / 2) - 1. Each attack is tried on exact numbers,
too, where it wins: so that it is one. Those on single counts, which noise alone
resists, are made many times at once, in groups of one person each.

Differencing, reconstruction (Dinur and Nissim 2003), membership (Dwork and others 2015,
"Robust traceability from trace amounts"), existence of groups.
"""

import math
from statistics import NormalDist

import numpy as np
import pytest

from rally.errors import ConfigurationError
from rally.releases.cells import Cells
from tests.rally.releases.recipes import parse_recipe, recipe_content
from tests.rally.releases.release_desk import Desk

pytestmark = pytest.mark.slow("models")

BUDGET = 0.5


@pytest.fixture
def random():
    return np.random.default_rng(20261201)


@pytest.fixture
def desk(birds):
    return Desk(birds, rho=str(BUDGET), approves=False)


def best_advantage(rho):
    return 2 * NormalDist().cdf(math.sqrt(2 * rho) / 2) - 1


def make_count(name, groups, most_groups=1, rho=BUDGET):
    """A recipe that counts people in groups."""
    values = [f"g{at}" for at in range(groups)]
    changes = {
        "filters": None,
        "group_by": [{"field": "code", "values": values}],
        "measures": ["people"],
        "bounds": {"groups": most_groups, "rows_per_group": 1},
        "rho": str(rho),
        "suppress_below": None,
    }
    return parse_recipe(recipe_content(**changes), name)


def release(desk, recipe, exact):
    """Releases people by group, and gives the numbers as everybody can read them."""
    desk.approve(recipe)
    draft = desk.run(recipe, accumulate=lambda: exact.astype(np.int64))
    (people,) = draft.table.numbers
    assert draft.table.groups == Cells(recipe).groups == len(people.values)
    return np.array([int(each) for each in people.values])


def advantage(accused, guilty):
    """The rate of right accusations less that of wrong ones, and its error."""
    hit, false = accused[guilty].mean(), accused[~guilty].mean()
    error = math.sqrt(0.25 / guilty.sum() + 0.25 / (~guilty).sum())
    return hit - false, 3.5 * error


def test_two_releases_around_one_who_leaves_hide_who_it_was(desk, random):
    """Both say how many people are in a group, and between them somebody may leave."""
    groups, rho = 5_000, BUDGET / 2
    left = random.random(groups) < 0.5
    before = np.full(groups, 100)
    after = before - left
    first = release(desk, make_count("before", groups, rho=rho), before)
    second = release(desk, make_count("after", groups, rho=rho), after)
    found, error = advantage(first - second > 0.5, left)
    assert 0.1 < found <= best_advantage(BUDGET) + error
    exact, _ = advantage(before - after > 0.5, left)
    assert exact == 1  # a threshold of 11 people, which each group has, hides nobody


def test_nobody_can_tell_whether_a_group_has_anybody(desk, random):
    groups = 5_000
    exists = random.random(groups) < 0.5
    shown = release(desk, make_count("sparse", groups), exists)
    found, error = advantage(shown > 0.5, exists)
    assert 0.2 < found <= best_advantage(BUDGET) + error
    assert (shown[~exists] > 0).mean() > 0.2  # empty groups appear as others do


def test_many_sums_over_subsets_rebuild_nobody(desk, random):
    """Groups of a field that people fill as they like are sums over any subsets."""
    people, sums = 400, 1_600
    secret = random.random(people) < 0.5
    subsets = random.random((sums, people)) < 0.5
    exact = subsets @ secret.astype(np.int64)

    def rebuilt(told):
        guess, *_ = np.linalg.lstsq(subsets.astype(float), told, rcond=None)
        return advantage(guess > 0.5, secret)

    shown = release(desk, make_count("subsets", sums, most_groups=sums), exact)
    found, error = rebuilt(shown)
    assert found <= best_advantage(BUDGET) + error
    rounded, _ = rebuilt(np.round(exact / 5) * 5)
    assert rounded > 0.9  # who rounds to fives tells nearly all

    again = make_count("more", sums, most_groups=sums, rho=0.01)
    desk.approve(again)
    with pytest.raises(ConfigurationError, match=r"exhausted: .* 0 of 0\.5 is left"):
        desk.run(again)


def test_who_is_in_the_data_cannot_be_told_from_who_is_not(desk, random):
    people, traits = 200, 5_000
    rates = random.uniform(0.2, 0.8, traits)
    inside = random.random((people, traits)) < rates
    outside = random.random((people, traits)) < rates
    guilty = np.arange(2 * people) < people

    def traced(told):
        """Accuses whose traits go with the table more than the population's do."""
        score = (np.vstack((inside, outside)) - rates) @ (told - people * rates)
        return advantage(score > np.median(score), guilty)

    exact = inside.sum(axis=0)
    shown = release(desk, make_count("traits", traits, most_groups=traits), exact)
    found, error = traced(shown)
    assert found <= best_advantage(BUDGET) + error
    assert traced(exact)[0] > 0.95
