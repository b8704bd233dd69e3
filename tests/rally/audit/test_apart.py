"""What looks like a broken promise and is none is counted apart, and says why."""

from datetime import date, timedelta

import pytest

from rally.audit import units
from rally.audit.findings import Check, Unit
from rally.audit.limits import Limits
from rally.dead_letters import LetterKind, LetterPlace, encode_dead_letters
from rally.decisions.contents import DecisionKind as Decides
from rally.decisions.writing import decide
from rally.events import EventKind
from rally.registry.transitions import StudyAction
from rally.storage.layout import EVENTS
from rally.times import from_micros
from rally.withdrawal.unreadable import settlement
from tests.model.words import moment
from tests.rally.audit.place import PREFIX, counts, day_of, found, join
from tests.rally.audit.studies import BOG
from tests.support.people import signer
from tests.support.study_decisions import hold_rows
from tests.support.world import GARDEN, HOUSE, POND


def hold(place, namespace, first=-100, last=100):
    days = (from_micros(moment(each)).date() for each in (first, last))
    at = from_micros(moment(0))
    hold_rows(place.platform, namespace, days, at)


def apart(place, **settings):
    """What is apart, where nothing is broken or unknown."""
    report = place.audit(**settings)
    assert report.exit_status == 0, found(report) | found(report, "unseen")
    return found(report, "apart")


def test_requests_that_wait_are_counted(place):
    assert {check: counts(seen) for check, seen in apart(place).items()} == {
        Check.WITHDRAWN: {
            "deferred until the study is concluded": 4,
            "held for a person's decision": 1,
            "of people who have left, on its way": 6,
        }
    }


def test_requests_are_grouped_by_scope_and_state(place):
    groups = place.audit().withdrawals
    assert {(each.scope, each.state): each.people for each in groups} == {
        ("rally", "active"): 1,
        (GARDEN, "active"): 1,
        (GARDEN, "deferred"): 1,
        (POND, "held"): 1,
        (POND, "requested"): 1,
    }


def test_legal_hold_is_named(place):
    hold(place, GARDEN)
    place.event(EventKind.JOINED, 0, GARDEN, 0, submission_timestamp=moment(-80))
    place.put([place.row(0, time=moment(-62))], day=-62)  # expired
    place.put([place.row(1)])  # of who left
    rows = [place.row(0, number=2), place.row(0, time=moment(0, 1), number=2)]
    place.put_compacted(rows)  # twice
    place.put([place.row(77, number=3)])  # never enrolled
    place.at(9)

    seen = apart(place)

    assert counts(seen[Check.RETENTION]) == {
        "past its retention, under a legal hold": 1
    }
    assert counts(seen[Check.DUPLICATES]) == {
        "there more than once, under a legal hold": 1
    }
    assert counts(seen[Check.ENROLMENT]) == {
        "without an enrolment, under a legal hold": 1
    }
    held = [each for each in seen[Check.WITHDRAWN] if "legal" in each.what]
    assert [(each.where, each.number) for each in held] == [
        (f"{GARDEN}/visit.1/{day_of(0)}", 1)
    ]


def test_legal_hold_keeps_dead_letters_of_its_days(place):
    hold(place, GARDEN, -50, -45)
    for day in (-50, -40):
        letters = LetterPlace(GARDEN, LetterKind.PING, day_of(day))
        sealed = encode_dead_letters([PREFIX + bytes(100)], "0", "1")
        place.platform.create(f"{letters.folder}{'0' * 32}.avro", sealed)

    report = place.audit()

    (broken,) = found(report)[Check.DEAD_LETTERS]
    assert broken.where == f"{GARDEN}/ping/{day_of(-40)}"
    (held,) = found(report, "apart")[Check.DEAD_LETTERS]
    assert held.where == f"{GARDEN}/ping/{day_of(-50)}"
    assert held.what == "past their time, under a legal hold"


def test_legal_hold_of_other_days_keeps_nothing(place):
    hold(place, GARDEN, 1, 2)
    place.put([place.row(1)])
    assert set(found(place.audit())) == {Check.WITHDRAWN}


