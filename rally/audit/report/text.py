"""An audit's report for a terminal."""

from collections.abc import Sequence

from rally.audit.findings import AuditReport, Status
from rally.audit.limits import THRESHOLD
from rally.audit.report.disclosure import (
    DisclosedCheck,
    DisclosedReport,
    DisclosedSeen,
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
from rally.registry.report import moment, said, table

_CHECK_HEAD = ("CHECK", "STATUS", "FINDINGS", "PROMISE")
_SEEN_HEAD = ("CHECK", "WHERE", "WHAT", "NUMBER", "UNTIL")


def to_text(report: AuditReport, threshold: int = THRESHOLD) -> str:
    """Tables: of the checks, of what breaks them, what is apart, what is not seen."""
    told = disclose(report, threshold)
    findings = [(each, seen) for each in told.checks for seen in each.findings]
    apart = [(each, seen) for each in told.checks for seen in each.apart]
    unseen = [(each, seen) for each in told.checks for seen in each.unseen]
    parts = [
        _head(told),
        "\n".join(table([_CHECK_HEAD, *map(_check_row, told.checks)])),
        _seen_table("What breaks a promise:", findings),
        _seen_table("Counted apart, and breaking none:", apart),
        _seen_table("What could not be looked at:", unseen),
        DEVELOPMENT if told.development else "",
        rule(threshold),
    ]
    return "\n\n".join(filter(None, parts))


def _head(told: DisclosedReport) -> str:
    scope, judged = told.scope, f"{verdict(told)} {doubt(told)}".rstrip()
    files = f"{scope.files:,} file{'' if scope.files == 1 else 's'}"
    return (
        f"Audit as of {moment(told.as_of)}: {judged}\n"
        f"Read: {share(scope)}; {files}, {in_rows(scope.rows)}, {scope.seconds:,.1f} s."
    )


def _check_row(each: DisclosedCheck) -> tuple[str, ...]:
    status = each.status.upper() if each.status is Status.BROKEN else each.status
    return (each.check, status, f"{len(each.findings):,}", PROMISES[each.check])


def _seen_table(
    title: str, seen: Sequence[tuple[DisclosedCheck, DisclosedSeen]]
) -> str:
    if not seen:
        return ""
    rows = [_SEEN_HEAD, *(_seen_row(check, each) for check, each in seen)]
    if not any(each.until for _, each in seen):
        rows = [row[:-1] for row in rows]
    return "\n".join([title, *table(rows)])


def _seen_row(check: DisclosedCheck, seen: DisclosedSeen) -> tuple[str, ...]:
    return (check.check, seen.where, seen.what, how_many(seen), said(seen.until))
