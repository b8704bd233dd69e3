"""Views that are older than a day are named, before readers are refused."""

from datetime import timedelta

import pytest

from rally.registry.transitions import StudyAction
from rally.status.old_views import OldView
from rally.status.state import read_state
from rally.storage.layout import view_file
from tests.rally.deletion.conftest import deployment, make_deployment, registry
from tests.support.memory_deployment import Row, day
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, POND

__all__ = ["deployment", "make_deployment", "registry"]


def old_views(deployment):
    state = read_state(deployment.stores, deployment.registry, deployment.now, 30)
    return state.views


@pytest.mark.parametrize(
    ("age", "is_old"),
    [(timedelta(days=1), False), (timedelta(days=1, seconds=1), True)],
)
def test_view_older_than_a_day_is_named(deployment, age, is_old):
    deployment.delete()
    deployment.now += age
    named = [OldView(study, day(30)) for study in (GARDEN, POND)]
    assert old_views(deployment) == (named if is_old else [])


def test_study_that_is_not_begun_needs_none(deployment):
    assert old_views(deployment) == []


def test_study_with_rows_and_no_view_that_counts_is_named(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    assert old_views(deployment) == [OldView(GARDEN, None)]
    deployment.data.create(view_file(GARDEN), b"00\n{}\n")
    assert old_views(deployment) == [OldView(GARDEN, None)]


def test_concluded_study_needs_none(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    for action, at in ((StudyAction.END, 20), (StudyAction.CONCLUDE, 21)):
        decide_study(deployment.platform, GARDEN, action, day(at))
    assert old_views(deployment) == []
