"""Tables, as people and programs get them."""

import io
import json
from datetime import UTC, date, datetime

import pytest

from rally.printing import PAPER, Screen, render, screen_of
from rally.tables import (
    Column,
    Table,
    describe_json,
    make_pairs,
    print_blocks,
    print_results,
    to_json,
    to_lines,
    to_text,
)

COLUMNS = (
    Column("study", lambda each: each[0]),
    Column("rows_before", lambda each: each[1]),
    Column("share", lambda each: each[2], "%", lambda each: f"{each[2]:.0%}"),
    Column("since", lambda each: each[3], is_broken=lambda each: each[3] is None),
    Column("note", lambda each: each[4]),
    Column("seen", lambda each: datetime(2022, 3, 10, 12, tzinfo=UTC), head=None),
)
ROWS = [
    ("rally-foo", 1234567, 0.5, date(2022, 3, 10), "a word and one more word"),
    ("b\x1b[2J", 7, 0.05, None, ""),
]
TABLE = Table(COLUMNS, ROWS)
RED, BOLD, END = "\x1b[31m", "\x1b[1m", "\x1b[0m"


def shown(table, screen=PAPER):
    return [render(line, screen.has_colour) for line in to_lines(table, screen)]


def test_numbers_stand_to_the_right_and_nothing_is_cut_on_paper():
    assert shown(TABLE) == [
        "STUDY      ROWS BEFORE    %  SINCE       NOTE",
        "rally-foo    1,234,567  50%  2022-03-10  a word and one more word",
        "b\\x1b[2J             7   5%  -           -",
    ]


def test_wide_cells_and_heads_go_on_in_the_next_line_of_a_terminal():
    assert shown(TABLE, Screen(49)) == [
        "STUDY           ROWS    %  SINCE       NOTE",
        "              BEFORE",
        "rally-foo  1,234,567  50%  2022-03-10  a word and",
        "                                       one more",
        "                                       word",
        "b\\x1b[2J           7   5%  -           -",
    ]


def test_row_is_a_list_where_columns_do_not_fit_side_by_side():
    assert shown(TABLE, Screen(30)) == [
        "STUDY        rally-foo",
        "ROWS BEFORE  1,234,567",
        "%            50%",
        "SINCE        2022-03-10",
        "NOTE         a word and one",
        "             more word",
        "",
        "STUDY        b\\x1b[2J",
        "ROWS BEFORE  7",
        "%            5%",
        "SINCE        -",
        "NOTE         -",
    ]


@pytest.mark.parametrize("width", range(20, 100))
def test_no_line_is_wider_than_the_terminal_and_no_character_is_lost(width):
    lines = shown(TABLE, Screen(width))
    assert max(map(len, lines)) <= max(width, 25)
    text = "".join("".join(lines).split())
    for row in ROWS[:1]:
        for word in row[4].split():
            assert word in text


def test_what_is_broken_is_red_and_heads_are_bold_where_there_are_colours():
    head, _, last = shown(TABLE, Screen(80, has_colour=True))
    assert head.startswith(f"{BOLD}STUDY    {END}  {BOLD}ROWS BEFORE{END}")
    assert f"{RED}-         {END}" in last
    assert "\\x1b[2J" in last


def test_table_of_nothing_has_no_line():
    assert shown(Table(COLUMNS, [], "title")) == []


def test_blocks_have_an_empty_line_between_them_and_empty_ones_are_left_out():
    pairs = make_pairs([("state", "ended"), ("holds", 2), ("also", ["a", "b"])])
    assert to_text("first", "", Table(COLUMNS, []), pairs, "a\nb") == (
        "first\n\nstate  ended\nholds  2\nalso   a, b\n\na\nb"
    )


def test_json_has_plain_values_under_the_columns_keys():
    nested = {"verified": datetime(2022, 3, 11, tzinfo=UTC)}
    results = {"late": 1, "is": True, "none": None, "stages": nested, "rows": TABLE}
    assert json.loads(to_json(results)) == {
        "late": 1,
        "is": True,
        "none": None,
        "stages": {"verified": "2022-03-11T00:00:00Z"},
        "rows": [
            {
                "study": "rally-foo",
                "rows_before": 1234567,
                "share": 0.5,
                "since": "2022-03-10",
                "note": "a word and one more word",
                "seen": "2022-03-10T12:00:00Z",
            },
            {
                "study": "b\x1b[2J",
                "rows_before": 7,
                "share": 0.05,
                "since": None,
                "note": "",
                "seen": "2022-03-10T12:00:00Z",
            },
        ],
    }


def test_results_are_printed_for_programs_or_for_people(capsys):
    table = Table(COLUMNS[:2], ROWS[1:])
    print_results({"rows": table}, table, "end", as_json=True)
    print_results({"rows": table}, table, "end", as_json=False)
    print_blocks()
    assert capsys.readouterr().out == (
        '{"rows": [{"study": "b\\u001b[2J", "rows_before": 7}]}\n'
        "STUDY     ROWS BEFORE\nb\\x1b[2J            7\n\nend\n"
    )


def test_help_names_the_keys():
    assert describe_json({"studies": COLUMNS[:2]}, ["late"]) == (
        "--json prints one object: late; studies, a list with study, rows_before."
    )


class Tty(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "screen"),
    [
        ({"TERM": "xterm", "COLUMNS": "99"}, Screen(99, True)),
        ({"TERM": "xterm", "COLUMNS": "99", "NO_COLOR": "1"}, Screen(99, False)),
        ({"TERM": "xterm", "COLUMNS": "99", "NO_COLOR": ""}, Screen(99, True)),
        ({"TERM": "dumb", "COLUMNS": "3"}, Screen(20, False)),
    ],
)
def test_terminal_says_its_width_and_whether_it_has_colours(
    environment, screen, monkeypatch
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert screen_of(Tty()) == screen
    assert screen_of(io.StringIO()) == PAPER
