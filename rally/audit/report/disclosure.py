"""Reduces an audit's report to what may leave the closed environment.

Every renderer is given a DisclosedReport and nothing else, so none can show what it
has never seen. Sums are made of disclosed counts, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from rally.audit.findings import (
    AuditReport,
    Check,
    CheckResult,
    Observation,
    Scope,
    Status,
    Unit,
)
from rally.disclosure import Disclosed, round_count, total
from rally.printing import visible
from rally.withdrawal.overview import Group

_GUARDED = (Unit.ROWS, Unit.PEOPLE)
_ONE = {Unit.PEOPLE: "person", Unit.STUDIES: "study"}


def disclose_count(number: int, unit: Unit, threshold: int) -> Disclosed:
    """Rounds a number of rows or people; other units are shown exactly."""
    return round_count(number, threshold if unit in _GUARDED else 1)


def unit_of(count: Disclosed, unit: Unit) -> str:
    """Returns the word that follows the count: "1 row", "<10 rows", "1 person"."""
    if count != Disclosed(1):
        return unit
    return _ONE.get(unit, unit.removesuffix("s"))


class DisclosedObservation(NamedTuple):
    """A disclosed Observation, without characters that a terminal would act on."""

    where: str
    what: str
    number: Disclosed
    unit: Unit
    until: date | None


class DisclosedCheck(NamedTuple):
    """A disclosed CheckResult."""

    check: Check
    status: Status
    findings: tuple[DisclosedObservation, ...]
    apart: tuple[DisclosedObservation, ...]
    unseen: tuple[DisclosedObservation, ...]


class DisclosedGroup(NamedTuple):
    """A disclosed Group: a time may be one person's, so only its day (UTC) is here."""

    scope: str
    state: str
    people: Disclosed
    ages: tuple[Disclosed, Disclosed, Disclosed]
    oldest: date
    deadline: date | None
    late: Disclosed


class DisclosedScope(NamedTuple):
    """A disclosed Scope, whose rows are the sum of the disclosed days."""

    share: float
    files: int
    rows: Disclosed
    seconds: float


@dataclass(frozen=True, slots=True)
class DisclosedReport:
    """A disclosed AuditReport.

    Attributes:
        threshold: Least number of rows or people that is shown.
        as_of: Clock of the audit, UTC.
        exit_status: Exit status of the audit.
        scope: Amount that was read.
        studies: State of each study, by namespace.
        checks: Results, in the order of Check.
        rows: Rows by study and day of submission.
        expiring: Rows by study and the day from which they are past their retention.
        withdrawals: Requests by scope and state.
        development: Whether one person may play everybody on the platform.
    """

    threshold: int
    as_of: datetime
    exit_status: int
    scope: DisclosedScope
    studies: Mapping[str, str]
    checks: tuple[DisclosedCheck, ...]
    rows: Mapping[tuple[str, date], Disclosed]
    expiring: Mapping[tuple[str, date], Disclosed]
    withdrawals: tuple[DisclosedGroup, ...]
    development: bool


def disclose(report: AuditReport, threshold: int) -> DisclosedReport:
    """Returns what may leave of a report, under a threshold."""
    rows = _disclose_rows(report.rows, threshold)
    return DisclosedReport(
        threshold=threshold,
        as_of=report.as_of,
        exit_status=report.exit_status,
        scope=_disclose_scope(report.scope, rows.values(), threshold),
        studies={visible(name): state for name, state in report.studies.items()},
        checks=tuple(_disclose_check(each, threshold) for each in report.checks),
        rows=rows,
        expiring=_disclose_rows(report.expiring, threshold),
        withdrawals=tuple(
            _disclose_group(each, threshold) for each in report.withdrawals
        ),
        development=report.development,
    )


def _disclose_scope(
    scope: Scope, rows: Iterable[Disclosed], threshold: int
) -> DisclosedScope:
    known = total(rows)
    if known.is_exact:
        known = disclose_count(scope.rows, Unit.ROWS, threshold)
    return DisclosedScope(scope.share, scope.files, known, scope.seconds)


def _disclose_rows(
    rows: Mapping[tuple[str, str], int], threshold: int
) -> dict[tuple[str, date], Disclosed]:
    return {
        (visible(study), date.fromisoformat(day)): disclose_count(
            number, Unit.ROWS, threshold
        )
        for (study, day), number in sorted(rows.items())
    }


def _disclose_check(result: CheckResult, threshold: int) -> DisclosedCheck:
    parts = (result.findings, result.apart, result.unseen)
    findings, apart, unseen = (
        tuple(_disclose_observation(each, threshold) for each in part) for part in parts
    )
    return DisclosedCheck(result.check, result.status, findings, apart, unseen)


def _disclose_observation(seen: Observation, threshold: int) -> DisclosedObservation:
    number = disclose_count(seen.number, seen.unit, threshold)
    where, what = visible(seen.where), visible(seen.what)
    return DisclosedObservation(where, what, number, seen.unit, seen.until)


def _disclose_group(group: Group, threshold: int) -> DisclosedGroup:
    def people(number: int) -> Disclosed:
        return disclose_count(number, Unit.PEOPLE, threshold)

    young, old, older = group.ages
    return DisclosedGroup(
        visible(group.scope),
        visible(group.state),
        people(group.people),
        (people(young), people(old), people(older)),
        group.oldest.date(),
        group.deadline and group.deadline.date(),
        people(group.late),
    )
