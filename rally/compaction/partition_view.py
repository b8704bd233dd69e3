"""What a look at a partition says of what there is to do."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import fastavro

from rally.compaction.outcomes import Outcome, Trouble
from rally.errors import CorruptFile, cause_of
from rally.storage.header import CHECKSUM, LIST_COUNTER, Header
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import (
    Identity,
    Range,
    StoredFile,
    list_files,
    live_view,
    named_inputs,
)
from rally.storage.row_streams import NotSorted, RowStream, Source, make_source
from rally.storage.snapshots import header_of

FINGERPRINT = "rally.schema"

_COLUMNS = [
    ("participant", "string"),
    ("document_id", "string"),
    ("submission_timestamp", "long"),
]


class IndexedFile(NamedTuple):
    """A file whose rows can be merged.

    Attributes:
        file: as listed.
        source: reads its rows.
        rows: how many.
        inputs: the files that it speaks for.
        schema: the writer's, JSON.
        fingerprint: of the payload's schema; "" where the header has none.
        checksum: of the blocks; "" where the header has none.
    """

    file: StoredFile
    source: Source
    rows: int
    inputs: frozenset[Identity]
    schema: str
    fingerprint: str
    checksum: str


def trouble_with(name: str, error: CorruptFile | OSError) -> Trouble:
    """What an object is in for that cannot be read."""
    if isinstance(error, OSError):
        reason = cause_of(error)
        return Trouble(Outcome.UNREACHABLE, name, f"it cannot be read ({reason})")
    if isinstance(error, _NotOurs | NotSorted):
        return Trouble(Outcome.NOT_INDEXED, name, str(error))
    return Trouble(Outcome.DAMAGED, name, str(error))


class _NotOurs(CorruptFile):
    pass


def understand(
    store: ObjectStore,
    file: StoredFile,
    header: Header,
    check: Callable[[int], None],
) -> IndexedFile:
    """What a file's header says of it.

    Args:
        store: of the study.
        file: as listed.
        header: its own.
        check: is told the counter of the withdrawal list.

    Raises:
        CorruptFile: it is damaged, or cannot be merged.
    """
    entries = {name: value.decode("utf-8", "replace") for name, value in _own(header)}
    check(_number(entries.get(LIST_COUNTER, "0")))
    if not header.is_indexed:
        raise _NotOurs("it has no block index")
    if canonical_schema(header.schema) is None:
        raise _NotOurs("its rows do not begin as those of the platform")
    blocks = header.checked_blocks(file.info.size)
    name = file.info.name
    return IndexedFile(
        file,
        make_source(name, partial(store.open, *file.identity), header, blocks),
        header.rows,
        named_inputs(header) if file.bucket else frozenset(),
        header.schema,
        entries.get(FINGERPRINT, ""),
        entries.get(CHECKSUM, ""),
    )


@lru_cache
def canonical_schema(schema: str) -> str | None:
    """A writer's schema without its words (Avro 1.11, "Parsing Canonical Form").

    None where rows of it do not begin with the three columns that all of ours have.
    """
    try:
        canonical: str = fastavro.schema.to_parsing_canonical_form(json.loads(schema))
        fields = json.loads(canonical)["fields"][: len(_COLUMNS)]
        columns = [(field["name"], field["type"]) for field in fields]
    except Exception:  # whatever a schema of somebody else's makes a library raise
        return None
    return canonical if columns == _COLUMNS else None


def _own(header: Header) -> Iterator[tuple[str, bytes]]:
    for name in (LIST_COUNTER, FINGERPRINT, CHECKSUM):
        if name in header.entries:
            yield name, header.entries[name]


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise CorruptFile("the header does not say which list it is of") from None


Part = tuple[Source, list[Range]]
"""A file, and the participants whose rows of it are wanted."""


class PartitionView(NamedTuple):
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


class PartitionViewer:
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

    def look(self, partition: Partition) -> PartitionView:
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
        return PartitionView(
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


def has_work(own: PartitionView) -> bool:
    """Whether there is anything but compacted files of one number of buckets."""
    found = own.indexed.values()
    bits = {each.file.bucket and each.file.bucket.bits for each in found}
    return None in bits or len(bits) > 1 or any(not each.rows for each in found)


def left_alone(own: PartitionView, bits: int) -> Outcome | None:
    """Why nothing may be done to a partition; None where it may."""
    if bad := serious([own]):
        return bad[0].outcome
    for each in own.indexed.values():
        # What took in a part of a file that turned out not to be sorted behind that
        # part: buckets of another size cannot speak for just this part of it.
        bucket, partly = each.file.bucket, each.inputs & own.unmerged
        if bucket and bucket.bits != bits and partly:
            return Outcome.NOT_INDEXED
    schemas = {canonical_schema(each.schema) for each in own.indexed.values()}
    return Outcome.SCHEMAS_DIFFER if len(schemas) > 1 else None


def serious(looks: Sequence[PartitionView]) -> list[Trouble]:
    """What could not be read though it should be."""
    return [
        trouble
        for each in looks
        for trouble in each.troubles
        if trouble.outcome is not Outcome.NOT_INDEXED
    ]


def news(look: PartitionView, seen: Collection[Identity]) -> list[str]:
    """The files that may have rows that were not seen."""
    return [
        name
        for name, each in look.indexed.items()
        if each.file.identity not in seen
        and not (each.inputs and each.inputs <= set(seen))
    ]
