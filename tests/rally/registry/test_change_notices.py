"""Participants are told before more is collected of them than was."""

import json
from datetime import date, timedelta

import pytest

from rally.decisions.contents import DecisionKind, ReviewResult
from rally.decisions.notice_contents import NoticeKind, NoticePublication
from rally.decisions.verifying import read_chain
from rally.initialisation.development_reviews import import_reviews
from rally.inventory.participant_notice import make_notice
from rally.registry.approvals import Approvals
from rally.registry.intervals import Interval
from rally.registry.judged_reviews import announces_change
from rally.registry.review_evidence import read_evidence
from rally.registry.review_files import cover, placeholder_review
from rally.times import midnight
from tests.rally.registry.reviewed_study import (
    HIGH,
    LAST,
    START,
    STEWARD,
    STUDY,
    ReviewedStudy,
    at,
)
from tests.rally.registry.test_revisions import AT, NEW, OLD, OLDER, revise
from tests.support.people import signer
from tests.support.schemas import described

SECOND = date(2022, 6, 1)
UNTOLD = (
    "review r2: adds to what was collected before, and participants were not told:"
    " publish what `rally studies notice --kind=changed` prints, and record it"
)


class ChangedStudy(ReviewedStudy):
    """Its second revision, reviewed by r2 from June on, has a field more."""

    def __init__(self, folder, older, newest, category=3, reviewed=True, attests=True):
        super().__init__(folder)
        folder.says[HIGH] = {"category": category}  # of the newest revision alone
        revise(folder, older, newest=newest)
        self.records.clear()
        self.review("r1", 1, date(2022, 3, 10), at("2022-03-01") if attests else None)
        if reviewed:
            self.review("r2", 0, SECOND, at("2022-05-20") if attests else None)

    def review(self, id, schema, first, attested=None):
        """A review of one revision; the registrar attests it at a time, or nobody."""
        study = self.registry().studies[STUDY]
        document = study.documents[HIGH]
        covers = [cover(document, first, LAST, document.revisions[schema])]
        self.records[id] = placeholder_review(id, study, covers, first)
        if attested:
            self.attest(attested, id)

    def tell(self, signed, on=None, kind=NoticeKind.CHANGED, review="r2", by="decide"):
        """Somebody signs that participants were told, on the day or another one."""
        is_change = kind is NoticeKind.CHANGED
        changes = self.records[review].changes if is_change else ()
        on = (on or signed).date()
        where, sha256 = "https://example.org/told", "0" * 64
        told = NoticePublication(STUDY, kind, review, where, on, sha256, None, changes)
        self.decide(by, DecisionKind.PUBLISH_NOTICE, told, signed)

    def newest(self):
        """What counts of the newest schema."""
        return self.approvals().of(self.document(HIGH))[0]


FIELD = {"name": "page", "type": ["null", "string"], "default": None}
MORE = {**OLD, "fields": [*OLD["fields"], FIELD]}
BETWEEN = {**MORE, "fields": [*MORE["fields"], {**FIELD, "name": "title"}]}
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
    [{"review": "r1"}, {"kind": NoticeKind.REVIEW}],
    ids=["of another review", "that it is reviewed"],
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


def announced(study):
    """Whether each review has something of which participants have to be told."""
    evidence = read_evidence(read_chain(study.platform))
    found = study.registry().studies[STUDY]
    return {each.id: announces_change(found, each, evidence) for each in found.reviews}


def test_change_that_is_signed_later_waits_whatever_day_it_declares(changed):
    """`rally studies review request` gives every schema the study's first day."""
    changed.review("r2", 0, date(2022, 3, 10), at("2022-05-20"))
    assert windows(changed) == []
    assert UNTOLD in changed.newest().faults
    changed.tell(at("2022-07-01"))
    assert windows(changed) == [Interval(at("2022-07-01"), END)]


def test_schemas_that_are_collected_from_one_time_on_are_no_change(folder):
    study = ChangedStudy(folder, OLD, MORE, reviewed=False)
    study.review("r2", 0, date(2022, 3, 10), at("2022-03-01"))
    assert windows(study) == [Interval(START, END)]
    assert announced(study) == {"r1": False, "r2": False}


