"""The page of a release shows each number with its error, on any screen."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from rally.releases.page import MOST_BARS, MOST_COLUMNS, MOST_ROWS, make_release_page
from tests.rally.releases.drafts import make_draft
from tests.support import chromium

WIDER = """document => document.documentElement.scrollWidth
- document.documentElement.clientWidth"""
needs_chromium = pytest.mark.skipif(
    chromium.is_missing(), reason="needs Chromium, of Debian's package chromium"
)


@pytest.fixture(scope="module")
def page():
    return make_release_page(make_draft())


def parse(page):
    return ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


def texts(page, path):
    return ["".join(each.itertext()) for each in parse(page).iterfind(path)]


def make_people(noised, **changes):
    draft = make_draft(
        np.array(noised, np.int64),
        group_by=[{"field": "region", "values": [f"g{n}" for n in range(len(noised))]}],
        measures=["people"],
        bounds={"groups": 1, "rows_per_group": 1},
        **{"suppress_below": None, **changes},
    )
    return make_release_page(draft)


def test_page_says_the_question_and_how_it_was_answered(page):
    assert texts(page, ".//h1") == ["How does attention to news differ by region?"]
    assert "Birds, by University of Ponds" in texts(page, ".//header/p")[0]
    assert {"In pictures", "In numbers"} < {*texts(page, ".//h2")}
    assert "Privacy" in texts(page, ".//dt")


def test_each_number_stands_with_its_error():
    page = make_people([1234, 0])
    assert texts(page, ".//tbody/tr/td") == ["1,234 \u00b1 11", "0 \u00b1 11"]
    assert texts(page, ".//li/p/span[@class='number']") == texts(page, ".//tbody/tr/td")


def test_line_of_the_error_reaches_as_far_as_it_says():
    page = make_people([89, 40])
    (bar, _) = parse(page).iterfind(".//svg")
    (rect,) = bar.iterfind("rect")
    line = next(iter(bar.iterfind("line")))
    # 89 and its error of 11: the picture ends at 100.
    assert (rect.get("x"), rect.get("width")) == ("0%", "89%")
    assert (line.get("x1"), line.get("x2")) == ("78%", "100%")


def test_bars_of_negative_numbers_begin_at_zero_too():
    draft = make_draft(
        np.array([-50, 50], np.int64),
        group_by=[{"field": "region", "values": ["a", "b"]}],
        measures=[{"name": "s", "sum": "s", "minimum": -1, "maximum": 1, "digits": 0}],
        bounds={"groups": 1, "rows_per_group": 1},
        suppress_below=None,
    )
    bars = [each.attrib for each in parse(make_release_page(draft)).iterfind(".//rect")]
    assert float(bars[0]["x"].strip("%")) + float(bars[0]["width"].strip("%")) == 50
    assert bars[1]["x"] == "50%"
    assert bars[0]["width"] == bars[1]["width"]


def test_group_that_is_not_shown_has_no_bar():
    page = make_people([50, 3], suppress_below=20)
    assert texts(page, ".//tbody/tr/td") == ["50 \u00b1 11", "not shown"]
    assert len([*parse(page).iterfind(".//svg")]) == 1


def test_page_of_many_groups_is_bounded_and_says_so():
    page = make_people([100] * (MOST_ROWS + 7))
    assert len([*parse(page).iterfind(".//svg")]) == MOST_BARS
    assert len([*parse(page).iterfind(".//tbody/tr")]) == MOST_ROWS
    said = texts(page, ".//p[@class='soft']")
    assert "7 more groups are in the files." in said
    assert f"{MOST_ROWS + 7 - MOST_BARS} more groups are in the files." in said


def test_group_of_many_numbers_has_a_row_for_each():
    edges = list(range(MOST_COLUMNS + 2))
    page = make_release_page(
        make_draft(
            measures=[{"name": "h", "histogram": "h", "edges": edges}],
            suppress_below=None,
        )
    )
    rows = texts(page, ".//tbody/tr")
    assert len(rows) == 8 * (MOST_COLUMNS + 1)
    assert rows[0].startswith("north, band_19_24, 0 to 10h_0_to_1")


def test_page_loads_nothing_and_runs_nothing(page):
    assert "<script" not in page
    assert {*re.findall('(?:href|src)="([^"]*)"', page)} == {
        "table.csv", "table.parquet", "card.json",
    }  # fmt: skip


def test_words_of_the_recipe_are_no_markup():
    page = make_release_page(make_draft(question="<b>Who & why?</b>"))
    assert texts(page, ".//h1") == ["<b>Who & why?</b>"]


@needs_chromium
@pytest.mark.slow("servers")
def test_page_fits_a_phone_and_a_desk(page, tmp_path):
    found = chromium.measure(page, [320, 380, 1280], WIDER, tmp_path)
    assert found == {320: 0, 380: 0, 1280: 0}