def test_unreadable_withdrawals_are_counted_with_their_deadline(place):
    letters = LetterPlace(HOUSE, LetterKind.WITHDRAWAL, day_of(-20))
    sealed = [PREFIX + bytes(100)] * 2
    name = f"{letters.folder}{'0' * 32}.avro"
    place.platform.create(name, encode_dead_letters(sealed, "0", "1"))

    (seen,) = apart(place)[Check.DEAD_LETTERS]

    assert seen.where == f"{HOUSE}/withdrawal/{day_of(-20)}"
    assert (seen.what, seen.number) == ("unreadable withdrawals", 2)
    assert seen.until == date.fromisoformat(day_of(-20)) + timedelta(days=30)


def test_settled_withdrawals_are_counted_for_ever(place):
    letters = LetterPlace(HOUSE, LetterKind.WITHDRAWAL, day_of(-50))
    for names in ("a", "a", "b"):
        given_up = settlement(letters, [(names, 6)], "")
        decide(place.platform, signer("decide"), Decides.SETTLE, given_up, place.now)
    [seen] = apart(place)[Check.DEAD_LETTERS]
    assert (seen.where, seen.what, seen.number) == (
        *(HOUSE, "withdrawals that were settled unread", 12),
    )


def test_enrolment_may_come_within_the_grace(place):
    place.put([place.row(77)])
    place.event(EventKind.JOINED, 77, GARDEN, 0, submission_timestamp=moment(7))
    place.at(9)
    assert Check.ENROLMENT not in apart(place)


def test_enrolment_that_comes_too_late_covers_nothing(place):
    place.put([place.row(77)])
    place.event(EventKind.JOINED, 77, GARDEN, 0, submission_timestamp=moment(7, 1))
    place.at(9)
    assert set(found(place.audit())) == {Check.ENROLMENT}


def test_rows_of_a_pause_s_first_minutes_are_fine(place):
    place.decide(POND, StudyAction.PAUSE, 5)
    place.decide(POND, StudyAction.RESUME, 5, 4)
    place.put(
        [
            place.row(0, POND, moment(5) + 9 * 60_000_000, number=1),
            place.row(0, POND, moment(5) - 1, number=2),
        ],
        POND,
        day=5,
    )
    assert Check.DATES not in apart(place)
    place.put([place.row(0, POND, moment(5) + 10 * 60_000_000)], POND, day=5)
    (seen,) = found(place.audit())[Check.DATES]
    assert seen[:3] == (
        f"{POND}/visit.1/{day_of(5)}",
        "sent while the study did not collect",
        1,
    )


@pytest.mark.parametrize(("day", "is_young"), [(1, True), (2, True), (3, False)])
def test_conclusion_may_take_its_days(make_audited, day, is_young):
    place = make_audited()
    place.decide(BOG, StudyAction.CONCLUDE, 0)
    place.put([place.row(0, BOG, moment(-5))], BOG, day=-5)
    (place.folder / "keys" / f"{BOG}.jwk.json").write_text("{}")
    place.at(day)
    if is_young:
        (seen,) = apart(place)[Check.CONCLUDED]
        assert seen[:2] == (f"{BOG}/visit.1", "rows, being purged")
    else:
        report = place.audit()
        assert set(found(report)) == {Check.CONCLUDED}


