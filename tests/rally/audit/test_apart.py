"""What looks like a broken promise and is none is counted apart, and says why."""

from datetime import date, timedelta

import pytest

from rally.audit import units
from rally.audit.findings import Check, Status, Unit
from rally.audit.limits import Limits
from rally.dead_letters import LetterKind, LetterPlace, encode_dead_letters
from rally.decisions.contents import DecisionKind as Decides
from rally.decisions.writing import decide
from rally.events import RALLY, EventKind
from rally.registry.transitions import StudyAction
from rally.storage.layout import EVENTS
from rally.times import from_micros
from rally.withdrawal.unreadable import settlement
from tests.model.words import moment
from tests.rally.audit import copy_violations
from tests.rally.audit.audited_platform import (
    SEALED_PREFIX,
    count_by_description,
    day_of,
    join,
    lines_by_check,
)
from tests.rally.audit.studies import BOG
from tests.support.people import signer
from tests.support.study_decisions import hold_rows
from tests.support.world import GARDEN, HOUSE, POND


def hold(deployment, namespace, first=-100, last=100):
    days = (from_micros(moment(each)).date() for each in (first, last))
    at = from_micros(moment(0))
    hold_rows(deployment.platform, namespace, days, at)


def apart(deployment, **settings):
    """What is apart, where nothing is broken or unknown."""
    report = deployment.audit(**settings)
    assert report.exit_status == 0, lines_by_check(report) | lines_by_check(
        report, "unseen"
    )
    return lines_by_check(report, "apart")


def test_requests_that_wait_are_counted(deployment):
    assert {
        check: count_by_description(seen) for check, seen in apart(deployment).items()
    } == {
        Check.WITHDRAWN: {
            "deferred until the study is concluded": 4,
            "held for a person's decision": 1,
            "of people who have left, on its way": 6,
        }
    }


def test_requests_are_grouped_by_scope_and_state(deployment):
    groups = deployment.audit().withdrawals
    assert {(each.scope, each.state): each.people for each in groups} == {
        ("rally", "active"): 1,
        (GARDEN, "active"): 1,
        (GARDEN, "deferred"): 1,
        (POND, "held"): 1,
        (POND, "requested"): 1,
    }


def test_copies_of_people_that_go_with_the_next_purge_are_counted(deployment):
    copy_violations.make_copy(deployment, age=timedelta(days=8))
    seen = apart(deployment)[Check.COPIES]
    assert count_by_description(seen) == {"a person's copy past its time": 1}


def test_copy_of_somebody_is_sealed_and_is_not_searched(deployment):
    """What is encrypted looks like anything, such as the beginning of gzip."""
    before = {each.check: each.unseen for each in deployment.audit().checks}
    sealed = copy_violations.DATA + b"\x1f\x8b\x08\x00" * 9 + b"PK\x03\x04"
    copy_violations.make_copy(deployment, data=sealed, built=sealed)
    report = deployment.audit()
    assert {each.check: each.unseen for each in report.checks} == before
    assert all(each.status is Status.KEPT for each in report.checks)


def test_legal_hold_is_named(deployment):
    hold(deployment, GARDEN)
    deployment.event(EventKind.JOINED, 0, GARDEN, 0, submission_timestamp=moment(-80))
    deployment.put([deployment.row(0, time=moment(-62))], day=-62)  # expired
    deployment.put([deployment.row(1)])  # of who left
    rows = [deployment.row(0, number=2), deployment.row(0, time=moment(0, 1), number=2)]
    deployment.put_compacted(rows)  # twice
    deployment.put([deployment.row(77, number=3)])  # never enrolled
    deployment.at(9)

    seen = apart(deployment)

    assert count_by_description(seen[Check.RETENTION]) == {
        "past its retention, under a legal hold": 1
    }
    assert count_by_description(seen[Check.DUPLICATES]) == {
        "there more than once, under a legal hold": 1
    }
    assert count_by_description(seen[Check.ENROLMENT]) == {
        "without an enrolment, under a legal hold": 1
    }
    held = [each for each in seen[Check.WITHDRAWN] if "legal" in each.what]
    assert [(each.where, each.number) for each in held] == [
        (f"{GARDEN}/visit.1/{day_of(0)}", 1)
    ]


