"""The page of a release: pictures whose lines show the error, the table, and the card.

It loads nothing and runs no script. Each bar stands below words that say the same, so
that nobody needs to see it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from rally.pages.frame import make_page, read_style
from rally.pages.markup import Markup, element, join
from rally.pages.shapes import line, percent
from rally.pages.tables import data_table
from rally.releases.draft import Draft
from rally.releases.table import ReleaseColumn, ReleaseTable

MOST_BARS = 40
"""Most groups of one picture."""

MOST_ROWS = 500
"""Most rows of the page's table."""

MOST_COLUMNS = 10
"""Most columns of the page's table; of more each number has a row of its own."""

_MOST_PICTURES = 12
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_HEIGHT, _MIDDLE, _CAP = 18, 9, 5
_NOT_SHOWN = "not shown"
_ERRORS = (
    "Numbers have noise that hides each person. The line across the end of a bar is the"
    " error: 19 times in 20 the noise is within it."
)


def make_release_page(draft: Draft) -> str:
    """Returns the whole page; but for its first line it is well-formed XML."""
    style = element("style", Markup(read_style(__package__)))
    return make_page(draft.title, _POLICY, style, element("body", *_body(draft)))


def _body(draft: Draft) -> Iterator[Markup]:
    card = {each.key: each.text for each in draft.card}
    yield element(
        "header",
        element("p", f"Rally: {card['curator']}", class_="brow"),
        element("h1", draft.title),
        element("p", card["description"], class_="lead"),
    )
    yield element("main", *_sections(draft))
    yield element(
        "footer",
        element(
            "p",
            "The files beside this page have all numbers: ",
            *_links(),
            ". This page loads nothing and runs no script.",
        ),
    )


def _links() -> Iterator[Markup]:
    names = ("table.csv", "table.parquet", "card.json")
    for index, name in enumerate(names):
        yield join([", " if index else "", element("a", name, href=name)])


def _sections(draft: Draft) -> Iterator[Markup]:
    table = draft.table
    yield element(
        "section",
        element("h2", "In pictures"),
        element("p", _ERRORS, class_="soft"),
        *(_picture(table, each) for each in table.numbers[:_MOST_PICTURES]),
        _more(len(table.numbers) - _MOST_PICTURES, "columns"),
    )
    yield element(
        "section",
        element("h2", "In numbers"),
        element("p", "Each with its error, 19 times in 20.", class_="soft"),
        *(_wide(table) if len(table.numbers) <= MOST_COLUMNS else _long(table)),
    )
    yield element(
        "section",
        element("h2", "What it says, and what not"),
        element(
            "dl",
            *(
                element("div", element("dt", each.title), element("dd", each.text))
                for each in draft.card
            ),
            class_="card",
        ),
    )


def _more(left_out: int, what: str) -> Markup:
    """Says how many the page leaves out, if any."""
    if left_out <= 0:
        return join([])
    return element("p", f"{left_out:,} more {what} are in the files.", class_="soft")


class _Scale(NamedTuple):
    """Numbers at the left and right edge of a picture's bars."""

    low: float
    high: float

    def place(self, number: float) -> float:
        """Gives the place of a number, in percent of the width."""
        share = (number - self.low) / ((self.high - self.low) or 1)
        return 100 * min(max(share, 0), 1)


def _picture(table: ReleaseTable, column: ReleaseColumn) -> Markup:
    """Draws a bar for each group, with the line of its error."""
    shown = range(min(table.groups, MOST_BARS))
    scale = _scale(column)
    return element(
        "figure",
        element("figcaption", element("h3", column.name)),
        element(
            "ul",
            *(_bar(table.name_of(group), column, group, scale) for group in shown),
            class_="bars",
        ),
        _more(table.groups - len(shown), "groups"),
    )


def _scale(column: ReleaseColumn) -> _Scale:
    ends = [
        float(value) + sign * float(error)
        for value, error in zip(column.values, column.errors, strict=True)
        if value is not None and error is not None
        for sign in (-1, 1)
    ]
    is_signed = any(it is not None and float(it) < 0 for it in column.values)
    return _Scale(min([0, *ends]) if is_signed else 0, max([0, *ends]))


def _bar(name: str, column: ReleaseColumn, group: int, scale: _Scale) -> Markup:
    value, error = column.values[group], column.errors[group]
    said = element("span", _cell(column, group), class_="number")
    words = element("p", element("span", name), said)
    if value is None or error is None:
        return element("li", words)
    number, spread, zero = float(value), float(error), scale.place(0)
    end = scale.place(number)
    low, high = (scale.place(number + sign * spread) for sign in (-1, 1))
    picture = element(
        "svg",
        element(
            "rect",
            x=percent(min(zero, end)),
            y=3,
            width=percent(abs(end - zero)),
            height=_HEIGHT - 6,
            class_="rows",
        ),
        line("error", percent(low), _MIDDLE, percent(high), _MIDDLE),
        *(
            line("error", percent(at), _MIDDLE - _CAP, percent(at), _MIDDLE + _CAP)
            for at in (low, high)
        ),
        height=_HEIGHT,
        aria_hidden="true",
    )
    return element("li", words, picture)


def _wide(table: ReleaseTable) -> Iterator[Markup]:
    """Makes a table with a row for each group."""
    rows = (
        [
            table.name_of(group),
            *(_cell(each, group) for each in table.numbers),
        ]
        for group in range(table.groups)
    )
    labels = ", ".join(each.name for each in table.labels) or "group"
    head = [labels, *(each.name for each in table.numbers)]
    kinds = ["", *("number" for _ in table.numbers)]
    yield _table(head, rows, kinds)
    yield _more(table.groups - MOST_ROWS, "groups")


def _long(table: ReleaseTable) -> Iterator[Markup]:
    """Makes a table with a row for each number, where a group has too many."""
    rows = (
        [table.name_of(group), each.name, _cell(each, group)]
        for group in range(table.groups)
        for each in table.numbers
    )
    yield _table(["group", "column", "number"], rows, ["", "", "number"])
    yield _more(table.groups * len(table.numbers) - MOST_ROWS, "numbers")


def _table(
    head: Sequence[str], rows: Iterator[Sequence[str]], kinds: Sequence[str]
) -> Markup:
    shown = islice(rows, MOST_ROWS)
    return data_table(head, shown, kinds, "Numbers of all groups", "cards numbers")


def _cell(column: ReleaseColumn, group: int) -> str:
    value, error = column.values[group], column.errors[group]
    return _NOT_SHOWN if value is None else _said(value, error)


def _said(value: str, error: str | None) -> str:
    """Writes a number and its error: 1,234 \N{PLUS-MINUS SIGN} 52."""
    return f"{_grouped(value)} \N{PLUS-MINUS SIGN} {_grouped(error or '')}"


def _grouped(number: str) -> str:
    """Writes a number with commas between thousands."""
    whole, point, rest = number.partition(".")
    sign = "\N{MINUS SIGN}" if whole.startswith("-") else ""
    digits = f"{int(whole.lstrip('-') or 0):,}"
    return f"{sign}{digits}{point}{rest}"
