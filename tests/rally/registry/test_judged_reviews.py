"""Renewals and incremental changes rest on a review, and add nothing to it."""

import json
from copy import deepcopy
from datetime import date

import pytest

from rally.decisions.contents import ReviewResult, Role
from rally.registry.intervals import Interval
from rally.registry.review_judging import CONFIRMED_FOR, LAPSED_FOR
from rally.registry.reviews import Exemption, Incremental, Recipient
from tests.rally.registry.conftest import VISIT
from tests.rally.registry.reviewed_study import (
    END,
    FIRST,
    HIGH,
    LAST,
    LOW,
    SIGNED,
    STUDY,
    WHOLE,
    at,
)
from tests.support.schemas import described

X = "x@example.org (MOU 7)"
NEXT = (date(2023, 1, 1), date(2023, 1, 31))
AFTER = Interval(END, at("2023-02-01"))
ASK = "ask by a first request"


def renew(study, names=(LOW, HIGH), retention_days=..., **request):
    """Adds and signs r2, a renewal of r1, with changes of its request."""
    review = study.request("r2", *NEXT, names)
    if retention_days is not ...:
        covers = (it._replace(retention_days=retention_days) for it in review.covers)
        study.change("r2", covers=tuple(covers))
    answers = ("r1", "a month more", "few joined")
    asked = review.request._replace(renews="r1", answers=answers, **request)
    study.change("r2", request=asked)
    study.sign_all(id="r2")


def faults(study, name):
    """Why the renewal does not count for the newest schema of a document."""
    approval, *_ = study.approvals().of(study.document(name))
    return [
        each.removeprefix("review r2: ")
        for each in approval.faults
        if each.startswith("review r2: ")
    ]


def test_renewal_covers_the_next_days(study):
    study.sign_all()
    renew(study)
    windows = (Interval(WHOLE[0].start, AFTER.end),)
    assert study.windows() == {LOW: windows, HIGH: windows}
    assert faults(study, HIGH) == faults(study, LOW) == []


def test_renewal_of_what_does_not_count_is_a_request_of_its_own(study):
    study.sign_all(areas=[Role.STEWARD])
    renew(study)
    assert study.windows() == {LOW: (Interval(WHOLE[0].start, AFTER.end),), HIGH: ()}
    assert faults(study, HIGH) == [
        f"renews r1, which does not count for visit.1; {ASK}"
    ]


def test_renewal_exempts_itself_from_nothing_more(study):
    study.sign_all()
    renew(study)
    exemption = Exemption("browsing-beside-id", "pages of one site")
    study.change("r2", exemptions=(exemption,))
    study.sign_all(id="r2")
    told = [each for each in faults(study, LOW) if each.startswith("renews")]
    assert told == [
        f"renews r1, which does not say why browsing-beside-id does not apply; {ASK}"
    ]


def test_renewal_of_another_document_is_a_request_of_its_own(study):
    study.request("r1", names=[LOW])
    study.sign_all()
    renew(study)
    assert faults(study, LOW) == []
    assert faults(study, HIGH) == [
        f"renews r1, which does not count for visit.1; {ASK}"
    ]


def revise(study, change):
    """Changes visit.1, whose schema so far becomes an older revision."""
    older = described(VISIT, category=3)
    study.folder.texts[f"{STUDY}/revisions/visit.1/1.avsc"] = json.dumps(older)
    newer = deepcopy(VISIT)
    change(newer["fields"])
    study.folder.schemas["visit.1"] = newer


def add(**says):
    field = {"name": "page", "type": ["null", "string"], "default": None, **says}
    return lambda fields: fields.append(field)


def say(**says):
    return lambda fields: fields[1].update(says)


CHANGES = {
    "same": (lambda fields: None, None),
    "words": (say(purpose="another purpose"), None),
    "removed": (lambda fields: fields.pop(), None),
    "added": (add(), "adds /page"),
    "added below": (add(category=1), "adds /page"),
    "raised": (say(category=4), "category /private"),
    "lowered": (say(category=1), "category /private"),
    "identifier": (say(identifier=True), "identifier /private"),
    "widened": (say(type=["boolean", "null"]), "widens /private"),
}