def test_row_is_left_over_if_any_request_that_takes_it_is_done(deployment):
    """The fold reports it under the earliest, which came last and is on its way."""
    left = {"submission_timestamp": moment(2), "document": "came late"}
    deployment.event(EventKind.LEFT, 1, RALLY, 2, **left)
    deployment.put([deployment.row(1), deployment.row(1, time=moment(0, 1), number=2)])
    deployment.put([deployment.row(1, POND)], POND)  # nobody else takes this one
    report = deployment.audit()
    (broken,) = lines_by_check(report)[Check.WITHDRAWN]
    assert (broken.where, broken.what, broken.number) == (
        f"{GARDEN}/visit.1/{day_of(0)}", "of people who have left", 2
    )  # fmt: skip
    seen = lines_by_check(report, "apart")[Check.WITHDRAWN]
    places = {each.where for each in seen if "on its way" in each.what}
    assert f"{POND}/visit.1/{day_of(0)}" in places


def test_legal_hold_keeps_dead_letters_of_its_days(deployment):
    hold(deployment, GARDEN, -50, -45)
    for day in (-50, -40):
        letters = LetterPlace(GARDEN, LetterKind.PING, day_of(day))
        sealed = encode_dead_letters([SEALED_PREFIX + bytes(100)], "0", "1")
        deployment.platform.create(f"{letters.folder}{'0' * 32}.avro", sealed)

    report = deployment.audit()

    (broken,) = lines_by_check(report)[Check.DEAD_LETTERS]
    assert broken.where == f"{GARDEN}/ping/{day_of(-40)}"
    (held,) = lines_by_check(report, "apart")[Check.DEAD_LETTERS]
    assert held.where == f"{GARDEN}/ping/{day_of(-50)}"
    assert held.what == "past their time, under a legal hold"


def test_legal_hold_of_other_days_keeps_nothing(deployment):
    hold(deployment, GARDEN, 1, 2)
    deployment.put([deployment.row(1)])
    assert set(lines_by_check(deployment.audit())) == {Check.WITHDRAWN}


def test_unreadable_withdrawals_are_counted_with_their_deadline(deployment):
    letters = LetterPlace(HOUSE, LetterKind.WITHDRAWAL, day_of(-20))
    sealed = [SEALED_PREFIX + bytes(100)] * 2
    name = f"{letters.folder}{'0' * 32}.avro"
    deployment.platform.create(name, encode_dead_letters(sealed, "0", "1"))

    (seen,) = apart(deployment)[Check.DEAD_LETTERS]

    assert seen.where == f"{HOUSE}/withdrawal/{day_of(-20)}"
    assert (seen.what, seen.number) == ("unreadable withdrawals", 2)
    assert seen.until == date.fromisoformat(day_of(-20)) + timedelta(days=30)


def test_settled_withdrawals_are_counted_for_ever(deployment):
    letters = LetterPlace(HOUSE, LetterKind.WITHDRAWAL, day_of(-50))
    for names in ("a", "a", "b"):
        given_up = settlement(letters, [(names, 6)], "")
        decide(
            deployment.platform,
            signer("decide"),
            Decides.SETTLE,
            given_up,
            deployment.now,
        )
    [seen] = apart(deployment)[Check.DEAD_LETTERS]
    assert (seen.where, seen.what, seen.number) == (
        *(HOUSE, "withdrawals that were settled unread", 12),
    )


