"""Log entries for machines: one JSON object a line, in the form of Cloud Logging.

What an entry may say is a closed set: Fields. Every string among them is the
registry's own or of a closed set; the rest are numbers. What a library says is no part
of it, since a library does not know what must not be said.
"""

import json
import logging
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypedDict

from rally.observability.crash import describe_crash

LOGGER = logging.getLogger("rally")
"""The logger of every entry of ours; heard by nobody who did not ask for entries."""

LOGGER.propagate = False
LOGGER.setLevel(logging.INFO)
LOGGER.addHandler(logging.NullHandler())

_SEVERITIES = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
)
_FIELDS = "rally_fields"
_HINT = "its words are left out here; RALLY_LOG_FORMAT=text shows them"


class LogEvent(StrEnum):
    """What an entry is about; alerts and dashboards ask for it by name."""

    STEP_ENDED = "step_ended"
    STUDY_COUNTED = "study_counted"
    JOB_ENDED = "job_ended"
    JOB_LAUNCHED = "job_launched"


class LogFields(TypedDict, total=False):
    """What an entry may say beside severity, message, time, job and event.

    Attributes:
        study: a namespace of the registry, or `unknown`.
        step: a label of the job's graph.
        status: the exit status.
        seconds: how long it took.
        stored, refused, failed, joined, left: outcomes of pings.
        dead_letters: that the job wrote; of a replay, that failed once more.
        removed, kept: dead letters that a replay took away, and that it left, which
            were not asked for or failed once more.
        damaged: objects of dead letters that are not whole.
        late_withdrawals: requests on the list that are past their deadline.
        receipts: that a deletion wrote.
        faults: what a person has to look at.
        objects: that a purge removed.
        partitions: that a compaction wrote anew.
        broken: promises that an audit found broken.
        unproven: promises that an audit could not look at.
    """

    study: str
    step: str
    status: int
    seconds: float
    stored: int
    refused: int
    failed: int
    joined: int
    left: int
    dead_letters: int
    removed: int
    kept: int
    damaged: int
    late_withdrawals: int
    receipts: int
    faults: int
    objects: int
    partitions: int
    broken: int
    unproven: int


def log(
    event: LogEvent, message: str, fields: LogFields, level: int = logging.INFO
) -> None:
    """Logs an entry; where people read, it is not shown.

    Args:
        event: what it is about.
        message: the same for people, without anything that a ping carries.
        fields: what there is to count or to filter by.
        level: of `logging`.
    """
    LOGGER.log(level, message, extra={_FIELDS: {"event": event.value, **fields}})


def log_bug(error: Exception) -> None:
    """Logs where an error came from, and not its words."""
    LOGGER.critical("a bug stopped the job", exc_info=error)


class EntryFormatter(logging.Formatter):
    """Writes a record as one line of JSON.

    Of other loggers than ours it says who, where and how severe, and not what. Of an
    error it says the type and the lines of code that it came through, never its words:
    these may quote a payload.
    """

    def __init__(self, job: str) -> None:
        """Takes the name of the job, which every entry has."""
        super().__init__()
        self._job = job

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        message = _message(record)
        if record.exc_info:
            message = "; ".join([message, *describe_crash(record.exc_info[1])])
        entry = {
            "severity": _severity(record.levelno),
            "message": message,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "job": self._job,
            **getattr(record, _FIELDS, {}),
        }
        return json.dumps(entry, ensure_ascii=False)


def level_of(line: str) -> int:
    """The level of an entry; of a line that is none, that of what people are told."""
    try:
        return logging.getLevelNamesMapping()[json.loads(line)["severity"]]
    except (ValueError, TypeError, KeyError):
        return logging.INFO


def _severity(level: int) -> str:
    """Cloud Logging's name, of the greatest that is not above a level in between."""
    return next((name for least, name in _SEVERITIES if level >= least), "DEBUG")


def _message(record: logging.LogRecord) -> str:
    if record.name == LOGGER.name:
        return record.getMessage()
    return f"{record.name}, line {record.lineno} of {record.filename}: {_HINT}"
