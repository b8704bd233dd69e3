"""Which generations of its objects a bucket in memory has, and for how long."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rally.storage.objectstore.interface import (
    FOREVER,
    GenerationMismatch,
    ObjectHeld,
    ObjectInfo,
    ObjectNotFound,
    OldCopy,
)


@dataclass(slots=True)
class Version:
    """One generation of one object, live or old."""

    name: str
    data: bytes
    generation: int
    written: datetime
    held: bool = False
    retained: datetime | None = None
    since: datetime | None = None  # when it stopped being the live one
    forgotten: datetime | None = None  # when it goes, once it is soft-deleted

    @property
    def info(self):
        return ObjectInfo(self.name, len(self.data), self.generation)

    def kept(self, now):
        """Until when it can be neither replaced nor deleted, and why."""
        if self.forgotten:
            return self.forgotten, "soft-deleted"
        if self.held:
            return FOREVER, "hold"
        if self.retained and self.retained > now:
            return self.retained, "retention"
        return None, "noncurrent"

    def check_free(self, now):
        """Raises ObjectHeld where it can be neither replaced nor deleted."""
        until, _ = self.kept(now)
        if until:
            raise ObjectHeld(self.name, None if until == FOREVER else until)

    def copy(self, now):
        """It as a listing of old copies shows it."""
        return OldCopy(*self.info, self.since, *self.kept(now))


@dataclass(slots=True)
class Versions:
    """All generations of a bucket. Not for many threads at once."""

    versioned: bool
    soft_delete: timedelta | None
    retention: timedelta | None
    clock: Callable[[], datetime]
    live: dict[str, Version] = field(default_factory=dict)
    _old: dict[tuple[str, int], Version] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def find(self, name, generation=None):
        """The live one. Raises ObjectNotFound, GenerationMismatch."""
        if name not in self.live:
            raise ObjectNotFound(name)
        if generation not in (None, self.live[name].generation):
            raise GenerationMismatch(name)
        return self.live[name]

    def find_any(self, name, generation):
        """One that can be read, live or noncurrent. Raises GenerationMismatch."""
        live = self.live.get(name)
        if live and generation in (None, live.generation):
            return live
        version = self._old.get((name, generation))
        if version is None or version.forgotten:
            raise GenerationMismatch(name)
        return version

    def put(self, name, data):
        version = Version(name, bytes(data), next(self._numbers), self.clock())
        if self.retention is not None:
            version.retained = self.clock() + self.retention
        self.live[name] = version
        return version.generation

    def retire(self, name, generation):
        """Takes the live one away. Raises GenerationMismatch, ObjectHeld."""
        version = self.find(name, generation)
        version.check_free(self.clock())
        del self.live[name]
        version.since = self.clock()
        if self.versioned:
            self._old[name, generation] = version
        else:
            self._drop(version)

    def purge(self, name, generation):
        """Takes an old one away; says whether there was one. Raises ObjectHeld."""
        self._forget()
        version = self._old.get((name, generation))
        if version:
            version.check_free(self.clock())
            self._drop(version)
        return version is not None

    def old_copies(self, prefix):
        self._forget()
        found = sorted(key for key in self._old if key[0].startswith(prefix))
        return [self._old[key].copy(self.clock()) for key in found]

    def _drop(self, version):
        key = version.name, version.generation
        self._old.pop(key, None)
        if self.soft_delete is not None:
            version.forgotten = self.clock() + self.soft_delete
            self._old[key] = version

    def _forget(self):
        now = self.clock()
        for key, version in list(self._old.items()):
            if version.forgotten and version.forgotten <= now:
                del self._old[key]
