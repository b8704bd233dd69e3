"""Writes an audit's report as tables, for a terminal."""

from collections.abc import Sequence

from rally.audit.findings import AuditReport, Status
from rally.audit.report.disclosure import (
    DisclosedCheck,
    DisclosedObservation,
    DisclosedReport,
    disclose,
)
from rally.audit.report.wording import (
    DEVELOPMENT,
    PROMISES,
    doubt,
    how_many,
    in_rows,
    rule,
    share,
    verdict,
)
from rally.disclosure import THRESHOLD
from rally.tables import Block, Column, Table
from rally.tables import to_text as text_of
from rally.times import moment

_CHECKS: tuple[Column[DisclosedCheck], ...] = (
    Column("check", lambda each: each.check),
    Column(
        "status",
        lambda each: each.status,
        text=lambda each: _shout(each.status),
        is_broken=lambda each: each.status is Status.BROKEN,
    ),
    Column("findings", lambda each: len(each.findings)),
    Column("promise", lambda each: PROMISES[each.check]),
)
_SEEN: tuple[Column[tuple[DisclosedCheck, DisclosedObservation]], ...] = (
    Column("check", lambda each: each[0].check),
    Column("where", lambda each: each[1].where),
    Column("what", lambda each: each[1].what),
    Column("number", lambda each: how_many(each[1])),
    Column("until", lambda each: each[1].until),
)


def to_text(report: AuditReport, threshold: int = THRESHOLD) -> str:
    """Returns the report as text that is as wide as its tables."""
    return text_of(*to_blocks(report, threshold))


def to_blocks(report: AuditReport, threshold: int = THRESHOLD) -> list[Block]:
    """Returns tables: the checks, what breaks them, what is apart, what is unseen."""
    disclosed = disclose(report, threshold)
    findings = [(each, seen) for each in disclosed.checks for seen in each.findings]
    apart = [(each, seen) for each in disclosed.checks for seen in each.apart]
    unseen = [(each, seen) for each in disclosed.checks for seen in each.unseen]
    return [
        _head(disclosed),
        Table(_CHECKS, disclosed.checks),
        _observation_table("What breaks a promise:", findings),
        _observation_table("Counted apart, and breaking none:", apart),
        _observation_table("What could not be looked at:", unseen),
        DEVELOPMENT if disclosed.development else "",
        rule(threshold),
    ]


def _head(report: DisclosedReport) -> str:
    scope, judged = report.scope, f"{verdict(report)} {doubt(report)}".rstrip()
    files = f"{scope.files:,} file{'' if scope.files == 1 else 's'}"
    return (
        f"Audit as of {moment(report.as_of)}: {judged}\n"
        f"Read: {share(scope)}; {files}, {in_rows(scope.rows)}, {scope.seconds:,.1f} s."
    )


def _shout(status: Status) -> str:
    """Returns a status, `broken` in capitals: not every screen has colours."""
    return status.upper() if status is Status.BROKEN else status


def _observation_table(
    title: str, seen: Sequence[tuple[DisclosedCheck, DisclosedObservation]]
) -> Table[tuple[DisclosedCheck, DisclosedObservation]]:
    has_until = any(each.until for _, each in seen)
    return Table(_SEEN if has_until else _SEEN[:-1], seen, title)
