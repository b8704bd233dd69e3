"""Who is enrolled, and until when an enrolment may still come."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rally.events import RALLY, Event, EventKind
from rally.times import to_micros
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.enrolments import EnrolledPeople, Grace, needs_enrolment
from tests.rally.deletion.conftest import registry
from tests.support.memory_deployment import KeylessPrf
from tests.support.world import GARDEN, HOUSE, POND

__all__ = ["registry"]

GRACE = Grace(7)
AT = to_micros(datetime(2028, 2, 22, tzinfo=UTC))
PSEUDONYMS = Pseudonyms({name: KeylessPrf(name) for name in (PLATFORM, GARDEN, POND)})


def joined(person, scope, time, kind=EventKind.JOINED):
    return Event(kind, scope, person, time, None, "", "")


def own(person, study=GARDEN):
    return PSEUDONYMS.of_study(study, person).encode()


@pytest.mark.parametrize(("micros", "is_over"), [(0, False), (-1, False), (1, True)])
def test_grace_is_over_a_moment_after_it(micros, is_over):
    now = datetime(2028, 2, 29, tzinfo=UTC) + timedelta(microseconds=micros)
    assert GRACE.is_over(AT, now) is is_over


@pytest.mark.parametrize(
    ("now", "is_due"),
    [
        (datetime(2028, 3, 7, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2028, 3, 8, tzinfo=UTC), True),
    ],
)
def test_grace_of_a_leap_day_is_over_with_its_last_moment(now, is_due):
    assert GRACE.is_due(date(2028, 2, 29), now) is is_due


def test_earliest_enrolment_covers_rows_up_to_the_grace_before_it(registry):
    events = [joined("a", GARDEN, AT + 5), joined("a", GARDEN, AT),
              joined("b", GARDEN, AT, EventKind.LEFT), joined(None, GARDEN, AT),
              joined("c", POND, AT), joined("d", RALLY, AT)]  # fmt: skip
    people = EnrolledPeople(registry.studies[GARDEN], PSEUDONYMS, events, GRACE)
    assert len(people) == 1
    assert people.covers(own("a"), AT - GRACE.micros)
    assert not people.covers(own("a"), AT - GRACE.micros - 1)
    assert people.covers(own("a"), AT + 10**15)
    for other in ("b", "c", "d"):
        assert not people.knows(own(other))
    assert not people.covers(own("a", POND), AT)


def test_platform_rows_are_known_by_platform_pseudonyms_and_need_rally(registry):
    events = [joined("a", GARDEN, AT), joined("b", RALLY, AT)]
    people = EnrolledPeople(registry.studies[HOUSE], PSEUDONYMS, events, GRACE)
    assert (people.covers(b"a", AT), people.covers(b"b", AT)) == (False, True)


def test_study_whose_key_is_gone_has_nobody(registry):
    pseudonyms = Pseudonyms({PLATFORM: KeylessPrf(PLATFORM)})
    events = [joined("a", GARDEN, AT)]
    assert len(EnrolledPeople(registry.studies[GARDEN], pseudonyms, events)) == 0


def test_enrolments_own_rows_need_none(registry):
    needing = {
        f"{study.namespace}/{name}"
        for study in registry.studies.values()
        for name, document in study.documents.items()
        if needs_enrolment(study, document)
    }
    assert needing == {
        f"{GARDEN}/visit.1", f"{GARDEN}/study-unenrollment.1", f"{POND}/visit.1",
        f"{HOUSE}/unenrollment.1", f"{HOUSE}/uninstall-deletion.1",
    }  # fmt: skip
