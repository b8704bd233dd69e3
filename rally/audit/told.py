"""An audit's report as it may leave the closed environment.

Everything that is shown is made of it and of nothing else, so no renderer can tell
what it has never seen. Sums are made of what is told, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from rally.audit.findings import (
    AuditReport,
    Check,
    CheckResult,
    Scope,
    Seen,
    Status,
    Unit,
)
from rally.audit.thresholds import Told, tell_count, total
from rally.printing import visible
from rally.withdrawal.overview import Group


class ToldSeen(NamedTuple):
    """A Seen; `where` and `what` have no characters that a terminal would act on."""

    where: str
    what: str
    number: Told
    unit: Unit
    until: date | None


class ToldCheck(NamedTuple):
    """A CheckResult."""

    check: Check
    status: Status
    findings: tuple[ToldSeen, ...]
    apart: tuple[ToldSeen, ...]
    unseen: tuple[ToldSeen, ...]


class ToldGroup(NamedTuple):
    """A Group: of times, which may be one person's, only the days (UTC)."""

    scope: str
    state: str
    people: Told
    ages: tuple[Told, Told, Told]
    oldest: date
    deadline: date | None
    late: Told


class ToldScope(NamedTuple):
    """A Scope; its rows are at least those of the days that are told."""

    share: float
    files: int
    rows: Told
    seconds: float


@dataclass(frozen=True, slots=True)
class ToldReport:
    """An AuditReport.

    Attributes:
        threshold: below which no rows and people are told.
        rows: by study and day of submission.
        expiring: rows by study and the day from which they are past their retention.
    """

    threshold: int
    as_of: datetime
    exit_status: int
    scope: ToldScope
    studies: Mapping[str, str]
    checks: tuple[ToldCheck, ...]
    rows: Mapping[tuple[str, date], Told]
    expiring: Mapping[tuple[str, date], Told]
    withdrawals: tuple[ToldGroup, ...]
    development: bool


def tell(report: AuditReport, threshold: int) -> ToldReport:
    """What may be told of a report."""
    rows = _tell_rows(report.rows, threshold)
    return ToldReport(
        threshold=threshold,
        as_of=report.as_of,
        exit_status=report.exit_status,
        scope=_tell_scope(report.scope, rows.values(), threshold),
        studies={visible(name): state for name, state in report.studies.items()},
        checks=tuple(_tell_check(each, threshold) for each in report.checks),
        rows=rows,
        expiring=_tell_rows(report.expiring, threshold),
        withdrawals=tuple(_tell_group(each, threshold) for each in report.withdrawals),
        development=report.development,
    )


def _tell_scope(scope: Scope, rows: Iterable[Told], threshold: int) -> ToldScope:
    known = total(rows)
    if known.is_exact:
        known = tell_count(scope.rows, Unit.ROWS, threshold)
    return ToldScope(scope.share, scope.files, known, scope.seconds)


def _tell_rows(
    rows: Mapping[tuple[str, str], int], threshold: int
) -> dict[tuple[str, date], Told]:
    return {
        (visible(study), date.fromisoformat(day)): tell_count(
            number, Unit.ROWS, threshold
        )
        for (study, day), number in sorted(rows.items())
    }


def _tell_check(result: CheckResult, threshold: int) -> ToldCheck:
    parts = (result.findings, result.apart, result.unseen)
    findings, apart, unseen = (
        tuple(_tell_seen(each, threshold) for each in part) for part in parts
    )
    return ToldCheck(result.check, result.status, findings, apart, unseen)


def _tell_seen(seen: Seen, threshold: int) -> ToldSeen:
    number = tell_count(seen.number, seen.unit, threshold)
    where, what = visible(seen.where), visible(seen.what)
    return ToldSeen(where, what, number, seen.unit, seen.until)


def _tell_group(group: Group, threshold: int) -> ToldGroup:
    def people(number: int) -> Told:
        return tell_count(number, Unit.PEOPLE, threshold)

    young, old, older = group.ages
    return ToldGroup(
        visible(group.scope),
        visible(group.state),
        people(group.people),
        (people(young), people(old), people(older)),
        group.oldest.date(),
        group.deadline and group.deadline.date(),
        people(group.late),
    )
