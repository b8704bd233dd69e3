"""What commands print: the one writer, which shows what a terminal would act on."""

import sys
from typing import TextIO


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
        lines: without their ends.
        file: standard output, or else standard error.
        end: of each.
    """
    for line in lines:
        print(visible(line), end=end, file=file or sys.stdout)


def print_text(text: str) -> None:
    """Prints a text of several lines, in each of which names are visible already."""
    print_lines(*text.rstrip("\n").split("\n"))
