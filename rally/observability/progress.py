"""Reports how far a local run is: each worker keeps a count in a file of its own.

Beam's counters reach the launcher only when a batch is done; a person at a terminal
wants to see something earlier.
"""

import os
import time
from pathlib import Path

_EVERY_SECONDS = 0.5
_LOOK_EVERY = 256
_TOTAL = "total"
"""Name of the file with the number of all that there is to count."""


class Progress:
    """One worker's count of pings, which it writes to a folder now and then."""

    def __init__(self, folder: str | None) -> None:
        """Takes the folder; None writes nowhere."""
        self._file = Path(folder) / str(os.getpid()) if folder else None
        self._count = 0
        self._written_at = 0.0

    def add(self, pings: int) -> None:
        """Adds to the count, and writes it if it is time."""
        self._count += pings
        if self._file is None or self._count % _LOOK_EVERY:
            return
        if time.monotonic() - self._written_at > _EVERY_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes the count."""
        if self._file is not None:
            self._file.write_text(str(self._count))
            self._written_at = time.monotonic()


def announce_total(folder: str | None, total: int) -> None:
    """Writes how much the workers will count in all, where anybody looks."""
    if folder:
        (Path(folder) / _TOTAL).write_text(str(total))


def read_progress(folder: Path) -> int:
    """Adds up what all workers have written so far."""
    files = (file for file in folder.iterdir() if file.name != _TOTAL)
    texts = [file.read_text() for file in files]
    return sum(int(text) for text in texts if text.isdecimal())


def describe_progress(folder: Path, what: str, seconds: float) -> str:
    """Says in a line how far the workers are, and how long the rest will take.

    Args:
        folder: the workers' counts, and the total where it is known.
        what: they count, in the plural.
        seconds: since they began; above 0.
    """
    number = read_progress(folder)
    rate = number / seconds
    told = folder / _TOTAL
    text = told.read_text() if told.exists() else ""
    if not text.isdecimal():
        return f"{number:,} {what}, {rate:,.0f}/s"
    total = int(text)
    line = f"{number:,} of {total:,} {what}, {rate:,.0f}/s"
    if not number or number >= total:
        return line
    minutes, rest = divmod(round((total - number) / rate), 60)
    return f"{line}, {minutes:,}:{rest:02} left"
