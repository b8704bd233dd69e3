"""Who has to act on which review, by when; and what is closed for want of one."""

from datetime import date, timedelta

import pytest

from rally.decisions.contents import ReviewResult
from rally.decisions.verifying import read_chain
from rally.registry.approval_deadlines import (
    Due,
    DueKind,
    count_alarms,
    find_closed,
    find_due,
)
from rally.registry.study import Means
from rally.registry.transitions import States, StudyAction
from tests.rally.registry.reviewed_study import (
    HIGH,
    LOW,
    RAISED,
    STEWARD,
    STUDY,
    at,
)
from tests.support.study_decisions import decide_study


def due(study, day, days=30):
    registry, chain = study.registry(), read_chain(study.platform)
    states = States.of_chain(registry, chain)
    return find_due(registry, states, study.approvals(), at(day), days)


def closed(study, day):
    registry, chain = study.registry(), read_chain(study.platform)
    states = States.of_chain(registry, chain)
    found = find_closed(registry, states, study.approvals(), at(day))
    return [f"{each.study}/{each.what}" for each in found]


def ends(document, what, day, review="r1"):
    return Due("author", STUDY, review, document, what, date.fromisoformat(day))


LAST = [ends(each, DueKind.LAST_DAY, "2022-12-31") for each in (LOW, HIGH)]
UNCONFIRMED = [ends(each, DueKind.CONFIRMATION, "2023-03-01") for each in (LOW, HIGH)]


def test_last_day_is_due_from_the_day_on_that_is_asked_for(study):
    study.sign_all()
    assert due(study, "2022-11-30") == []
    assert due(study, "2022-12-01") == LAST
    assert due(study, "2022-12-31", 0) == LAST
    assert due(study, "2022-04-01", 400) == LAST
    assert due(study, "2023-01-05", 0) == LAST  # it ended, and nobody renewed it
    assert [each.days_from(date(2023, 1, 2)) for each in LAST] == [-2, -2]


def test_renewal_settles_it(study):
    study.sign_all()
    study.request("r2", date(2023, 1, 1), date(2023, 2, 10), names=[LOW])
    assert due(study, "2022-12-10") == LAST
    study.sign(STEWARD, at("2022-12-20"), "r2")
    assert due(study, "2022-12-22") == LAST[1:]
    assert due(study, "2023-01-20") == [
        LAST[1],
        ends(LOW, DueKind.LAST_DAY, "2023-02-10", "r2"),
    ]


def test_review_that_nobody_confirmed_is_due(study):
    study.request("r1", last=date(2024, 12, 31))
    study.sign_all()
    assert due(study, "2023-01-29") == []
    assert due(study, "2023-01-30") == UNCONFIRMED
    assert closed(study, "2023-03-01") == []
    assert closed(study, "2023-03-02") == [
        f"{STUDY}/{name}: not collected: review r1: was not confirmed by 2023-03-01"
        for name in (LOW, HIGH)
    ]
    assert due(study, "2023-05-01") == UNCONFIRMED
    study.confirm(at("2023-05-02"))
    assert due(study, "2023-05-03") == closed(study, "2023-05-03") == []


def test_review_that_was_signed_too_early_waits_for_its_owner(study):
    study.request("r1", date(2023, 6, 1), date(2024, 12, 31))
    study.sign_all()
    assert due(study, "2023-02-01") == due(study, "2023-06-02") == UNCONFIRMED
    assert closed(study, "2023-02-01") == []
    assert closed(study, "2023-06-02") == [
        f"{STUDY}/{name}: not collected: review r1: was not confirmed by 2023-03-01"
        for name in (LOW, HIGH)
    ]
    study.confirm(at("2023-02-10"))
    assert due(study, "2023-06-02") == closed(study, "2023-06-02") == []


def test_what_ends_with_its_study_needs_nobody(study):
    study.sign_all()
    study.folder.set("collect_through", date(2022, 12, 31))
    study.folder.set("analysis_until", date(2024, 1, 1))
    assert due(study, "2022-12-20") == due(study, "2023-01-05") == []
    assert closed(study, "2022-12-31") == closed(study, "2023-01-05") == []


@pytest.mark.parametrize("action", [StudyAction.END, StudyAction.CONCLUDE])
def test_study_that_is_over_needs_nobody(study, action):
    study.sign_all()
    decide_study(study.platform, STUDY, StudyAction.END, at("2022-12-01"))
    if action is StudyAction.CONCLUDE:
        decide_study(study.platform, STUDY, action, at("2022-12-02"))
    assert due(study, "2022-12-20") == closed(study, "2023-01-05") == []


