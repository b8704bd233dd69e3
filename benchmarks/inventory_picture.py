"""Makes docs/inventory.png: a study at a desk, and one of its documents on a phone.

    make picture

What the study says of itself is made up, in tests/rally/inventory/samples.py; the same
on every machine, but for its fonts. It needs Chromium.
"""

from pathlib import Path

from benchmarks.two_pages import DOCS, take_two_pages
from rally.inventory.site import write_site
from tests.rally.inventory.samples import STREAM, whole_site


def _pages(folder: Path) -> tuple[str, str]:
    site = folder / "site"
    write_site(site, whole_site())
    study = f"file://{site}/{STREAM}"
    return f'src="{study}/index.html"', f'src="{study}/user-journey.1.html"'


def main() -> None:
    """Takes the picture."""
    take_two_pages(DOCS / "inventory.png", _pages)


if __name__ == "__main__":
    main()
