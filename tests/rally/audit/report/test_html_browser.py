"""The page of an audit in Chromium: on a phone, at a desk and on paper."""

from collections import Counter

import pytest

from rally.audit.findings import Check
from rally.audit.report.html import to_html
from tests.rally.audit.report_pages import parse, tables
from tests.rally.audit.sample_reports import LARGE
from tests.support.chromium import (
    is_missing,
    measure,
    print_page,
    words_of_pdf,
)

pytestmark = [
    pytest.mark.slow("servers"),
    pytest.mark.skipif(
        is_missing(),
        reason="this machine has no chromium, or no pdftotext of poppler-utils",
    ),
]

PAGE = to_html(LARGE)

OUTSIDE = """page => {
  page.querySelectorAll("details").forEach(each => each.open = true)
  const width = page.documentElement.clientWidth
  const shown = [...page.body.querySelectorAll("*")].filter(
    each => each.getClientRects().length && !each.closest(".aloud, .cards thead")
      && !each.closest("defs, title, desc"))
  const cut = each => {
    const box = each.getBoundingClientRect()
    return box.left < 0 || box.right > width
      || !each.closest("svg") && each.scrollWidth > each.clientWidth + 1
        && each.clientWidth > 0
  }
  const name = each => `${each.localName} ${each.textContent.slice(0, 60)}`
  return {
    overflow: page.scrollingElement.scrollWidth - width,
    cut: shown.filter(cut).map(name),
    tables: shown.filter(each => each.localName === "table").length,
  }
}"""

OVERLAPPING = """page => {
  const found = []
  for (const chart of page.querySelectorAll("svg")) {
    const words = [...chart.querySelectorAll("text")]
      .filter(each => each.getClientRects().length)
      .map(each => [each.textContent, each.getBoundingClientRect()])
    for (const [at, [one, a]] of words.entries())
      for (const [other, b] of words.slice(at + 1))
        if (a.left < b.right && b.left < a.right
            && a.top < b.bottom && b.top < a.bottom)
          found.push(`${one} / ${other}`)
  }
  return found
}"""

COLOURS = """page => [...page.querySelectorAll("rect")].filter(
  each => page.defaultView.getComputedStyle(each).fill === "rgb(0, 0, 0)").length"""

PATH = """page => {
  const path = page.querySelector(".path")
  const broken = [...path.children].filter(
    each => each.getBoundingClientRect().height > 30)
  const selection = page.defaultView.getSelection()
  selection.selectAllChildren(path)
  return [`${selection}`, broken.map(each => each.textContent)]
}"""


def test_nothing_is_cut_and_no_table_is_left_out_on_a_screen(tmp_path):
    fine = {"overflow": 0, "cut": [], "tables": len(tables(parse(PAGE)))}
    widths = (320, 380, 700, 1280)
    found = measure(PAGE, widths, OUTSIDE, tmp_path)
    assert found == {width: fine for width in widths}


def test_words_of_a_chart_do_not_overlap(tmp_path):
    widths = (320, 380, 640, 720, 1280)
    found = measure(PAGE, widths, OVERLAPPING, tmp_path)
    assert found == {width: [] for width in widths}


def test_each_bar_has_its_colour_or_hatching(tmp_path):
    assert measure(PAGE, [1280], COLOURS, tmp_path) == {1280: 0}


def test_place_ends_its_lines_at_slashes_and_is_copied_whole(tmp_path):
    [files] = [each for each in LARGE.checks if each.check is Check.FILES]
    where = files.findings[0].where
    longest = where.rpartition("/")[2]
    found = measure(PAGE, [380, 1280], PATH, tmp_path)
    assert found == {380: [where, [longest]], 1280: [where, [longest]]}


def test_paper_has_every_cell_of_every_table_within_its_page(tmp_path):
    paper = tmp_path / "audit.pdf"
    print_page(PAGE, paper, tmp_path)
    words = words_of_pdf(paper)
    cells = [cell for table in tables(parse(PAGE)) for row in table[1:] for cell in row]
    expected = Counter(
        word for cell in cells if "/" not in cell for word in cell.split()
    )  # a place is broken into words of its own
    assert not expected - Counter(each.text for each in words)
    assert [each for each in words if not 0 < each.start < each.end < 1] == []
    on_paper = "".join(each.text for each in words)
    parts = [part for cell in cells if "/" in cell for part in cell.split("/")]
    assert [part for part in parts if part.replace(" ", "") not in on_paper] == []
