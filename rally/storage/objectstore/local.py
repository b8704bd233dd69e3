"""Objects as files below a folder of this machine."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import BinaryIO

from rally.storage.objectstore import local_files
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    OldCopy,
    Stray,
    StrayInTheWay,
    StrayKind,
    is_object_name,
)
from rally.storage.objectstore.local_files import (
    TEMPORARY_PREFIX,
    LocalDraft,
    LocalSnapshot,
    describe,
    is_lock,
    is_temporary,
    orphan,
)
from rally.storage.objectstore.local_folders import (
    ABSENT,
    FolderEntry,
    Folders,
    last_part,
)

_PROBED = bytes(64 * 1024)
"""What a store has to have room for at least before a job begins."""


class LocalStore:
    """A folder whose files appear whole or not at all; a kill leaves no half object.

    Links are not followed, at any depth. The folder itself may be one: it is resolved
    once, when the store is opened.
    """

    def __init__(self, uri: str, *, follows: bool = False) -> None:
        """Roots the store at a folder, which need not exist yet; see open_store."""
        self.uri = uri
        self._folders = Folders(uri, follows=follows)

    def read(self, name: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""
        with self._file(name) as file:
            return file.read()

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from offset `start`. Raises ObjectNotFound."""
        with self._file(name) as file:
            return os.pread(file.fileno(), length, start)

    def stat(self, name: str) -> ObjectInfo | None:
        """The object as a listing shows it, or None."""
        try:
            with self._folders.enter_above(name) as folder:
                status = self._folders.status(folder, name)
        except ABSENT:
            return None
        return describe(status, name) if status else None

    @contextmanager
    def open(self, name: str, generation: int | None = None) -> Iterator[LocalSnapshot]:
        """Opens the file: as it is now it stays readable, whatever takes its place.

        Raises ObjectNotFound, GenerationMismatch.
        """
        with self._file(name) as file:
            info = describe(os.fstat(file.fileno()), name)
            if generation not in (None, info.generation):
                raise GenerationMismatch(name)
            yield LocalSnapshot(info, file)

    def draft(self, name: str) -> AbstractContextManager[LocalDraft]:
        """Begins an object in a file beside its place, so nothing is copied."""
        return local_files.draft(self._folders, name)

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
        with suppress(*ABSENT), self._folders.enter_above(name) as folder:
            local_files.delete(self._folders, folder, name, generation)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose names begin with `prefix`, sorted by name.

        Raises OSError where a folder cannot be read, or a link is in the way to
        `prefix`: a listing that leaves it out would hide rows from those who delete.
        """
        return (info for info, _ in self.list_dated(prefix))

    def list_dated(self, prefix: str = "") -> Iterator[tuple[ObjectInfo, datetime]]:
        """The same, and when each file was written."""
        for name, status in self._files(prefix):
            if not is_temporary(name):
                yield describe(status, name), local_files.written(status)

    def strays(self, prefix: str = "") -> Iterator[Stray]:
        """Links, pipes and the like; and files of which there is a hard link."""
        try:
            for entry in self._folders.walk(prefix):
                if kind := self._stray_kind(entry):
                    yield Stray(entry.name, kind)
        except StrayInTheWay as error:
            yield error.stray

    def _stray_kind(self, entry: FolderEntry) -> StrayKind | None:
        if entry.kind:
            return entry.kind
        if not is_object_name(entry.name):
            return StrayKind.NAME
        if stat.S_ISDIR(entry.status.st_mode):
            return StrayKind.DEEP
        if entry.status.st_nlink == 1 or is_temporary(entry.name):
            return None
        return StrayKind.SHARED if self._is_shared(entry.name) else None

    def _is_shared(self, name: str) -> bool:
        """Tells whether a file has another name than those that its writer gave it."""
        with suppress(*ABSENT), self._folders.enter_above(name) as folder:
            if status := self._folders.status(folder, name):
                known = 1 + len(local_files.twins(folder, status))
                # One that went since was its writer's, and is not counted here either.
                now = self._folders.status(folder, name)
                return now is not None and now.st_nlink > known
        return False

    def has_folder(self, folder: str, *, writes: bool = False) -> bool:
        """Asks the system, and makes nothing. Raises OSError."""
        wanted = os.R_OK | os.X_OK | (os.W_OK if writes else 0)
        try:
            with self._folders.enter(folder[:-1]) as entered:
                is_ours = os.access(".", wanted, dir_fd=entered, effective_ids=True)
        except FileNotFoundError:
            return False
        if not is_ours:
            code, path = errno.EACCES, self._folders.path(folder[:-1])
            raise PermissionError(code, os.strerror(code), path)
        return True

    def check_writable(self) -> None:
        """Makes, replaces and deletes a file as jobs do. Raises OSError."""
        name = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        try:
            self.create(name, _PROBED)
            if info := self.stat(name):
                self.replace(name, _PROBED, info.generation)
        finally:
            if info := self.stat(name):
                self.delete(name, info.generation)

    def check_rights(self, *, writes: bool) -> None:
        """Looks at the rights to the root. Raises OSError."""
        if not self.has_folder("/", writes=writes):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.uri)

    def storage_key(self) -> None:
        """None: a folder's disk is encrypted, or not, below us."""

    def old_copies(self, prefix: str) -> Iterator[OldCopy]:
        """What writers left that were killed: the rest is gone when it is replaced."""
        for name, _ in self._files(prefix):
            if not is_temporary(name):
                continue
            with suppress(*ABSENT), self._orphan(name) as (_, status):
                if status:
                    _, size, generation = describe(status, name)
                    since = local_files.written(status)
                    yield OldCopy(name, size, generation, since, None, "temporary")

    def purge(self, copy: OldCopy) -> None:
        """Removes what a writer left; one that is gone already is fine."""
        with suppress(*ABSENT), self._orphan(copy.name) as (folder, status):
            if status and describe(status, copy.name).generation == copy.generation:
                os.unlink(last_part(copy.name), dir_fd=folder)

    @contextmanager
    def _orphan(self, name: str) -> Iterator[tuple[int, os.stat_result | None]]:
        """The folder of a temporary file, and its status where its writer is gone."""
        folders = self._folders
        with folders.enter_above(name) as at, orphan(folders, at, name) as status:
            yield at, status

    def _files(self, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        """Every regular file, whole or not, sorted by name."""
        for entry in self._folders.walk(prefix):
            is_file = stat.S_ISREG(entry.status.st_mode) and not is_lock(entry)
            if is_file and is_object_name(entry.name):
                yield entry.name, entry.status

    @contextmanager
    def _file(self, name: str) -> Iterator[BinaryIO]:
        """A file, open for reading without a buffer. Raises ObjectNotFound."""
        try:
            with self._folders.enter_above(name) as folder:
                descriptor = self._folders.open_file(folder, name)
        except ABSENT:
            raise ObjectNotFound(name) from None
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            yield file