def test_enrolment_may_come_within_the_grace(deployment):
    deployment.put([deployment.row(77)])
    deployment.event(EventKind.JOINED, 77, GARDEN, 0, submission_timestamp=moment(7))
    deployment.at(9)
    assert Check.ENROLMENT not in apart(deployment)


def test_enrolment_that_comes_too_late_covers_nothing(deployment):
    deployment.put([deployment.row(77)])
    deployment.event(EventKind.JOINED, 77, GARDEN, 0, submission_timestamp=moment(7, 1))
    deployment.at(9)
    assert set(lines_by_check(deployment.audit())) == {Check.ENROLMENT}


def test_rows_of_a_pause_s_first_minutes_are_fine(deployment):
    deployment.decide(POND, StudyAction.PAUSE, 5)
    deployment.decide(POND, StudyAction.RESUME, 5, 4)
    deployment.put(
        [
            deployment.row(0, POND, moment(5) + 9 * 60_000_000, number=1),
            deployment.row(0, POND, moment(5) - 1, number=2),
        ],
        POND,
        day=5,
    )
    assert Check.DATES not in apart(deployment)
    deployment.put([deployment.row(0, POND, moment(5) + 10 * 60_000_000)], POND, day=5)
    (seen,) = lines_by_check(deployment.audit())[Check.DATES]
    assert seen[:3] == (
        f"{POND}/visit.1/{day_of(5)}",
        "sent while the study did not collect",
        1,
    )


@pytest.mark.parametrize(("day", "is_young"), [(2, True), (3, True), (4, False)])
def test_conclusion_may_take_its_days(make_deployment, day, is_young):
    deployment = make_deployment()
    deployment.decide(BOG, StudyAction.CONCLUDE, 0)
    deployment.put([deployment.row(0, BOG, moment(-5))], BOG, day=-5)
    (deployment.folder / "keys" / f"{BOG}.jwk.json").write_text("{}")
    deployment.at(day)
    if is_young:
        (seen,) = apart(deployment)[Check.CONCLUDED]
        assert seen[:2] == (f"{BOG}/visit.1", "rows, being purged")
    else:
        report = deployment.audit()
        assert set(lines_by_check(report)) == {Check.CONCLUDED}


