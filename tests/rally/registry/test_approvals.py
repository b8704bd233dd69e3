"""What may be collected when: by what people signed in a real chain."""

from datetime import date, timedelta

import pytest

from rally.decisions.contents import (
    ReviewResult,
    Role,
)
from rally.registry.approvals import Coverage
from rally.registry.intervals import ALWAYS, Interval
from rally.registry.review_judging import CONFIRMED_FOR, LAPSED_FOR
from rally.times import midnight
from tests.rally.registry.reviewed_study import (
    END,
    FIRST,
    HIGH,
    INSTANT,
    LAST,
    LOW,
    PRIVACY,
    RAISED,
    SIGNED,
    START,
    STEWARD,
    WHOLE,
    at,
)
from tests.support.schemas import described
from tests.support.stores import FOUNDED


def test_unsigned_review_approves_nothing(study):
    assert study.windows() == {LOW: (), HIGH: ()}
    assert study.approval(LOW).faults == ("review r1: category 1: not signed: steward",)
    assert study.approval(HIGH).faults == (
        f"review r1: {RAISED}: not signed: steward, privacy, data, legal, security",
    )


def test_signed_review_covers_its_days(study):
    study.sign_all()
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}
    approval = study.approval(HIGH)
    assert (approval.reviews, approval.faults) == (("r1",), ())
    assert (approval.category.level, approval.category.own) == (4, 3)
    assert approval.lapses == (Interval(END, END + LAPSED_FOR),)


def test_schema_that_changed_is_another(study):
    study.sign_all()
    fields = study.folder.schemas[LOW]["fields"]
    fields.append({"name": "email", "type": ["null", "string"], "default": None})
    assert study.windows() == {LOW: (), HIGH: WHOLE}
    fingerprint = study.document(LOW).schema.fingerprint
    assert study.approval(LOW).faults == (
        f"no review covers its schema, {fingerprint}",
    )
    assert study.approval(LOW).reviews == ()


def test_better_words_need_no_review(study):
    study.sign_all()
    study.folder.says[LOW] = {"doc": "Told better"}
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}
    study.folder.says[LOW] = {"purpose": "Another one"}
    assert study.windows() == {LOW: (), HIGH: WHOLE}


def test_withdrawn_review_covers_nothing_from_then_on(study):
    study.sign_all()
    study.withdraw(at("2022-05-01"))
    until = (Interval(START, at("2022-05-01")),)
    assert study.windows() == {LOW: until, HIGH: until}
    assert study.approval(LOW).faults == ("review r1: was withdrawn on 2022-05-01",)
    assert study.approval(LOW).lapses == ()
    study.sign(STEWARD, at("2022-06-01"))
    study.withdraw(at("2022-07-01"))
    assert study.windows() == {LOW: until, HIGH: until}  # for ever


def test_suspension_closes_a_document_until_it_is_released(study):
    study.sign_all()
    study.suspend(at("2022-04-01"))
    first = Interval(START, at("2022-04-01"))
    assert study.windows() == {LOW: (first,), HIGH: WHOLE}
    study.release(at("2022-05-01"))
    second = Interval(at("2022-05-01"), END)
    assert study.windows() == {LOW: (first, second), HIGH: WHOLE}
    study.suspend(at("2022-06-01"))
    study.suspend(at("2022-06-02"))
    study.release(at("2022-07-01"))
    assert study.windows()[LOW] == (
        first,
        Interval(at("2022-05-01"), at("2022-06-01")),
        Interval(at("2022-07-01"), END),
    )
    approvals, document = study.approvals(), study.document(LOW)
    for time, coverage in (
        (at("2022-04-01") - INSTANT, Coverage.COVERED),
        (at("2022-04-01"), Coverage.NONE),
        (at("2022-05-01"), Coverage.COVERED),
    ):
        assert approvals.coverage(document, time) is coverage


