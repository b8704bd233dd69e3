"""Pages of an audit's findings, and pictures in them."""

from dataclasses import replace

from rally.audit.report.html import to_html
from tests.rally.audit.report_pages import bars, parse, section
from tests.rally.audit.sample_reports import (
    EMPTY,
)

ROWS, LEAVE, EXPIRY = "Rows by study and day", "Who leaves", "What expires when"


def shown(title, **changes):
    return section(parse(to_html(replace(EMPTY, **changes), 10)), title)


def picture(title, **changes):
    """Bars of the first picture of a section."""
    return bars(next(shown(title, **changes).iter("svg")))