@pytest.mark.parametrize(("change", "addition"), CHANGES.values(), ids=CHANGES)
def test_renewal_adds_nothing_to_the_schema(study, change, addition):
    study.sign_all()
    study.folder.set("policy private_browsing", "client")
    revise(study, change)
    renew(study, names=[HIGH])
    approval, *_ = study.approvals().of(study.document(HIGH))
    if addition is None:
        assert faults(study, HIGH) == []
        assert AFTER.end in {each.end for each in approval.windows}
        return
    assert faults(study, HIGH) == [
        f"renews r1 and {addition}, which that does not cover; {ASK}"
    ]
    assert approval.windows == ()


MORE = {
    "reader": (
        {"recipients": (Recipient("bees@example.org", "MOU 8", date(2024, 3, 27)),)},
        ["which does not name bees@example.org (MOU 8) as a recipient"] * 2,
    ),
    "read longer": (
        {"recipients": (Recipient("x@example.org", "MOU 7", date(2025, 3, 27)),)},
        ["", ""],
    ),
    "later end": (
        {"analysis_until": date(2025, 3, 27)},
        [
            "which lets rows stay until the study is concluded, by 2024-03-27, and not"
            " until the study is concluded, by 2025-03-27",
            "",
        ],
    ),
    "earlier end": ({"analysis_until": date(2024, 3, 26)}, ["", ""]),
}


@pytest.mark.parametrize(("request_", "expected"), MORE.values(), ids=MORE)
def test_renewal_adds_no_reader_and_no_day(study, request_, expected):
    study.folder.set("access", [])
    study.folder.set("analysis_until", date(2024, 3, 26))
    study.request("r1")
    readers = (Recipient("x@example.org", "MOU 7", date(2024, 3, 27)),)
    request = study.records["r1"].request._replace(
        recipients=readers, analysis_until=date(2024, 3, 27)
    )
    study.change(request=request)
    study.sign_all()
    renew(study, **{"analysis_until": date(2024, 3, 27), **request_})
    assert [faults(study, name) for name in (LOW, HIGH)] == [
        [f"renews r1, {each}; {ASK}"] if each else [] for each in expected
    ]


@pytest.mark.parametrize(
    ("days", "longer"),
    [
        (30, None),
        (180, None),
        (181, "181 days"),
        (None, "until the study is concluded"),
    ],
)
def test_renewal_keeps_rows_no_longer(study, days, longer):
    study.sign_all()
    study.folder.set("documents visit.1 delete_after_days", 30)
    renew(study, names=[HIGH], retention_days=days)
    assert faults(study, HIGH) == (
        [f"renews r1, which lets rows stay 180 days, and not {longer}; {ASK}"]
        if longer
        else []
    )


def change(study, names=(HIGH,), days=None, id="r2", of="r1", **request):
    """Adds a review that is incremental to another, with changes of its request."""
    review = study.request(id, *(days or (FIRST, LAST)), names)
    asked = review.request._replace(answers=(), **request)
    study.change(
        id,
        request=asked,
        incremental=Incremental(of),
        notice=None,
        announcement=None,
    )


LATER = at("2022-06-01")


def test_steward_alone_signs_what_is_incremental(study):
    """The others signed for more, and the notice told of more."""
    study.sign_all()
    revise(study, CHANGES["removed"][0])
    study.folder.set("policy private_browsing", "client")
    change(study)
    assert faults(study, HIGH) == ["an incremental change: not signed: steward"]
    study.sign(Role.STEWARD, LATER, "r2")
    assert faults(study, HIGH) == []
    approval, older = study.approvals().of(study.document(HIGH))
    assert approval.windows == (Interval(LATER, END),)
    assert older.windows == WHOLE
    assert [each.review.id for each in approval.terms] == ["r1"]


