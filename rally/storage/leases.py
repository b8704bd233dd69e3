"""Leases: one job at a time works on a partition, or is the one of its kind.

    leases/runs/<run>.json                              a run that is alive
    leases/study=…/document=…/date=….json               who works on a partition
    leases/<name>.json                                  who is the one of that name

A run renews its one object while it lives; a lease counts only as long as its run's
object does, and no longer than a run can say: a clock that is ahead keeps nobody out
for long. What a lease is lost to is kept out by generations all the same: a lease
spares work, a precondition keeps rows (design: "Storing").
"""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from rally.storage.layout import Partition
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.runs import (
    LASTS,
    MOST_BYTES,
    RUNS,
    Run,
    began,
    find_runs,
    is_alive,
    now,
)

FOLDER = "leases/"

_RENEWED_EVERY = 30.0
_ATTEMPTS = 20

What = Partition | str
"""What is leased: a partition, or the name of something that there is once."""


class LeaseHeld(Exception):
    """Another run has the lease; the message says which, and until when."""

    def __init__(self, holder: Run) -> None:
        until = holder.until.isoformat(timespec="seconds")
        super().__init__(
            f"`rally {holder.job}` works there (process {holder.pid} of {holder.host},"
            f" alive until {until} at least)"
        )
        self.holder = holder


class Leases:
    """The leases of one run.

    The launcher enters it, which makes the run known and renews it in a thread;
    leaving takes back every lease of the run. Workers make one with the same run's id
    and use `acquire` and `release` alone.
    """

    def __init__(
        self,
        platform: ObjectStore,
        run: str,
        job: str = "",
        list_counter: int = 0,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Asks nothing of the store yet.

        Args:
            platform: The platform's store.
            run: A random id of this run.
            job: Job that it runs; launcher only.
            list_counter: Counter of the withdrawal list that it acts on; launcher only.
            clock: The time.
        """
        self._platform = platform
        self._run = run
        self._clock = clock
        self._me = (run, job, socket.gethostname(), os.getpid(), list_counter, clock())
        self._began = began(os.getpid())
        self._done = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        """Makes the run known, and clears away runs that are dead."""
        for info, run in find_runs(self._platform):
            if not is_alive(run, self._clock()):
                self._remove(info)
        if not self._platform.create(self._name, self._told()):
            raise GenerationMismatch(self._name)
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Takes the run's leases back, its own object last."""
        self._done.set()
        self._heart.join()
        for info in list(self._platform.list(FOLDER)):
            if not info.name.startswith(RUNS) and self._holder(info) == self._run:
                self._remove(info)
        if own := self._platform.stat(self._name):
            self._remove(own)

    def renew(self) -> None:
        """Says that the run is alive; the heartbeat does it.

        Raises:
            GenerationMismatch: it was taken for dead, and somebody cleared it away.
        """
        info = self._platform.stat(self._name)  # a write may have been done unseen
        if info is None:
            raise GenerationMismatch(self._name)
        self._platform.replace(self._name, self._told(), info.generation)

    def acquire(self, what: What) -> bool:
        """Leases a partition, or a name; False where this run has it already.

        A lease of a run that is dead is taken over.

        Raises:
            LeaseHeld: another run has it.
            GenerationMismatch: it changes hands faster than one can look.
        """
        name, mine = _lease(what), json.dumps({"run": self._run}).encode()
        for _ in range(_ATTEMPTS):
            if self._platform.create(name, mine):
                return True
            info = self._platform.stat(name)
            holder = self._holder(info) if info else None
            if info is None or holder is None:
                continue
            if holder == self._run:
                return False
            self._refuse_if_alive(holder)
            try:
                self._platform.replace(name, mine, info.generation)
                return True
            except GenerationMismatch:
                continue
        raise GenerationMismatch(name)

    def release(self, what: What) -> None:
        """Gives a lease back; one that another run has taken over stays."""
        info = self._platform.stat(_lease(what))
        if info and self._holder(info) == self._run:
            self._remove(info)

    @contextmanager
    def held(self, what: What) -> Iterator[None]:
        """Has the lease meanwhile; one that the run had before stays its own.

        Raises LeaseHeld, GenerationMismatch.
        """
        acquired = self.acquire(what)
        try:
            yield
        finally:
            if acquired:
                self.release(what)

    @property
    def _name(self) -> str:
        return f"{RUNS}{self._run}.json"

    def _told(self) -> bytes:
        run = Run(*self._me, self._clock() + LASTS, self._began)
        return json.dumps(run._asdict(), default=datetime.isoformat).encode()

    def _beat(self) -> None:
        while not self._done.wait(_RENEWED_EVERY):
            try:
                self.renew()
            except OSError:
                continue  # the run is alive for some more beats
            except GenerationMismatch:
                return  # lost; preconditions keep what the lease no longer does

    def _holder(self, info: ObjectInfo) -> str | None:
        return holder_of(self._platform, info)

    def _refuse_if_alive(self, holder: str) -> None:
        for _, run in find_runs(self._platform, holder) if holder else ():
            if is_alive(run, self._clock()):
                raise LeaseHeld(run)

    def _remove(self, info: ObjectInfo) -> None:
        try:
            self._platform.delete(info.name, info.generation)
        except GenerationMismatch:
            return  # another run's by now


def holder_of(platform: ObjectStore, info: ObjectInfo) -> str | None:
    """The run that a lease names; None where it has changed meanwhile.

    "" is nobody: it is not as a run writes it, and keeps nobody out.
    """
    try:
        with platform.open(info.name, info.generation) as snapshot:
            text = snapshot.read(0, min(info.size, MOST_BYTES))
    except (ObjectNotFound, GenerationMismatch):
        return None
    try:
        holder = json.loads(text)["run"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return holder if isinstance(holder, str) else ""


def _lease(what: What) -> str:
    if isinstance(what, str):
        return f"{FOLDER}{what}.json"
    study, document, day = what
    return f"{FOLDER}study={study}/document={document}/date={day}.json"
