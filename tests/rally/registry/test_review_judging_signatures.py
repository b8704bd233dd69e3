"""Whose signatures a review needs, and what each one is of."""

from datetime import date, timedelta

import pytest

from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    ReviewResult,
    Risk,
    Role,
)
from rally.decisions.verifying import read_chain
from rally.registry.approvals import Approvals
from rally.registry.intervals import Interval
from rally.registry.reviews import (
    Exemption,
    SignOff,
    StewardReview,
)
from tests.rally.registry.reviewed_study import (
    DATA,
    END,
    FIRST,
    HIGH,
    LAST,
    LEGAL,
    LOW,
    PRIVACY,
    RAISED,
    SECURITY,
    SIGNED,
    START,
    STEWARD,
    WHOLE,
    at,
)
from tests.support.stores import FOUNDED


def test_words_of_a_record_approve_nothing(study):
    """Whoever writes the file writes who signed it, too."""
    words = Approvals.of_registry(study.registry())
    assert not words.is_checked
    assert words.windows(study.document(LOW)) == ()
    review = study.records["r1"]
    signed = {"by": "steward", "on": FIRST, "result": ReviewResult.APPROVE}
    study.change(
        steward=StewardReview(**signed, reason="good", answers=("yes",) * 8),
        sign_offs={
            area: SignOff(**signed | {"by": area.value}, risk=Risk.LOW, mitigations="x")
            for area in REVIEW_AREAS[1:]
        },
    )
    assert study.records["r1"].digest == review.digest
    words = Approvals.of_registry(study.registry())
    assert {name: words.windows(study.document(name)) for name in (LOW, HIGH)} == {
        LOW: WHOLE,
        HIGH: WHOLE,
    }
    assert study.approvals().is_checked
    assert study.windows() == {LOW: (), HIGH: ()}


@pytest.mark.parametrize("area", REVIEW_AREAS)
def test_each_area_is_needed_for_what_is_sensitive(study, area):
    study.sign_all(areas=[each for each in REVIEW_AREAS if each is not area])
    assert study.approval(HIGH).windows == ()
    assert study.approval(HIGH).faults == (f"review r1: {RAISED}: not signed: {area}",)
    assert study.approval(LOW).windows == (() if area is STEWARD else WHOLE)


@pytest.mark.parametrize(("category", "needs_all"), [(1, 0), (2, 0), (3, 1), (4, 1)])
def test_steward_alone_approves_categories_1_and_2(study, category, needs_all):
    study.folder.says[LOW] = {"category": category}
    study.request("r1", names=[LOW])
    study.change(exemptions=(Exemption("browsing-beside-id", "one site"),))
    study.sign(STEWARD)
    assert study.approval(LOW).windows == (() if needs_all else WHOLE)
    study.sign_all(areas=REVIEW_AREAS[1:])
    assert study.approval(LOW).windows == WHOLE


@pytest.mark.parametrize("earlier", [LEGAL, SECURITY])
@pytest.mark.parametrize("later", [PRIVACY, DATA])
def test_privacy_and_data_sign_before_legal_and_security(study, earlier, later):
    study.sign(earlier, SIGNED)
    hour = timedelta(hours=1)
    study.sign_all(
        SIGNED + hour, areas=[it for it in REVIEW_AREAS if it not in (earlier, later)]
    )
    study.sign(later, SIGNED + 2 * hour)
    assert study.windows() == {LOW: WHOLE, HIGH: ()}
    assert study.approval(HIGH).faults == (
        "review r1: privacy and data must not sign after legal and security",
    )


def test_nothing_is_covered_before_the_last_needed_signature(study):
    for number, area in enumerate(REVIEW_AREAS):
        study.sign(area, at("2022-04-01") + timedelta(days=number))
    assert study.windows() == {
        LOW: (Interval(at("2022-04-01"), END),),
        HIGH: (Interval(at("2022-04-05"), END),),
    }


