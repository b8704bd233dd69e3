"""pipeline-dp says the same of the same data within the same bounds, and its noise.

It is another implementation, by other people: https://github.com/OpenMined/PipelineDP.
"""

import math
import uuid
from operator import itemgetter

import numpy as np
import pipeline_dp
import pytest

from rally.releases.bounding import Contributions, bound
from rally.releases.cells import Cells
from rally.releases.noise import draw, noise_of
from rally.releases.recipe import Bounds
from tests.rally.releases.recipes import make_recipe

pytestmark = pytest.mark.slow("models")

GROUPS, PEOPLE = 20, 600
BOUNDS = Bounds(groups=4, rows=3)
EPSILON, DELTA = 4.0, 1e-6


def make_rows():
    """Rows of (person, group): people are in one to eight groups, up to six times."""
    random = np.random.default_rng(17)
    return [
        (person, int(group))
        for person in range(PEOPLE)
        for group in random.choice(GROUPS, random.integers(1, 9), replace=False)
        for _ in range(random.integers(1, 7))
    ]


@pytest.fixture(scope="module")
def theirs():
    """People and rows of each group by pipeline-dp, and its standard deviations."""
    budget = pipeline_dp.NaiveBudgetAccountant(EPSILON, DELTA)
    engine = pipeline_dp.DPEngine(budget, pipeline_dp.LocalBackend())
    wanted = [pipeline_dp.Metrics.PRIVACY_ID_COUNT, pipeline_dp.Metrics.COUNT]
    parameters = pipeline_dp.AggregateParams(
        metrics=wanted,
        noise_kind=pipeline_dp.NoiseKind.GAUSSIAN,
        max_partitions_contributed=BOUNDS.groups,
        max_contributions_per_partition=BOUNDS.rows,
        output_noise_stddev=True,
    )
    extractors = pipeline_dp.DataExtractors(
        privacy_id_extractor=itemgetter(0),
        partition_extractor=itemgetter(1),
        value_extractor=lambda _: 0,
    )
    made = engine.aggregate(
        make_rows(), parameters, extractors, public_partitions=list(range(GROUPS))
    )
    budget.compute_budgets()
    return [each for _, each in sorted(made)]


@pytest.fixture(scope="module")
def ours():
    """Exact people and rows of each group within the bounds."""
    rows = make_rows()
    ids = [str(uuid.UUID(int=person)).encode() for person, _ in rows]
    documents = [str(uuid.UUID(int=at)).encode() for at in range(len(rows))]
    group = np.array([each for _, each in rows], np.int32)
    given = Contributions(np.array(ids, "S36"), np.array(documents, "S36"), group)
    found = bound(given, BOUNDS, bytes(32))
    return (
        np.bincount(found.people, minlength=GROUPS),
        np.bincount(group[found.rows], minlength=GROUPS),
    )


def test_people_and_rows_agree_within_its_noise(ours, theirs):
    """It chooses groups and rows at random: a group's share has that spread, too."""
    people, rows = ours
    for exact, name, most in (
        (people, "privacy_id_count", 1),
        (rows, "count", BOUNDS.rows),
    ):
        said = np.array([getattr(each, name) for each in theirs])
        noise = np.array([getattr(each, f"{name}_noise_stddev") for each in theirs])
        choice = most * np.sqrt(exact / most / 2)
        assert (abs(said - exact) <= 4 * (noise + choice)).all()
        total, spread = said.sum() - exact.sum(), math.sqrt((noise**2).sum())
        # Who is in too many groups counts in as many in both, whichever they are.
        chosen = 0 if most == 1 else choice.max() * math.sqrt(GROUPS)
        assert abs(total) <= 4 * (spread + chosen)


def test_noise_for_the_same_promise_is_no_larger_than_its_noise(theirs):
    """Our cost in zCDP has the same epsilon at the same delta, and adds up better."""
    root = math.sqrt(math.log(1 / DELTA) + EPSILON) - math.sqrt(math.log(1 / DELTA))
    recipe = make_recipe(
        rho=f"{root**2:.6f}",
        group_by=[{"field": "code", "values": [f"g{at}" for at in range(GROUPS)]}],
        measures=["people", "rows"],
        bounds={"groups": BOUNDS.groups, "rows_per_group": BOUNDS.rows},
        suppress_below=None,
    )
    people, rows = noise_of(recipe, Cells(recipe))
    for own, name in ((people, "privacy_id_count"), (rows, "count")):
        their = getattr(theirs[0], f"{name}_noise_stddev")
        assert their / 3 < own.sigma <= their


def test_noisy_tables_agree_within_both_noises(ours, theirs):
    recipe = make_recipe(
        rho="0.5",
        group_by=[{"field": "code", "values": [f"g{at}" for at in range(GROUPS)]}],
        measures=["people"],
        bounds={"groups": BOUNDS.groups, "rows_per_group": BOUNDS.rows},
        suppress_below=None,
    )
    cells = Cells(recipe)
    (noise,) = noise_of(recipe, cells)
    drawn = draw((noise,), cells, ours[0].astype(np.int64))
    said = np.array([each.privacy_id_count for each in theirs])
    their = theirs[0].privacy_id_count_noise_stddev
    choice = math.sqrt(ours[0].max() / 2)
    assert (abs(drawn - said) <= 4 * (math.hypot(noise.sigma, their) + choice)).all()
