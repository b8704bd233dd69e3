"""Runs of jobs that are alive: each tells so in an object that it renews."""

import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rally.storage.objectstore.interface import ObjectInfo, ObjectNotFound, ObjectStore
from rally.times import parse_time

RUNS = "leases/runs/"
LASTS = timedelta(seconds=120)
"""How long a run is taken for alive that does not renew."""

MOST_BYTES = 16 * 1024
"""What a run or a lease says of itself is shorter by far."""

_CLOCKS_DIFFER = timedelta(seconds=30)
"""So far the clocks of two machines may be apart."""

_OBJECT = re.compile(RUNS + r"[\w-]+\.json")


class Run(NamedTuple):
    """A run of a job, as its object tells it.

    Attributes:
        run: Its random id.
        job: `compact`, `delete` …
        host: Host of the launcher.
        pid: Process id of the launcher.
        list: Counter of the withdrawal list that it acts on.
        since: Time at which it began, UTC.
        until: Time after which it is taken for dead, UTC.
        began: Time at which the launcher's process began; see `began`.
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
    """The objects of runs, alive or not; of those whose id begins so.

    What is not as a run writes it tells of no run that is alive, and is left out.
    """
    for info in platform.list(f"{RUNS}{run}"):
        if _OBJECT.fullmatch(info.name) and info.size <= MOST_BYTES:
            with suppress(ObjectNotFound, ValueError, RecursionError):
                yield info, _parse(platform.read(info.name))


def _parse(text: bytes) -> Run:
    """Raises ValueError or RecursionError where it is no run's."""
    content = json.loads(text)
    if not isinstance(content, dict) or not content.keys() <= {*Run._fields}:
        raise ValueError
    try:
        run = Run(**content)
        run = run._replace(
            since=parse_time(content["since"], needs_zone=True),
            until=parse_time(content["until"], needs_zone=True),
        )
    except TypeError:
        raise ValueError from None
    texts, numbers = (run.run, run.job, run.host, run.began), (run.pid, run.list)
    is_text = all(isinstance(each, str) and each.isprintable() for each in texts)
    if not is_text or not all(type(each) is int for each in numbers):
        raise ValueError
    return run


def is_alive(run: Run, time: datetime) -> bool:
    """Tells whether a run renewed in time and, on this machine, has its process.

    A run that says to live longer than a run can has a clock of its own, and would be
    believed until that time comes: it counts as dead.
    """
    if not timedelta(0) <= run.until - time <= LASTS + _CLOCKS_DIFFER:
        return False
    return run.host != socket.gethostname() or is_running(run.pid, run.began)


def began(pid: int) -> str:
    """When a process began, in its machine's ticks; empty where nobody tells.

    A number alone is no process: a container that is started again counts from 1, and
    a thread has one too.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]  # field 22 of proc(5); the name is 2


def is_running(pid: int, began_at: str) -> bool:
    """Tells whether a process is there on this machine.

    Args:
        pid: its number.
        began_at: time at which it began; see `began`. Empty where nobody told.
    """
    if began_at and (there := began(pid)):
        return there == began_at
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # no process has such a number
        return False
    except PermissionError:
        return True  # somebody else's
    return True
