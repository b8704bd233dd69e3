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
from rally.printing import visible
from rally.withdrawal.overview import Group

_GUARDED = (Unit.ROWS, Unit.PEOPLE)
_ONE = {Unit.PEOPLE: "person", Unit.STUDIES: "study"}


class Disclosed(NamedTuple):
    """A count, as it may be told.

    Attributes:
        least: the count is this or more.
        below: the count is less than this; 0 where `least` is the count itself.
    """

    least: int
    below: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether it is the count itself."""
        return not self.below

    @property
    def is_hidden(self) -> bool:
        """Whether all that is told of it is that it is small, and not none."""
        return self.below > 0 and not self.least


NONE = Disclosed(0)
"""Nothing to count: 0 is told as 0."""


def disclose_count(number: int, unit: Unit, threshold: int) -> Disclosed:
    """What may be told of a number; of a threshold of 1, or of none at all, all."""
    if unit not in _GUARDED or threshold <= 1 or not number:
        return Disclosed(number)
    least = number - number % threshold
    return Disclosed(least, least + threshold)


def total(parts: Iterable[Disclosed]) -> Disclosed:
    """What is known of a sum by who knows no more of its parts than was told."""
    told = list(parts)
    least = sum(each.least for each in told)
    if all(each.is_exact for each in told):
        return Disclosed(least)
    return Disclosed(least, sum(each.below or each.least for each in told))


def in_words(told: Disclosed) -> str:
    """The count for a sentence: "7", "fewer than 10", "at least 1,230"."""
    if told.is_hidden:
        return f"fewer than {told.below:,}"
    return f"{told.least:,}" if told.is_exact else f"at least {told.least:,}"


def in_short(told: Disclosed) -> str:
    """The count for a table or a picture: "7", "<10", "1,230+"."""
    if told.is_hidden:
        return f"<{told.below:,}"
    return f"{told.least:,}" if told.is_exact else f"{told.least:,}+"


def unit_of(told: Disclosed, unit: Unit) -> str:
    """The word that follows the count: "1 row", "<10 rows", "1 person"."""
    if told != Disclosed(1):
        return unit
    return _ONE.get(unit, unit.removesuffix("s"))


class DisclosedSeen(NamedTuple):
    """A Seen; `where` and `what` have no characters that a terminal would act on."""

    where: str
    what: str
    number: Disclosed
    unit: Unit
    until: date | None


class DisclosedCheck(NamedTuple):
    """A CheckResult."""

    check: Check
    status: Status
    findings: tuple[DisclosedSeen, ...]
    apart: tuple[DisclosedSeen, ...]
    unseen: tuple[DisclosedSeen, ...]


class DisclosedGroup(NamedTuple):
    """A Group: of times, which may be one person's, only the days (UTC)."""

    scope: str
    state: str
    people: Disclosed
    ages: tuple[Disclosed, Disclosed, Disclosed]
    oldest: date
    deadline: date | None
    late: Disclosed


class DisclosedScope(NamedTuple):
    """A Scope; its rows are at least those of the days that are told."""

    share: float
    files: int
    rows: Disclosed
    seconds: float


@dataclass(frozen=True, slots=True)
class DisclosedReport:
    """An AuditReport.

    Attributes:
        threshold: below which no rows and people are told.
        rows: by study and day of submission.
        expiring: rows by study and the day from which they are past their retention.
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
    """What may be told of a report."""
    rows = _tell_rows(report.rows, threshold)
    return DisclosedReport(
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


def _tell_scope(
    scope: Scope, rows: Iterable[Disclosed], threshold: int
) -> DisclosedScope:
    known = total(rows)
    if known.is_exact:
        known = disclose_count(scope.rows, Unit.ROWS, threshold)
    return DisclosedScope(scope.share, scope.files, known, scope.seconds)


def _tell_rows(
    rows: Mapping[tuple[str, str], int], threshold: int
) -> dict[tuple[str, date], Disclosed]:
    return {
        (visible(study), date.fromisoformat(day)): disclose_count(
            number, Unit.ROWS, threshold
        )
        for (study, day), number in sorted(rows.items())
    }


def _tell_check(result: CheckResult, threshold: int) -> DisclosedCheck:
    parts = (result.findings, result.apart, result.unseen)
    findings, apart, unseen = (
        tuple(_tell_seen(each, threshold) for each in part) for part in parts
    )
    return DisclosedCheck(result.check, result.status, findings, apart, unseen)


def _tell_seen(seen: Seen, threshold: int) -> DisclosedSeen:
    number = disclose_count(seen.number, seen.unit, threshold)
    where, what = visible(seen.where), visible(seen.what)
    return DisclosedSeen(where, what, number, seen.unit, seen.until)


def _tell_group(group: Group, threshold: int) -> DisclosedGroup:
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
