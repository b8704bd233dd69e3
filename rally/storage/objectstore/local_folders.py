"""Folders of this machine below a root, entered one by one so that no link leads out.

Whoever may write into a store, or moved part of it to a larger disk, could otherwise
have a job delete somebody else's files, or believe that rows are gone whose bytes lie
elsewhere. Each part of a name is opened from the folder above it, by descriptor: what
is put in a folder's place meanwhile is not followed either (openat(2), O_NOFOLLOW).
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from rally.storage.objectstore.interface import (
    Stray,
    StrayInTheWay,
    StrayKind,
    check_object_name,
    is_object_name,
)

ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""What the system says where no object is."""

DEEPEST = 32
"""Folders below each other in which objects may lie; ours lie in six."""

_ROOTS_OWN = "lost+found"
"""Where a disk's own root is a store, a folder that others than root cannot read."""

_FOLDER_MODE = 0o750
"""Mode of folders that are made, or less by the umask: they are nobody else's."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not be waited for


class FolderEntry(NamedTuple):
    """Entry of a folder.

    Attributes:
        name: Name from the root on, parts joined by "/".
        status: Status of the entry itself; where links are followed, of what it leads
            to.
    """

    name: str
    status: os.stat_result

    @property
    def kind(self) -> StrayKind | None:
        """Why it is no object; None of a file. A hard link does not show here."""
        return kind_of(self.status)


class Folders:
    """The folders below a root, which is resolved once: it may itself be a link."""

    def __init__(self, root: str, *, follows: bool = False) -> None:
        """Opens nothing yet.

        Args:
            root: A path; it need not exist.
            follows: Whether links are read as what they lead to. Then only three levels
                of folders are entered, so that links that lead back end somewhere.
        """
        self.root = os.path.realpath(root)
        self._follows = follows
        self._deepest = 3 if follows else DEEPEST
        self._kept = 0 if follows else os.O_NOFOLLOW

    @contextmanager
    def enter(self, folder: str, *, makes: bool = False) -> Iterator[int]:
        """The descriptor of a folder, "" is the root.

        Args:
            folder: Folder, from the root on.
            makes: Whether it is made where it is missing, each new one synced into the
                one that holds it.

        Raises:
            StrayInTheWay: a link, or a file that is none, stands in its place.
            FileNotFoundError, NotADirectoryError: it is not there.
            OSError: the system refuses.
        """
        if makes:
            _make_root(Path(self.root))
        descriptor, done = self._open_root(), ""
        try:
            for part in _parts(folder):
                done = f"{done}/{part}" if done else part
                inner = self._enter(descriptor, part, done, makes=makes)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _open_root(self) -> int:
        try:
            return os.open(self.root, _FOLDER | os.O_NOFOLLOW)
        except NotADirectoryError:
            if os.path.islink(
                self.root
            ):  # which must not look as if nothing were there
                what = "has become a link since it was opened"
                raise OSError(errno.ELOOP, what, self.root) from None
            raise

    @contextmanager
    def enter_above(self, name: str, *, makes: bool = False) -> Iterator[int]:
        """The descriptor of the folder that a file of that name is in. As `enter`."""
        folder, _, _ = name.rpartition("/")
        _parts(name)
        with self.enter(folder, makes=makes) as descriptor:
            yield descriptor

    def path(self, name: str) -> str:
        """Where a name is, for messages."""
        return f"{self.root}/{name}"

    def stray(self, name: str, status: os.stat_result) -> StrayInTheWay:
        """The error to raise for what is no file and no folder."""
        kind = kind_of(status) or StrayKind.DEEP
        return StrayInTheWay(Stray(name, kind), self.path(name))

    def _enter(self, parent: int, part: str, name: str, *, makes: bool) -> int:
        try:
            with placed(self.path(name)):
                return os.open(part, _FOLDER | self._kept, dir_fd=parent)
        except FileNotFoundError:
            if not makes:
                self._refuse_stray(parent, part, name)  # a link that leads nowhere
                raise
        except OSError:
            self._refuse_stray(parent, part, name)
            raise
        with suppress(FileExistsError), placed(self.path(name)):
            os.mkdir(part, _FOLDER_MODE, dir_fd=parent)
            os.fsync(parent)
        return self._enter(parent, part, name, makes=False)

    def _refuse_stray(self, parent: int, part: str, name: str) -> None:
        with suppress(*ABSENT):
            status = os.lstat(part, dir_fd=parent)
            if kind_of(status):
                raise self.stray(name, status)

    def status(self, parent: int, name: str) -> os.stat_result | None:
        """What the system says of a file in an open folder; None where none is.

        Raises StrayInTheWay where something else stands there.
        """
        try:
            with placed(self.path(name)):
                status = self._status(parent, last_part(name))
        except ABSENT:
            return None
        if kind_of(status):
            raise self.stray(name, status)
        return None if stat.S_ISDIR(status.st_mode) else status

    def _status(self, parent: int, part: str) -> os.stat_result:
        status = os.lstat(part, dir_fd=parent)
        if self._follows and stat.S_ISLNK(status.st_mode):
            try:
                return os.stat(part, dir_fd=parent)
            except ABSENT:
                return status  # it leads nowhere
            except OSError as error:
                if error.errno != errno.ELOOP:  # it leads to itself
                    raise
        return status

    def open_file(self, parent: int, name: str) -> int:
        """A descriptor to read a file of an open folder by.

        Raises:
            StrayInTheWay: something else stands there.
            FileNotFoundError: nothing does, or a folder.
        """
        if self.status(parent, name) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        with placed(self.path(name)):
            return os.open(last_part(name), _READ | self._kept, dir_fd=parent)

    def walk(self, prefix: str) -> Iterator[FolderEntry]:
        """Everything that is no folder and whose name begins so, sorted by name.

        A folder that is too deep, or that no object's name can have, is not entered.

        No folder is held open while a caller thinks.

        Raises:
            StrayInTheWay: a link stands in the way to there.
            OSError: a folder cannot be read; to leave it out would hide what is there
                from those who delete.
        """
        pending = [self._entries(prefix.rpartition("/")[0], prefix)]
        while pending:
            entry = next(pending[-1], None)
            if entry is None:
                pending.pop()
            elif not (
                stat.S_ISDIR(entry.status.st_mode) and is_object_name(entry.name)
            ):
                yield entry  # what is in a folder of another name could not be opened
            elif entry.name.count("/") < self._deepest:
                pending.append(self._inner(entry, prefix))
            elif not self._follows:
                yield entry

    def _inner(self, folder: FolderEntry, prefix: str) -> Iterator[FolderEntry]:
        """What a folder holds that was one when the folder above it was read."""
        try:
            yield from self._entries(folder.name, prefix)
        except StrayInTheWay:
            return  # another walk meets it as what it has become
        except PermissionError:
            if folder.name != _ROOTS_OWN:
                raise

    def _entries(self, folder: str, prefix: str) -> Iterator[FolderEntry]:
        """What a folder holds, as it was when the first was asked for."""
        try:
            with self.enter(folder) as descriptor:
                found = list(self._read(descriptor, folder, prefix))
        except ABSENT:
            return
        yield from sorted(found, key=_sort_key)

    def _read(self, descriptor: int, folder: str, prefix: str) -> Iterator[FolderEntry]:
        for part in os.listdir(descriptor):
            name = f"{folder}/{part}" if folder else part
            if name.startswith(prefix) or prefix.startswith(f"{name}/"):
                with suppress(FileNotFoundError):  # it went meanwhile
                    yield FolderEntry(name, self._status(descriptor, part))


@contextmanager
def placed(path: str) -> Iterator[None]:
    """Has the system's errors name a whole path: by descriptors they name the end."""
    try:
        yield
    except OSError as error:
        error.filename = path
        raise


