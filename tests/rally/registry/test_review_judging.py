"""What a record must say before anybody's signature counts."""

from datetime import date

import pytest

from rally.registry.intervals import Interval
from rally.registry.review_judging import CONFIRMED_FOR
from rally.registry.reviews import (
    Announcement,
    Exemption,
    Permanence,
)
from tests.rally.registry.reviewed_study import (
    END,
    FIRST,
    HIGH,
    LOW,
    RAISED,
    SIGNED,
    START,
    WHOLE,
    at,
)


def test_private_review_approves_nothing(study):
    study.change(public=None)
    study.sign_all()
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
    assert study.approval(LOW).faults == ("review r1: not answered: request.answers.4",)


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