def test_suspension_before_the_review_closes_it_too(study):
    study.suspend(at("2022-02-01"))
    study.sign_all()
    assert study.windows() == {LOW: (), HIGH: WHOLE}
    study.release(at("2022-04-01"))
    assert study.windows()[LOW] == (Interval(at("2022-04-01"), END),)


def test_review_is_confirmed_each_year(study):
    study.request("r1", FIRST, date(2025, 12, 31))
    study.sign_all()
    end = SIGNED + CONFIRMED_FOR
    assert study.windows() == dict.fromkeys((LOW, HIGH), (Interval(START, end),))
    assert study.approval(LOW).lapses == (Interval(end, end + LAPSED_FOR),)
    study.confirm(end - timedelta(days=30))
    later = end - timedelta(days=30) + CONFIRMED_FOR
    assert study.approval(LOW).windows == (Interval(START, later),)
    assert study.approval(LOW).lapses == (Interval(later, later + LAPSED_FOR),)


def test_late_confirmation_leaves_a_gap(study):
    study.request("r1", FIRST, date(2025, 12, 31))
    study.sign_all()
    end, confirmed = SIGNED + CONFIRMED_FOR, at("2023-06-01")
    study.confirm(confirmed)
    assert study.approval(LOW).windows == (
        Interval(START, end),
        Interval(confirmed, confirmed + CONFIRMED_FOR),
    )
    approvals, document = study.approvals(), study.document(LOW)
    for time, coverage in (
        (end - INSTANT, Coverage.COVERED),
        (end, Coverage.LAPSED),
        (end + LAPSED_FOR - INSTANT, Coverage.LAPSED),
        (end + LAPSED_FOR, Coverage.NONE),
        (confirmed - INSTANT, Coverage.NONE),
        (confirmed, Coverage.COVERED),
    ):
        assert approvals.coverage(document, time) is coverage, time


def reports(study):
    """When the schema of the lower document reports."""
    return study.approval(LOW).reports


def test_schema_reports_in_its_first_days_alone(study):
    (low,) = study.request("r1", names=[LOW]).covers
    study.change(covers=(low._replace(report_until=FIRST + timedelta(days=13)),))
    study.sign_all(at("2022-03-12"))
    assert reports(study) == (Interval(at("2022-03-12"), at("2022-03-24")),)
    approvals, document = study.approvals(), study.document(LOW)
    for time, count in (
        (at("2022-03-12") - INSTANT, 0),
        (at("2022-03-12"), 1),
        (at("2022-03-24") - INSTANT, 1),
        (at("2022-03-24"), 0),
    ):
        assert len(approvals.reporting(document, time)) == count
    study.suspend(at("2022-03-20"))
    assert reports(study) == (Interval(at("2022-03-12"), at("2022-03-20")),)


def test_another_review_lets_a_schema_report_no_longer(study):
    study.request("r1", names=[LOW])
    study.sign_all()
    for first, expected in (
        (date(2022, 3, 20), (Interval(at("2022-03-20"), at("2022-03-25")),)),
        (date(2022, 4, 1), ()),
    ):
        (low,) = study.request("r2", first, names=[LOW]).covers
        covers = (low._replace(report_until=first + timedelta(days=14)),)
        study.change("r2", covers=covers)
        study.sign_all(id="r2")
        assert reports(study) == expected


def test_nobody_but_its_owner_confirms_a_review(study):
    study.request("r1", FIRST, date(2025, 12, 31))
    study.sign_all()
    end, confirmed = SIGNED + CONFIRMED_FOR, SIGNED + timedelta(days=300)
    jo = study.admit("jo", Role.AUTHOR)
    study.confirm(confirmed, by=jo)
    assert study.windows() == dict.fromkeys((LOW, HIGH), (Interval(START, end),))
    study.confirm(confirmed)
    later = Interval(START, confirmed + CONFIRMED_FOR)
    assert study.windows() == dict.fromkeys((LOW, HIGH), (later,))


