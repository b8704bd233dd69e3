"""Makes docs/audit.png: the page of an audit, at a desk and on a phone.

    make picture

The report is one that never was, from tests/rally/audit/sample_reports.py; the same on
every machine, but for its fonts. It needs Chromium.
"""

import html
import tempfile
from pathlib import Path

from rally.audit.report.html import to_html
from tests.rally.audit.sample_reports import LARGE
from tests.support.chromium import CHROMIUM, take_picture

OUT = Path(__file__).parents[1] / "docs" / "audit.png"
_WIDTH, _HEIGHT = 1310, 1120
_SCALE = 0.7
_CHARTS = 3740  # pixels from the top of the page on a phone
_BOTH = """\
<!DOCTYPE html>
<style>
  body {{ margin: 0; display: flex; gap: 20px; background: #cfd3d4; padding: 20px; }}
  div {{ overflow: hidden; height: 1080px; border-radius: 12px; }}
  iframe {{ border: 0; display: block; height: 9000px; }}
</style>
<div><iframe style="width: 870px" srcdoc="{page}"></iframe></div>
<div><iframe style="width: 380px; margin-top: -{charts}px" srcdoc="{page}">
</iframe></div>
"""


def main() -> None:
    """Takes the picture."""
    if not CHROMIUM:
        raise SystemExit("needs Chromium; on Debian: apt-get install chromium")
    both = _BOTH.format(page=html.escape(to_html(LARGE)), charts=_CHARTS)
    with tempfile.TemporaryDirectory() as folder:
        take_picture(both, _WIDTH, _HEIGHT, OUT, Path(folder), scale=_SCALE)


if __name__ == "__main__":
    main()