def test_withdrawn_review_is_not_due_and_its_documents_are_named(study):
    study.sign_all()
    study.withdraw(at("2022-12-10"))
    assert due(study, "2022-12-20") == []
    assert closed(study, "2022-12-09") == []
    assert closed(study, "2022-12-20") == [
        f"{STUDY}/{name}: not collected: review r1: was withdrawn on 2022-12-10"
        for name in (LOW, HIGH)
    ]


def test_review_that_somebody_refused_later_is_named(study):
    study.sign_all()
    study.sign(STEWARD, at("2022-12-10"), result=ReviewResult.REFUSE)
    assert due(study, "2022-12-20") == []
    assert closed(study, "2022-12-20") == [
        f"{STUDY}/{name}: not collected: review r1: was refused on 2022-12-10"
        for name in (LOW, HIGH)
    ]


def test_fields_are_due_before_their_last_day(study):
    optional = {"type": ["null", "string"], "default": None, "expires": "2022-06-30"}
    fields = study.folder.schemas[LOW]["fields"]
    fields[1:] = [{"name": name, **optional} for name in ("study", "word")]
    study.request("r1")
    study.sign_all()
    two = ends(LOW, DueKind.FIELDS, "2022-06-30")._replace(fields=("/study", "/word"))
    assert due(study, "2022-05-30") == []
    assert due(study, "2022-05-31") == due(study, "2022-06-30") == [two]
    assert due(study, "2022-07-01") == []  # they are left out
    assert two.subject == "joined.1: collection of 2 fields"
    one = two._replace(fields=("/word",))
    assert one.subject == "joined.1: collection of /word"
    assert (LAST[1].subject, UNCONFIRMED[1].subject) == (
        "visit.1: approval",
        "visit.1: approval (unconfirmed)",
    )


def test_unsigned_review_closes_its_document_and_no_other(study):
    assert closed(study, "2022-03-09") == []  # the study is a draft
    study.sign(STEWARD)
    assert closed(study, "2022-03-10") == [
        f"{STUDY}/{HIGH}: not collected: review r1: {RAISED}: not signed: privacy,"
        " data, legal, security"
    ]
    assert due(study, "2022-12-20") == LAST[:1]


def test_document_whose_review_ended_is_named(study):
    study.sign_all()
    study.request("r2", date(2023, 1, 1), date(2023, 2, 10), names=[LOW])
    assert closed(study, "2022-12-31") == []
    assert closed(study, "2023-01-01") == [
        f"{STUDY}/{LOW}: not collected: review r2: category 1: not signed: steward;"
        " review r1: ended on 2022-12-31",
        f"{STUDY}/{HIGH}: not collected: review r1: ended on 2022-12-31",
    ]


def test_paused_and_later_and_suspended_documents_are_as_decided(study):
    study.request("r1", date(2022, 4, 1))
    study.sign_all()
    assert closed(study, "2022-03-20") == []  # begins later
    study.suspend(at("2022-05-01"))
    assert closed(study, "2022-05-02") == []
    assert due(study, "2022-12-20") == LAST[1:]
    assert closed(study, "2023-01-01") == [
        f"{STUDY}/{name}: not collected: review r1: ended on 2022-12-31"
        for name in (HIGH,)
    ]
    decide_study(study.platform, STUDY, StudyAction.PAUSE, at("2023-01-02"))
    assert closed(study, "2023-01-03") == []


def test_schema_that_changed_names_what_is_missing(study):
    study.sign_all()
    fields = study.folder.schemas[LOW]["fields"]
    fields.append({"name": "email", "type": ["null", "string"], "default": None})
    fingerprint = study.document(LOW).schema.fingerprint
    assert closed(study, "2022-05-01") == [
        f"{STUDY}/{LOW}: not collected: no review covers its schema, {fingerprint}"
    ]


def test_withdrawals_are_heard_and_need_no_review(study):
    study.folder.set("documents joined.1 means", Means.LEAVES.value)
    study.folder.set("documents visit.1 means", Means.JOINS.value)
    assert [each.partition(":")[0] for each in closed(study, "2022-05-01")] == [
        f"{STUDY}/{HIGH}"
    ]


def test_alarms_are_raised_on_few_days():
    last = LAST[0].day
    alarmed = [
        left
        for left in range(-3, 40)
        if count_alarms(LAST, last - timedelta(days=left))
    ]
    assert alarmed == [0, 1, 2, 3, 4, 5, 14, 30]