def test_confirmation_approves_nothing_by_itself(study):
    study.confirm(SIGNED)
    assert study.windows() == {LOW: (), HIGH: ()}


def test_review_lapses_for_14_days(study):
    study.sign_all()
    approvals, document = study.approvals(), study.document(HIGH)
    assert timedelta(days=14) == LAPSED_FOR
    for time, coverage in (
        (START - INSTANT, Coverage.NONE),
        (START, Coverage.COVERED),
        (END - INSTANT, Coverage.COVERED),
        (END, Coverage.LAPSED),
        (END + LAPSED_FOR - INSTANT, Coverage.LAPSED),
        (END + LAPSED_FOR, Coverage.NONE),
    ):
        assert approvals.coverage(document, time) is coverage, time
        covered = [document.schema] if coverage is Coverage.COVERED else []
        assert list(approvals.covering(document, time)) == covered


@pytest.mark.parametrize(
    ("signed", "windows"),
    [
        ("2022-12-01", (Interval(START, at("2023-07-01")),)),
        ("2023-01-05", (*WHOLE, Interval(at("2023-01-05"), at("2023-07-01")))),
    ],
)
def test_renewal_goes_on_where_the_review_ends(study, signed, windows):
    study.sign_all()
    study.request("r2", date(2023, 1, 1), date(2023, 6, 30))
    study.sign_all(at(signed), "r2")
    assert study.windows() == {LOW: windows, HIGH: windows}
    approval = study.approval(LOW)
    assert approval.reviews == ("r1", "r2")
    assert approval.lapses == tuple(
        Interval(each.end, each.end + LAPSED_FOR) for each in windows
    )


def test_suspended_document_waits_for_no_renewal(study):
    """Who stopped it did not do so for its pings to be kept for later."""
    study.sign_all()
    study.suspend(at("2022-12-20"))
    approvals, document = study.approvals(), study.document(LOW)
    assert approvals.coverage(document, END) is Coverage.NONE


@pytest.mark.parametrize("stop", ["withdraw", "suspend", "refuse"])
def test_what_is_stopped_after_its_end_waits_no_longer(study, stop):
    study.sign_all()
    stopped = END + timedelta(days=3)
    if stop == "refuse":
        study.sign(STEWARD, stopped, result=ReviewResult.REFUSE)
    else:
        getattr(study, stop)(stopped)
    approvals, document = study.approvals(), study.document(LOW)
    assert approvals.coverage(document, END) is Coverage.LAPSED
    assert approvals.coverage(document, stopped - INSTANT) is Coverage.LAPSED
    assert approvals.coverage(document, stopped) is Coverage.NONE
    assert approvals.windows(document) == WHOLE


def test_built_in_documents_need_no_review(study):
    study.withdraw(SIGNED)
    for name in ("pioneer-enrollment.1", "deletion-request.1"):
        approval = study.approval(name)
        assert (approval.windows, approval.faults) == (ALWAYS, ())
        document = study.document(name)
        assert study.approvals().coverage(document, FOUNDED) is Coverage.COVERED


def test_review_closes_its_document_and_no_other(study):
    study.records.clear()
    study.folder.texts.clear()
    study.request("low", names=[LOW])
    study.request("high", names=[HIGH])
    study.sign_all(id="low")
    study.sign_all(id="high", areas=[STEWARD, PRIVACY])
    assert study.windows() == {LOW: WHOLE, HIGH: ()}
    assert study.approval(HIGH).reviews == ("high",)
    study.folder.schemas[HIGH] = described(study.folder.schemas[LOW], category=2)
    study.folder.set("policy private_browsing", "client")
    assert study.windows() == {LOW: WHOLE, HIGH: ()}


def test_days_are_those_of_submission_in_utc(study):
    study.request("r1", FIRST, FIRST)
    study.sign_all()
    assert study.approval(LOW).windows == (
        Interval(midnight(FIRST), midnight(FIRST + timedelta(days=1))),
    )
    assert LAST > FIRST