def kind_of(status: os.stat_result) -> StrayKind | None:
    """Why something is neither a file nor a folder; None where it is."""
    if stat.S_ISLNK(status.st_mode):
        return StrayKind.LINK
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return None
    return StrayKind.SPECIAL


def last_part(name: str) -> str:
    """What a file is called in its folder."""
    return name.rpartition("/")[2]


def _parts(folder: str) -> list[str]:
    """Raises FileNotFoundError where no folder below a root can be called so."""
    if not folder:
        return []
    check_object_name(f"{folder}/")
    return folder.split("/")


def _sort_key(entry: FolderEntry) -> str:
    """Puts a folder where the names of what is in it are sorted to."""
    is_folder = stat.S_ISDIR(entry.status.st_mode)
    return f"{entry.name}/" if is_folder else entry.name


def _make_root(root: Path) -> None:
    """Makes it and the folders above it, each synced into the one that holds it."""
    missing = [each for each in (root, *root.parents) if not each.is_dir()]
    for each in reversed(missing):
        try:
            each.mkdir(_FOLDER_MODE, exist_ok=True)
        except FileExistsError:
            code = errno.ENOTDIR
            raise NotADirectoryError(code, os.strerror(code), str(each)) from None
        descriptor = os.open(each.parent, _FOLDER)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
