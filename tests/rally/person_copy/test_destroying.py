"""A copy goes when it is due and not before, whoever left it."""

from datetime import timedelta

import pytest

from rally.access.due_copies import DueCopy, list_archives
from rally.access.records import DestroyedFor, archive_name
from rally.person_copy.handing_over import record_fetched
from tests.rally.person_copy.garden import (
    ANN,
    KEY,
    NOW,
    archives,
    ask,
    build,
    build_killed,
    case,
    destroy,
    die_on,
    due,
    leave,
    places,
    stored,
)
from tests.support.access_cases import ARCHIVE, CASE, OPENED, open_case, refuse_case
from tests.support.memory_deployment import Killed, day

WEEK = timedelta(days=7)


def refuse(deployment):
    refuse_case(deployment.platform)


def fetch(deployment):
    """Handed out, and killed before the archive was gone."""
    opened = places(deployment)
    deployment.platform.fault = die_on("delete")
    with pytest.raises(Killed):
        record_fetched(deployment.platform, opened.chain, KEY, case(deployment), NOW)
    deployment.platform.fault = lambda *_: None


DUE = {
    "nothing happened": (lambda _: None, NOW, None, None),
    "a week": (lambda _: None, NOW + WEEK, DestroyedFor.EXPIRED, NOW + WEEK),
    "refused": (refuse, NOW, DestroyedFor.REFUSED, OPENED),
    "left": (leave, NOW, DestroyedFor.LEFT, day(28)),
    "left before": (lambda each: leave(each, 20), NOW, None, None),
    "fetched": (fetch, NOW, DestroyedFor.FETCHED, NOW),
}


@pytest.mark.parametrize(("happens", "now", "why", "since"), DUE.values(), ids=DUE)
def test_a_copy_goes_when_it_is_due_and_not_before(garden, happens, now, why, since):
    ask(garden)
    build(garden)
    happens(garden)
    own = stored(garden)
    assert due(garden, now) == ([DueCopy(CASE, why, since, own)] if why else [])
    destroy(garden, now)
    assert (archives(garden) == []) is (why is not None)
    destroyed = case(garden, now).destroyed
    assert (destroyed and destroyed.why) == why
    assert due(garden, now) == []


def test_a_copy_that_is_gone_without_a_record_gets_its_record(garden):
    ask(garden)
    build(garden)
    later = NOW + WEEK
    garden.platform.fault = die_on("create")
    with pytest.raises(Killed):
        destroy(garden, later)
    garden.platform.fault = lambda *_: None
    assert due(garden, later) == [DueCopy(CASE, DestroyedFor.EXPIRED, later, None)]
    destroy(garden, later)
    assert case(garden, later).destroyed.why is DestroyedFor.EXPIRED


@pytest.mark.parametrize("leaves", [False, True])
def test_what_a_killed_export_left_goes_when_its_person_leaves(garden, leaves):
    ask(garden, leaves=leaves)
    build_killed(garden)
    assert due(garden) == []
    leave(garden)
    (own,) = list_archives(garden.platform)
    expected = [DueCopy(CASE, DestroyedFor.LEFT, day(28), own)]
    assert due(garden) == ([] if leaves else expected)
    destroy(garden)
    assert list_archives(garden.platform) == ([own] if leaves else [])


def test_what_a_killed_export_left_goes_after_a_week(garden):
    ask(garden)
    build_killed(garden)
    assert due(garden, NOW + timedelta(days=6)) == []
    (left,) = due(garden, NOW + WEEK)
    assert left.why is DestroyedFor.EXPIRED
    destroy(garden, NOW + WEEK)
    assert archives(garden) == []


def test_what_lies_in_the_folder_of_no_approved_case_is_no_copy(garden):
    garden.platform.create(archive_name("01234567", ARCHIVE), b"planted")
    open_case(garden.platform, garden.platform_pseudonym(ANN))
    garden.platform.create(archive_name(CASE, ARCHIVE), b"planted")
    assert due(garden, NOW + WEEK) == []
