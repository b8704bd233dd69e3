"""Makes docs/audit.png: the page of an audit, at a desk and on a phone.

    make picture

The report is one that never was, from tests/rally/audit/sample_reports.py; the same on
every machine, but for its fonts. It needs Chromium.
"""

import html
from pathlib import Path

from benchmarks.two_pages import DOCS, take_two_pages
from rally.audit.report.html import to_html
from tests.rally.audit.sample_reports import LARGE

_CHARTS = 3740  # pixels from the top of the page on a phone


def _pages(_: Path) -> tuple[str, str]:
    page = f'srcdoc="{html.escape(to_html(LARGE))}"'
    return page, page


def main() -> None:
    """Takes the picture."""
    take_two_pages(DOCS / "audit.png", _pages, _CHARTS)


if __name__ == "__main__":
    main()
