"""The page of an audit."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.audit.findings import Check, CheckResult, Scope
from rally.audit.report.charts import STUB_WIDTH
from rally.audit.report.html import to_html
from rally.registry.transitions import StudyState
from tests.rally.audit.report.html_pages import LEAVE, ROWS, picture, shown
from tests.rally.audit.report_pages import parse, section, tables, words
from tests.rally.audit.sample_reports import (
    EMPTY,
    GARDEN,
    POND,
    SMALL,
    checks,
    group,
    objects,
)

NASTY = '<b>"x" & \'y\'</b><script src="http://x">'


def test_page_loads_nothing():
    page = parse(to_html(SMALL))
    assert not re.search("https?:|//|url\\((?!#)|@import", to_html(SMALL))
    for each in page.iter():
        assert each.tag not in ("script", "link", "img", "iframe", "object", "use")
        assert not {"src", "action", "data", "style"} & set(each.attrib)
        assert not [name for name in each.attrib if name.startswith("on")]
        assert each.get("href", "#").startswith("#")


def test_page_forbids_itself_to_load_anything():
    [policy] = [
        each.get("content")
        for each in parse(to_html(SMALL)).iter("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.split("; ")[:2] == ["default-src 'none'", "style-src 'unsafe-inline'"]


def test_each_reference_leads_somewhere():
    html = to_html(SMALL)
    page = parse(html)
    names = [each.get("id") for each in page.iter() if each.get("id")]
    links = [each.get("href")[1:] for each in page.iter("a")]
    patterns = re.findall(r"url\(#([^)]*)\)", html)
    described = " ".join(each.get("aria-labelledby") for each in page.iter("svg"))
    assert len(set(names)) == len(names)
    assert links == ["withdrawn", "retention", "files"]
    assert patterns
    assert {*links, *patterns, *described.split()} <= set(names)


def test_each_picture_says_what_it_shows():
    page = parse(to_html(SMALL))
    drawn = [
        (each.find("title").text, each.find("desc").text) for each in page.iter("svg")
    ]
    assert drawn == [
        (
            f"Rows of {GARDEN} by day",
            "One bar a day, from 2023-05-06 to 2024-02-03. "
            "The most: at least 1,030 rows, 2024-02-02.",
        ),
        (
            f"Rows of {POND} by day",
            "One bar a day, from 2023-05-06 to 2024-02-03. "
            "The most: at least 200 rows, 2023-05-06.",
        ),
        (
            "Withdrawals by state and age",
            "People by state and age of their request. "
            "active: at least 20; deferred: fewer than 10.",
        ),
        (
            "Rows by when they expire",
            "One bar a month, from 2024-03-01 to 2024-08-01. "
            "The most: fewer than 10 rows, 2024-08. Overdue: at least 200 rows.",
        ),
    ]


def test_head_tells_verdict_and_scope():
    page = parse(to_html(SMALL))
    assert words(page.find("body/header")) == (
        "Rally: audit of 2024-03-01, 06:30 UTC "
        "1 of 3 promises is broken. 1 promise could not be checked everywhere. "
        "Read a sample of 10 % of the files of rows Files 3 Rows at least 1,230 "
        "Studies 2 Took 2.3 s ✕ ✓ ?"
    )


def test_promises_are_told_in_words_and_marks():
    table_section = section(parse(to_html(SMALL)), "What is promised")
    assert tables(table_section) == [
        [
            ["Promise", "Check", "What became of it", "Findings"],
            ["No row is left of anybody who has left.", "withdrawn", "✕ broken", "2"],
            ["No row is kept past its retention.", "retention", "✓ kept", "0"],
            [
                "Every file is whole: its rows, its checksum, its index.",
                "files",
                "? unknown",
                "0",
            ],
        ]
    ]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (
            "What breaks a promise",
            [
                ["Where", "What", "Number"],
                [f"{GARDEN}/visit.1/2024-02-01", "rows of who left", "<10 rows"],
                [f"{GARDEN}/visit.1/2024-02-02", "rows of who left", "1,230+ rows"],
            ],
        ),
        (
            "What is counted apart",
            [
                ["Where", "What", "Number", "Until"],
                [f"{POND}/visit.1/2023-05-06", "deferred", "20+ rows", "2024-05-01"],
                [POND, "held", "<10 people", "-"],
            ],
        ),
        (
            "What could not be looked at",
            [
                ["Where", "What", "Number"],
                [f"data/{POND}/a.avro", "is unreachable", "1 object"],
            ],
        ),
    ],
)
def test_what_was_seen_is_a_table(title, expected):
    page = parse(to_html(SMALL))
    assert tables(section(page, title)) == [expected]
    assert section(parse(to_html(replace(EMPTY, checks=checks()))), title) is None


def test_numbers_stand_behind_the_pictures():
    page = parse(to_html(SMALL))
    behind = [tables(each) for each in page.iter("details")]
    assert behind == [
        [[["Day", "Rows"], ["2024-02-01", "<10"], ["2024-02-02", "1,030+"],
          ["2024-02-03", "0"]]],
        [[["Day", "Rows"], ["2023-05-06", "200+"]]],
        [[["Left", "State", "People", "< 7 days", "< 30 days", "Older", "Oldest",
           "Deadline", "Late"],
          [GARDEN, "active", "20+", "10+", "<10", "<10", "2024-01-02", "2024-03-01",
           "10+"],
          [POND, "deferred", "<10", "0", "0", "<10", "2024-01-02", "-", "0"]]],
        [[["Month", "Study", "Rows"], ["overdue", POND, "200+"],
          ["2024-08", GARDEN, "<10"]]],
    ]  # fmt: skip


def test_studies_have_their_state_and_their_rows():
    drawn = shown(
        ROWS,
        studies={GARDEN: StudyState.PAUSED, POND: StudyState.DRAFT},
        rows={(GARDEN, "2024-01-01"): 39, ("old", "2024-01-01"): 7},
    )
    captions = [words(each) for each in drawn.iter("figcaption")]
    assert captions == [
        "old not in the registry fewer than 10 rows a day",
        f"{GARDEN} paused at least 30 rows",
    ]


@pytest.mark.parametrize("other", [10, 500])
def test_few_withdrawals_are_a_part_of_one_width(other):
    groups = (group(GARDEN, "active", (1, other, 9)),)
    first, _, last = picture(LEAVE, withdrawals=groups)
    assert first[4] == last[4] == STUB_WIDTH


def test_nothing_is_told_in_words():
    page = parse(to_html(EMPTY))
    assert not list(page.iter("svg"))
    assert [words(each.findall("p")[-1]) for each in page.iter("section")] == [
        "No row was read.",
        "Nobody has asked to leave.",
        "Nothing that was read expires.",
    ]


def test_names_are_text_and_nothing_else():
    seen = objects(NASTY, NASTY, 1)
    report = replace(
        SMALL,
        studies={NASTY: StudyState.DRAFT},
        checks=(CheckResult(Check.COPIES, findings=(seen,), apart=(seen,)),),
        rows={(NASTY, "2024-01-01"): 20},
        expiring={(NASTY, "2024-05-01"): 20},
        withdrawals=(group(NASTY, NASTY, (11, 0, 0)),),
    )
    html = to_html(report)
    assert words(parse(html)).count(NASTY) == 13
    assert "<b>" not in html
    assert "<script" not in html


@given(name=st.text(max_size=8), number=st.integers(0, 2**70))
def test_page_is_well_formed_whatever_it_tells(name, number):
    report = replace(
        EMPTY,
        scope=Scope(0.3, number, number, 1.0),
        checks=checks(CheckResult(Check.COPIES, unseen=(objects(name, name, number),))),
        rows={(name, "2024-02-29"): number},
        expiring={(name, "0001-01-01"): number, (name, "9999-12-31"): number},
        withdrawals=(group(name, name, (number, 0, number), late=number),),
    )
    html = to_html(report)
    html.encode()
    assert len(list(parse(html).iter("svg"))) == 3