def test_nobody_signs_two_areas(study):
    jo = study.admit("jo", DATA, PRIVACY)
    study.sign_all(areas=[STEWARD])
    study.sign(PRIVACY, by=jo)
    study.sign(DATA, by=jo)
    study.sign_all(areas=[LEGAL, SECURITY])
    assert study.approval(HIGH).windows == ()
    assert study.approval(HIGH).faults == (
        "review r1: data by jo: nobody signs two areas of one review",
        f"review r1: {RAISED}: not signed: data",
    )
    study.sign(DATA)
    assert study.approval(HIGH).windows == WHOLE
    study.request("r2", date(2023, 1, 1), date(2023, 1, 31))
    study.sign_all(id="r2", areas=[STEWARD, PRIVACY, LEGAL, SECURITY])
    study.sign(DATA, id="r2", by=jo)  # of another review
    assert study.approval(HIGH).windows == (Interval(START, at("2023-02-01")),)


@pytest.mark.parametrize("who", ["requester", "owner"])
def test_nobody_signs_what_they_asked_for_or_own(study, who):
    request = study.records["r1"].request
    study.change(request=request._replace(**{who: "steward"}))
    study.sign_all()
    for name, missing in ((LOW, "category 1"), (HIGH, RAISED)):
        assert study.approval(name).windows == ()
        assert study.approval(name).faults == (
            "review r1: steward by steward: nobody signs what they asked for, or own",
            f"review r1: {missing}: not signed: steward",
        )


def test_registrar_attests_no_review_of_their_own(study):
    request = study.records["r1"].request
    study.change(request=request._replace(requester="registrar"))
    study.attest()
    assert study.windows() == {LOW: (), HIGH: ()}


def with_other(covers: tuple[CoveredSchema, ...], **changes: object):
    return {"covers": tuple(each._replace(**changes) for each in covers)}


DIFFERENT = {
    "fingerprint": {"fingerprint": "0" * 64},
    "first": {"first": date(2022, 3, 11)},
    "last": {"last": date(2023, 1, 1)},
    "no end": {"last": None},
    "document": {"document": "other.1"},
}


@pytest.mark.parametrize("changes", DIFFERENT.values(), ids=DIFFERENT)
def test_signature_is_of_a_schema_and_its_days(study, changes):
    covers = study.records["r1"].covers
    study.sign(STEWARD, **with_other(covers, **changes))
    assert study.approval(LOW).windows == ()
    assert study.approval(LOW).faults == (
        "review r1: steward by steward: other schemas or days were signed",
        "review r1: category 1: not signed: steward",
    )
    study.sign(STEWARD)
    assert study.approval(LOW).windows == WHOLE


def test_signature_is_of_the_record(study):
    study.sign_all()
    request = study.records["r1"].request
    study.change(request=request._replace(answers=("Other.", *request.answers[1:])))
    assert study.windows() == {LOW: (), HIGH: ()}
    assert study.approval(LOW).faults == (
        *(
            f"review r1: {area} by {area}: the record is another than was signed"
            for area in REVIEW_AREAS
        ),
        "review r1: category 1: not signed: steward",
    )


def test_days_that_were_moved_later_are_not_covered(study):
    study.sign_all()
    covers = study.records["r1"].covers
    study.change(**with_other(covers, last=date(2023, 12, 31)))
    assert study.windows() == {LOW: (), HIGH: ()}


def test_refusal_ends_what_was_approved_until_somebody_approves_again(study):
    study.sign_all()
    study.sign(STEWARD, at("2022-05-01"), result=ReviewResult.REFUSE)
    until = Interval(START, at("2022-05-01"))
    assert study.windows() == {LOW: (until,), HIGH: (until,)}
    assert study.approval(LOW).lapses == ()
    study.sign(STEWARD, at("2022-06-01"))
    since = Interval(at("2022-06-01"), END)
    assert study.windows() == {LOW: (until, since), HIGH: (until, since)}
    study.sign(LEGAL, at("2022-07-01"), result=ReviewResult.REFUSE)
    assert study.windows()[LOW] == (until, since)
    assert study.windows()[HIGH] == (
        until,
        Interval(at("2022-06-01"), at("2022-07-01")),
    )


