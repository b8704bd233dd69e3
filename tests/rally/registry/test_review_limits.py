"""Who may read the data and how long it stays is as it was signed."""

from datetime import date
from typing import NamedTuple

import pytest
from hypothesis import given

from rally.decisions.contents import CoveredSchema
from rally.registry.approvals import find_faults
from rally.registry.review_limits import Retention, find_fitting
from rally.registry.reviews import Recipient
from rally.registry.study import PayloadSchema
from rally.validation.avro_schema import read_schema
from rally.validation.mismatches import find_mismatches
from tests.rally.registry.reviewed_study import (
    HIGH,
    LOW,
    STUDY,
    WHOLE,
)
from tests.rally.registry.test_schema_diff import (
    ID,
    leaf,
    maybe,
    schema_of,
)
from tests.rally.registry.test_schema_diff_readers import leaf_types

BEES = {
    "group": "bees@example.org",
    "agreement": "MOU 8",
    "from": date(2022, 3, 10),
    "until": date(2024, 3, 27),
}
X = "x@example.org (MOU 7)"


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


class Entry(NamedTuple):
    schema: PayloadSchema
    covered: CoveredSchema | None = None


@given(leaf_types(), leaf_types())
def test_schema_that_fits_takes_nothing_that_the_approved_one_does_not(old, new):
    (old_type, _), (new_type, values) = old, new
    approved = schema_of(ID, leaf("a", old_type), maybe("b"))
    schema = schema_of(ID, leaf("a", new_type))
    if not find_fitting(schema, [Entry(approved)]):
        return
    type_ = read_schema(approved.json)
    for value in values:
        if type(value) is not bytes:  # which is no JSON
            assert [*find_mismatches(type_, {"id": "i", "a": value})] == []


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
