"""A study that does not load: its rows stay, and nobody is told that they are gone."""

from datetime import timedelta

import pytest

from rally.deletion.plan import FileOutcome
from rally.events import RALLY
from rally.registry.study import StudyKind
from rally.registry.transitions import StudyAction
from tests.support.memory_deployment import Killed, Row, day
from tests.support.registries import without_study
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND

DONE = ["requested", "suppressed", "rewritten", "purged", "verified"]


def close(deployment, namespace, kind):
    """Makes a study one that does not load; gives the registry before."""
    whole = deployment.registry
    deployment.registry = without_study(whole, namespace, kind)
    return whole


@pytest.fixture
def both(deployment):
    """Two people with rows in two studies."""
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), study=GARDEN)
    deployment.put(deployment.indexed_file([Row(1, 3), Row(2, 4)], POND), study=POND)
    return deployment


@pytest.mark.parametrize("kind", [StudyKind.STUDY, None])
def test_who_leaves_another_study_is_deleted_and_told(both, kind):
    both.leave(1, GARDEN, document="left")
    close(both, POND, kind)
    report = both.delete()
    assert both.numbers(GARDEN) == [2]
    assert both.numbers(POND) == [3, 4]
    assert both.stages() == {"left": DONE}
    assert both.told() == {"left": [("deletion", 1)]}
    assert (report.faults, report.unregistered, report.waiting) == ([], [], 0)


@pytest.mark.parametrize("kind", [StudyKind.STUDY, None])
def test_who_leaves_rally_waits_for_the_study_and_is_told_of_all_of_it(both, kind):
    both.leave(1, RALLY, document="left")
    whole = close(both, POND, kind)
    report = both.delete()
    assert both.numbers(GARDEN) == [2]
    assert both.numbers(POND) == [3, 4]
    assert both.stages() == {"left": DONE[:2]}
    assert both.receipts() == []
    assert report.waiting == 1

    both.now = day(200)
    both.delete()
    assert both.stages() == {"left": DONE[:2]}

    both.registry = whole
    both.delete()
    assert both.numbers(POND) == [4]
    assert both.stages() == {"left": [*DONE, "closed"]}
    assert both.told() == {"left": [("deletion", 2)]}
    both.check()


def test_who_leaves_the_study_itself_waits(both):
    both.join(1, POND)
    both.leave(1, POND, document="left")
    whole = close(both, POND, StudyKind.STUDY)
    assert both.delete().waiting == 1
    assert both.stages() == {"left": DONE[:2]}
    assert both.numbers(POND) == [3, 4]
    assert both.receipts() == []
    both.registry = whole
    both.delete()
    assert both.told() == {"left": [("deletion", 1)]}


def test_verified_request_does_not_close_meanwhile(both):
    both.leave(1, RALLY, document="left")
    both.delete()
    assert both.stages() == {"left": DONE}
    whole = close(both, POND, StudyKind.STUDY)
    both.now = day(200)
    both.delete()
    assert both.stages() == {"left": DONE}
    both.registry = whole
    both.delete()
    assert both.stages() == {"left": [*DONE, "closed"]}


def test_platform_that_does_not_load_has_rows_about_every_study(both):
    both.leave(1, GARDEN, document="left")
    close(both, HOUSE, StudyKind.PLATFORM)
    assert both.delete().waiting == 1
    assert both.numbers(GARDEN) == [2]
    assert both.receipts() == []


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_platform_whose_file_is_illegible_is_known_by_its_events(both, scope):
    both.join(2, scope, signal=f"{HOUSE}/enrollment.1")
    both.leave(1, GARDEN, document="left")
    close(both, HOUSE, None)
    assert both.delete().waiting == 1
    assert both.receipts() == []


def test_deferred_withdrawal_stays_deferred(both):
    decide_study(both.platform, GARDEN, StudyAction.END, day(15))
    both.join(1, GARDEN)
    both.leave(1, GARDEN, document="left")
    both.delete()
    assert [each.deferred for each in both.withdrawals().withdrawals] == [(GARDEN,)]
    before = both.withdrawals()
    whole = close(both, GARDEN, StudyKind.STUDY)
    both.delete()
    assert both.withdrawals() == before
    both.registry = whole
    both.delete()
    assert both.numbers(GARDEN) == [1, 2]


def test_plan_that_was_begun_waits_for_the_study(both):
    both.leave(1, RALLY, document="left")

    def kill(action, name):
        if action == "replace" and f"study={POND}" in name:
            raise Killed

    both.data.fault = kill
    with pytest.raises(Killed):
        both.delete()
    both.mark_runs_dead()
    whole = close(both, POND, StudyKind.STUDY)
    report = both.delete()
    assert [each.outcome for each in report.faults] == [FileOutcome.UNAVAILABLE]
    assert both.numbers(POND) == [3, 4]
    assert both.receipts() == []
    both.registry = whole
    both.now += timedelta(days=1)
    both.delete()
    assert both.numbers(POND) == [4]
    assert both.told() == {"left": [("deletion", 2)]}
    both.check()


def test_folder_of_an_unavailable_study_is_in_a_registry(both):
    close(both, POND, None)
    both.put(both.indexed_file([Row(3, 5)]), study="rally-garden", name="b")
    both.data.create("data/study=rally-weed/document=visit.1/a.avro", b"x")
    assert both.delete().unregistered == ["rally-weed"]
