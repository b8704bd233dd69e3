"""The digest of a review: what it covers is what a signature is of."""

from dataclasses import replace
from datetime import date

import pytest

from rally.decisions.contents import ReviewResult
from rally.registry.reviews import Exemption, Incremental
from tests.rally.registry.good_review import NOTICE, NUMBERS, PAGE, REVIEW


def test_digest_is_of_what_is_asked_for():
    """What somebody signs: it is the same for ever, on every machine."""
    assert REVIEW.digest == (
        "3ef0016a294cb96552896fc8d627d25bf3ebc7a38ae64c21505d3df996d69733"
    )


DAY_LATER = date(2026, 2, 2)
CHANGES = {
    "id": {"id": "r2"},
    "requester": {"request": REVIEW.request._replace(requester="eve")},
    "owner": {"request": REVIEW.request._replace(owner="eve")},
    "day": {"request": REVIEW.request._replace(on=DAY_LATER)},
    "renews": {"request": REVIEW.request._replace(renews="r0")},
    "answer": {"request": REVIEW.request._replace(answers=("other", *NUMBERS[1:]))},
    "order": {"request": REVIEW.request._replace(answers=tuple(reversed(NUMBERS)))},
    "document": {"covers": (REVIEW.covers[0]._replace(document="visit.2"),)},
    "fingerprint": {"covers": (REVIEW.covers[0]._replace(fingerprint=NOTICE),)},
    "first": {"covers": (REVIEW.covers[0]._replace(first=DAY_LATER),)},
    "last": {"covers": (REVIEW.covers[0]._replace(last=DAY_LATER),)},
    "no end": {"covers": (REVIEW.covers[0]._replace(last=None),)},
    "more": {"covers": (*REVIEW.covers, REVIEW.covers[0])},
    "reader": {"request": REVIEW.request._replace(recipients=())},
    "read longer": {
        "request": REVIEW.request._replace(
            recipients=(REVIEW.request.recipients[0]._replace(until=DAY_LATER),)
        )
    },
    "conclusion": {"request": REVIEW.request._replace(analysis_until=DAY_LATER)},
    "no conclusion": {"request": REVIEW.request._replace(analysis_until=None)},
    "stays": {"covers": (REVIEW.covers[0]._replace(retention_days=181),)},
    "stays to the end": {"covers": (REVIEW.covers[0]._replace(retention_days=None),)},
    "reports": {"covers": (REVIEW.covers[0]._replace(report_until=DAY_LATER),)},
    "reports no more": {"covers": (REVIEW.covers[0]._replace(report_until=None),)},
    "incremental": {"incremental": Incremental("r0")},
    "public": {"public": REVIEW.public._replace(on=DAY_LATER)},
    "private": {"public": None},
    "announced": {"announcement": REVIEW.announcement._replace(on=DAY_LATER)},
    "not announced": {"announcement": None},
    "notice": {"notice": REVIEW.notice._replace(sha256=PAGE)},
    "no notice": {"notice": None},
    "exemption": {"exemptions": ()},
    "why exempt": {"exemptions": (Exemption("browsing-beside-id", "Other."),)},
    "permanent": {"permanent": None},
    "keeper": {"permanent": REVIEW.permanent._replace(person="eve")},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_whatever_is_asked_for_changes_the_digest(changes):
    assert replace(REVIEW, **changes).digest != REVIEW.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"steward": None},
        {"steward": REVIEW.steward._replace(result=ReviewResult.REFUSE)},
        {"sign_offs": None},
        {"sign_offs": {}},
        {"escalations": ()},
    ],
    ids=str,
)
def test_answers_of_reviewers_do_not_change_the_digest(changes):
    assert replace(REVIEW, **changes).digest == REVIEW.digest


def test_digests_of_all_changes_differ():
    digests = {replace(REVIEW, **changes).digest for changes in CHANGES.values()}
    assert len(digests) == len(CHANGES)
