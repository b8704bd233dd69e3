"""Tables: many things of one kind, as columns for people and as JSON for programs.

The columns of a table are declared once, each with the key that it has in JSON. People
get capitals above columns, numbers to the right, and what is broken in colour. On a
terminal a table is no wider than the screen: long cells go on in the next line, and
where even that does not fit, each row is a list of its values. Anywhere else each row
is one line, and nothing is cut.
"""

import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from rally.printing import (
    PAPER,
    Line,
    Screen,
    Span,
    Style,
    print_lines,
    print_styled,
    render,
    screen_of,
    visible,
)
from rally.times import moment

NOTHING = "-"
"""Stands for a value that is not there."""

_GAP = "  "
_NARROWEST = 10
_WIDE = (0xFF1D, 0xFF0B, 0xFF0D, 0xFF20)  # the same four signs in full width
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *map(chr, _WIDE))
"""Beginnings by which a spreadsheet takes text for a formula (OWASP, "CSV Injection").
"""

Row = TypeVar("Row")

Value = (
    None
    | str
    | int
    | float
    | date
    | datetime
    | Sequence["Value"]
    | Mapping[str, "Value"]
)
"""What a cell holds: of it a text is made, and JSON."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of a table.

    Attributes:
        key: its name in JSON, in snake_case; "" leaves it to people.
        value: the cell of a row.
        head: words above it; by default the key in capitals. None leaves the
            column to JSON.
        text: the cell for people, where that is another than `value`.
        is_broken: whether a row's cell is something that a person has to mend.
    """

    key: str
    value: Callable[[Row], Value]
    head: str | None = ""
    text: Callable[[Row], Value] | None = None
    is_broken: Callable[[Row], bool] | None = None

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.head or self.key.replace("_", " ").upper()

    def shown(self, row: Row) -> Value:
        """The cell for people."""
        return (self.text or self.value)(row)


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """Rows under columns.

    Attributes:
        columns: from left to right.
        rows: from top to bottom.
        title: a line above it, if there is one.
        has_head: whether a line says what the columns are.
    """

    columns: Sequence[Column[Row]]
    rows: Sequence[Row]
    title: str = ""
    has_head: bool = True


def make_pairs(rows: Iterable[tuple[str, Value]]) -> Table[tuple[str, Value]]:
    """A table of values, each behind its name."""
    columns: tuple[Column[tuple[str, Value]], ...] = (
        Column("name", lambda each: each[0]),
        Column("value", lambda each: said(each[1])),
    )
    return Table(columns, tuple(rows), has_head=False)


Block = str | Table[Any]
"""A part of what a command prints for people: lines of text, or a table."""

Results = Mapping[str, Value | Table[Any]]
"""What a command prints for programs."""


def to_lines(table: Table[Any], screen: Screen = PAPER) -> list[Line]:
    """The lines of a table for people; of one without rows there are none."""
    if not table.rows:
        return []
    columns = [each for each in table.columns if each.head is not None]
    cells = [_Cells(each, table) for each in columns]
    title = [(Span(table.title),)] if table.title else []
    widths = _fit([each.natural for each in cells], cells, screen.width)
    if widths is None:
        return [*title, *_stacked(cells, len(table.rows), screen.width or 0)]
    heads: list[Line] = [*_head(cells, widths)] if table.has_head else []
    body = (
        line
        for number in range(len(table.rows))
        for line in _row([each.at(number) for each in cells], cells, widths)
    )
    return [*title, *heads, *body]


def to_text(*blocks: Block) -> str:
    """Blocks as text for anywhere but a terminal, with an empty line between them."""
    return "\n".join(render(line, has_colour=False) for line in _arrange(blocks, PAPER))


def print_blocks(*blocks: Block) -> None:
    """Prints blocks as wide as the terminal, with an empty line between them."""
    print_styled(_arrange(blocks, screen_of(sys.stdout)))


def to_records(table: Table[Any]) -> list[dict[str, Any]]:
    """The rows of a table as JSON has them."""
    return [
        {each.key: _plain(each.value(row)) for each in table.columns if each.key}
        for row in table.rows
    ]


def to_json(results: Results) -> str:
    """One line of JSON: an object, in which a table is a list of objects."""
    return json.dumps(
        {
            key: to_records(each) if isinstance(each, Table) else _plain(each)
            for key, each in results.items()
        }
    )


def print_json(results: Results) -> None:
    """Prints one line of JSON; see `to_json`."""
    print_lines(to_json(results))


def print_results(results: Results, *blocks: Block, as_json: bool) -> None:
    """Prints what a command found: results for programs, or blocks for people."""
    if as_json:
        print_json(results)
    else:
        print_blocks(*blocks)


