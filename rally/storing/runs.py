"""Runs of jobs that are alive: each tells so in an object that it renews."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rally.storing.objects import ObjectInfo, ObjectNotFound, ObjectStore

RUNS = "leases/runs/"
LASTS = timedelta(seconds=120)
"""How long a run is taken for alive that does not renew."""


class Run(NamedTuple):
    """A run of a job, as its object tells it.

    Attributes:
        run: its random id.
        job: `compact`, `delete` …
        host: of the launcher.
        pid: of the launcher.
        list: counter of the withdrawal list that it acts on.
        since: when it began, UTC.
        until: it is taken for dead after that, UTC.
        began: when the launcher's process did; see `began`.
    """

    run: str
    job: str
    host: str
    pid: int
    list: int
    since: datetime
    until: datetime
    began: str = ""


def now() -> datetime:
    """The time. Never a job's `--as_of`: that stands still."""
    return datetime.now(UTC)


def live_runs(
    platform: ObjectStore, clock: Callable[[], datetime] = now
) -> Iterator[Run]:
    """The runs that are alive, of all jobs."""
    for _, run in find_runs(platform):
        if is_alive(run, clock()):
            yield run


def find_runs(platform: ObjectStore, run: str = "") -> Iterator[tuple[ObjectInfo, Run]]:
    """The objects of runs, alive or not; of those whose id begins so."""
    for info in platform.list(f"{RUNS}{run}"):
        try:
            content = json.loads(platform.read(info.name))
        except ObjectNotFound:
            continue
        for moment in ("since", "until"):
            content[moment] = datetime.fromisoformat(content[moment])
        yield info, Run(**content)


def is_alive(run: Run, time: datetime) -> bool:
    """Whether it renewed in time and, on this machine, its process is there."""
    if time > run.until:
        return False
    return run.host != socket.gethostname() or _is_running(run)


def began(pid: int) -> str:
    """When a process began, in its machine's ticks; empty where nobody tells.

    A number alone is no process: a container that is started again counts from 1, and
    a thread has one too.
    """
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return told.rpartition(")")[2].split()[19]  # field 22 of proc(5); the name is 2


def _is_running(run: Run) -> bool:
    if run.began and (there := began(run.pid)):
        return there == run.began
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True
