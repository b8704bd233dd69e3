"""The pictures on an audit's page: bars, their days and their words."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest

from rally.audit.report.charts import STUB_HEIGHT
from rally.audit.report.html import to_html
from rally.pages.frame import read_style
from tests.rally.audit.report.html_pages import EXPIRY, LEAVE, ROWS, picture, shown
from tests.rally.audit.report_pages import bars, parse, words
from tests.rally.audit.sample_reports import (
    GARDEN,
    POND,
    SMALL,
    days,
    group,
    of,
)


def year_of(number, count):
    return of(GARDEN, days("2022-01-01", number, count))


def test_days_are_bars_and_small_ones_are_hatched_and_alike():
    drawn = picture(ROWS, rows=year_of(5, [1, 400, 0, 9, 200].__getitem__))
    first, most, second, half = drawn
    assert [each[0] for each in drawn] == [
        "2022-01-01: fewer than 10 rows",
        "2022-01-02: at least 400 rows",
        "2022-01-04: fewer than 10 rows",
        "2022-01-05: at least 200 rows",
    ]
    assert first[1] == second[1] == "url(#rows-0-rows)"
    assert most[1] == half[1] == "rows"
    assert first[5] == second[5] == STUB_HEIGHT
    assert most[5] == half[5] * 2
    assert {round(each[3] + each[5], 2) for each in drawn} == {94}


@pytest.mark.parametrize(
    ("number", "number_of_bars", "first"),
    [
        (1, 1, "2022-01-01"),
        (400, 400, "2022-01-01"),
        (401, 58, "week of 2021-12-27"),
        (400 * 7, 92, "2022-01"),
    ],
    ids=["a day", "days", "weeks", "months"],
)
def test_many_days_are_weeks_or_months(number, number_of_bars, first):
    drawn = picture(ROWS, rows=year_of(number, lambda at: 30))
    assert len(drawn) == number_of_bars
    assert drawn[0][0].startswith(f"{first}: at least ")
    assert all(before[2] < after[2] for before, after in pairwise(drawn))


def test_small_days_of_a_week_are_in_no_sum():
    drawn = picture(ROWS, rows=year_of(401, lambda at: 12 if at == 4 else 9))
    assert [each[0] for each in drawn][:3] == [
        "week of 2021-12-27: fewer than 20 rows",
        "week of 2022-01-03: at least 10 rows",
        "week of 2022-01-10: fewer than 70 rows",
    ]


def test_studies_share_an_axis_of_time():
    rows = {(GARDEN, "2024-01-01"): 50, (POND, "2024-01-31"): 5000}
    one, other = map(bars, shown(ROWS, rows=rows).iter("svg"))
    assert one[0][5] == other[0][5]
    assert other[0][2] - one[0][2] == pytest.approx(30 * 3, abs=0.01)


def test_withdrawals_are_bars_by_state_in_the_order_of_a_request():
    drawn = picture(
        LEAVE,
        withdrawals=(
            group(GARDEN, "closed", (0, 20, 400)),
            group(GARDEN, "requested", (12, 0, 0)),
            group(POND, "closed", (3, 0, 200)),
        ),
    )
    assert [(said, kind) for said, kind, *_ in drawn] == [
        ("requested, less than 7 days: at least 10 people", "young"),
        ("closed, less than 7 days: fewer than 10 people", "url(#withdrawals-young)"),
        ("closed, less than 30 days: at least 20 people", "old"),
        ("closed, 30 days and more: at least 600 people", "older"),
    ]
    assert drawn[3][4] == pytest.approx(drawn[2][4] * 30, rel=0.01)


def test_each_state_has_one_bar_and_unknown_ones_come_last():
    states = ("zzz", "closed", "blocked", "aaa", "held", "active", "requested")
    groups = tuple(group(POND, state, (20, 0, 0)) for state in states)
    drawn = picture(LEAVE, withdrawals=groups)
    assert [said.partition(",")[0] for said, *_ in drawn] == [
        "requested", "active", "blocked", "held", "closed", "aaa", "zzz"
    ]  # fmt: skip


def test_overdue_rows_have_a_bar_of_their_own():
    drawn = picture(
        EXPIRY,
        expiring={
            (POND, "2023-05-06"): 100,
            (GARDEN, "2024-03-01"): 100,
            (GARDEN, "2024-03-02"): 400,
            (POND, "2024-03-02"): 7,
        },
    )
    [(*ahead, _, _, _, high), (*late, _, _, _, low)] = drawn
    assert ahead[:2] == ["2024-03-02: at least 400 rows", "rows"]
    assert late[:2] == ["overdue: at least 200 rows", "late"]
    assert high == low * 2


@pytest.mark.parametrize(
    ("number", "first"), [(119, "2024-03-02"), (120, "2024-03"), (4000, "2024")]
)
def test_what_expires_is_told_by_day_month_or_year(number, first):
    last = (date(2024, 3, 1) + timedelta(days=number)).isoformat()
    drawn = picture(EXPIRY, expiring={(POND, "2024-03-02"): 20, (POND, last): 10})
    assert drawn[0][0] == f"{first}: at least 20 rows"


def test_last_day_of_the_calendar_is_shown():
    [(said, *_)] = picture(EXPIRY, expiring={(POND, "9999-12-31"): 20})
    assert said == "9999: at least 20 rows"


def test_legends_explain_the_hatching():
    page = parse(to_html(SMALL))
    legends = [words(each) for each in page.iter("ul")]
    few = "some, but too few to tell: fewer than 10 a"
    assert legends == [
        f"rows by day {few} day",
        f"less than 7 days less than 30 days 30 days and more {few} study",
        f"rows by month overdue {few} study and day",
    ]
    assert few not in to_html(SMALL, 1)


def colours(scheme):
    """The custom properties of a scheme, from its block of the style sheet."""
    style = read_style("rally.audit.report")
    block = style[style.index(scheme) :].partition("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6}|#[0-9a-f]{3});", block))


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    "scheme", [":root", "(prefers-color-scheme: dark)", "@media print"]
)
def test_colours_can_be_told_apart(scheme):
    """As WCAG 2.2 asks, AA: 4.5 for words, 3 for shapes."""
    of_scheme = colours(scheme)
    paired = [
        *((each, bed) for each in ("ink", "soft", "link") for bed in ("paper", "card")),
        *((each, f"{each}-bed") for each in ("kept", "broken", "unknown")),
        *((f"on-{each}", each) for each in ("young", "old", "older")),
    ]
    shapes = [(each, "card") for each in ("rows", "late", "young", "old", "older")]
    weak = [
        (one, other)
        for pairs, least in ((paired, 4.5), (shapes, 3))
        for one, other in pairs
        if contrast(of_scheme[one], of_scheme[other]) < least
    ]
    assert weak == []
