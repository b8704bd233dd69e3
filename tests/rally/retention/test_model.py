"""Any platform: what is left after a purge is what a plain rule leaves."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.layout import Partition, new_file
from tests.support.memory_deployment import FIRST, Row, day
from tests.support.purge_deployment import PurgeDeployment
from tests.support.world import GARDEN, POND

pytestmark = pytest.mark.slow("models")

PEOPLE, STUDIES = st.integers(1, 4), st.sampled_from([GARDEN, POND])
DAYS = st.integers(-10, 29)
NOW, RETENTION, GRACE = 175, 180, 7


class Life(NamedTuple):
    """Rows and enrolments, as (study, person, day); and decisions."""

    rows: list[tuple[str, int, int]]
    joins: list[tuple[str, int, int]]
    concluded: bool
    hold: tuple[str, int, int] | None


lives = st.builds(
    Life,
    st.lists(st.tuples(STUDIES, PEOPLE, DAYS), max_size=12),
    st.lists(st.tuples(STUDIES, PEOPLE, DAYS), max_size=8),
    st.booleans(),
    st.none() | st.tuples(STUDIES, DAYS, DAYS).filter(lambda each: each[1] <= each[2]),
)


def stays(life, study, person, on, now):
    """The rule, as anybody would write it down."""
    if life.hold and life.hold[0] == study and life.hold[1] <= on <= life.hold[2]:
        return True
    if life.concluded and study == GARDEN:
        return False
    if now - on > RETENTION:
        return False
    return now - (on + 1) < GRACE or any(
        (study, person) == (where, who) and at <= on + GRACE
        for where, who, at in life.joins
    )


def date_of(number):
    return (FIRST + timedelta(days=number)).date().isoformat()


def live(deployment, life):
    for study, person, at in life.joins:
        deployment.join(person, study, when=at)
    by_place = {}
    for number, (study, person, on) in enumerate(life.rows):
        by_place.setdefault((study, on), []).append(Row(person, number, on))
    for (study, on), rows in by_place.items():
        name = new_file(Partition(study, "visit.1", date_of(on)), "a")
        deployment.data.create(name, deployment.indexed_file(rows, study))
    if life.concluded:
        deployment.conclude()
    if life.hold:
        study, first, last = life.hold
        deployment.legal_hold(study, date_of(first), date_of(last))


@given(lives, st.sampled_from([30, NOW]))
def test_what_is_left_is_what_the_rule_leaves(registry, life, now):
    with tempfile.TemporaryDirectory() as folder:
        deployment = PurgeDeployment(registry, Path(folder))
        live(deployment, life)
        deployment.now = day(now)
        report = deployment.purge()
        assert [*report.problems] == []
        for study in (GARDEN, POND):
            assert deployment.numbers(study) == [
                number
                for number, row in enumerate(life.rows)
                if row[0] == study and stays(life, *row, now)
            ]
        before = deployment.all_objects()
        assert deployment.purge().done == {}
        assert deployment.all_objects() == before
        is_gone = f"keys/{GARDEN}.keyset.json" not in deployment.key_files()
        is_held = bool(life.hold) and life.hold[0] == GARDEN
        assert is_gone == (life.concluded and not is_held)
