"""What people read of the registry: tables of words."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from rally.printing import visible
from rally.registry.legal_holds import LegalHold
from rally.registry.study import Document, Study
from rally.registry.transitions import Transition

_NOTHING = "-"
_GAP = "  "

DOCUMENT_HEAD = (
    "DOCUMENT",
    "MEANS",
    "KEPT DAYS",
    "KEEP",
    "CATEGORY",
    "APPROVED",
    "EXPIRES",
    "BY",
    "WHERE",
)
DECISION_HEAD = ("NUMBER", "AT", "DECISION", "BY", "NOTE")
HOLD_HEAD = ("LEGAL HOLD", "FROM", "UNTIL", "SINCE", "BY", "NOTE")


def promises(study: Study) -> Iterator[tuple[str, str]]:
    """All that a study promised, by name."""
    policy = study.policy
    yield "namespace", study.namespace
    yield "name", study.name
    yield "kind", study.kind
    yield "aliases", _all(study.aliases)
    yield "starts", said(study.starts)
    yield "ending announced", said(study.ending_announced)
    yield "collects through", said(study.collect_through)
    yield "analysis until", said(study.analysis_until)
    yield "enrolment", "required" if policy.enrolment_required else "none"
    yield "do not track", "refuse" if policy.refuse_do_not_track else "consent"
    yield "private browsing", policy.private_browsing or "client"
    yield "countries", _all(sorted(policy.countries))
    yield "minimum age", said(policy.minimum_age)
    yield "after the end", policy.after_end
    yield "unmatched withdrawals", policy.unmatched_withdrawals
    yield "automation", "refuse" if policy.refuse_automation else "keep"
    yield "derived", _all(study.derived)
    for access in study.access:
        dates = f"{access.since} to {access.until}"
        yield "access", f"{access.group}, {access.agreement}, {dates}"


def document_row(document: Document) -> tuple[str, ...]:
    """A document under DOCUMENT_HEAD."""
    review = document.review
    shown = (
        (review.category, review.approved, review.expires, review.steward, review.where)
        if review
        else (None,) * 5
    )
    kept_by = document.kept_by.person if document.kept_by else None
    kept = said(document.delete_after_days or kept_by)
    return (document.name, document.means, kept, document.keep, *map(said, shown))


def said(value: date | int | str | None) -> str:
    """A value in a word; "-" is none."""
    return _NOTHING if value is None else str(value)


def _all(values: Sequence[str]) -> str:
    return ", ".join(values) or _NOTHING


def decision_row(decision: Transition) -> tuple[str, ...]:
    """An operator's decision under DECISION_HEAD."""
    said_by = (decision.action, decision.by, decision.note)
    return (str(decision.number), moment(decision.at), *said_by)


def hold_row(hold: LegalHold) -> tuple[str, ...]:
    """A legal hold under HOLD_HEAD."""
    days = (str(hold.first), str(hold.last))
    return (str(hold.number), *days, moment(hold.at), hold.by, hold.note)


def moment(time: datetime) -> str:
    """A time in UTC, to the second."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of rows of equal length, in columns."""
    rows = [[*map(visible, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()