def test_concluded_study_under_a_legal_hold_keeps_all(place):
    place.put([place.row(0, BOG, moment(-5))], BOG, day=-5)
    hold(place, BOG)
    (place.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    (seen,) = apart(place)[Check.CONCLUDED]
    assert seen[:2] == (f"{BOG}/visit.1", "rows, under a legal hold")


def remove_all(place):
    for info in list(place.data.list(f"data/study={BOG}/")):
        place.data.delete(info.name, info.generation)


def concluded_with_copies(make_audited, **bucket):
    place = make_audited(**bucket)
    place.decide(BOG, StudyAction.CONCLUDE, 0)
    place.put([place.row(0, BOG, moment(-5))], BOG, day=-5)
    place.at(3)
    remove_all(place)
    (place.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    return place


def test_noncurrent_copy_of_a_concluded_study_breaks(make_audited):
    place = concluded_with_copies(make_audited, versioned=True)
    report = place.audit()
    assert counts(found(report)[Check.CONCLUDED]) == {"an old copy: noncurrent": 1}
    assert Check.KEYS not in found(report)


def test_soft_deleted_copy_has_a_date_and_the_keys_wait_for_it(make_audited):
    place = concluded_with_copies(make_audited, soft_delete=timedelta(days=7))
    (seen,) = apart(place)[Check.CONCLUDED]
    assert (seen.what, seen.unit) == ("an old copy: soft-deleted", Unit.OBJECTS)
    assert seen.until == from_micros(moment(10)).date()

    place.at(10)
    assert set(found(place.audit())) == {Check.KEYS}


def without_events(make_audited, **bucket):
    """A concluded study of which only a key is left, and copies of its events."""
    place = make_audited()
    for name, value in bucket.items():
        setattr(place.platform._versions, name, value)
    place.decide(BOG, StudyAction.CONCLUDE, 0)
    place.event(EventKind.JOINED, 0, BOG, 0)
    place.at(3)
    for info in list(place.platform.list(EVENTS)):
        place.platform.delete(info.name, info.generation)
    (place.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    return place


def test_keys_wait_for_old_copies_of_the_event_log(make_audited):
    place = without_events(make_audited, soft_delete=timedelta(days=7))
    (seen,) = apart(place)[Check.KEYS]
    assert (seen.where, seen.what) == (BOG, "wait for old copies of events")
    assert seen.until == from_micros(moment(10)).date()

    place.at(10)
    assert set(found(place.audit())) == {Check.KEYS}


def test_old_copies_of_events_that_purge_left_break(make_audited):
    place = without_events(make_audited, versioned=True)
    assert set(apart(place)) == {Check.KEYS}
    place.at(6)
    (seen,) = found(place.audit())[Check.CONCLUDED]
    assert (seen.where, seen.what) == (EVENTS, "old copies of events")


def expired_copy(make_audited, **bucket):
    """What is live no more for three days, and is past its retention."""
    place = make_audited(**bucket)
    name = place.put([place.row(0, time=moment(-70))], day=-70)
    place.data.delete(name, place.data.stat(name).generation)
    kept = place.put([place.row(0, time=moment(-5))], day=-5)
    place.data.delete(kept, place.data.stat(kept).generation)
    place.at(3)
    return place


def test_old_copy_past_its_retention_that_can_go_breaks(make_audited):
    place = expired_copy(make_audited, versioned=True)
    (seen,) = found(place.audit())[Check.RETENTION]
    assert seen.where == f"{GARDEN}/visit.1/{day_of(-70)}"
    assert seen.what == "past its retention, an old copy: noncurrent"

    hold(place, GARDEN)
    assert Check.RETENTION in apart(place)


def test_old_copy_past_its_retention_that_goes_on_a_day_is_apart(make_audited):
    place = expired_copy(make_audited, soft_delete=timedelta(days=7))
    (seen,) = apart(place)[Check.RETENTION]
    assert seen.until == from_micros(moment(7)).date()


def test_rows_of_who_left_do_not_compete_with_those_of_later_dates(place, monkeypatch):
    """Whether one worker looks at both dates, or each has its own."""
    place.put_compacted([place.row(4, POND, moment(6))], POND, day=6)
    place.at(8)
    place.ingest([join(4, POND, 8, own=True)])
    place.put_compacted([place.row(4, POND, moment(8))], POND, day=8)
    assert Check.DUPLICATES not in found(place.audit())
    monkeypatch.setattr(units, "RUN_DAYS", 1)
    assert Check.DUPLICATES not in found(place.audit())


def test_derived_folder_of_who_left_lately_is_on_its_way(place):
    place.decide(POND, StudyAction.END, 7)  # no derived folder there: nothing is said
    garden = place.derived / "garden"
    place.event(EventKind.LEFT, 4, GARDEN, 0, submission_timestamp=moment(3, 2))
    (garden / "sums.csv").write_text(place.pseudonym(4))
    report = place.audit(limits=Limits(announced_days=0))
    assert counts(found(report, "apart")[Check.DERIVED]) == {
        "of people who have left, on its way": 1
    }
