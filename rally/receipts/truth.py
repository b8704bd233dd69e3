"""Holds what receipts say of files against the files themselves."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rally.errors import CorruptFile
from rally.receipts.receipt import FileChange
from rally.storage.header import CHECKSUM
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import GenerationMismatch, ObjectNotFound
from rally.storage.snapshots import header_of


class Contents(NamedTuple):
    """Content of a file by its header; nothing where that cannot be read."""

    rows: int | None = None
    checksum: str | None = None


class Truth:
    """Holds changes against the stores, in which it looks at a file once.

    A file that has moved on to another generation says nothing.
    """

    def __init__(self, stores: Stores) -> None:
        """Takes the stores of all studies."""
        self._stores = stores
        self._generations: dict[tuple[str, str], int | None] = {}
        self._contents: dict[tuple[str, str, int], Contents | None] = {}

    def faults(self, changes: Iterable[FileChange]) -> Iterator[str]:
        """What the files tell otherwise, a line each. Raises OSError."""
        for change in changes:
            for fault in self._faults(change.namespace, change):
                yield f"{change.name}: {fault}"

    def _faults(self, namespace: str, change: FileChange) -> Iterator[str]:
        generation = self._generation(namespace, change.name)
        if generation == change.generation_before:
            said = "gone" if change.generation_after is None else "rewritten"
            yield f"is said to be {said} and stands there as it was"
        elif generation is not None and generation == change.generation_after:
            contents = self._read(namespace, change.name, generation)
            if contents is not None:
                yield from _differences(change, contents)

    def _generation(self, namespace: str, name: str) -> int | None:
        key = namespace, name
        if key not in self._generations:
            info = self._stores.of(namespace).stat(name)
            self._generations[key] = info.generation if info else None
        return self._generations[key]

    def _read(self, namespace: str, name: str, generation: int) -> Contents | None:
        """What the file says; None where it has moved on meanwhile."""
        key = namespace, name, generation
        if key not in self._contents:
            self._contents[key] = self._open(*key)
        return self._contents[key]

    def _open(self, namespace: str, name: str, generation: int) -> Contents | None:
        try:
            with self._stores.of(namespace).open(name, generation) as snapshot:
                header = header_of(snapshot)
            checksum = header.entries.get(CHECKSUM, b"").decode("ascii", "replace")
            return Contents(header.rows, checksum)
        except CorruptFile:
            return Contents()
        except (ObjectNotFound, GenerationMismatch):
            return None


def wrong_sums(changes: Iterable[FileChange]) -> Iterator[str]:
    """What in changes cannot be, whatever the files say; a line each."""
    for change in changes:
        for fault in _wrong_sums(change):
            yield f"{change.name}: {fault}"


def _wrong_sums(change: FileChange) -> Iterator[str]:
    before, removed, after = change.rows_before, change.rows_removed, change.rows_after
    if before - removed != after:
        yield f"{before} rows less {removed} are not {after}"
    most = max(change.requests.values(), default=0)
    if most > removed + change.rows_changed:
        yield (
            f"{most} rows of a request are more than {removed + change.rows_changed}"
        )
    if change.rows_changed > after:
        yield f"{change.rows_changed} rows that changed are more than {after}"
    if change.generation_after is None and after:
        yield f"is said to be gone, and to have {after} rows"
    if (change.generation_after is None) != (change.checksum_after is None):
        yield "has a generation without a checksum, or a checksum without one"


def _differences(change: FileChange, found: Contents) -> Iterator[str]:
    if found.rows is None:
        yield "cannot be read, and is as the receipt left it"
        return
    if found.rows != change.rows_after:
        yield f"has {found.rows} rows and not {change.rows_after}"
    if found.checksum != change.checksum_after:
        yield f"has the checksum {found.checksum} and not {change.checksum_after}"
