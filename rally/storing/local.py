"""Objects as files below a folder of this machine."""

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from rally.storing.objects import GenerationMismatch, ObjectInfo, ObjectNotFound

TEMPORARY_PREFIX = ".rally-tmp-"
"""Begins the name of a file that is not whole yet; listings skip it."""

_LOCK_NAME = ".rally-lock"
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalStore:
    """A folder whose files appear whole or not at all.

    A new object is written beside its place, synced and linked into it, so a name is
    taken by exactly one writer and a kill at any moment leaves no half object. The
    generation folds the file's number, its size and its modification time, which every
    write sets from a clock that counts nanoseconds: the file system's own ticks are
    milliseconds, in which a number can be given away and come back. A replace or
    delete holds the folder's lock between the look and the act.
    """

    def __init__(self, uri: str) -> None:
        """Roots the store at a folder, which need not exist yet."""
        self.uri = uri
        self._root = Path(uri)

    def read(self, name: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""
        try:
            return self._path(name).read_bytes()
        except _ABSENT:
            raise ObjectNotFound(name) from None

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from offset `start`. Raises ObjectNotFound."""
        try:
            with self._path(name).open("rb") as file:
                file.seek(start)
                return file.read(length)
        except _ABSENT:
            raise ObjectNotFound(name) from None

    def stat(self, name: str) -> ObjectInfo | None:
        """The object as a listing shows it, or None."""
        try:
            status = self._path(name).stat()
        except _ABSENT:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return ObjectInfo(name, status.st_size, _generation(status))

    def create(self, name: str, data: bytes) -> bool:
        """Makes the object; False where the name is taken."""
        path = self._path(name)
        with _temporary(path, data) as temporary:
            try:
                path.hardlink_to(temporary)
            except FileExistsError:
                return False
        _sync_folder(path.parent)
        return True

    def replace(self, name: str, data: bytes, generation: int) -> int:
        """Replaces that generation. Raises GenerationMismatch."""
        path = self._path(name)
        with _temporary(path, data) as temporary, _locked(path.parent):
            self._expect(name, generation)
            temporary.replace(path)
            new = _generation(path.stat())
        _sync_folder(path.parent)
        return new

    def delete(self, name: str, generation: int) -> None:
        """Deletes that generation. Raises GenerationMismatch where it has changed."""
        path = self._path(name)
        if self.stat(name) is None:
            return
        with _locked(path.parent):
            if self.stat(name) is None:
                return
            self._expect(name, generation)
            path.unlink()
        _sync_folder(path.parent)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose names begin with `prefix`, sorted by name.

        Links to folders are followed. Raises OSError where a folder cannot be read: a
        listing that leaves it out would hide rows from those who delete.
        """
        start = PurePosixPath(
            prefix if prefix.endswith("/") else prefix.rpartition("/")[0]
        )
        for name in sorted(self._names(self._root / start)):
            if name.startswith(prefix) and (info := self.stat(name)):
                yield info

    def check_writable(self) -> None:
        """Makes and deletes a small file. Raises OSError where that is refused."""
        with _temporary(self._root / "probe", b""):
            pass

    def _names(self, folder: Path) -> Iterator[str]:
        for parent, _, files in os.walk(folder, onerror=_refuse, followlinks=True):
            for file in files:
                if not file.startswith((TEMPORARY_PREFIX, _LOCK_NAME)):
                    yield (Path(parent) / file).relative_to(self._root).as_posix()

    def _path(self, name: str) -> Path:
        return self._root / name

    def _expect(self, name: str, generation: int) -> None:
        info = self.stat(name)
        if info is None or info.generation != generation:
            raise GenerationMismatch(name)


def _refuse(error: OSError) -> None:
    if not isinstance(error, _ABSENT):
        raise error


def _generation(status: os.stat_result) -> int:
    seen = f"{status.st_ino}:{status.st_mtime_ns}:{status.st_size}"
    return int.from_bytes(hashlib.sha256(seen.encode()).digest()[:7], "big")


@contextmanager
def _temporary(path: Path, data: bytes) -> Iterator[Path]:
    """A synced file beside `path`, gone afterwards unless it was moved."""
    _make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            now = time.time_ns()
            os.utime(file.fileno(), ns=(now, now))
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / _LOCK_NAME).open("w") as lock:
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
        _sync_folder(each.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
