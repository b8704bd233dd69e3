"""Who may read the data and how long it stays, as it was signed, and renewals."""

import json
from copy import deepcopy
from datetime import date

import pytest

from rally.decisions.contents import Role
from rally.registry.approvals import find_faults
from rally.registry.intervals import Interval
from rally.registry.review_limits import Retention
from rally.registry.reviews import Recipient
from tests.rally.registry.conftest import VISIT
from tests.rally.registry.reviewed_study import (
    END,
    HIGH,
    LOW,
    STUDY,
    WHOLE,
    ReviewedStudy,
    at,
)
from tests.support.schemas import described

BEES = {
    "group": "bees@example.org",
    "agreement": "MOU 8",
    "from": date(2022, 3, 10),
    "until": date(2024, 3, 27),
}
X = "x@example.org (MOU 7)"
NEXT = (date(2023, 1, 1), date(2023, 1, 31))
AFTER = Interval(END, at("2023-02-01"))
ASK = "ask by a first request"


@pytest.fixture
def study(folder):
    return ReviewedStudy(folder)


def test_readers_and_retention_of_a_study_are_as_signed(study):
    study.sign_all()
    request = study.records["r1"].request
    assert request.recipients == (
        Recipient("x@example.org", "MOU 7", date(2024, 3, 27)),
    )
    assert [each.retention_days for each in study.records["r1"].covers] == [None, 180]
    for less in (
        lambda: study.folder.set("documents visit.1 delete_after_days", 30),
        lambda: study.folder.set("documents joined.1 delete_after_days", 30),
        lambda: study.folder.set("analysis_until", date(2024, 3, 27)),
        lambda: study.folder.set("access", []),
    ):
        less()
        assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}


BEYOND = {
    "reader": (
        {"access": [BEES]},
        (LOW, HIGH),
        "does not name bees@example.org (MOU 8) as a recipient",
    ),
    "agreement": (
        {"access": [{**BEES, "group": "x@example.org"}]},
        (LOW, HIGH),
        "does not name x@example.org (MOU 8) as a recipient",
    ),
    "longer read": (
        {
            "access": [
                {
                    **BEES,
                    "group": "x@example.org",
                    "agreement": "MOU 7",
                    "until": date(2024, 3, 28),
                }
            ]
        },
        (LOW, HIGH),
        f"lets {X} read until 2024-03-27, and not until 2024-03-28",
    ),
    "older rows": (
        {"documents visit.1 delete_after_days": 181},
        (HIGH,),
        "lets rows stay 180 days, and not 181 days",
    ),
    "rows to the end": (
        {"documents visit.1 delete_after_days": None},
        (HIGH,),
        "lets rows stay 180 days, and not until the study is concluded, by 2024-03-27",
    ),
    "later end": (
        {"analysis_until": date(2024, 3, 28)},
        (LOW,),
        "lets rows stay until the study is concluded, by 2024-03-27, and not until the"
        " study is concluded, by 2024-03-28",
    ),
    "no end": (
        {"analysis_until": None},
        (LOW,),
        "lets rows stay until the study is concluded, by 2024-03-27, and not until the"
        " study is concluded",
    ),
}


@pytest.mark.parametrize(("changes", "closed", "fault"), BEYOND.values(), ids=BEYOND)
def test_study_that_gives_more_than_was_signed_is_closed(study, changes, closed, fault):
    study.folder.set("analysis_until", date(2024, 3, 27))
    study.request("r1")
    study.sign_all()
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}
    for path, value in changes.items():
        if value is None:
            study.folder.drop(path)
        else:
            study.folder.set(path, value)
    assert study.windows() == {
        name: () if name in closed else WHOLE for name in (LOW, HIGH)
    }
    told = sorted(f"{STUDY}/{name}: review r1: {fault}" for name in closed)
    assert sorted(find_faults(study.registry(), study.approvals())) == told


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


EARLY, LATE = date(2024, 1, 1), date(2025, 1, 1)
ORDER = [
    Retention(30, EARLY),
    Retention(180, EARLY),
    Retention(None, EARLY),
    Retention(None, LATE),
    Retention(None, None),
]


def test_retention_that_is_longer_exceeds():
    for number, each in enumerate(ORDER):
        assert [each.exceeds(other) for other in ORDER] == [
            place < number for place in range(len(ORDER))
        ]
    assert not Retention(180, LATE).exceeds(Retention(180, EARLY))
    assert Retention(180, LATE).exceeds(Retention(None, EARLY))
    assert [str(each) for each in ORDER] == [
        "30 days",
        "180 days",
        "until the study is concluded, by 2024-01-01",
        "until the study is concluded, by 2025-01-01",
        "until the study is concluded",
    ]
