"""People are grouped by what they said of themselves, once they agreed to that."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from rally.registry.registry import SHIPPED, Registry
from rally.releases.demographic_groups import DemographicGroups, columns_needed
from rally.releases.grouping import NO_GROUP
from rally.releases.recipe import Grouping
from tests.rally.releases.test_summing import make_id, make_recipe

AGE = Grouping(
    "age", is_demographic=True, values=("band_19_24", "band_25_34", "band_over_65")
)
INCOME = Grouping(
    "exact_income",
    is_demographic=True,
    edges=tuple(map(Decimal, (0, 50_000, 1_000_000))),
)
RECIPE = make_recipe(AGE, INCOME)


@pytest.fixture(scope="module")
def registry():
    return Registry.load(SHIPPED)


def batch_of(registry, *people):
    """Rows of people: a number, the day, the answers to age, and the income."""
    names = columns_needed(RECIPE, registry)
    columns = {
        "participant": pa.array([make_id(each[0]) for each in people], pa.string()),
        "submission_timestamp": pa.array(
            [datetime(2026, 5, each[1], tzinfo=UTC) for each in people],
            pa.timestamp("us", "UTC"),
        ),
    }
    for name in names[2:]:
        if "income" in name:
            columns[name] = pa.array([each[3] for each in people], pa.int64())
            continue
        answer = name.partition("age_")[2]
        said = [True if answer in each[2] else None for each in people]
        columns[name] = pa.array(said, pa.bool_())
    return pa.record_batch(columns)


def groups(registry, *people, agreed=lambda field, person: True, grouping=AGE):
    made = DemographicGroups(
        RECIPE, registry, [batch_of(registry, *people)], agreed, lambda text: text[::-1]
    )
    asked = np.array([make_id(each)[::-1].encode() for each in range(1, 5)], "S36")
    return made.find(asked, grouping).tolist()


def test_people_are_known_in_the_study_by_their_pseudonyms_there(registry):
    people = (1, 1, ["band_19_24"], None), (3, 1, ["band_over_65"], 60_000)

    assert groups(registry, *people) == [0, NO_GROUP, 2, NO_GROUP]
    assert groups(registry, *people, grouping=INCOME) == [
        *(NO_GROUP, NO_GROUP, 1, NO_GROUP)
    ]


def test_nobody_is_grouped_who_did_not_agree_to_this_field(registry):
    people = (1, 1, ["band_19_24"], 10), (2, 1, ["band_25_34"], 10)
    asked = []

    def agreed(field, person):
        asked.append((field, person))
        return (field, person) == ("age", make_id(2))

    assert groups(registry, *people, agreed=agreed) == [
        *(NO_GROUP, 1, NO_GROUP, NO_GROUP)
    ]
    assert groups(registry, *people, agreed=agreed, grouping=INCOME) == [NO_GROUP] * 4
    assert {field for field, _ in asked} == {"age", "exact_income"}


def test_the_latest_answer_counts_and_two_at_once_are_none(registry):
    people = (
        (1, 9, ["band_25_34"], None),
        (1, 2, ["band_19_24"], None),
        (2, 1, ["band_19_24", "band_25_34"], None),
        (3, 1, ["band_35_44"], None),  # which the recipe does not declare
        (4, 1, [], None),
    )

    assert groups(registry, *people) == [1, NO_GROUP, NO_GROUP, NO_GROUP]


def test_without_rows_nobody_is_grouped(registry):
    made = DemographicGroups(RECIPE, registry, [], lambda *_: True, str)
    people = np.array([make_id(1).encode()], "S36")

    assert made.find(people, AGE).tolist() == [NO_GROUP]


def test_only_the_columns_that_are_needed_are_read(registry):
    names = columns_needed(make_recipe(INCOME), registry)

    assert names[:2] == ["participant", "submission_timestamp"]
    assert len(names) == 3
    assert "income" in names[2]
