"""What may be collected when: by what people signed in a real chain."""

from datetime import date, timedelta

import pytest

from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    DecisionKind,
    ReviewResult,
    Risk,
    Role,
)
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.verifying import read_chain
from rally.keys import keysets
from rally.keys.signing import TinkKey
from rally.registry.approvals import Approvals, Coverage
from rally.registry.intervals import ALWAYS, Interval, midnight
from rally.registry.review_evidence import restrictions_in
from rally.registry.review_judging import CONFIRMED_FOR, LAPSED_FOR
from rally.registry.reviews import (
    Announcement,
    Exemption,
    Permanence,
    SignOff,
    StewardReview,
)
from tests.rally.registry.reviewed_study import (
    END,
    FIRST,
    HIGH,
    LAST,
    LOW,
    SIGNED,
    START,
    WHOLE,
    ReviewedStudy,
    at,
)
from tests.support.schemas import described
from tests.support.stores import FOUNDED

STEWARD, PRIVACY, DATA, LEGAL, SECURITY = REVIEW_AREAS
RAISED = "category 3 -> 4 (web addresses or stored content beside a persistent id)"
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def study(folder):
    return ReviewedStudy(folder)


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


def test_decision_that_is_lost_closes_still(study):
    study.sign_all()
    suspended = study.suspend(at("2022-04-01"))
    withdrawn = study.withdraw(at("2022-05-01"))
    remembered = restrictions_in(read_chain(study.platform))
    assert remembered == [suspended, withdrawn]
    closed = study.windows()
    for entry in remembered:
        name = entry_name(entry.number)
        study.platform.delete(name, study.platform.stat(name).generation)
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}
    approvals = study.approvals(remembered)
    assert {
        name: approvals.windows(study.document(name)) for name in (LOW, HIGH)
    } == closed


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


def test_time_before_that_of_an_older_entry_is_not_believed(study):
    study.suspend(at("2022-06-01"), HIGH)
    study.sign_all(at("2022-03-01"))
    assert study.windows() == {LOW: (Interval(at("2022-06-01"), END),), HIGH: ()}
    study.release(at("2022-04-01"), HIGH)
    assert study.windows()[HIGH] == (Interval(at("2022-06-01"), END),)


def test_entry_that_is_void_moves_no_time(study):
    chain = read_chain(study.platform)
    content = study.suspend(at("2022-01-01"), HIGH).content
    forged = Entry(
        platform=chain.platform,
        number=chain.head.number + 2,
        previous=read_chain(study.platform).head.digest,
        list=0,
        kind=DecisionKind.SUSPEND,
        content=content,
        when=at("2199-01-01"),
        by="stop",
    )
    key = TinkKey(keysets.generate("signature"))
    study.platform.create(entry_name(forged.number), encode(sign(forged, key)))
    study.sign_all()
    assert read_chain(study.platform).records[-len(REVIEW_AREAS) - 1].why
    assert study.windows() == {LOW: WHOLE, HIGH: ()}


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


def test_private_review_approves_nothing(study):
    study.sign_all()
    study.change(public=None)
    assert study.windows() == {LOW: (), HIGH: ()}
    assert study.approval(LOW).faults == (
        "review r1: is not public; say where and since when it can be read",
    )


@pytest.mark.parametrize("what", ["public", "announcement"])
def test_nothing_is_covered_before_people_can_know(study, what):
    study.change(**{what: Announcement("https://example.org/", date(2022, 4, 1))})
    study.sign_all()
    windows = (Interval(at("2022-04-01"), END),)
    assert study.windows() == {LOW: windows, HIGH: windows}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"notice": None}, "a notice"),
        ({"announcement": None}, "an announcement"),
        ({"notice": None, "announcement": None}, "a notice, an announcement"),
    ],
)
def test_highest_category_needs_notice_and_announcement(study, changes, missing):
    study.change(**changes)
    study.sign_all()
    assert study.windows() == {LOW: WHOLE, HIGH: ()}
    assert study.approval(HIGH).faults == (
        f"review r1: data of {RAISED} needs {missing}",
    )


def test_review_says_why_a_rule_does_not_apply(study):
    exemption = Exemption("browsing-beside-id", "pages of one site")
    study.change(notice=None, announcement=None, exemptions=(exemption,))
    study.sign_all()
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}
    assert study.approval(HIGH).category.level == 4  # whatever a review exempts


def test_open_question_closes_all_that_a_review_covers(study):
    request = study.records["r1"].request
    answers = (*request.answers[:3], "TODO", *request.answers[4:])
    study.change(request=request._replace(answers=answers))
    study.sign_all()
    assert study.windows() == {LOW: (), HIGH: ()}
    assert study.approval(LOW).faults == (
        "review r1: question request.answers.4 is not answered",
    )


def test_sensitive_data_is_never_permanent(study):
    study.request("r1", FIRST, None)
    study.sign_all()
    until = (Interval(START, SIGNED + CONFIRMED_FOR),)
    assert study.windows() == {LOW: until, HIGH: ()}
    assert study.approval(HIGH).faults == (
        f"review r1: data of {RAISED} is never permanent",
    )


def test_what_is_permanent_beside_closes_nothing_that_ends(study):
    forever, ends = study.records["r1"].covers
    covers = (forever._replace(last=None), ends)
    study.change(covers=covers, permanent=Permanence("owner", "who joined"))
    study.sign_all()
    until = (Interval(START, SIGNED + CONFIRMED_FOR),)
    assert study.windows() == {LOW: until, HIGH: WHOLE}


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


def test_revoked_reviewers_signature_stays(study):
    study.sign_all()
    assert {Role.STEWARD.value} <= read_chain(study.platform).people.keys()
    study.revoke("steward")
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}


def test_days_are_those_of_submission_in_utc(study):
    study.request("r1", FIRST, FIRST)
    study.sign_all()
    assert study.approval(LOW).windows == (
        Interval(midnight(FIRST), midnight(FIRST + timedelta(days=1))),
    )
    assert LAST > FIRST