@pytest.mark.parametrize(("change_", "addition"), CHANGES.values(), ids=CHANGES)
def test_what_adds_something_is_not_incremental(study, change_, addition):
    study.sign_all()
    study.folder.set("policy private_browsing", "client")
    revise(study, change_)
    change(study)
    study.sign(Role.STEWARD, id="r2")
    assert faults(study, HIGH) == (
        [f"is incremental to r1 and {addition}, which that does not cover; {ASK}"]
        if addition
        else []
    )
    approval, *_ = study.approvals().of(study.document(HIGH))
    assert approval.windows == (() if addition else WHOLE)


CLOSINGS = {
    "refused": lambda study: study.sign(
        Role.PRIVACY, at("2022-08-01"), result=ReviewResult.REFUSE
    ),
    "withdrawn": lambda study: study.withdraw(at("2022-08-01")),
    "itself": lambda study: study.sign(
        Role.STEWARD, at("2022-08-01"), "r2", result=ReviewResult.REFUSE
    ),
    "itself withdrawn": lambda study: study.withdraw(at("2022-08-01"), "r2"),
}


@pytest.mark.parametrize("close", CLOSINGS.values(), ids=CLOSINGS)
def test_incremental_change_counts_as_long_as_what_it_is_of(study, close):
    study.sign_all()
    revise(study, say(purpose="another purpose"))
    change(study)
    study.sign(Role.STEWARD, LATER, "r2")
    close(study)
    approval, *_ = study.approvals().of(study.document(HIGH))
    assert approval.windows == (Interval(LATER, at("2022-08-01")),)
    assert approval.lapses == ()


def test_confirmation_is_of_the_review_that_was_changed(study):
    study.request("r1", FIRST, date(2025, 12, 31), [HIGH])
    study.sign_all()
    revise(study, say(purpose="another purpose"))
    change(study, days=(FIRST, date(2025, 12, 31)))
    study.sign(Role.STEWARD, LATER, "r2")
    approval, *_ = study.approvals().of(study.document(HIGH))
    end = SIGNED + CONFIRMED_FOR
    assert approval.windows == (Interval(LATER, end),)
    assert approval.lapses == (Interval(end, end + LAPSED_FOR),)
    study.confirm(at("2023-02-01"), "r2")
    (later, *_) = study.approvals().of(study.document(HIGH))
    assert later.windows == approval.windows
    study.confirm(at("2023-02-01"))
    (later, *_) = study.approvals().of(study.document(HIGH))
    assert later.windows == (Interval(LATER, at("2023-02-01") + CONFIRMED_FOR),)


def test_incremental_change_has_no_more_days_and_no_other_owner(study):
    study.sign_all()
    readers = (Recipient("x@example.org", "MOU 7", date(2024, 3, 28)),)
    change(study, (LOW,), (FIRST, date(2023, 1, 1)), owner="jo", recipients=readers)
    study.sign(Role.STEWARD, id="r2")
    what = "is incremental to r1, which"
    assert faults(study, LOW) == [
        f"{what} lets {X} read until 2024-03-27, and not until 2024-03-28; ask for a"
        " renewal",
        f"{what} ends on 2022-12-31; ask for a renewal",
        f"{what} is owned by author; name the same owner",
    ]


def test_incremental_change_may_follow_another(study):
    study.sign_all()
    study.folder.set("policy private_browsing", "client")
    revise(study, say(purpose="another purpose"))
    change(study)
    study.sign(Role.STEWARD, LATER, "r2")
    older = described(study.folder.schemas["visit.1"], category=3)
    study.folder.texts[f"{STUDY}/revisions/visit.1/2.avsc"] = json.dumps(older)
    study.folder.schemas["visit.1"]["fields"].pop()
    change(study, id="r3", of="r2")
    study.sign(Role.STEWARD, at("2022-07-01"), "r3")
    approval, *_ = study.approvals().of(study.document(HIGH))
    assert (approval.windows, approval.faults) == (
        (Interval(at("2022-07-01"), END),),
        (),
    )
    assert [each.review.id for each in approval.terms] == ["r1"]
