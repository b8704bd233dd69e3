"""One object as a file: written beside its place, synced, and then put there.

A new one is linked into its place, so a name is taken by exactly one writer; a replace
or delete holds the folder's lock between the look and the act.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import BinaryIO, NamedTuple

from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    StrayInTheWay,
)
from rally.storage.objectstore.local_folders import (
    ABSENT,
    FolderEntry,
    Folders,
    kind_of,
    last_part,
    placed,
)
from rally.times import nearest_seconds

TEMPORARY_PREFIX = ".rally-tmp-"
"""Begins the name of a file that is not whole yet; listings skip it."""

LOCK_NAME = ".rally-lock"
"""The empty file in each folder that stands for its lock; listings skip it."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEEDS_LINKS = "no hard links can be made there, which objects need; use another disk"
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def is_temporary(name: str) -> bool:
    """Tells whether an object of that name is not whole yet."""
    return last_part(name).startswith(TEMPORARY_PREFIX)


def is_lock(entry: FolderEntry) -> bool:
    """Tells whether a file is a folder's lock, which is empty."""
    return last_part(entry.name) == LOCK_NAME and not entry.status.st_size


def written(status: os.stat_result) -> datetime:
    """When a file was written, UTC; of a time outside of the range, its nearer end."""
    return nearest_seconds(status.st_mtime)


def describe(status: os.stat_result, name: str) -> ObjectInfo:
    """The generation folds the file's number, its size and its modification time.

    Every write sets that time from a clock that counts nanoseconds: the file system's
    own ticks are milliseconds, in which a number can be given away and come back.
    """
    seen = f"{status.st_ino}:{status.st_mtime_ns}:{status.st_size}"
    generation = int.from_bytes(hashlib.sha256(seen.encode()).digest()[:7], "big")
    return ObjectInfo(name, status.st_size, generation)


class LocalSnapshot(NamedTuple):
    """A file that is open."""

    info: ObjectInfo
    file: BinaryIO

    def read(self, start: int, length: int) -> bytes:
        """The bytes from offset `start`; reads no others ahead."""
        return os.pread(self.file.fileno(), length, start)


@contextmanager
def draft(folders: Folders, name: str) -> "Iterator[LocalDraft]":
    """Begins an object: a file beside its place, gone unless it is committed."""
    with folders.enter_above(name, makes=True) as folder:
        with placed(folders.path(name)):
            handle, temporary = _make_temporary(folder)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield LocalDraft(name, folders, folder, temporary, file)
        except OSError as error:
            if error.errno in _DISK_IS_FULL and error.filename is None:
                error.filename = folders.path(name)
            raise
        finally:
            _unlink(temporary, folder)


def _make_temporary(folder: int) -> tuple[int, str]:
    """A new file under a lock, which ends with the process: so orphans are known."""
    while True:
        name = TEMPORARY_PREFIX + secrets.token_hex(8)
        handle = os.open(name, _NEW | os.O_EXCL, 0o600, dir_fd=folder)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # taken for an orphan before it was locked


@contextmanager
def orphan(folders: Folders, folder: int, name: str) -> Iterator[os.stat_result | None]:
    """Holds a temporary file whose writer is gone; None where it writes or is gone."""
    try:
        handle = folders.open_file(folder, name)
    except (StrayInTheWay, *ABSENT):
        yield None
        return
    with os.fdopen(handle, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield os.fstat(file.fileno())


class LocalDraft(NamedTuple):
    """A file beside its place.

    Attributes:
        name: Name of the object.
        folders: Folders of the store.
        folder: Descriptor of the one that both are in.
        temporary: Name of the file there.
        file: Open.
    """

    name: str
    folders: Folders
    folder: int
    temporary: str
    file: BinaryIO

    def create(self) -> bool:
        """Makes the object; False where the name is taken.

        Raises:
            StrayInTheWay, IsADirectoryError: by what is no file.
            OSError: the file system cannot do it.
        """
        with placed(self.folders.path(self.name)):
            self._finish()
            try:
                self._link()
            except FileExistsError:
                self._refuse_other()
                return False
            os.fsync(self.folder)
        self.file.close()
        return True

    def _link(self) -> None:
        try:
            os.link(
                self.temporary,
                last_part(self.name),
                src_dir_fd=self.folder,
                dst_dir_fd=self.folder,
                follow_symlinks=False,
            )
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise OSError(error.errno, _NEEDS_LINKS) from None
            raise

    def _refuse_other(self) -> None:
        """Raises OSError where the name is taken by what can be no object."""
        with suppress(FileNotFoundError):  # it went meanwhile
            status = os.lstat(last_part(self.name), dir_fd=self.folder)
            if stat.S_ISDIR(status.st_mode):
                code = errno.EISDIR
                raise IsADirectoryError(code, os.strerror(code), self.name) from None
            if kind_of(status):
                raise self.folders.stray(self.name, status) from None

    def replace(self, generation: int) -> int:
        """Replaces that generation. Raises GenerationMismatch."""
        with placed(self.folders.path(self.name)):
            self._finish()
            with expected(self.folders, self.folder, self.name, generation):
                os.replace(
                    self.temporary,
                    last_part(self.name),
                    src_dir_fd=self.folder,
                    dst_dir_fd=self.folder,
                )
                new = describe(os.fstat(self.file.fileno()), self.name)
            os.fsync(self.folder)
        self.file.close()
        return new.generation

    def _finish(self) -> None:
        """Brings it to the disk, with the time that makes its generation."""
        self.file.flush()
        now = time.time_ns()
        os.utime(self.file.fileno(), ns=(now, now))
        os.fsync(self.file.fileno())


def delete(folders: Folders, folder: int, name: str, generation: int) -> None:
    """Deletes that generation; what is gone already is fine.

    Raises GenerationMismatch where it has changed.
    """
    if folders.status(folder, name) is None:
        return
    try:
        with placed(folders.path(name)):
            with expected(folders, folder, name, generation):
                os.unlink(last_part(name), dir_fd=folder)
            os.fsync(folder)
    except GenerationMismatch:
        if folders.status(folder, name) is not None:
            raise


@contextmanager
def expected(
    folders: Folders, folder: int, name: str, generation: int
) -> Iterator[None]:
    """Holds the folder's lock while that generation of an object goes.

    Raises:
        GenerationMismatch: it is not there.
        StrayInTheWay: what is there is reached by a link.
    """
    with _locked(folder):
        status = folders.status(folder, name)
        if status is None or describe(status, name).generation != generation:
            raise GenerationMismatch(name)
        own = os.lstat(last_part(name), dir_fd=folder)
        if kind_of(own):
            raise folders.stray(name, own)
        for twin in twins(folder, status):
            _unlink(twin, folder)
        yield


def twins(folder: int, status: os.stat_result) -> list[str]:
    """The names that a file had while it was made, before it got its own.

    A writer that was killed in between left one, and the bytes would stay under it.
    One that lives is done with it.
    """
    found = list[str]()
    for part in os.listdir(folder) if status.st_nlink > 1 else ():
        with suppress(FileNotFoundError):
            if part.startswith(TEMPORARY_PREFIX) and os.path.samestat(
                os.lstat(part, dir_fd=folder), status
            ):
                found.append(part)
    return found


def _unlink(part: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(part, dir_fd=folder)


@contextmanager
def _locked(folder: int) -> Iterator[None]:
    """Holds the folder's lock, which ends with the process at the latest."""
    lock = os.open(LOCK_NAME, _NEW, 0o600, dir_fd=folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
