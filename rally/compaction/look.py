"""Looks at a partition: its files, what they hold, and what of them is live."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from rally.compaction.indexed_file import IndexedFile, trouble_with, understand
from rally.compaction.outcomes import Trouble
from rally.storage.buckets import Range
from rally.storage.corruption import CorruptFile
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import Identity, StoredFile, list_files, live_view
from rally.storage.row_streams import RowStream, Source
from rally.storage.snapshots import header_of

Part = tuple[Source, list[Range]]
"""A file, and the participants whose rows of it are wanted."""


class Look(NamedTuple):
    """A partition at one moment.

    Attributes:
        partition: which.
        files: all of them.
        indexed: those that can be merged, by name.
        live: what is live of each of these, by name.
        troubles: of the others.
    """

    partition: Partition
    files: Sequence[StoredFile]
    indexed: dict[str, IndexedFile]
    live: dict[str, list[Range]]
    troubles: tuple[Trouble, ...]

    @property
    def unmerged(self) -> set[Identity]:
        """The files that are there and cannot be merged."""
        return {
            file.identity for file in self.files if file.info.name not in self.indexed
        }

    def parts(self, names: Collection[str] | None = None) -> list[list[Part]]:
        """What is live of files, those that follow one another in order together."""
        chains: dict[object, list[Part]] = {}
        for name, each in self.indexed.items():
            if self.live[name] and (names is None or name in names):
                bucket = each.file.bucket
                key = bucket.bits if bucket else name
                chains.setdefault(key, []).append((each.source, self.live[name]))
        return list(chains.values())


class Looker:
    """Reads the headers of a study's files, each once.

    Attributes:
        skipped: troubles of files that turned out to be unreadable behind the header.
    """

    def __init__(
        self,
        store: ObjectStore,
        check: Callable[[int], None],
        known: dict[Identity, IndexedFile],
    ) -> None:
        """Reads nothing yet.

        Args:
            store: of the study.
            check: is told the counter of the withdrawal list of each file.
            known: files that were looked at before; grows.
        """
        self._store = store
        self._check = check
        self._known = known
        self.skipped: dict[str, Trouble] = {}

    def look(self, partition: Partition) -> Look:
        """What is there now.

        Raises:
            GenerationMismatch, ObjectNotFound: a file changed meanwhile.
        """
        files = list_files(self._store, partition.study, partition.folder)
        found = {file.info.name: self._read(file) for file in files}
        indexed = {
            name: each for name, each in found.items() if isinstance(each, IndexedFile)
        }
        view = live_view(files, {name: each.inputs for name, each in indexed.items()})
        return Look(
            partition,
            files,
            indexed,
            {each.file.info.name: each.live for each in view},
            tuple(each for each in found.values() if isinstance(each, Trouble)),
        )

    def _read(self, file: StoredFile) -> IndexedFile | Trouble:
        name = file.info.name
        if name in self.skipped:
            return self.skipped[name]
        if file.identity not in self._known:
            try:
                with self._store.open(*file.identity) as snapshot:
                    header = header_of(snapshot)
                read = understand(self._store, file, header, self._check)
            except (CorruptFile, OSError) as error:
                return trouble_with(name, error)
            self._known[file.identity] = read
        return self._known[file.identity]


def streams(parts: Sequence[Sequence[Part]]) -> list[RowStream]:
    """A stream for each."""
    return [RowStream(each) for each in parts]
