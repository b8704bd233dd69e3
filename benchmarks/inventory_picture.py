"""Makes docs/inventory.png: a study at a desk, and one of its documents on a phone.

    make picture

What the study says of itself is made up, in tests/rally/inventory/samples.py; the same
on every machine, but for its fonts. It needs Chromium.
"""

import tempfile
from pathlib import Path

from rally.inventory.site import write_site
from tests.rally.inventory.samples import STREAM, whole_site
from tests.support.chromium import CHROMIUM, take_picture

OUT = Path(__file__).parents[1] / "docs" / "inventory.png"
_WIDTH, _HEIGHT = 1310, 1120
_SCALE = 0.7
_BOTH = """\
<!DOCTYPE html>
<style>
  body {{ margin: 0; display: flex; gap: 20px; background: #cfd3d4; padding: 20px; }}
  div {{ overflow: hidden; height: 1080px; border-radius: 12px; }}
  iframe {{ border: 0; display: block; height: 9000px; }}
</style>
<div><iframe style="width: 870px" src="file://{site}/{study}/index.html"></iframe></div>
<div><iframe style="width: 380px" src="file://{site}/{study}/user-journey.1.html">
</iframe></div>
"""


def main() -> None:
    """Takes the picture."""
    if not CHROMIUM:
        raise SystemExit("needs Chromium; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        write_site(site, whole_site())
        both = _BOTH.format(site=site, study=STREAM)
        take_picture(both, _WIDTH, _HEIGHT, OUT, Path(folder), scale=_SCALE)


if __name__ == "__main__":
    main()
