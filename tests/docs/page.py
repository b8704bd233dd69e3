"""A page of the documentation: its entries, and the sessions at a terminal in them."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

ELIDED = "…"
"""A line that stands for one line or more that a page leaves out."""

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_PROMPT = "$ "


class Step(NamedTuple):
    """A command, and what a terminal shows after it."""

    command: str
    output: list[str]


Session = list[Step]
"""One block: what somebody does in one go."""


def read_sections(text: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    _, *parts = _HEADING.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def read_sessions(text: str) -> dict[str, list[Session]]:
    """The sessions below each heading; headings without any are left out."""
    found = {
        title: [list(_steps(block)) for block in _CONSOLE.findall(body)]
        for title, body in read_sections(text).items()
    }
    return {title: sessions for title, sessions in found.items() if sessions}


def codes_of_rows(text: str) -> list[list[str]]:
    """What stands as code in the first column of each row of the tables."""
    return [_CODE.findall(row.split(" | ")[0]) for row in _ROW.findall(text)]


def squeeze(line: str) -> str:
    """A line of a table whatever its columns' widths: ids of a page are shorter."""
    return re.sub(r"--+", "--", " ".join(line.split()))


def elide(shown: Sequence[str], expected: Sequence[str]) -> list[str]:
    """What is shown, without the lines that what is expected leaves out."""
    rest, found = list(shown), list[str]()
    for line, after in zip(expected, [*expected, None][1:], strict=True):
        if not rest:
            break
        found.append(ELIDED if line == ELIDED else rest[0])
        del rest[0]
        while line == ELIDED and rest and rest[0] != after:
            del rest[0]
    return found + rest


def _steps(block: str) -> Iterator[Step]:
    lines = block.replace("\\\n", "").splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith(_PROMPT)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield Step(lines[start].removeprefix(_PROMPT), lines[start + 1 : end])