def describe_json(
    tables: Mapping[str, Sequence[Column[Any]]], others: Sequence[str] = ()
) -> str:
    """Says for `--help` which keys the object of `--json` has.

    Args:
        tables: columns of each list in it, by the list's key.
        others: keys beside them.
    """
    lists = [
        f"{key}, a list with {', '.join(each.key for each in columns if each.key)}"
        for key, columns in tables.items()
    ]
    return f"--json prints one object: {'; '.join([*others, *lists])}."


def said(value: Value) -> str:
    """A value in words, which no terminal acts on; "-" is none."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return (
            ", ".join(f"{key} {said(each)}" for key, each in value.items()) or NOTHING
        )
    return ", ".join(map(said, value)) or NOTHING


def _plain(value: Value) -> Any:
    """A value of the types that JSON has."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence):
        return [_plain(each) for each in value]
    return value


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Cells(Generic[Row]):
    """One column of a table, as it is shown.

    Attributes:
        title: words above it.
        texts: from top to bottom.
        is_broken: whether each is something to mend.
        is_number: whether they stand to the right.
        natural: the width of the longest.
        least: the width below which it cannot be read.
    """

    def __init__(self, column: Column[Row], table: Table[Row]) -> None:
        rows = table.rows
        values = [column.value(row) for row in rows]
        self.title = column.title if table.has_head else ""
        self.texts = [said(column.shown(row)) for row in rows]
        test = column.is_broken
        self.is_broken = [test is not None and test(row) for row in rows]
        self.is_number = any(map(_is_number, values))
        longest = max(map(len, self.texts))
        self.natural = max(len(self.title), longest)
        word = max(map(len, self.title.split()), default=0)
        may_break = not self.is_number and not any(
            isinstance(each, date) for each in values
        )
        self.least = max(word, min(longest, _NARROWEST) if may_break else longest)

    def at(self, row: int) -> Span:
        """The cell of a row."""
        style = Style.BROKEN if self.is_broken[row] else Style.PLAIN
        return Span(self.texts[row], style)


def _arrange(blocks: Sequence[Block], screen: Screen) -> Iterator[Line]:
    """The lines of blocks; one that has none is left out."""
    is_first = True
    for block in blocks:
        lines = (
            _text_lines(block) if isinstance(block, str) else to_lines(block, screen)
        )
        if not lines:
            continue
        if not is_first:
            yield ()
        yield from lines
        is_first = False


def _text_lines(text: str) -> list[Line]:
    return [(Span(line),) for line in text.split("\n")] if text else []


def _fit(
    natural: Sequence[int], cells: Sequence[_Cells[Any]], width: int | None
) -> list[int] | None:
    """The widths of columns on a screen; None where they cannot stand side by side."""
    widths, gaps = list(natural), len(_GAP) * (len(natural) - 1)
    if width is None:
        return widths
    if sum(each.least for each in cells) + gaps > width:
        return None
    while sum(widths) + gaps > width:
        spare = [each > cell.least for each, cell in zip(widths, cells, strict=True)]
        widest = max(
            (each for each in range(len(widths)) if spare[each]),
            key=lambda each: widths[each],
        )
        widths[widest] -= 1
    return widths


def _head(cells: Sequence[_Cells[Any]], widths: Sequence[int]) -> Iterator[Line]:
    titles = [Span(each.title, Style.HEAD) for each in cells]
    yield from _row(titles, cells, widths)


def _row(
    spans: Sequence[Span], cells: Sequence[_Cells[Any]], widths: Sequence[int]
) -> Iterator[Line]:
    """The lines of one row: as many as its longest cell needs."""
    parts = [_wrap(each.text, width) for each, width in zip(spans, widths, strict=True)]
    for number in range(max(map(len, parts))):
        line = list[Span]()
        for span, part, cell, width in zip(spans, parts, cells, widths, strict=True):
            text = part[number] if number < len(part) else ""
            line.append(
                Span(
                    text.rjust(width) if cell.is_number else text.ljust(width),
                    span.style,
                )
            )
            line.append(Span(_GAP))
        yield tuple(line[:-1])


def _stacked(cells: Sequence[_Cells[Any]], rows: int, width: int) -> Iterator[Line]:
    """Each row as a list of its values, with an empty line between rows."""
    left = max(len(each.title) for each in cells)
    right = max(_NARROWEST, width - left - len(_GAP))
    for number in range(rows):
        if number:
            yield ()
        for each in cells:
            cell = each.at(number)
            for place, part in enumerate(_wrap(cell.text, right)):
                title = "" if place else each.title
                yield (
                    Span(title.ljust(left), Style.HEAD),
                    Span(_GAP),
                    Span(part, cell.style),
                )


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) if len(text) > width else [text]


def without_formula(text: str) -> str:
    """Gives a text for a cell of CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
