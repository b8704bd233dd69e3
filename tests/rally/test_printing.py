"""What commands print acts on no terminal, and a name stays in its line."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.printing import print_lines, print_text, visible

SHOWN = [
    ("Énergie 10 %", "Énergie 10 %"),
    ("a\x1b[2Jb", "a\\x1b[2Jb"),
    ("a\nrally: good\r", "a\\nrally: good\\r"),
    ("a\u202egpj\u2066", "a\\u202egpj\\u2066"),
    ("a\u2028b\u200b\ufeff", "a\\u2028b\\u200b\\ufeff"),
    ("a\x9b1A\x00\x07\udc80", "a\\x9b1A\\x00\\x07\\udc80"),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_what_acts_on_a_terminal_is_escaped(text, shown):
    assert visible(text) == visible(visible(text)) == shown


@given(st.text())
def test_visible_text_is_printable_whatever_it_was(text):
    assert visible(text).isprintable()


@given(st.lists(st.text(), max_size=5))
def test_as_many_lines_are_printed_as_were_given(lines):
    out = io.StringIO()
    print_lines(*lines, file=out)
    assert out.getvalue().split("\n") == [*map(visible, lines), ""]


def test_text_ends_with_one_line_break(capsys):
    print_text("a\n\nb\x1b\n\n")
    print_lines("c", file=sys.stderr, end="")
    assert capsys.readouterr() == ("a\n\nb\\x1b\n", "c")
