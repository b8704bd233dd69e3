"""Writes log entries for machines: one JSON object a line, as Cloud Logging reads them.

Fields is the closed set of what an entry may hold. Every string in it is the registry's
own or of a closed set; the rest are numbers. The words of a library are no part of it,
since a library does not know what must stay private.
"""

import json
import logging
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypedDict

from rally.observability.crash import describe_crash

LOGGER = logging.getLogger("rally")
"""Logger of all entries of ours; nobody who did not ask for entries sees them."""

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
    """The event that an entry reports; alerts and dashboards ask for it by name."""

    STEP_ENDED = "step_ended"
    STUDY_COUNTED = "study_counted"
    JOB_ENDED = "job_ended"
    JOB_LAUNCHED = "job_launched"


class LogFields(TypedDict, total=False):
    """The fields of an entry beside severity, message, time, job and event.

    Attributes:
        study: namespace of the registry, or `unknown`.
        step: label of the job's graph.
        status: exit status.
        seconds: duration.
        stored: number of pings that were stored.
        refused: number of pings that were refused.
        failed: number of pings that failed.
        joined: number of enrolments.
        left: number of withdrawals.
        consented: number of pings that said what somebody agrees to, or does not.
        dead_letters: number that the job wrote; of a replay, that failed once more.
        removed: number of dead letters that a replay removed.
        kept: number of dead letters that a replay left; of an audit, of promises that
            it found kept.
        damaged: number of objects of dead letters that are not whole.
        late_withdrawals: number of requests on the list that are past their deadline.
        receipts: number of receipts that a deletion wrote.
        faults: number of faults that a person has to look at.
        objects: number of objects that a purge removed.
        partitions: number of partitions that a compaction wrote anew.
        broken: number of promises that an audit found broken.
        unproven: number of promises that an audit could not check.
        approvals_ending: number of approvals, confirmations and fields' days that end
            in 30, 14 or at most 5 days, as an audit finds.
        cases_overdue: number of people's requests for a copy that are open for more
            than 20 days, as an audit finds.
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
    consented: int
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
    approvals_ending: int
    cases_overdue: int


def log(
    event: LogEvent, message: str, fields: LogFields, level: int = logging.INFO
) -> None:
    """Logs an entry, which people at a terminal do not see.

    Args:
        event: event to report.
        message: same for people, without anything that a ping carries.
        fields: fields to count or to filter by.
        level: level of `logging`.
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
        """Formats one record as a line, without its end."""
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
    """Reads the level of an entry; for any other line, that of a message to people."""
    try:
        return logging.getLevelNamesMapping()[json.loads(line)["severity"]]
    except (ValueError, TypeError, KeyError):
        return logging.INFO


def _severity(level: int) -> str:
    """Gives Cloud Logging's name of the greatest severity that is not above a level."""
    return next((name for least, name in _SEVERITIES if level >= least), "DEBUG")


def _message(record: logging.LogRecord) -> str:
    if record.name == LOGGER.name:
        return record.getMessage()
    return f"{record.name}, line {record.lineno} of {record.filename}: {_HINT}"
