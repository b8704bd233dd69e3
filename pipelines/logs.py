"""Where a job's log goes: to people in words, or to machines in JSON.

The environment says which, and no option: it holds for wrong options too, for workers
that a job starts, and an image or a unit of systemd sets it once.
"""

import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TextIO

from rally.errors import ConfigurationError
from rally.observability.crash import report_crash
from rally.observability.log_entries import (
    LOGGER,
    EntryFormatter,
    LogEvent,
    LogFields,
    log,
    log_bug,
)
from rally.outcomes import Count

LOG_FORMAT = "RALLY_LOG_FORMAT"
"""The variable of the environment: `text`, which is the default, or `json`."""

_PREFIX = "rally: "
_OTHERS = (
    "a library wrote to standard error; its words are left out here;"
    " RALLY_LOG_FORMAT=text shows them"
)


@contextmanager
def logged(job: str) -> Iterator[None]:
    """Around a job: all that it says on standard error is as the environment asks.

    Raises:
        ConfigurationError: the environment asks for something else.
    """
    wanted = os.environ.get(LOG_FORMAT) or "text"
    if wanted not in ("text", "json"):
        raise ConfigurationError(f"{LOG_FORMAT}={wanted}: must be text or json")
    if wanted == "text" or sys.stderr is None:  # closed by whoever started the job
        yield
        return
    with _only_entries() as entries, _handled(logging.StreamHandler(entries), job):
        people, lines = sys.stderr, _Entries()
        sys.stderr = lines
        try:
            yield
        finally:
            lines.end()
            sys.stderr = people


@contextmanager
def _only_entries() -> Iterator[TextIO]:
    """Standard error for entries alone: nobody else has its descriptor meanwhile.

    Worker processes inherit the descriptor, and libraries in C write to it by number.
    """
    sys.stderr.flush()
    out = os.fdopen(os.dup(2), "w", 1, encoding="utf-8", errors="backslashreplace")
    with out as entries:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            yield entries
        finally:
            os.dup2(entries.fileno(), 2)


@contextmanager
def _handled(handler: logging.Handler, job: str) -> Iterator[None]:
    """Has every record become an entry of the job."""
    handler.setFormatter(EntryFormatter(job))
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        root.handlers = before
        LOGGER.removeHandler(handler)


def tell_crash(error: Exception) -> None:
    """Tells machines, or people, of a crash, without its words."""
    if isinstance(sys.stderr, _Entries):
        log_bug(error)
    else:
        report_crash(error)


def outcomes(counts: Counter[Count]) -> LogFields:
    """Tells what became of each study's pings; returns the same of all of them."""
    for study in sorted({count.study for count in counts}):
        own = Counter({each: counts[each] for each in counts if each.study == study})
        fields: LogFields = {"study": study, **_by_outcome(own)}
        log(LogEvent.STUDY_COUNTED, f"{study}: pings counted", fields)
    return _by_outcome(counts)


def _by_outcome(counts: Counter[Count]) -> LogFields:
    total: Counter[str] = Counter()
    for count, number in counts.items():
        total[count.outcome] += number
    return LogFields(
        stored=total["stored"],
        refused=total["refused"],
        failed=total["failed"],
        joined=total["joined"],
        left=total["left"],
        consented=total["consented"],
    )


class _Entries(io.TextIOBase):
    """Standard error, whose lines for people become entries.

    Lines of ours are told as errors. Of what others write only the first is mentioned.
    """

    def __init__(self) -> None:
        self._line = ""
        self._has_told_of_others = False
        self._lock = RLock()  # a destructor may write in the middle

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._tell(line)
        return len(text)

    def end(self) -> None:
        """Tells the last line, which may have no end."""
        self.write("\n")

    def _tell(self, line: str) -> None:
        if line.startswith(_PREFIX):
            LOGGER.error("%s", line.removeprefix(_PREFIX))
        elif line.strip() and not self._has_told_of_others:
            self._has_told_of_others = True
            LOGGER.warning(_OTHERS)
