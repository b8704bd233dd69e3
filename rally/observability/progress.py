"""Reports how far a local run is: each worker keeps a count in a file of its own.

Beam's counters reach the launcher only when a batch is done; a person at a terminal
wants to see something earlier.
"""

import itertools
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")

_EVERY_SECONDS = 0.5
_LOOK_EVERY = 256
BYTES = "bytes"
"""What is counted where a line tells megabytes."""

_NUMBERS = itertools.count()
"""Tell the workers of one process apart."""

_TOTAL = "total"
"""Name of the file with the number of all that there is to count."""


class Progress:
    """One worker's count of its work, which it writes to a folder now and then."""

    def __init__(self, folder: str | None) -> None:
        """Takes the folder; None writes nowhere."""
        name = f"{os.getpid():010}{next(_NUMBERS):06}"
        self._file = Path(folder) / name if folder else None
        self._count = self._additions = 0
        self._written_at = 0.0

    def add(self, number: int) -> None:
        """Adds to the count, and writes it if it is time."""
        self._count += number
        self._additions += 1
        if self._file is None or self._additions % _LOOK_EVERY:
            return
        if time.monotonic() - self._written_at > _EVERY_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes the count, which nobody ever finds half written."""
        if self._file is not None:
            draft = self._file.with_suffix(".draft")
            draft.write_text(str(self._count))
            draft.replace(self._file)
            self._written_at = time.monotonic()


def count_works(
    make_worker: Callable[[], Callable[[Work], Result]], folder: str | None
) -> Callable[[], Callable[[Work], Result]]:
    """Makes the maker of a worker that counts each record on which it has worked.

    Args:
        make_worker: Maker of the worker; what comes of it is pickled as it is.
        folder: The workers' counts; None where nobody looks.
    """
    return partial(_make_counting, make_worker, folder) if folder else make_worker


def _make_counting(
    make_worker: Callable[[], Callable[[Work], Result]], folder: str
) -> Callable[[Work], Result]:
    worker, progress = make_worker(), Progress(folder)

    def work_and_count(work: Work) -> Result:
        result = worker(work)
        progress.add(1)
        progress.flush()
        return result

    return work_and_count


def announce_total(folder: str | None, total: int) -> None:
    """Writes how much the workers will count in all, where anybody looks."""
    if folder:
        (Path(folder) / _TOTAL).write_text(str(total))


def read_progress(folder: Path) -> int:
    """Adds up what all workers have written so far."""
    files = [file for file in folder.iterdir() if file.name.isdecimal()]
    texts = [file.read_text() for file in files]
    return sum(int(text) for text in texts if text.isdecimal())


def describe_progress(folder: Path, what: str, seconds: float) -> str:
    """Says in a line how far the workers are, and how long the rest will take.

    Args:
        folder: the workers' counts, and the total where it is known.
        what: they count, in the plural; of BYTES it says how many megabytes.
        seconds: since they began; above 0.
    """
    unit, scale, form = (
        ("MB", 1_000_000, ",.1f") if what == BYTES else (what, 1, ",.0f")
    )
    number = read_progress(folder)
    rate = number / seconds
    told = folder / _TOTAL
    text = told.read_text() if told.exists() else ""
    if not text.isdecimal():
        return f"{number / scale:{form}} {unit}, {rate / scale:{form}}/s"
    total = int(text)
    line = (
        f"{number / scale:{form}} of {total / scale:{form}} {unit},"
        f" {rate / scale:{form}}/s"
    )
    if not number or number >= total:
        return line
    minutes, rest = divmod(round((total - number) / rate), 60)
    return f"{line}, {minutes:,}:{rest:02} left"
