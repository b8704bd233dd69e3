"""Shows a page in headless Chromium: as a picture, on paper, and with a ruler."""

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PDFTOTEXT = shutil.which("pdftotext")

_WORD = re.compile('<word xMin="([0-9.-]+)" yMin="[^"]*" xMax="([0-9.-]+)"[^>]*>(.*)<')
_SECONDS = 120
_FRAME = '<iframe style="width: {width}px; height: 800px" srcdoc="{page}"></iframe>'
_MEASURED = """\
<!DOCTYPE html><meta charset="utf-8"><style>iframe {{ border: 0 }}</style>
{frames}<script>
onload = () => {{
  const measure = {script}
  const frames = [...document.querySelectorAll("iframe")]
  const said = document.createElement("pre")
  said.id = "said"
  said.textContent = JSON.stringify(frames.map(each => measure(each.contentDocument)))
  document.body.replaceChildren(said)
}}
</script>
"""


def measure(
    page: str, widths: Iterable[int], script: str, folder: Path
) -> dict[int, object]:
    """Returns what a function of JavaScript says of a page, by the page's width.

    Args:
        page: HTML; it stands in a frame, so the function runs whatever it forbids.
        widths: Widths of the page, in pixels.
        script: Arrow function of the page's document to a value of JSON.
        folder: Empty folder for Chromium's files.
    """
    widths = list(widths)
    frames = "".join(
        _FRAME.format(width=each, page=html.escape(page)) for each in widths
    )
    source = folder / "frames.html"
    source.write_text(_MEASURED.format(frames=frames, script=script), "utf-8")
    dom = _run("--dump-dom", f"file://{source}", folder=folder)
    (said,) = re.findall(r'<pre id="said">(.*?)</pre>', dom, re.DOTALL)
    return dict(zip(widths, json.loads(html.unescape(said)), strict=True))


def take_picture(
    page: str, width: int, height: int, path: Path, folder: Path, *, scale: float = 1
) -> None:
    """Writes a picture of the top of a page, as a PNG file.

    Args:
        page: HTML.
        width: Width of the window, in pixels of the page.
        height: Height of the window.
        path: PNG file.
        folder: Folder for Chromium's files.
        scale: Pixels of the picture for one of the page.
    """
    source = folder / "page.html"
    source.write_text(page, "utf-8")
    size = f"--window-size={width},{height}"
    look = ("--hide-scrollbars", f"--force-device-scale-factor={scale}")
    options = (size, *look, f"--screenshot={path}")
    _run(*options, f"file://{source}", folder=folder)


def print_page(page: str, path: Path, folder: Path) -> None:
    """Prints a page on paper, as a PDF file."""
    source = folder / "page.html"
    source.write_text(page, "utf-8")
    options = ("--no-pdf-header-footer", f"--print-to-pdf={path}")
    _run(*options, f"file://{source}", folder=folder)


def is_missing() -> bool:
    """Whether a test is to be skipped for want of a program.

    None is where each is required, as in the build: there it fails.
    """
    is_required = os.environ.get("RALLY_SERVERS") == "required"
    return not (is_required or (CHROMIUM and PDFTOTEXT))


class Word(NamedTuple):
    """A word on paper, and where it lies in its page's width, from 0 to 1."""

    text: str
    start: float
    end: float


def words_of_pdf(path: Path) -> list[Word]:
    """Returns the words of a PDF file, page after page."""
    assert PDFTOTEXT
    command = [PDFTOTEXT, "-bbox", str(path), "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    width, words = 0.0, list[Word]()
    for line in done.stdout.splitlines():
        if page := re.search('<page width="([0-9.]+)"', line):
            width = float(page[1])
        if word := _WORD.search(line):
            start, end, text = float(word[1]), float(word[2]), html.unescape(word[3])
            words.append(Word(text, start / width, end / width))
    return words


def _run(*arguments: str, folder: Path) -> str:
    assert CHROMIUM
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",  # which root may not have, as in a container
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}",
        *arguments,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, check=True
    )
    return done.stdout