@pytest.fixture
def between(folder):
    """A revision between the two has all that the newest adds, and more."""
    study = ChangedStudy(folder, OLD, MORE, reviewed=False)
    folder.texts[f"{AT}/2.avsc"] = json.dumps(described(BETWEEN, category=3))
    return study


@pytest.mark.parametrize("result", [None, ReviewResult.REFUSE])
def test_schema_that_nobody_approved_was_not_collected(between, result):
    between.review("r3", 1, date(2022, 4, 1))
    if result:
        between.sign(STEWARD, at("2022-03-20"), "r3", result=result)
    between.review("r2", 0, SECOND, at("2022-05-20"))
    assert windows(between) == []
    assert UNTOLD in between.newest().faults
    assert announced(between) == {"r1": False, "r2": True, "r3": True}


def test_notice_says_all_that_nobody_approved_before(between):
    """A revision between, which was refused or never answered, hides nothing."""

    def told():
        study = between.registry().studies[STUDY]
        (review,) = (each for each in study.reviews if each.id == "r2")
        where = "https://example.org/"
        text = make_notice(study, NoticeKind.CHANGED, review, where)
        return [line for line in text.splitlines() if line.startswith("- ")]

    between.review("r2", 0, SECOND, at("2022-05-20"))
    page = "A field of a test (/page) is collected from then on"
    title = "A field of a test (/title) is no longer collected"
    between.review("r3", 1, date(2022, 4, 1), at("2022-03-20"))
    approved = told()
    assert any(title in line for line in approved)
    assert not any(page in line for line in approved)
    steward = between.records["r3"].steward
    refused = steward._replace(result=ReviewResult.REFUSE)
    for answer in (None, refused):
        between.change("r3", steward=answer)
        assert any(page in line for line in told())
        assert not any(title in line for line in told())


@pytest.mark.parametrize(
    ("publisher", "since"),
    [(None, []), (signer("decide"), [Interval(midnight(SECOND), END)])],
    ids=["nobody", "told"],
)
def test_development_platform_tells_what_its_reviews_bring(folder, publisher, since):
    study = ChangedStudy(folder, OLD, MORE, attests=False)
    names = import_reviews(
        study.platform,
        study.registry(),
        signer("registrar"),
        lambda review: midnight(review.covers[0].first),
        publisher,
    )
    assert [*names] == [f"{STUDY}/r1", f"{STUDY}/r2"]
    assert windows(study) == since
    notices = read_chain(study.platform).of(DecisionKind.PUBLISH_NOTICE)
    told = [each.content.changes for each in notices]
    assert told == ([study.records["r2"].changes] if publisher else [])


def test_schema_that_waits_for_its_own_notice_was_not_collected(between):
    between.review("r3", 1, date(2022, 4, 1), at("2022-03-20"))
    between.review("r2", 0, SECOND, at("2022-05-20"))
    assert windows(between) == []
    between.tell(at("2022-05-25"), review="r3")
    assert windows(between) == [Interval(midnight(SECOND), END)]
    assert announced(between) == {"r1": False, "r2": False, "r3": True}


def test_notice_tells_what_the_review_covered_when_it_was_published(changed, folder):
    changed.tell(at("2022-05-21"))
    revise(folder, OLD, newest=BETWEEN)
    changed.review("r2", 0, SECOND, at("2022-05-22"))
    assert windows(changed) == []
    assert UNTOLD in changed.newest().faults
    changed.tell(at("2022-07-01"))
    assert windows(changed) == [Interval(at("2022-07-01"), END)]


def test_notice_stays_where_days_alone_are_edited(changed):
    changed.tell(at("2022-05-21"))
    changed.review("r2", 0, date(2022, 7, 1), at("2022-05-22"))
    assert windows(changed) == [Interval(at("2022-07-01"), END)]


def test_records_are_taken_at_their_word_without_a_chain(changed):
    approvals = Approvals.of_registry(changed.registry())
    assert approvals.of(changed.document(HIGH))[0].windows == (
        Interval(midnight(SECOND), END),
    )


def test_review_says_whether_it_has_to_be_told(changed):
    assert announced(changed) == {"r1": False, "r2": True}
