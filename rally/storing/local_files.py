"""One object as a file: written beside its place, synced, and then put there.

A new one is linked into its place, so a name is taken by exactly one writer; a replace
or delete holds the folder's lock between the look and the act.
"""

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rally.storing.objects import GenerationMismatch, ObjectInfo
from rally.times import nearest_seconds

TEMPORARY_PREFIX = ".rally-tmp-"
"""Begins the name of a file that is not whole yet; listings skip it."""

LOCK_NAME = ".rally-lock"
"""The file in each folder that stands for its lock; listings skip it."""

ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""What the system says where no object is."""


def look(path: Path, name: str) -> ObjectInfo | None:
    """The file as an object of that name; None where there is none."""
    status = status_of(path)
    return describe(status, name) if status else None


def status_of(path: Path) -> os.stat_result | None:
    """What the system says of a file; None where there is none."""
    try:
        status = path.stat()
    except ABSENT:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def written(status: os.stat_result) -> datetime:
    """When a file was written, UTC; of a time outside of the range, its nearer end."""
    return nearest_seconds(status.st_mtime)


def expect(path: Path, name: str, generation: int) -> None:
    """Looks whether that generation is there. Raises GenerationMismatch."""
    info = look(path, name)
    if info is None or info.generation != generation:
        raise GenerationMismatch(name)


def describe(status: os.stat_result, name: str) -> ObjectInfo:
    """The generation folds the file's number, its size and its modification time.

    Every write sets that time from a clock that counts nanoseconds: the file system's
    own ticks are milliseconds, in which a number can be given away and come back.
    """
    seen = f"{status.st_ino}:{status.st_mtime_ns}:{status.st_size}"
    generation = int.from_bytes(hashlib.sha256(seen.encode()).digest()[:7], "big")
    return ObjectInfo(name, status.st_size, generation)


class Snapshot(NamedTuple):
    """A file that is open."""

    info: ObjectInfo
    file: BinaryIO

    def read(self, start: int, length: int) -> bytes:
        """The bytes from offset `start`; reads no others ahead."""
        return os.pread(self.file.fileno(), length, start)


@contextmanager
def draft(path: Path, name: str) -> "Iterator[Draft]":
    """Begins an object: a file beside its place, gone unless it is committed."""
    _make_folder(path.parent)
    handle, temporary = _make_temporary(path.parent)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield Draft(name, path, temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def _make_temporary(folder: Path) -> tuple[int, Path]:
    """A new file under a lock, which ends with the process: so orphans are known."""
    while True:
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=folder)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # taken for an orphan before it was locked


@contextmanager
def orphan(path: Path) -> Iterator[os.stat_result | None]:
    """Holds a temporary file whose writer is gone; None where it writes or is gone."""
    try:
        file = path.open("rb")
    except ABSENT:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield os.fstat(file.fileno())


class Draft(NamedTuple):
    """A file beside its place."""

    name: str
    path: Path
    temporary: Path
    file: BinaryIO

    def create(self) -> bool:
        """Makes the object; False where the name is taken."""
        self._finish()
        try:
            self.path.hardlink_to(self.temporary)
        except FileExistsError:
            return False
        sync_folder(self.path.parent)
        self.file.close()
        return True

    def replace(self, generation: int) -> int:
        """Replaces that generation. Raises GenerationMismatch."""
        self._finish()
        with locked(self.path.parent):
            expect(self.path, self.name, generation)
            self.temporary.replace(self.path)
            new = describe(os.fstat(self.file.fileno()), self.name)
        sync_folder(self.path.parent)
        self.file.close()
        return new.generation

    def _finish(self) -> None:
        """Brings it to the disk, with the time that makes its generation."""
        self.file.flush()
        now = time.time_ns()
        os.utime(self.file.fileno(), ns=(now, now))
        os.fsync(self.file.fileno())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, which ends with the process at the latest."""
    with (folder / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_folder(folder: Path) -> None:
    """Makes it and those above it, each synced into the one that holds it."""
    missing = [each for each in (folder, *folder.parents) if not each.is_dir()]
    for each in reversed(missing):
        try:
            each.mkdir(exist_ok=True)
        except FileExistsError:
            code = errno.ENOTDIR
            raise NotADirectoryError(code, os.strerror(code), str(each)) from None
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Brings to the disk which names the folder has."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
