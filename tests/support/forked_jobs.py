"""Starts jobs in no time: a process that has imported everything, and forks.

It reads a line of JSON for each run and answers with one: how it ended, and when. A
run can be killed, with SIGKILL as the system does it, at a moment or just before its
so many-th change of a store.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from threading import Lock
from typing import NamedTuple

JOBS = ("ingest", "compact", "delete", "purge")


class Ended(NamedTuple):
    """How a run ended.

    Attributes:
        status: exit status; negative where a signal ended it.
        seconds: that it took.
        changes: what it changed in stores, in order: operation and name.
        output: its standard output and error.
    """

    status: int
    seconds: float
    changes: list[str]
    output: str

    @property
    def is_killed(self) -> bool:
        return self.status == -signal.SIGKILL


class JobForker:
    """The process, as a test has it."""

    def __init__(self, folder) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked_jobs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, job, argv, after=None, before_change=None) -> Ended:
        """Runs a job; kills it so many seconds after its start, or before a change."""
        changes, output = self._folder / "changes", self._folder / "output"
        changes.write_text("")
        order = {"job": job, "argv": argv, "after": after, "change": before_change,
                 "changes": str(changes), "output": str(output)}  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        status, seconds = json.loads(self._process.stdout.readline())
        lines = changes.read_text().splitlines()
        return Ended(status, seconds, lines, output.read_text())

    def close(self) -> None:
        self._process.stdin.close()
        assert self._process.wait() == 0


def _serve() -> None:
    modules = {job: importlib.import_module(f"pipelines.{job}") for job in JOBS}
    for line in sys.stdin:
        order = json.loads(line)
        started, child = time.monotonic(), os.fork()
        if not child:
            _work(modules[order["job"]], order)
        status = _wait(child, order["after"], started)
        print(json.dumps([status, time.monotonic() - started]), flush=True)


def _work(module, order) -> None:
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    _watch_changes(order["change"], order["changes"])
    status = 70
    try:
        status = module.main(order["argv"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, after: float | None, started: float) -> int:
    while after is not None and time.monotonic() < started + after:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    if after is not None:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _watch_changes(change: int | None, log: str) -> None:
    """Notes each change of a local store; dies instead of making one of them."""
    from rally.storage.objectstore.local import LocalStore
    from rally.storage.objectstore.local_files import LocalDraft

    numbers, lock, file = count(1), Lock(), open(log, "a", buffering=1)  # noqa: SIM115

    def watched(method, operation, name_of):
        def call(self, *arguments):
            with lock:
                if next(numbers) == change:
                    os.kill(os.getpid(), signal.SIGKILL)
                file.write(f"{operation} {name_of(self, *arguments)}\n")
            return method(self, *arguments)

        return call

    for kind, operation, name_of in (
        (LocalDraft, "create", lambda draft: draft.name),
        (LocalDraft, "replace", lambda draft, generation: draft.name),
        (LocalStore, "delete", lambda store, name, generation: name),
        (LocalStore, "purge", lambda store, copy: copy.name),
    ):
        setattr(kind, operation, watched(getattr(kind, operation), operation, name_of))


if __name__ == "__main__":
    _serve()
