"""The index of consents, which denies whatever nobody gave."""

from datetime import UTC, datetime, timedelta

import pytest

from rally.consent.fold import Consent, ConsentState, Evidence
from rally.consent.index import ConsentIndex, StudyConsent
from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.events import RALLY, Event, EventKind, write_events
from rally.registry.notices import NoticeName
from rally.registry.registry import Registry
from rally.registry.transitions import States, StudyAction, Transition
from rally.times import to_micros
from tests.fakes.memory_store import MemoryStore
from tests.support.stores import found_platform
from tests.support.world import GARDEN, HOUSE, NOTICE, POND, write_studies

ANN, BOB = (
    "0000000a-0000-8000-8000-000000000000",
    "0000000b-0000-8000-8000-000000000000",
)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
READ = NoticeName("1", NOTICE)
DEMOGRAPHICS, STUDY = ConsentPurpose.DEMOGRAPHICS, ConsentPurpose.STUDY


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    write_studies(folder)
    return Registry.load(str(folder))


def day(number):
    return MAY + timedelta(days=number)


def said(who, number, choice=ConsentChoice.GIVEN, study=GARDEN, *fields):
    time = to_micros(day(number))
    return ConsentRecord(
        choice, study, who, DEMOGRAPHICS, fields or ("age",), time, time, READ,
        f"{who}{number}{choice}", f"{HOUSE}/consent.1",
    )  # fmt: skip


def event(kind, who, number, scope=GARDEN, deletion_id=None):
    time = to_micros(day(number))
    return Event(kind, scope, who, time, deletion_id, f"{who}{number}", "s/d.1")


def joined(who, number, scope=GARDEN, deletion_id=None):
    return event(EventKind.JOINED, who, number, scope, deletion_id)


def left(who, number, scope=GARDEN, deletion_id=None):
    return event(EventKind.LEFT, who, number, scope, deletion_id)


def index(registry, records=(), events=(), people=None, concluded=None):
    platform = MemoryStore()
    found_platform(platform)
    CONSENT_LOG.write(platform, records, "v")
    write_events(platform, events, "v")
    over = [] if concluded is None else [concluded]
    states = States(
        registry,
        [Transition(GARDEN, StudyAction.CONCLUDE, at, "ann", "") for at in over],
    )
    return ConsentIndex.read(platform, registry, states, people)


def ask(found, who=ANN, field="age", study=GARDEN, number=9):
    return found.consented(study, DEMOGRAPHICS, field, who, day(number))


def test_only_what_was_given_is_consented(registry):
    found = index(registry, [said(ANN, 0)], [joined(ANN, 0), joined(BOB, 0)])
    assert ask(found)
    assert not ask(found, BOB)
    assert not ask(found, field="income")
    assert not ask(found, study=POND)
    assert not ask(found, study="rally-nowhere")
    assert not found.consented(GARDEN, STUDY, "age", ANN, day(9))
    assert not ask(found, number=-1)


def test_notice_that_the_study_does_not_list_is_no_consent(registry):
    other = said(ANN, 0)._replace(notice=NoticeName("1", "0" * 64))
    assert not ask(index(registry, [other]))
    assert not ask(index(registry, [said(ANN, 0)._replace(notice=None)]))


@pytest.mark.parametrize(
    ("events", "is_kept"),
    [
        ([left(ANN, 5)], False),
        ([left(ANN, 5, RALLY)], False),
        ([left(ANN, 5, POND)], True),
        ([left(BOB, 5, RALLY)], True),
        ([joined(ANN, 0, RALLY, "id"), left(None, 5, RALLY, "id")], False),
        ([joined(BOB, 0, RALLY, "id"), left(None, 5, RALLY, "id")], True),
        ([left(ANN, 5), joined(ANN, 6)], False),
    ],
)
def test_leaving_the_study_or_rally_withdraws(registry, events, is_kept):
    found = index(registry, [said(ANN, 0)], events)
    assert ask(found, number=4)
    assert ask(found) is is_kept


def test_consent_ends_with_the_study_and_with_the_notice_s_days(registry):
    found = index(registry, [said(ANN, 0)], concluded=day(3))
    assert (ask(found, number=2), ask(found, number=3)) == (True, False)
    found = index(registry, [said(ANN, 0)])
    assert (ask(found, number=364), ask(found, number=365)) == (True, False)


def test_all_consents_of_a_person_are_listed(registry):
    records = [said(ANN, 1), said(ANN, 2, ConsentChoice.REFUSED, POND, "income")]
    events = [joined(ANN, 0), joined(BOB, 0), joined(ANN, 0, RALLY), left(ANN, 7)]
    found = index(registry, records, events, [ANN, BOB])
    start, two, gone = (to_micros(day(number)) for number in (0, 2, 7))
    explicit, inferred = Evidence.EXPLICIT, Evidence.INFERRED
    withdrawn = ConsentState.WITHDRAWN
    assert list(found.consents_of(ANN, day(9))) == [
        StudyConsent(GARDEN, STUDY, "", Consent(withdrawn, gone, inferred, READ)),
        StudyConsent(
            GARDEN, DEMOGRAPHICS, "age", Consent(withdrawn, gone, explicit, READ)
        ),
        StudyConsent(
            POND, DEMOGRAPHICS, "income",
            Consent(ConsentState.REFUSED, two, explicit, READ),
        ),
    ]  # fmt: skip
    given = Consent(ConsentState.GIVEN, start, inferred, READ)
    assert list(found.consents_of(BOB, day(9))) == [
        StudyConsent(GARDEN, STUDY, "", given)
    ]
    assert list(found.consents_of(BOB, day(-1))) == []
