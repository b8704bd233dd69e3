"""What commands print: the one writer, which shows what a terminal would act on."""

import os
import shutil
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, TextIO


class Style(StrEnum):
    """Look of a part of a line; its value is the code of ECMA-48 that begins it."""

    PLAIN = ""
    HEAD = "\x1b[1m"
    BROKEN = "\x1b[31m"


_END = "\x1b[0m"


class Span(NamedTuple):
    """A part of a line.

    Attributes:
        text: text as somebody gave it.
        style: look on a screen that has colours.
    """

    text: str
    style: Style = Style.PLAIN


Line = tuple[Span, ...]
"""A line in its parts, which follow one another without a gap."""


class Screen(NamedTuple):
    """What a stream shows.

    Attributes:
        width: characters of a line of the terminal; None where the stream is none, so
            that a program that reads it gets whole values.
        has_colour: whether codes for colours have a meaning there.
    """

    width: int | None = None
    has_colour: bool = False


PAPER = Screen()
"""What is no terminal: a file, a pipe, a log."""


def screen_of(stream: TextIO) -> Screen:
    """What a stream shows; `COLUMNS`, `NO_COLOR` and `TERM=dumb` are honoured."""
    if not stream.isatty():
        return PAPER
    is_dumb = os.environ.get("TERM", "dumb") in ("", "dumb")
    has_colour = not is_dumb and not os.environ.get("NO_COLOR")
    return Screen(max(20, shutil.get_terminal_size().columns), has_colour)


def visible(text: str) -> str:
    """The text, with an escape for each character that prints nothing.

    Anyone who may write into a bucket chooses the names that are shown here: they move
    no cursor, turn no line around and make no second line.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


def print_lines(*lines: str, file: TextIO | None = None, end: str = "\n") -> None:
    """Prints lines, each of which stays one.

    Args:
        lines: lines without their ends.
        file: standard output, or else standard error.
        end: end of each line.
    """
    for line in lines:
        print(visible(line), end=end, file=file or sys.stdout)


def print_text(text: str) -> None:
    """Prints a text of several lines, in each of which names are visible already."""
    print_lines(*text.rstrip("\n").split("\n"))


def print_styled(lines: Iterable[Line]) -> None:
    """Prints lines with their styles, where standard output has any."""
    has_colour = screen_of(sys.stdout).has_colour
    for line in lines:
        sys.stdout.write(f"{render(line, has_colour)}\n")


def render(line: Line, has_colour: bool) -> str:
    """A line as it is written; no part of it brings codes of its own."""
    if not has_colour:
        return "".join(visible(each.text) for each in line).rstrip()
    return "".join(map(_coloured, line)).rstrip()


def _coloured(span: Span) -> str:
    text = visible(span.text)
    return f"{span.style}{text}{_END}" if span.style and text.strip() else text
