"""Describes an error that nobody foresaw without its words, which may quote a ping.

The description has the type of each error, and the lines of code that it came through.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress

from rally.exit_status import CRASHED
from rally.printing import print_lines

TRACEBACK = "RALLY_TRACEBACK"
"""Variable of the environment; `full` makes a crash show its words, too."""

_HINT = (
    f"its words are left out, since they may quote a ping; {TRACEBACK}=full shows them"
)
_MOST_LINES = 40
_BETWEEN = "; "


class Crashed(Exception):
    """A worker crashed; the message is the description by `describe_crash`."""

    @classmethod
    def of(cls, error: BaseException) -> "Crashed":
        """Takes the places of an error, and leaves its words behind."""
        return cls(_BETWEEN.join(describe_crash(error)))


def describe_crash(error: BaseException | None) -> list[str]:
    """Lists the types of an error and of its causes, each before its lines of code.

    Args:
        error: error that was raised; None is nothing.
    """
    lines = list[str]()
    for each in _chain(error):
        if isinstance(each, Crashed):
            lines += str(each).split(_BETWEEN)
            continue
        kind = type(each)
        frames = traceback.extract_tb(each.__traceback__)
        places = [
            f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames
        ]
        lines += [f"{kind.__module__}.{kind.__qualname__}", *_newest(places)]
    return lines


def report_crash(error: BaseException, what: str = "this command") -> int:
    """Reports a crash on standard error; returns its exit status.

    Args:
        error: error that was raised.
        what: name of what the crash stopped.
    """
    with suppress(OSError, MemoryError):  # nobody listens, or no room for a word
        if os.environ.get(TRACEBACK) == "full":
            words = "".join(traceback.format_exception(error)).rstrip("\n")
            print_lines(*words.split("\n"), file=sys.stderr)
        else:
            first, *more = describe_crash(error)
            print_lines(f"rally: a bug stopped {what}: {first}", file=sys.stderr)
            print_lines(*(f"    {each}" for each in more), file=sys.stderr)
            print_lines(f"rally: {_HINT}", file=sys.stderr)
    return CRASHED


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Walks from an error through its causes, each once."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        hidden = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or hidden


def _newest(places: list[str]) -> list[str]:
    left_out = len(places) - _MOST_LINES
    if left_out <= 0:
        return places
    return [f"({left_out} lines are left out)", *places[-_MOST_LINES:]]
