"""Events of a concluded study in the log's files go by deletion, after a purge."""

import pytest

from rally.event_log.event_log import EventLog
from rally.events import EventKind
from rally.storage.layout import EVENTS, LOG
from rally.withdrawal.root import read_root
from tests.rally.retention.stored_studies import (
    only_the_garden_is_gone,
    store_two_studies,
)
from tests.support.memory_deployment import day
from tests.support.study_decisions import release_rows
from tests.support.world import GARDEN, POND

GOES_NEXT = f"{GARDEN}: its events go with the next run of `rally delete`"


@pytest.fixture
def concluded(deployment):
    """A study that is concluded, whose events were merged."""
    store_two_studies(deployment)
    deployment.delete()
    deployment.conclude()
    return deployment


def told(deployment):
    return [e.scope for e in EventLog(deployment.platform)
            if e.kind is EventKind.PURGED]  # fmt: skip


def loose(deployment):
    return [info.name for info in deployment.platform.list(EVENTS)
            if not info.name.startswith(LOG)]  # fmt: skip


def test_deletion_forgets_a_study_of_which_all_else_is_gone(concluded):
    keys = concluded.key_files()
    report = concluded.purge()
    assert [each for each in report.remarks if each.startswith(GOES_NEXT)]
    assert (list(report.problems), concluded.key_files()) == ([], keys)
    assert told(concluded) == [GARDEN]
    concluded.delete()
    assert EventLog(concluded.platform).scopes().isdisjoint({GARDEN})
    assert (told(concluded), loose(concluded)) == ([], [])
    report = concluded.purge()
    assert only_the_garden_is_gone(concluded)
    assert list(report.problems) == []
    before = concluded.all_objects()
    concluded.delete()
    concluded.purge()
    assert concluded.all_objects() == before


def test_a_purge_tells_it_once_however_often_it_runs(concluded):
    concluded.purge()
    before = concluded.records(EVENTS)
    assert list(concluded.purge().problems) == []
    assert (concluded.records(EVENTS), told(concluded)) == (before, [GARDEN])


def test_nothing_is_forgotten_before_a_purge_has_told_so(concluded):
    concluded.leave(3, POND, when=25)
    concluded.delete()
    assert GARDEN in EventLog(concluded.platform).scopes()
    assert GARDEN in {e.scope for e in EventLog(concluded.platform)}


def test_late_events_of_a_concluded_study_are_left_to_the_purge(concluded):
    concluded.join(4, GARDEN, when=26)
    concluded.join(4, POND, when=26)
    concluded.delete()
    assert len(loose(concluded)) == 1
    concluded.purge()
    concluded.delete()
    assert list(concluded.purge().problems) == []
    assert EventLog(concluded.platform).scopes().isdisjoint({GARDEN})
    assert (loose(concluded), concluded.key_files()[0].count(GARDEN)) == ([], 0)


def test_a_legal_hold_of_then_keeps_its_events(concluded):
    concluded.purge()
    hold = concluded.legal_hold(GARDEN, "2026-05-01", "2026-05-20", day(29))
    concluded.delete()
    assert GARDEN in EventLog(concluded.platform).scopes()
    assert told(concluded) == [GARDEN]
    release_rows(concluded.platform, hold, day(29))
    concluded.delete()
    assert EventLog(concluded.platform).scopes().isdisjoint({GARDEN})


def test_who_writes_that_of_a_study_that_goes_on_has_nothing_forgotten(deployment):
    store_two_studies(deployment)
    deployment.delete()
    nobody = {"participant": None, "document": "", "signal": "purge"}
    deployment.event(EventKind.PURGED, 0, GARDEN, 29, **nobody)
    before = read_root(deployment.platform).root.log
    deployment.delete()
    assert read_root(deployment.platform).root.log[0].events == before[0].events + 1
    assert GARDEN in EventLog(deployment.platform).scopes()
