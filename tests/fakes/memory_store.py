"""An object store in memory that honours generations, versions, holds and retention.

It does what Cloud Storage documents and no emulator does: old generations stay where
the bucket is versioned, soft-deleted ones until their time, and preconditions hold for
every operation. `fault` and `after` let a test fail an operation before or after it is
done, or do something of its own in between.
"""

import io
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import NamedTuple

from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    Stray,
    StrayInTheWay,
    StrayKind,
    is_object_name,
)
from tests.fakes.versions import Versions


def nothing(operation: str, name: str) -> None:
    """What happens before and after an operation unless a test says otherwise."""


class MemoryStore:
    """A bucket in memory, for many threads.

    Attributes:
        fault: called with (operation, name) before each operation, outside all locks;
            what it raises is raised. Operations are the methods' names; reading from a
            snapshot is "read", committing a draft "create" or "replace".
        after: called likewise after each operation that has changed something.
        reads: (name, start, length) of all bytes that were read.
        key: of Cloud KMS, that the bucket says it encrypts with.
        stray: what stands there and is no object, by name, as in a local folder.
    """

    def __init__(
        self,
        *,
        versioned: bool = False,
        soft_delete: timedelta | None = None,
        retention: timedelta | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        fault: Callable[[str, str], None] = nothing,
        after: Callable[[str, str], None] = nothing,
        uri: str = "memory://test",
    ) -> None:
        """Makes an empty one.

        Args:
            versioned: whether what is replaced or deleted stays, noncurrent.
            soft_delete: how long what is deleted for good stays all the same.
            retention: how long each object is kept from replacing and deleting.
            clock: what time it is, UTC.
            fault: called before each operation.
            after: called after each change.
            uri: what it calls itself.
        """
        self.uri, self.fault, self.after = uri, fault, after
        self.key: str | None = None
        self.reads: list[tuple[str, int, int]] = []
        self.stray: dict[str, StrayKind] = {}
        self._versions = Versions(versioned, soft_delete, retention, clock)
        self._lock = RLock()

    def read(self, name):
        self.fault("read", name)
        with self._lock:
            version = self._versions.find(name)
            return self._slice(version, 0, len(version.data))

    def read_range(self, name, start, length):
        self.fault("read_range", name)
        with self._lock:
            return self._slice(self._versions.find(name), start, length)

    def stat(self, name):
        self.fault("stat", name)
        return self._info(name)

    @contextmanager
    def open(self, name, generation=None):
        self.fault("open", name)
        with self._lock:
            info = self._versions.find(name, generation).info
        yield MemorySnapshot(self, info)

    @contextmanager
    def draft(self, name):
        self.fault("draft", name)
        with io.BytesIO() as file:
            yield MemoryDraft(self, name, file)

    def create(self, name, data):
        self.fault("create", name)
        with self._lock:
            if name in self._versions.live:
                return False
            self._versions.put(name, data)
        self.after("create", name)
        return True

    def replace(self, name, data, generation):
        self.fault("replace", name)
        with self._lock:
            try:
                self._versions.retire(name, generation)
            except ObjectNotFound:
                raise GenerationMismatch(name) from None
            new = self._versions.put(name, data)
        self.after("replace", name)
        return new

    def delete(self, name, generation):
        self.fault("delete", name)
        with self._lock:
            if name not in self._versions.live:
                return
            self._versions.retire(name, generation)
        self.after("delete", name)

    def list(self, prefix=""):
        return (info for info, _ in self.list_dated(prefix))

    def list_dated(self, prefix=""):
        self.fault("list", prefix)
        for name, kind in self.stray.items():
            if prefix.startswith(f"{name}/"):
                raise StrayInTheWay(Stray(name, kind), f"{self.uri}/{name}")
        with self._lock:
            live = self._versions.live
            names = sorted(
                name
                for name in live
                if name.startswith(prefix) and is_object_name(name)
            )
        for name in names:
            with self._lock:
                version = self._versions.live.get(name)
            if version:
                yield version.info, version.written

    def strays(self, prefix=""):
        self.fault("strays", prefix)
        with self._lock:
            odd = {each for each in self._versions.live if not is_object_name(each)}
        strays = {**self.stray, **dict.fromkeys(odd, StrayKind.NAME)}
        for name, kind in sorted(strays.items()):
            if name.startswith(prefix) or prefix.startswith(f"{name}/"):
                yield Stray(name, kind)

    def old_copies(self, prefix):
        self.fault("old_copies", prefix)
        with self._lock:
            copies = self._versions.old_copies(prefix)
        yield from copies

    def purge(self, copy):
        self.fault("purge", copy.name)
        with self._lock:
            purged = self._versions.purge(copy.name, copy.generation)
        if purged:
            self.after("purge", copy.name)

    def has_folder(self, folder, *, writes=False):
        self.fault("has_folder", folder)
        return False

    def check_writable(self):
        self.fault("check_writable", "")

    def check_rights(self, *, writes):
        self.fault("check_rights", "")

    def storage_key(self):
        return self.key

    def hold(self, name, generation=None, *, on=True):
        """Puts a hold on the live object, or on an older generation; or lifts it."""
        with self._lock:
            self._versions.find_any(name, generation).held = on

    def retain(self, name, until, generation=None):
        """Keeps the live object, or an older generation, until a time."""
        with self._lock:
            self._versions.find_any(name, generation).retained = until

    def read_generation(self, name, generation, start, length):
        """A part of one generation, live or noncurrent."""
        self.fault("read", name)
        with self._lock:
            return self._slice(self._versions.find_any(name, generation), start, length)

    def _info(self, name):
        with self._lock:
            version = self._versions.live.get(name)
            return version and version.info

    def _slice(self, version, start, length):
        data = version.data[start : start + length]
        self.reads.append((version.name, start, len(data)))
        return data


class MemorySnapshot(NamedTuple):
    """One generation of an object of a MemoryStore."""

    store: MemoryStore
    info: ObjectInfo

    def read(self, start, length):
        name, _, generation = self.info
        return self.store.read_generation(name, generation, start, length)


class MemoryDraft(NamedTuple):
    """An object of a MemoryStore in the making."""

    store: MemoryStore
    name: str
    file: io.BytesIO

    def create(self):
        made = self.store.create(self.name, self.file.getvalue())
        if made:
            self.file.close()
        return made

    def replace(self, generation):
        new = self.store.replace(self.name, self.file.getvalue(), generation)
        self.file.close()
        return new