def test_concluded_study_under_a_legal_hold_keeps_all(deployment):
    deployment.put([deployment.row(0, BOG, moment(-5))], BOG, day=-5)
    hold(deployment, BOG)
    (deployment.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    (seen,) = apart(deployment)[Check.CONCLUDED]
    assert seen[:2] == (f"{BOG}/visit.1", "rows, under a legal hold")


def remove_all(deployment):
    for info in list(deployment.data.list(f"data/study={BOG}/")):
        deployment.data.delete(info.name, info.generation)


def concluded_with_copies(make_deployment, **bucket):
    deployment = make_deployment(**bucket)
    deployment.decide(BOG, StudyAction.CONCLUDE, 0)
    deployment.put([deployment.row(0, BOG, moment(-5))], BOG, day=-5)
    deployment.at(4)
    remove_all(deployment)
    (deployment.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    return deployment


def test_noncurrent_copy_of_a_concluded_study_breaks(make_deployment):
    deployment = concluded_with_copies(make_deployment, versioned=True)
    report = deployment.audit()
    assert count_by_description(lines_by_check(report)[Check.CONCLUDED]) == {
        "an old copy: noncurrent": 1
    }
    assert Check.KEYS not in lines_by_check(report)


def test_soft_deleted_copy_has_a_date_and_the_keys_wait_for_it(make_deployment):
    deployment = concluded_with_copies(make_deployment, soft_delete=timedelta(days=7))
    (seen,) = apart(deployment)[Check.CONCLUDED]
    assert (seen.what, seen.unit) == ("an old copy: soft-deleted", Unit.OBJECTS)
    assert seen.until == from_micros(moment(11)).date()

    deployment.at(11)
    assert set(lines_by_check(deployment.audit())) == {Check.KEYS}


def without_events(make_deployment, **bucket):
    """A concluded study of which only a key is left, and copies of its events."""
    deployment = make_deployment()
    for name, value in bucket.items():
        setattr(deployment.platform._versions, name, value)
    deployment.decide(BOG, StudyAction.CONCLUDE, 0)
    deployment.event(EventKind.JOINED, 0, BOG, 0)
    deployment.at(4)
    for info in list(deployment.platform.list(EVENTS)):
        deployment.platform.delete(info.name, info.generation)
    (deployment.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    return deployment


def test_keys_wait_for_old_copies_of_the_event_log(make_deployment):
    deployment = without_events(make_deployment, soft_delete=timedelta(days=7))
    (seen,) = apart(deployment)[Check.KEYS]
    assert (seen.where, seen.what) == (BOG, "wait for old copies of events")
    assert seen.until == from_micros(moment(11)).date()

    deployment.at(11)
    assert set(lines_by_check(deployment.audit())) == {Check.KEYS}


def test_old_copies_of_events_that_purge_left_break(make_deployment):
    deployment = without_events(make_deployment, versioned=True)
    assert set(apart(deployment)) == {Check.KEYS}
    deployment.at(8)
    (seen,) = lines_by_check(deployment.audit())[Check.CONCLUDED]
    assert (seen.where, seen.what) == (EVENTS, "old copies of events")


def expired_copy(make_deployment, **bucket):
    """What is live no more for three days, and is past its retention."""
    deployment = make_deployment(**bucket)
    name = deployment.put([deployment.row(0, time=moment(-70))], day=-70)
    deployment.data.delete(name, deployment.data.stat(name).generation)
    kept = deployment.put([deployment.row(0, time=moment(-5))], day=-5)
    deployment.data.delete(kept, deployment.data.stat(kept).generation)
    deployment.at(3)
    deployment.begin_views(BOG)
    return deployment


def test_old_copy_past_its_retention_that_can_go_breaks(make_deployment):
    deployment = expired_copy(make_deployment, versioned=True)
    (seen,) = lines_by_check(deployment.audit())[Check.RETENTION]
    assert seen.where == f"{GARDEN}/visit.1/{day_of(-70)}"
    assert seen.what == "past its retention, an old copy: noncurrent"

    hold(deployment, GARDEN)
    assert Check.RETENTION in apart(deployment)


def test_old_copy_past_its_retention_that_goes_on_a_day_is_apart(make_deployment):
    deployment = expired_copy(make_deployment, soft_delete=timedelta(days=7))
    (seen,) = apart(deployment)[Check.RETENTION]
    assert seen.until == from_micros(moment(7)).date()


def test_rows_of_who_left_do_not_compete_with_those_of_later_dates(
    deployment, monkeypatch
):
    """Whether one worker looks at both dates, or each has its own."""
    deployment.put_compacted([deployment.row(4, POND, moment(6))], POND, day=6)
    deployment.at(8)
    deployment.ingest([join(4, POND, 8, own=True)])
    deployment.put_compacted([deployment.row(4, POND, moment(8))], POND, day=8)
    assert Check.DUPLICATES not in lines_by_check(deployment.audit())
    monkeypatch.setattr(units, "UNIT_DAYS", 1)
    assert Check.DUPLICATES not in lines_by_check(deployment.audit())


def test_derived_folder_of_who_left_lately_is_on_its_way(deployment):
    deployment.decide(
        POND, StudyAction.END, 7
    )  # no derived folder there: nothing is said
    garden = deployment.derived / "garden"
    deployment.event(EventKind.LEFT, 4, GARDEN, 0, submission_timestamp=moment(3, 2))
    (garden / "sums.csv").write_text(deployment.pseudonym(4))
    report = deployment.audit(limits=Limits(announced_days=0))
    assert count_by_description(lines_by_check(report, "apart")[Check.DERIVED]) == {
        "of people who have left, on its way": 1
    }
