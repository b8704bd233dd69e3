"""What may leave of a report."""

from dataclasses import replace
from datetime import date

import pytest

from rally.audit.findings import Check, CheckResult, Scope
from rally.audit.report.disclosure import Disclosed, disclose
from rally.printing import visible
from tests.rally.audit.reports import EMPTY, GARDEN, POND, SMALL, rows


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gs://b/döner kebab.avro", "gs://b/döner kebab.avro"),
        ("a\nb\x1b[2J\x00", "a\\nb\\x1b[2J\\x00"),
        ("gpj.\u202eorva", "gpj.\\u202eorva"),
        ("\udcff", "\\udcff"),
    ],
    ids=["letters", "control", "direction", "surrogate"],
)
def test_visible_has_no_character_that_acts(text, shown):
    assert visible(text) == shown


def test_names_of_objects_are_made_visible():
    broken = CheckResult(Check.COPIES, findings=(rows("a\x1b[2J", "b\n", 10),))
    [seen] = disclose(replace(EMPTY, checks=(broken,)), 10).checks[0].findings
    assert (seen.where, seen.what) == ("a\\x1b[2J", "b\\n")


@pytest.mark.parametrize(
    ("by_day", "number", "told"),
    [
        ({}, 1241, Disclosed(1240, 1250)),
        ({}, 3, Disclosed(0, 10)),
        ({(POND, "2024-01-01"): 0}, 0, Disclosed(0)),
        ({(POND, "2024-01-01"): 25, (GARDEN, "2024-01-01"): 7}, 32, Disclosed(20, 40)),
        ({(POND, "2024-01-01"): 8, (GARDEN, "2024-01-01"): 7}, 15, Disclosed(0, 20)),
    ],
    ids=["no days", "few", "none", "some days are small", "all days are small"],
)
def test_rows_read_are_those_of_the_days_that_are_told(by_day, number, told):
    report = replace(EMPTY, rows=by_day, scope=Scope(1.0, 2, number, 0.1))
    assert disclose(report, 10).scope.rows == told


def test_group_is_told_in_tens_and_days():
    active, deferred = disclose(SMALL, 10).withdrawals
    assert active == (
        GARDEN,
        "active",
        Disclosed(20, 30),
        (Disclosed(10, 20), Disclosed(0, 10), Disclosed(0, 10)),
        date(2024, 1, 2),
        date(2024, 3, 1),
        Disclosed(10, 20),
    )
    assert deferred == (
        POND,
        "deferred",
        Disclosed(0, 10),
        (Disclosed(0), Disclosed(0), Disclosed(0, 10)),
        date(2024, 1, 2),
        None,
        Disclosed(0),
    )
