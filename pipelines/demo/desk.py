"""Types commands as people of the demo do, and shows what they print."""

import io
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

from pipelines import cli

_LONG = 40
"""Characters of a word of a command, which is shown to a person."""


class Desk:
    """Types commands one after another, up to the first that fails.

    Attributes:
        faults: Number of commands that ended with anything but 0.
    """

    def __init__(self) -> None:
        """Begins without faults."""
        self.faults = 0

    def type(
        self,
        *words: str,
        places: Sequence[str],
        typed: str = "",
        shown: Callable[[str], str] = str,
    ) -> str:
        """Types one command, unless one before it failed, and returns what it prints.

        Args:
            words: Command and its options, as they are shown.
            places: Options that say where all is, which are not shown.
            typed: Text of the standard input.
            shown: Gives what is shown of what the command prints.
        """
        if self.faults:
            return ""
        print(f"$ rally {shlex.join(_short(words))}")
        told = io.StringIO()
        with standard_input(typed), redirect_stdout(told):
            status = cli.main([*words, *places])
        print(shown(told.getvalue()), end="")
        self.faults += status != 0
        return told.getvalue()


@contextmanager
def standard_input(text: str) -> Iterator[None]:
    """Gives the command below what a person would type, or pipe, into it."""
    original = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    try:
        yield
    finally:
        sys.stdin = original


def _short(words: Sequence[str]) -> list[str]:
    """The words as a person reads them: of a key only how it begins."""
    return [
        each if "/" in each or len(each) <= _LONG else f"{each[:_LONG]}…"
        for each in words
    ]
