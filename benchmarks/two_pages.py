"""Takes one picture of two pages: one at a desk, and one on a phone."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.chromium import CHROMIUM, take_picture

DOCS = Path(__file__).parents[1] / "docs"
_WIDTH, _HEIGHT = 1310, 1120
_SCALE = 0.7
_BOTH = """\
<!DOCTYPE html>
<style>
  body {{ margin: 0; display: flex; gap: 20px; background: #cfd3d4; padding: 20px; }}
  div {{ overflow: hidden; height: 1080px; border-radius: 12px; }}
  iframe {{ border: 0; display: block; height: 9000px; }}
</style>
<div><iframe style="width: 870px" {desk}></iframe></div>
<div><iframe style="width: 380px; margin-top: -{top}px" {phone}>
</iframe></div>
"""


def take_two_pages(
    out: Path, pages: Callable[[Path], tuple[str, str]], top: int = 0
) -> None:
    """Takes the picture; needs Chromium.

    Args:
        out: file of the picture.
        pages: function that makes both pages in a folder, and gives the attribute of
            each frame: `src="…"` or `srcdoc="…"`.
        top: pixels above what the phone shows of its page.
    """
    if not CHROMIUM:
        raise SystemExit("needs Chromium; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk, phone = pages(folder)
        both = _BOTH.format(desk=desk, phone=phone, top=top)
        take_picture(both, _WIDTH, _HEIGHT, out, folder, scale=_SCALE)
