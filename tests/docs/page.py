"""A page of the documentation: its entries, and the sessions at a terminal in them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "


class Step(NamedTuple):
    """A command, and what a terminal shows after it."""

    command: str
    output: list[str]


Session = list[Step]
"""One block: what somebody does in one go."""


def read_entries(text: str) -> dict[str, list[Session]]:
    """The sessions of each entry, by its heading; entries without any are left out."""
    _, *parts = _HEADING.split(text)
    found = {
        title: [list(_steps(block)) for block in _CONSOLE.findall(body)]
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }
    return {title: sessions for title, sessions in found.items() if sessions}


def _steps(block: str) -> Iterator[Step]:
    lines = block.replace("\\\n", "").splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith(_PROMPT)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield Step(lines[start].removeprefix(_PROMPT), lines[start + 1 : end])
