"""The last run of each job: when it began, when and how it ended, and what it counted.

    runs/<job>.json    replaced by each run of that job, at its begin and at its end

People read it, by `rally status`; no job acts on it. An account may write its own job's
object alone, so that a job says nothing of another.
"""

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rally.storage.objectstore.interface import (
    ObjectHeld,
    ObjectNotFound,
    ObjectStore,
    upsert,
)
from rally.storage.runs import began, is_running
from rally.times import InvalidTime, parse_time

FOLDER = "runs/"

JOBS = ("ingest", "delete", "replay", "compact", "purge", "audit", "release")
"""The jobs that leave a record, in the order of a day."""

AFTER_CONCLUSION = ("purge", "audit")
"""The jobs that run on a platform that is concluded, too."""

_MOST_BYTES = 16 * 1024
"""What a run says of itself is shorter by far."""

_MOST = 10**15


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run of a job, as it said itself.

    Attributes:
        job: its name.
        began: time at which it began, UTC.
        host: machine of the launcher.
        pid: process id of the launcher there.
        ended: time at which it ended, UTC; None where it has not said so.
        status: its exit status; None where it has not ended, or goes on elsewhere.
        figures: counts, by name, of its last log entry.
        failures: pings that became dead letters, by reason.
        process: time at which the launcher's process began; see `runs.began`.
    """

    job: str
    began: datetime
    host: str
    pid: int
    ended: datetime | None = None
    status: int | None = None
    figures: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    process: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether it may be at work still: only its own machine can tell that not."""
        if self.ended:
            return False
        is_here = self.host == socket.gethostname()
        return not is_here or is_running(self.pid, self.process)


def name_of(job: str) -> str:
    """The object of a job."""
    return f"{FOLDER}{job}.json"


def begin_run(job: str, time: datetime) -> LastRun:
    """A run of this process that begins at a time, by the job's clock."""
    pid = os.getpid()
    return LastRun(job, time, socket.gethostname(), pid, process=began(pid))


def write_run(platform: ObjectStore, run: LastRun) -> None:
    """Records a run in the place of the last one.

    A store that refuses it stops no job: what is recorded is for people alone.
    """
    with suppress(OSError, ObjectHeld):
        upsert(platform, name_of(run.job), _encode(run))


def read_runs(platform: ObjectStore) -> dict[str, LastRun]:
    """The last run of each job that left a legible record, by the job's name.

    Raises:
        OSError: the platform cannot be read.
    """
    found = {}
    for job in JOBS:
        with suppress(ObjectNotFound, ValueError, RecursionError):
            data = platform.read_range(name_of(job), 0, _MOST_BYTES + 1)
            found[job] = _decode(job, data)
    return found


def _encode(run: LastRun) -> bytes:
    content = {
        "began": run.began.isoformat(),
        "host": run.host,
        "pid": run.pid,
        "process": run.process,
        "ended": run.ended and run.ended.isoformat(),
        "status": run.status,
        "figures": dict(run.figures),
        "failures": dict(run.failures),
    }
    return json.dumps(content, sort_keys=True).encode() + b"\n"


def _decode(job: str, data: bytes) -> LastRun:
    """Raises ValueError where it is no record of a run."""
    content = json.loads(data) if len(data) <= _MOST_BYTES else None
    if not isinstance(content, dict):
        raise ValueError
    ended, status = content.get("ended"), content.get("status")
    return LastRun(
        job,
        _time(content.get("began")),
        _text(content.get("host")),
        _number(content.get("pid")),
        None if ended is None else _time(ended),
        None if status is None else _number(status),
        _numbers(content.get("figures")),
        _numbers(content.get("failures")),
        _text(content.get("process")),
    )


def _time(value: Any) -> datetime:
    try:
        return parse_time(_text(value), needs_zone=True)
    except InvalidTime:
        raise ValueError from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError
    return value


def _numbers(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise ValueError
    return {_text(name): _number(number) for name, number in value.items()}
