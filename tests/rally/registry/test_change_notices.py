"""Participants are told before more is collected of them than was."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rally.decisions.contents import DecisionKind
from rally.decisions.notice_contents import NoticeKind, NoticePublication
from rally.registry.approvals import Approvals
from rally.registry.change_notices import announces_change
from rally.registry.intervals import Interval
from rally.registry.review_files import cover, placeholder_review
from rally.times import midnight
from tests.rally.registry.reviewed_study import (
    HIGH,
    LAST,
    START,
    STUDY,
    ReviewedStudy,
    at,
)
from tests.rally.registry.test_revisions import NEW, OLD, OLDER, revise

SECOND = date(2022, 6, 1)
UNTOLD = (
    "review r2: adds to what was collected before, and participants were not told:"
    " publish what `rally studies notice --kind=changed` prints, and record it"
)


class ChangedStudy(ReviewedStudy):
    """Its second revision, reviewed by r2 from June on, has a field more."""

    def __init__(self, folder, older, newest, category=3):
        super().__init__(folder)
        folder.says[HIGH] = {"category": category}  # of the newest revision alone
        revise(folder, older, newest=newest)
        self.records.clear()
        for id, first, schema in (("r1", date(2022, 3, 10), 1), ("r2", SECOND, 0)):
            study = self.registry().studies[STUDY]
            document = study.documents[HIGH]
            covers = [cover(document, first, LAST, document.revisions[schema])]
            self.records[id] = placeholder_review(id, study, covers, first)
            self.attest(at("2022-03-01") if id == "r1" else at("2022-05-20"), id)

    def tell(self, signed, on=None, kind=NoticeKind.CHANGED, review="r2", by="decide"):
        """Somebody signs that participants were told, on the day or another one."""
        on = (on or signed).date()
        where, sha256 = "https://example.org/told", "0" * 64
        told = NoticePublication(STUDY, kind, review, where, on, sha256)
        self.decide(by, DecisionKind.PUBLISH_NOTICE, told, signed)

    def newest(self):
        """What counts of the newest schema."""
        return self.approvals().of(self.document(HIGH))[0]


FIELD = {"name": "page", "type": ["null", "string"], "default": None}
MORE = {**OLD, "fields": [*OLD["fields"], FIELD]}
END = midnight(LAST + timedelta(days=1))


@pytest.fixture
def changed(folder):
    """Its newest revision is of a higher category than the one before."""
    return ChangedStudy(folder, OLD, MORE)


def windows(study):
    return list(study.newest().windows)


def test_change_waits_until_participants_are_told(changed):
    assert windows(changed) == []
    assert UNTOLD in changed.newest().faults
    changed.tell(at("2022-07-01"))
    assert windows(changed) == [Interval(at("2022-07-01"), END)]
    assert changed.newest().faults == (
        "review r2: participants were told of the change on 2022-07-01",
    )


def test_change_that_was_told_before_counts_on_all_of_its_days(changed):
    changed.tell(at("2022-05-21"))
    assert windows(changed) == [Interval(midnight(SECOND), END)]
    assert changed.newest().faults == ()


@pytest.mark.parametrize(
    ("signed", "on", "since"),
    [
        ("2022-07-01", "2022-05-21", "2022-07-01"),
        ("2022-05-21", "2022-07-01", "2022-07-01"),
    ],
)
def test_nobody_says_afterwards_or_beforehand_that_it_was_told(
    changed, signed, on, since
):
    changed.tell(at(signed), at(on))
    assert windows(changed) == [Interval(at(since), END)]


@pytest.mark.parametrize(
    "told",
    [{"review": "r1"}, {"review": "r3"}, {"kind": NoticeKind.REVIEW}],
    ids=["of another review", "of none", "that it is reviewed"],
)
def test_other_notices_tell_no_change(changed, told):
    changed.tell(at("2022-05-21"), **told)
    assert windows(changed) == []


def test_first_of_two_notices_counts(changed):
    changed.tell(at("2022-05-21"))
    changed.tell(at("2022-07-01"))
    assert windows(changed) == [Interval(midnight(SECOND), END)]


def test_what_was_collected_before_goes_on(changed):
    older = changed.approvals().of(changed.document(HIGH))[1]
    assert list(older.windows) == [Interval(START, END)]


@pytest.mark.parametrize(
    ("older", "newest"), [(OLDER, OLD), (OLD, NEW)], ids=["less", "of one category"]
)
def test_incremental_change_needs_no_notice(folder, older, newest):
    study = ChangedStudy(folder, older, newest, category=1)
    assert windows(study) == [Interval(midnight(SECOND), END)]


def test_schemas_of_one_day_are_no_change(folder):
    study = ChangedStudy(folder, OLD, MORE)
    review = study.records["r2"]
    entry = review.covers[0]._replace(first=date(2022, 3, 10))
    study.records["r2"] = replace(review, covers=(entry,))
    registry = study.registry()
    assert not announces_change(registry.studies[STUDY], study.records["r2"])


def test_records_are_taken_at_their_word_without_a_chain(changed):
    approvals = Approvals.of_registry(changed.registry())
    assert approvals.of(changed.document(HIGH))[0].windows == (
        Interval(midnight(SECOND), END),
    )


def test_review_says_whether_it_has_to_be_told(changed):
    study = changed.registry().studies[STUDY]
    told = {each.id: announces_change(study, each) for each in study.reviews}
    assert told == {"r1": False, "r2": True}
