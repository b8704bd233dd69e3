"""What may leave of a report: no count below the threshold, and no odd character."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from rally.audit.findings import Check, CheckResult, Scope, Unit
from rally.audit.report.disclosure import (
    disclose,
    disclose_count,
    unit_of,
)
from rally.disclosure import THRESHOLD, Disclosed, round_count
from rally.printing import visible
from tests.rally.audit.sample_reports import EMPTY, GARDEN, POND, SMALL, rows


@pytest.mark.parametrize("unit", [Unit.ROWS, Unit.PEOPLE])
@pytest.mark.parametrize("number", [0, 1, 9, 1234])
def test_rows_and_people_are_rounded(unit, number):
    assert disclose_count(number, unit, THRESHOLD) == round_count(number, THRESHOLD)


@pytest.mark.parametrize("unit", [Unit.OBJECTS, Unit.STUDIES])
@pytest.mark.parametrize("number", [0, 1, 9, 1234])
def test_objects_and_studies_are_told_exactly(unit, number):
    assert disclose_count(number, unit, THRESHOLD) == Disclosed(number)


@pytest.mark.parametrize("threshold", [5, THRESHOLD])
def test_small_part_cannot_be_worked_out_from_a_sum(threshold):
    """Of all parts that look alike beside their sum, no small one is always one.

    A sum and its parts are, for one: a group's people and its ages; a day's rows and
    those of its documents, which expire on days of their own.
    """
    numbers = range(threshold * 3)
    alike = defaultdict(list)
    for parts in product(numbers, repeat=3):
        disclosed = (
            disclose_count(each, Unit.ROWS, threshold) for each in (sum(parts), *parts)
        )
        alike[tuple(disclosed)].append(parts)
    small = [
        {parts[at] for parts in possible}
        for (_, *disclosed), possible in alike.items()
        for at in range(3)
        if disclosed[at].is_hidden
    ]
    assert small
    assert min(map(len, small)) > 1


@pytest.mark.parametrize(
    ("disclosed", "unit", "word"),
    [
        (Disclosed(1), Unit.ROWS, "row"),
        (Disclosed(1), Unit.PEOPLE, "person"),
        (Disclosed(1), Unit.STUDIES, "study"),
        (Disclosed(0), Unit.OBJECTS, "objects"),
        (Disclosed(0, 10), Unit.PEOPLE, "people"),
    ],
)
def test_unit_follows_its_count(disclosed, unit, word):
    assert unit_of(disclosed, unit) == word


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
    ("by_day", "number", "disclosed"),
    [
        ({}, 1241, Disclosed(1240, 1250)),
        ({}, 3, Disclosed(0, 10)),
        ({(POND, "2024-01-01"): 0}, 0, Disclosed(0)),
        ({(POND, "2024-01-01"): 25, (GARDEN, "2024-01-01"): 7}, 32, Disclosed(20, 40)),
        ({(POND, "2024-01-01"): 8, (GARDEN, "2024-01-01"): 7}, 15, Disclosed(0, 20)),
    ],
    ids=["no days", "few", "none", "some days are small", "all days are small"],
)
def test_rows_read_are_those_of_the_days_that_are_disclosed(by_day, number, disclosed):
    report = replace(EMPTY, rows=by_day, scope=Scope(1.0, 2, number, 0.1))
    assert disclose(report, 10).scope.rows == disclosed


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
