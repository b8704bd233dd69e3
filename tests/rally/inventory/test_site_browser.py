"""The pages in Chromium, by WCAG 2.2 A and AA: axe-core's judgement, and our own."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

from rally.inventory.site import write_site
from tests.rally.inventory.pages import parse
from tests.rally.inventory.samples import STREAM, whole_site
from tests.support.chromium import CHROMIUM, is_missing, words_of_pdf

pytestmark = [
    pytest.mark.slow("servers"),
    pytest.mark.skipif(
        is_missing(),
        reason="this machine has no chromium, or no pdftotext of poppler-utils",
    ),
]

PAGES = {
    "index": "index.html",
    "fields": "fields.html",
    "study": f"{STREAM}/index.html",
    "document": f"{STREAM}/tracking-pixel.1.html",
    "demographics": "rally-core/demographics.1.html",
    "platform": "rally-core/index.html",
    "review": f"{STREAM}/reviews/2022-08-05.html",
}
SCHEMES = ("light", "dark")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TWICE = ":root { font-size: 200% }"
SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important;
  word-spacing: .16em !important } p { margin-bottom: 2em !important }"""

ADOPT = """css => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(css)
  document.adoptedStyleSheets = [sheet]
}"""
OPEN = "() => document.querySelectorAll('details').forEach(each => each.open = true)"
OUTSIDE = """() => {
  const width = document.documentElement.clientWidth
  const shown = [...document.body.querySelectorAll("*")].filter(
    each => each.getClientRects().length
      && !each.closest(".aloud, .cards thead, .skip"))
  const cut = each => {
    const box = each.getBoundingClientRect()
    return box.left < -1 || box.right > width + 1
      || each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0
  }
  const name = each => `${each.localName} ${each.textContent.slice(0, 60)}`
  return [document.scrollingElement.scrollWidth - width,
          shown.filter(cut).map(name)]
}"""
FAINT = """() => {
  const channel = each => (each /= 255) <= 0.04045 ? each / 12.92
    : ((each + 0.055) / 1.055) ** 2.4
  const light = ([red, green, blue]) =>
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)
  const colour = text => text.match(/[0-9.]+/g).map(Number)
  const behind = each => {
    for (; each; each = each.parentElement) {
      const found = colour(getComputedStyle(each).backgroundColor)
      if (found.length === 3 || found[3] === 1) return found
    }
    return [255, 255, 255]
  }
  const found = new Set()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node; node = walker.nextNode();) {
    const parent = node.parentElement
    if (!node.data.trim() || !parent.getClientRects().length) continue
    const style = getComputedStyle(parent)
    const [one, other] = [light(colour(style.color)), light(behind(parent))]
    const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05)
    const size = parseFloat(style.fontSize)
    const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700
    if (ratio < (large ? 3 : 4.5)) found.add(`${ratio} ${node.data.slice(0, 40)}`)
  }
  return [...found]
}"""
SMALL = """() => [...document.querySelectorAll("a, summary")].filter(each => {
  const box = each.getBoundingClientRect()
  const inline = getComputedStyle(each).display === "inline"
    && each.closest("p, dd") && each.closest("p, dd").textContent !== each.textContent
  return box.width && !inline && !each.closest(".skip")
    && (box.width < 24 || box.height < 24)
}).map(each => each.textContent)"""
FOCUSED = """() => {
  const each = document.activeElement
  const box = each.getBoundingClientRect()
  const style = getComputedStyle(each)
  const at = document.elementFromPoint(
    (box.left + box.right) / 2, (box.top + box.bottom) / 2)
  return {
    name: `${each.localName} ${each.textContent}`,
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: box.top >= -1 && box.bottom <= innerHeight + 1
      && (each.contains(at) || at === each || each.getClientRects().length > 1),
  }
}"""
STOPS = """() => [...document.querySelectorAll("a[href], summary")].filter(
  each => each.localName === "summary" || !each.closest("details:not([open])")
).map(each => `${each.localName} ${each.textContent}`)"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write_site(folder, whole_site())
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture(params=PAGES.values(), ids=PAGES)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def show(browser: Browser, site: Path) -> Iterator[Any]:
    """Shows a page in a window of a width, in a scheme of colours."""
    contexts = []

    def show(path: str, width: int = 1280, scheme: Any = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(f"file://{site}/{path}")
        return page

    yield show
    for each in contexts:
        each.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_axe_finds_nothing(show, path, width, scheme):
    page = show(path, width, scheme)
    page.evaluate(OPEN)
    page.evaluate(AXE_SCRIPT)
    options = json.dumps({"runOnly": RULES, "resultTypes": ["violations"]})
    found = page.evaluate(f"axe.run({options})")
    assert [
        (each["id"], each["help"], [node["html"] for node in each["nodes"]][:3])
        for each in found["violations"]
    ] == []
    assert found["testEngine"]["version"] >= "4.12"


@pytest.mark.parametrize(
    ("width", "css"),
    [(320, ""), (640, ""), (1280, ""), (1280, TWICE), (320, SPACED), (1280, SPACED)],
    ids=["320", "640", "1280", "twice", "320 spaced", "spaced"],
)
def test_nothing_is_cut_or_beside_the_page(show, path, width, css):
    """A window of 1280 pixels has 640 at 200 %, and 320 at 400 %."""
    page = show(path, width)
    page.evaluate(OPEN)
    page.evaluate(ADOPT, css)
    assert page.evaluate(OUTSIDE) == [0, []]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_stands_out(show, path, scheme):
    page = show(path, scheme=scheme)
    page.evaluate(OPEN)
    assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_targets_are_large_enough(show, path, width):
    assert show(path, width).evaluate(SMALL) == []


def test_keyboard_reaches_everything_in_order(show, path):
    page = show(path)
    stops = page.evaluate(STOPS)
    reached = []
    for _ in stops[:60]:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert [each["name"] for each in reached] == stops[:60]
    assert [each for each in reached if not (each["ring"] and each["seen"])] == []


def test_skip_link_leads_to_the_content(show, path):
    page = show(path)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_details_open_by_the_keyboard(show):
    page = show(PAGES["document"])
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open")


def test_pages_ask_for_themselves_and_their_style_alone(browser, site, path):
    page, asked, said = browser.new_page(), [], []
    page.on("request", lambda each: asked.append(each.url))
    page.on("console", lambda each: said.append(each.text))
    page.goto(f"file://{site}/{path}")
    page.wait_for_load_state("networkidle")
    assert asked == [f"file://{site}/{path}", f"file://{site}/style.css"]
    assert said == []
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    page.close()


def test_paper_has_every_cell_within_its_page(show, site, path, tmp_path):
    paper = tmp_path / "page.pdf"
    margin = dict.fromkeys(("top", "right", "bottom", "left"), "15mm")
    show(path).pdf(path=str(paper), margin=margin)
    words = words_of_pdf(paper)
    assert [each for each in words if not 0 < each.start < each.end < 1] == []
    page = parse((site / path).read_text())
    cells = [cell for row in page.iter("tr") for cell in row if cell.tag == "td"]
    cells += [cell for cell in page.iter("th") if cell.get("scope") == "row"]
    paths = ["".join(each.itertext()) for each in page.iter("code")]
    for code in page.iter("code"):
        code.clear()
    expected = Counter(
        word for cell in cells for text in cell.itertext() for word in text.split()
    )
    assert expected - Counter(each.text for each in words) == Counter()
    on_paper = "".join(each.text for each in words)
    parts = {part for each in paths for part in re.split("[/._]+", each)}
    assert {each for each in parts if each not in on_paper} == set()