def test_refusal_alone_approves_nothing(study):
    study.sign(STEWARD, result=ReviewResult.REFUSE)
    assert study.approval(LOW).windows == ()
    assert study.approval(LOW).faults == ("review r1: category 1: not signed: steward",)


def test_import_covers_what_was_before_the_platform_and_from_then_on(study):
    study.request("r1", date(2019, 6, 1), LAST)
    study.attest(at("2022-03-01"))
    windows = (
        Interval(at("2019-06-01"), FOUNDED),
        Interval(at("2022-03-01"), END),
    )
    assert study.windows() == {LOW: windows, HIGH: windows}
    assert study.approval(HIGH).faults == ()
    approvals, document = study.approvals(), study.document(LOW)
    assert approvals.ends(document, at("2019-07-01")) == FOUNDED
    assert approvals.ends(document, at("2021-01-01")) is None
    assert approvals.ends(document, at("2022-04-01")) == END


def test_people_of_the_platform_cover_nothing_before_it(study):
    study.request("r1", date(2019, 6, 1), LAST)
    study.sign_all(at("2022-03-01"))
    windows = (Interval(at("2022-03-01"), END),)
    assert study.windows() == {LOW: windows, HIGH: windows}


@pytest.mark.parametrize("changes", DIFFERENT.values(), ids=DIFFERENT)
def test_import_is_of_a_schema_and_its_days(study, changes):
    study.attest(**with_other(study.records["r1"].covers, **changes))
    assert study.windows() == {LOW: (), HIGH: ()}
    assert study.approval(LOW).faults == (
        "review r1: import by registrar: other schemas or days were signed",
        "review r1: category 1: not signed: steward",
    )


def test_import_attests_the_answers_that_a_record_has(study):
    study.complete()
    whole = study.records["r1"]
    less = {area: it for area, it in whole.sign_offs.items() if area is not Role.LEGAL}
    study.change(sign_offs=less)
    study.attest(at("2022-03-01"))
    windows = (Interval(at("2022-03-10"), END),)
    assert study.windows() == {LOW: windows, HIGH: ()}
    assert study.approval(HIGH).faults == (
        f"review r1: {RAISED}: imported without legal",
    )
    study.change(sign_offs=whole.sign_offs)  # somebody completes it afterwards
    assert study.windows() == {LOW: (), HIGH: ()}
    assert study.approval(LOW).faults == (
        "review r1: import by registrar: the record is another than was signed",
        "review r1: category 1: not signed: steward",
    )


def test_import_covers_nothing_before_the_last_answer_of_its_record(study):
    study.complete()
    signed = dict(study.records["r1"].sign_offs)
    late = date(2022, 5, 1)
    signed |= {
        area: signed[area]._replace(on=late) for area in (Role.LEGAL, Role.SECURITY)
    }
    study.change(sign_offs=signed)
    study.attest(at("2022-03-01"))
    assert study.windows() == {
        LOW: (Interval(at("2022-03-10"), END),),
        HIGH: (Interval(at("2022-05-01"), END),),
    }
    signed[Role.PRIVACY] = signed[Role.PRIVACY]._replace(on=date(2022, 5, 2))
    study.change(sign_offs=signed)
    study.attest(at("2022-03-01"))
    assert study.windows()[HIGH] == ()


def test_refusal_after_an_import_ends_what_it_covers(study):
    study.attest(at("2022-03-01"))
    study.sign(Role.PRIVACY, at("2022-04-01"), result=ReviewResult.REFUSE)
    windows = (Interval(at("2022-03-10"), at("2022-04-01")),)
    assert study.windows() == {LOW: windows, HIGH: windows}


def test_revoked_reviewers_signature_stays(study):
    study.sign_all()
    assert {Role.STEWARD.value} <= read_chain(study.platform).people.keys()
    study.revoke("steward")
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}
