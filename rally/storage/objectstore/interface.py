"""Objects by name under a root, on this machine or on Google Cloud Storage.

Everything that the platform keeps goes through this one interface: it is small enough
to be the same on both, and each write and delete carries the generation that it saw,
so that two writers never lose each other's work (design: "Storing").
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_STEPS = frozenset(("", ".", ".."))


def is_object_name(name: str) -> bool:
    """Tells whether an object may be called so.

    Its parts, joined by "/", are none of "", "." and "..", and it has no control
    character. One slash at the end makes it the name of a marker of a folder, which
    some tools leave in buckets.
    """
    if _CONTROL.search(name):
        return False
    return _STEPS.isdisjoint(name.removesuffix("/").split("/"))


def check_object_name(name: str) -> None:
    """Raises FileNotFoundError where no object is called so, nor can be."""
    if not is_object_name(name):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


FOREVER = datetime.max.replace(tzinfo=UTC)
"""Until when a hold holds: nobody knows."""


class ObjectNotFound(Exception):
    """There is no object of that name."""


class GenerationMismatch(Exception):
    """The object is not at the generation that the caller saw: look again."""


class ObjectHeld(Exception):
    """A hold or a retention policy forbids to replace or delete the object.

    Attributes:
        until: Time at which it ends, UTC; None where nobody says: until somebody lifts
            it.
    """

    def __init__(self, name: str, until: datetime | None = None) -> None:
        super().__init__(name)
        self.until = until


class ObjectInfo(NamedTuple):
    """One object in a listing.

    Attributes:
        name: Relative to the root of its store, parts joined by "/".
        size: Size in bytes.
        generation: A number that changes with each write of the name.
    """

    name: str
    size: int
    generation: int


class OldCopy(NamedTuple):
    """An earlier state of an object that the store still has.

    Attributes:
        name: Relative to the root of its store.
        size: Size in bytes.
        generation: Generation that it had when it was the live one.
        since: Time at which it stopped being the live one, UTC.
        until: The store keeps it until then and cannot be made to forget it, UTC;
            FOREVER for a hold. None: `purge` removes it.
        why: "noncurrent", "soft-deleted", "retention" or "hold"; "temporary" is what a
            writer left that was killed, on this machine.
    """

    name: str
    size: int
    generation: int
    since: datetime
    until: datetime | None
    why: str


class StrayKind(StrEnum):
    """Kind of entry in a store that is no object of ours.

    LINK: to a file, a folder or nothing. SPECIAL: a pipe, a socket or a device. SHARED:
    a file that has another name, by a hard link, under which its bytes stay when the
    object goes. DEEP: a folder below more others than any object is. NAME: an object,
    or a local folder, whose name leads out of the store or has control characters.
    """

    LINK = "a link"
    SPECIAL = "a pipe, a socket or a device"
    SHARED = "a file with another name elsewhere (a hard link)"
    DEEP = "a folder too deep to be looked into"
    NAME = "a name that no store takes"

    @property
    def is_in_the_way(self) -> bool:
        """Whether nobody reads what is there, or behind it."""
        return self is not StrayKind.SHARED


class Stray(NamedTuple):
    """Entry in a store that is no object, or not an object alone.

    Attributes:
        name: Name that an object there would have.
        kind: Kind of what is there.
    """

    name: str
    kind: StrayKind


class StrayInTheWay(OSError):
    """A name leads through, or to, what is no folder and no file.

    Attributes:
        stray: The stray that is in the way.
    """

    def __init__(self, stray: Stray, path: str) -> None:
        what = f"is {stray.kind}, which nobody follows or opens"
        super().__init__(errno.ELOOP, what, path)
        self.stray = stray

    def __reduce__(self) -> tuple[type, tuple[Stray, str]]:
        """An OSError would be made anew of its number and text."""
        return StrayInTheWay, (self.stray, self.filename)


class Snapshot(Protocol):
    """One generation of one object, open for reading.

    What is written to the name meanwhile does not show in it.
    """

    @property
    def info(self) -> ObjectInfo:
        """The object as it was listed when it was opened."""

    def read(self, start: int, length: int) -> bytes:
        """The bytes from offset `start`: `length`, and fewer only at the end.

        Raises GenerationMismatch where that generation is gone.
        """


class Draft(Protocol):
    """An object in the making; what is not committed leaves nothing behind.

    A commit that is refused changes nothing, and another may be tried. One that
    succeeds closes the file.
    """

    @property
    def file(self) -> BinaryIO:
        """Seekable, readable and writable; all of it becomes the object."""

    def create(self) -> bool:
        """Makes the object, as ObjectStore.create does."""

    def replace(self, generation: int) -> int:
        """Replaces that generation, as ObjectStore.replace does."""


class ObjectStore(Protocol):
    """Named objects under one root; an object is visible only when whole.

    Raises (all methods): OSError where the store cannot be reached or refuses, or a
    link is in the way. A write that ended so may have been done all the same: look
    again.
    """

    uri: str

    def read(self, name: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from offset `start`. Raises ObjectNotFound."""

    def stat(self, name: str) -> ObjectInfo | None:
        """The object as a listing shows it, or None."""

    def open(
        self, name: str, generation: int | None = None
    ) -> AbstractContextManager[Snapshot]:
        """Opens the live object for reading in parts.

        Raises ObjectNotFound, and GenerationMismatch where `generation` is given and
        is not the live one.
        """

    def draft(self, name: str) -> AbstractContextManager[Draft]:
        """Begins an object that need not fit into memory."""

    def create(self, name: str, data: bytes) -> bool:
        """Makes the object; False, and nothing is changed, where the name is taken."""

    def replace(self, name: str, data: bytes, generation: int) -> int:
        """Replaces that generation and returns the new one.

        Raises GenerationMismatch where the object has changed or gone, ObjectHeld where
        a hold or a retention policy forbids it.
        """

    def delete(self, name: str, generation: int) -> None:
        """Deletes that generation; one that is gone already is fine.

        Raises GenerationMismatch where the object has changed, ObjectHeld where a hold
        or a retention policy forbids it.
        """

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose names begin with `prefix`, sorted by name.

        A link below is left out (`strays`); one in the way to `prefix` is an OSError.
        """

    def list_dated(self, prefix: str = "") -> Iterator[tuple[ObjectInfo, datetime]]:
        """The same objects, and when each was written, UTC.

        It is no measure of how long a row has been kept: a rewrite begins it anew.
        """

    def strays(self, prefix: str = "") -> Iterator[Stray]:
        """What stands where objects do and is none, sorted by name.

        Nobody reads, follows or deletes it: who concludes from a listing that nothing
        is there asks for this as well. A link in the way to `prefix` is one. On Cloud
        Storage only names can be wrong, and are looked for below a whole folder.
        """

    def old_copies(self, prefix: str) -> Iterator[OldCopy]:
        """What is kept of earlier states, sorted by name and generation.

        Noncurrent generations and soft-deleted objects whose names begin with `prefix`;
        in a local folder, files that were not finished.
        """

    def purge(self, copy: OldCopy) -> None:
        """Deletes an old copy; one that is gone already is fine.

        Where soft delete is on, the store moves a noncurrent generation there, and
        `old_copies` shows it again with its date.

        Raises ObjectHeld where the store cannot be made to forget it yet.
        """

    def has_folder(self, folder: str, *, writes: bool = False) -> bool:
        """Tells whether a folder is there, be it an empty one; a bucket has none.

        Args:
            folder: Begins the names of objects, with a slash at its end.
            writes: Whether objects are to be made in it, besides being listed.

        Raises OSError where the system refuses, or a link or a file is in its place.
        """

    def check_writable(self) -> None:
        """Makes, replaces and deletes an object. Raises OSError where one fails."""

    def check_rights(self, *, writes: bool) -> None:
        """Asks the system whether this account may list and read, and writes nothing.

        Args:
            writes: Whether it must be able to write and delete, too.

        Raises:
            OSError: it may not, there is no such place, or the service is away.
        """

    def storage_key(self) -> str | None:
        """The Cloud KMS key that new objects are encrypted with; None without one.

        By its resource name, `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
        """


def upsert(store: ObjectStore, name: str, data: bytes) -> None:
    """Makes the object, or replaces the one that is there.

    Raises:
        OSError: the store cannot be reached, or refuses.
        ObjectHeld: a hold or a retention policy forbids to replace it.
    """
    while not store.create(name, data):
        info = store.stat(name)
        try:
            if info is not None:
                store.replace(name, data, info.generation)
                return
        except GenerationMismatch:
            continue
