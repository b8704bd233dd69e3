"""Reports how far a local run is: each worker keeps a count in a file of its own.

Beam's counters reach the launcher only when a batch is done; a person at a terminal
wants to see something earlier.
"""

import os
import time
from pathlib import Path

_EVERY_SECONDS = 0.5
_LOOK_EVERY = 256


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


def read_progress(folder: Path) -> int:
    """Adds up what all workers have written so far."""
    texts = [file.read_text() for file in folder.iterdir()]
    return sum(int(text) for text in texts if text.isdecimal())
