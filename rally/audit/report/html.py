"""Writes an audit's report as one page of HTML: no network, no script, no other file.

It may be shown outside of the environment: see rally.audit.report.disclosure.
"""

from collections.abc import Iterator

from rally.audit.findings import AuditReport
from rally.audit.report import figures, tables
from rally.audit.report.disclosure import (
    DisclosedReport,
    disclose,
)
from rally.audit.report.wording import DEVELOPMENT, doubt, rule, share, verdict
from rally.disclosure import THRESHOLD, in_words
from rally.pages.frame import make_page, read_style
from rally.pages.markup import Markup, element

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_UNSEEN = "Nothing that was seen breaks these promises; this was not seen."
_APART = (
    "It looks like what breaks a promise and does not: it waits for the end of a "
    "study, is held by a decision, or is on its way out."
)
_ROWS = (
    "By the day on which they were submitted, of the files that were read. "
    "Each study has a scale of its own."
)
_LEAVE = (
    "Requests to leave, by what they wait for and by how old they are. "
    "Who left several studies is counted in each."
)
_EXPIRY = (
    "By the day from which rows are past their retention, of the files that were read."
)


def to_html(report: AuditReport, threshold: int = THRESHOLD) -> str:
    """Returns the whole page; but for its first line it is well-formed XML.

    Args:
        report: Report of the audit.
        threshold: Least number of rows or people that the page tells.
    """
    disclosed = disclose(report, threshold)
    title = f"Rally audit, {disclosed.as_of:%Y-%m-%d}"
    style = element("style", Markup(read_style(__package__)))
    return make_page(title, _POLICY, style, element("body", *_body(disclosed)))


def _body(report: DisclosedReport) -> Iterator[Markup]:
    title = f"Rally: audit of {report.as_of:%Y-%m-%d, %H:%M} UTC"
    yield element(
        "header",
        element("p", title, class_="brow"),
        element("h1", verdict(report)),
        element("p", doubt(report), class_="lead") if doubt(report) else "",
        element("p", DEVELOPMENT, class_="lead") if report.development else "",
        _facts(report),
        tables.marks(report.checks),
    )
    yield element("main", *_sections(report))
    yield element(
        "footer",
        element("p", rule(report.threshold)),
        element("p", "This page loads nothing and runs no script."),
    )


def _facts(report: DisclosedReport) -> Markup:
    scope = report.scope
    facts = (
        ("Read", share(scope)),
        ("Files", f"{scope.files:,}"),
        ("Rows", in_words(scope.rows)),
        ("Studies", f"{len(report.studies):,}"),
        ("Took", f"{scope.seconds:,.1f} s"),
    )
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", fact))
            for name, fact in facts
        ),
        class_="facts",
    )


def _sections(report: DisclosedReport) -> Iterator[Markup]:
    checks = report.checks
    findings = tables.observations((each.check, each.findings) for each in checks)
    apart = tables.observations((each.check, each.apart) for each in checks)
    unseen = tables.observations((each.check, each.unseen) for each in checks)
    if findings:
        yield _section("What breaks a promise", "", findings)
    if checks:
        yield _section("What is promised", "", tables.promises(checks))
    if unseen:
        yield _section("What could not be looked at", _UNSEEN, unseen)
    if apart:
        yield _section("What is counted apart", _APART, apart)
    yield _section("Rows by study and day", _ROWS, figures.rows_by_day(report))
    yield _section("Who leaves", _LEAVE, figures.withdrawals(report))
    yield _section("What expires when", _EXPIRY, figures.expiry(report))


def _section(title: str, text: str, inside: Markup) -> Markup:
    words = element("p", text, class_="soft") if text else ""
    return element("section", element("h2", title), words, inside)
