"""Objects as files below a folder of this machine."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from rally.storing import local_files
from rally.storing.local_files import (
    ABSENT,
    LOCK_NAME,
    TEMPORARY_PREFIX,
    Draft,
    Snapshot,
    describe,
    orphan,
)
from rally.storing.objects import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    OldCopy,
)


class LocalStore:
    """A folder whose files appear whole or not at all; a kill leaves no half object."""

    def __init__(self, uri: str) -> None:
        """Roots the store at a folder, which need not exist yet."""
        self.uri = uri
        self._root = Path(uri)

    def read(self, name: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""
        try:
            return self._path(name).read_bytes()
        except ABSENT:
            raise ObjectNotFound(name) from None

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from offset `start`. Raises ObjectNotFound."""
        try:
            with self._path(name).open("rb") as file:
                file.seek(start)
                return file.read(length)
        except ABSENT:
            raise ObjectNotFound(name) from None

    def stat(self, name: str) -> ObjectInfo | None:
        """The object as a listing shows it, or None."""
        return local_files.look(self._path(name), name)

    @contextmanager
    def open(self, name: str, generation: int | None = None) -> Iterator[Snapshot]:
        """Opens the file: as it is now it stays readable, whatever takes its place.

        Raises ObjectNotFound, GenerationMismatch.
        """
        try:
            file = self._path(name).open("rb", buffering=0)
        except ABSENT:
            raise ObjectNotFound(name) from None
        with file:
            info = local_files.describe(os.fstat(file.fileno()), name)
            if generation not in (None, info.generation):
                raise GenerationMismatch(name)
            yield Snapshot(info, file)

    def draft(self, name: str) -> AbstractContextManager[Draft]:
        """Begins an object in a file beside its place, so nothing is copied."""
        return local_files.draft(self._path(name), name)

    def create(self, name: str, data: bytes) -> bool:
        """Makes the object; False where the name is taken."""
        with self.draft(name) as draft:
            draft.file.write(data)
            return draft.create()

    def replace(self, name: str, data: bytes, generation: int) -> int:
        """Replaces that generation. Raises GenerationMismatch."""
        with self.draft(name) as draft:
            draft.file.write(data)
            return draft.replace(generation)

    def delete(self, name: str, generation: int) -> None:
        """Deletes that generation. Raises GenerationMismatch where it has changed."""
        path = self._path(name)
        if self.stat(name) is None:
            return
        with local_files.locked(path.parent):
            if self.stat(name) is None:
                return
            local_files.expect(path, name, generation)
            path.unlink()
        local_files.sync_folder(path.parent)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose names begin with `prefix`, sorted by name.

        Links to folders are followed. Raises OSError where a folder cannot be read: a
        listing that leaves it out would hide rows from those who delete.
        """
        return (info for info, _ in self.list_dated(prefix))

    def list_dated(self, prefix: str = "") -> Iterator[tuple[ObjectInfo, datetime]]:
        """The same, and when each file was written."""
        for name in sorted(self._names(self._below(prefix))):
            if name.startswith(prefix):
                status = local_files.status_of(self._path(name))
                if status:
                    yield describe(status, name), local_files.written(status)

    def check_writable(self) -> None:
        """Makes and deletes a small file. Raises OSError where that is refused."""
        with self.draft("probe"):
            pass

    def storage_key(self) -> None:
        """None: a folder's disk is encrypted, or not, below us."""

    def old_copies(self, prefix: str) -> Iterator[OldCopy]:
        """What writers left that were killed: the rest is gone when it is replaced."""
        for name in sorted(self._names(self._below(prefix), orphans=True)):
            if not name.startswith(prefix):
                continue
            with orphan(self._path(name)) as status:
                if status:
                    _, size, generation = describe(status, name)
                    since = local_files.written(status)
                    yield OldCopy(name, size, generation, since, None, "temporary")

    def purge(self, copy: OldCopy) -> None:
        """Removes what a writer left; one that is gone already is fine."""
        path = self._path(copy.name)
        with orphan(path) as status:
            if status and describe(status, copy.name).generation == copy.generation:
                path.unlink(missing_ok=True)

    def _below(self, prefix: str) -> Path:
        """The folder that holds all names which begin so."""
        return self._root / PurePosixPath(
            prefix if prefix.endswith("/") else prefix.rpartition("/")[0]
        )

    def _names(self, folder: Path, *, orphans: bool = False) -> Iterator[str]:
        for parent, _, files in os.walk(folder, onerror=_refuse, followlinks=True):
            for file in files:
                if file.startswith(TEMPORARY_PREFIX) == orphans and file != LOCK_NAME:
                    yield (Path(parent) / file).relative_to(self._root).as_posix()

    def _path(self, name: str) -> Path:
        return self._root / name


def _refuse(error: OSError) -> None:
    if not isinstance(error, ABSENT):
        raise error
