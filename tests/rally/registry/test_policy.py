from datetime import UTC, date, datetime

import pytest

from rally.envelope import Envelope
from rally.outcomes import RefusalReason
from rally.registry.approvals import Coverage
from rally.registry.policy import (
    is_expired,
    refused_by_country,
    refused_by_person,
    refused_by_promise,
    refused_by_tag,
)
from rally.registry.study import (
    AfterEnd,
    Document,
    Keep,
    Means,
    PayloadSchema,
    Policy,
    Study,
    StudyKind,
)
from rally.registry.transitions import StudyState

DAY = date(2022, 6, 1)
NOON = datetime(2022, 6, 1, 12, tzinfo=UTC)


def document(days=None):
    return Document(
        namespace="rally-x",
        type="visit",
        version=1,
        means=Means.DATA,
        scope=(),
        delete_after_days=days,
        keep=Keep.ALL,
        buckets=1,
        purpose="",
        schema=PayloadSchema({}, "/id", None, ""),
    )


def study(dnt=False, countries=(), automation=True):
    policy = Policy(
        True,
        dnt,
        None,
        frozenset(countries),
        19,
        AfterEnd.DEFER,
        refuse_automation=automation,
    )
    return Study(
        namespace="rally-x",
        kind=StudyKind.STUDY,
        name="X",
        aliases=(),
        starts=date(2022, 3, 10),
        ending_announced=None,
        collect_through=None,
        analysis_until=None,
        policy=policy,
        access=(),
        derived=(),
        documents={},
    )


def promise(
    dnt=False,
    said=None,
    state=StudyState.COLLECTING,
    coverage=Coverage.COVERED,
    now=NOON,
    days=None,
):
    envelope = Envelope(b"", dnt=said)
    return refused_by_promise(
        study(dnt), document(days), state, coverage, envelope, NOON, now
    )


@pytest.mark.parametrize(
    ("flag", "refused"),
    [
        (True, RefusalReason.PRIVATE_BROWSING),
        (False, None),
        (None, None),
        ("true", None),
        (1, None),
    ],
)
def test_private_browsing_is_refused_where_the_ping_says_it(flag, refused):
    clear = {"metrics": {"private": flag}}
    assert refused_by_person(("metrics", "private"), clear) is refused
    assert refused_by_person(None, clear) is None
    assert refused_by_person(("metrics", "absent"), clear) is None


@pytest.mark.parametrize(
    "tags",
    ["automation", "Automation", " automation ", "perf,automation", "a, automation ,b"],
)
def test_automation_is_refused_unless_the_study_keeps_it(tags):
    envelope = Envelope(b"", source_tags=tags)
    assert refused_by_tag(study(), envelope) is RefusalReason.AUTOMATION
    assert refused_by_tag(study(automation=False), envelope) is None


@pytest.mark.parametrize(
    "tags", [None, "", ",", "perf", "automation-not", "my automation", "automation;b"]
)
def test_other_source_tags_refuse_nothing(tags):
    assert refused_by_tag(study(), Envelope(b"", source_tags=tags)) is None


@pytest.mark.parametrize(
    ("country", "eligible", "refused"),
    [
        ("US", ["US"], None),
        ("us", ["US"], None),
        ("CA", ["US", "CA"], None),
        ("DE", ["US", "CA"], RefusalReason.COUNTRY),
        ("??", ["US"], RefusalReason.COUNTRY),
        ("", ["US"], None),
        (None, ["US"], None),
        ("DE", [], None),
    ],
)
def test_country_is_refused_where_it_is_not_eligible(country, eligible, refused):
    envelope = Envelope(b"", country=country)
    assert refused_by_country(study(countries=eligible), envelope) is refused


@pytest.mark.parametrize(
    ("refuses", "said", "refused"),
    [
        (True, "1", RefusalReason.DO_NOT_TRACK),
        (True, "0", None),
        (True, None, None),
        (True, "", None),
        (True, "unspecified", None),
        (False, "1", None),
    ],
)
def test_do_not_track_is_refused_where_the_study_says_so(refuses, said, refused):
    assert promise(refuses, said) is refused


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (StudyState.DRAFT, RefusalReason.BEFORE_START),
        (StudyState.COLLECTING, None),
        (StudyState.PAUSED, RefusalReason.PAUSED),
        (StudyState.ENDED, RefusalReason.ENDED),
        (StudyState.CONCLUDED, RefusalReason.ENDED),
    ],
)
def test_state_decides(state, refused):
    assert promise(state=state) is refused


@pytest.mark.parametrize(
    ("coverage", "refused"),
    [
        (Coverage.COVERED, None),
        (Coverage.LAPSED, None),  # it may be renewed
        (Coverage.NONE, RefusalReason.NOT_APPROVED),
    ],
)
def test_what_no_review_covers_is_refused(coverage, refused):
    assert promise(coverage=coverage) is refused


@pytest.mark.parametrize(
    ("days", "as_of", "expired"),
    [
        (None, date(2099, 1, 1), False),
        (30, DAY, False),
        (30, date(2022, 7, 1), False),
        (30, date(2022, 7, 2), True),
    ],
)
def test_row_is_expired_when_it_is_older_than_its_days(days, as_of, expired):
    assert is_expired(document(days), DAY, as_of) is expired
    now = datetime.combine(as_of, datetime.min.time(), UTC)
    assert promise(days=days, now=now) is (RefusalReason.EXPIRED if expired else None)


def test_first_reason_is_the_persons_then_the_states():
    wrong = {
        "coverage": Coverage.NONE,
        "days": 1,
        "now": datetime(2030, 1, 1, tzinfo=UTC),
    }
    said = {"dnt": True, "said": "1"}
    ended = {"state": StudyState.ENDED}
    assert promise(**said, **ended, **wrong) is RefusalReason.DO_NOT_TRACK
    assert promise(**ended, **wrong) is RefusalReason.ENDED
    assert promise(**wrong) is RefusalReason.NOT_APPROVED
    assert promise(**wrong | {"coverage": Coverage.LAPSED}) is RefusalReason.EXPIRED
