"""No rendering tells a small count, or depends on one."""

import re
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.audit.findings import (
    AuditReport,
    Check,
    CheckResult,
    Observation,
    Scope,
    Unit,
)
from rally.audit.report.html import to_html
from rally.audit.report.json import to_json
from rally.audit.report.text import to_text
from rally.registry.transitions import StudyState
from rally.withdrawal.overview import Group
from tests.rally.audit.sample_reports import AS_OF, SMALL

RENDERERS = pytest.mark.parametrize("render", [to_text, to_json, to_html])

BILLION = 10**9
"""A threshold: of nine digits are only the counts that it hides, on a whole page."""

names = st.text(string.ascii_lowercase + '<&" ', min_size=1, max_size=6)
days = st.dates(min_value=AS_OF.date().replace(year=2022)).map(str)
near_days = st.sampled_from([f"2024-{month:02}-0{day}" for month in (1, 2, 3, 4)
                             for day in (1, 2, 3)])  # fmt: skip


def reports(counts):
    """Reports all of whose counts of rows and people are from here."""

    def seen():
        guarded = st.builds(
            Observation, names, names, counts, st.sampled_from([Unit.ROWS, Unit.PEOPLE])
        )
        return st.lists(guarded, max_size=3).map(tuple)

    def rows():
        keys = st.tuples(names, near_days | days)
        return st.dictionaries(keys, counts, max_size=8)

    times = st.just(AS_OF)
    groups = st.builds(
        Group, names, st.sampled_from(["active", "held", "new"]), counts,
        st.tuples(counts, counts, counts), times, st.none() | times, counts,
    )  # fmt: skip
    return st.builds(
        AuditReport,
        as_of=times,
        scope=st.builds(Scope, st.just(0.5), st.just(3), counts, st.just(1.5)),
        studies=st.dictionaries(names, st.sampled_from(StudyState), max_size=3),
        checks=st.lists(
            st.builds(CheckResult, st.sampled_from(Check), seen(), seen(), seen()),
            max_size=3,
            unique_by=lambda each: each.check,
        ).map(tuple),
        rows=rows(),
        expiring=rows(),
        withdrawals=st.lists(
            groups, max_size=4, unique_by=lambda each: (each.scope, each.state)
        ).map(tuple),
    )


def long_numbers(text):
    """Numbers of nine digits, with commas or without."""
    return re.findall(r"(?<!\d)\d{9}(?!\d)", text.replace(",", ""))


def alike(number, random):
    """Another number that is disclosed in the same words, where the threshold is 10."""
    least = number - number % 10
    return random.randint(least or 1, least + 9) if number else 0


def with_counts(report, change):
    """The report, with each count of rows or people changed."""

    def changed(seen):
        guarded = seen.unit in (Unit.ROWS, Unit.PEOPLE)
        return seen._replace(number=change(seen.number)) if guarded else seen

    def changed_check(each):
        parts = (each.findings, each.apart, each.unseen)
        return CheckResult(each.check, *(tuple(map(changed, part)) for part in parts))

    def changed_group(each):
        ages = tuple(map(change, each.ages))
        people, late = change(each.people), change(each.late)
        return each._replace(people=people, ages=ages, late=late)

    return replace(
        report,
        scope=report.scope._replace(rows=change(report.scope.rows)),
        checks=tuple(map(changed_check, report.checks)),
        rows={key: change(number) for key, number in report.rows.items()},
        expiring={key: change(number) for key, number in report.expiring.items()},
        withdrawals=tuple(map(changed_group, report.withdrawals)),
    )


@pytest.mark.slow("models")
@RENDERERS
@given(st.data())
def test_no_number_below_the_threshold_is_told(render, data):
    small = st.integers(BILLION // 10, BILLION - 1)
    large = st.integers(BILLION, BILLION * 3)
    report = data.draw(reports(st.one_of(st.just(0), small, large)))
    assert long_numbers(render(report, BILLION)) == []


@RENDERERS
def test_threshold_of_one_would_tell_it(render):
    report = AuditReport(
        AS_OF, Scope(1.0, 3, 123456789, 1.0), {}, (), {("a", "2024-02-01"): 123456789}
    )
    assert set(long_numbers(render(report, 1))) == {"123456789"}


@RENDERERS
@given(reports(st.integers(0, 45)), st.randoms())
def test_counts_that_are_told_alike_look_alike(render, report, random):
    """No length of a bar, no sum and no choice of a scale depends on more."""
    other = with_counts(report, lambda number: alike(number, random))
    assert render(report, 10) == render(other, 10)


@RENDERERS
def test_counts_that_are_told_apart_look_apart(render):
    report = replace(SMALL, scope=SMALL.scope._replace(rows=0), rows={}, expiring={})
    assert render(report, 10) != render(with_counts(report, lambda _: 30), 10)
