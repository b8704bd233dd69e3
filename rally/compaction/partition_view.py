"""Views of a partition: which files it has, what is live, and what is to be done.

A view is built from file headers alone, each of which is read once.
"""

import json
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import fastavro

from rally.compaction.outcomes import CompactionOutcome, Trouble, describe_failure
from rally.errors import CorruptFile
from rally.storage.header import CHECKSUM, FINGERPRINT, LIST_COUNTER, Header
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import (
    Identity,
    Range,
    StoredFile,
    list_files,
    live_view,
    named_inputs,
    short_revision,
)
from rally.storage.row_streams import NotSorted, RowStream, Source, make_source
from rally.storage.snapshots import header_of

MAX_REVISIONS = 32
"""Most schemas of the rows of one partition: each has a file open in a merge."""

_COLUMNS = [
    ("participant", "string"),
    ("document_id", "string"),
    ("submission_timestamp", "long"),
]


class IndexedFile(NamedTuple):
    """A file with a block index, whose rows can be merged.

    Attributes:
        file: The file as listed.
        source: Reader of its rows.
        rows: Number of rows.
        inputs: Files that were merged into it; while they exist, it replaces them.
        schema: Writer's schema, JSON.
        fingerprint: Fingerprint of the payload's schema; "" if the header has none.
        revision: Digits that stand for the schema in names of compacted files.
        checksum: Checksum of the blocks; "" if the header has none.
    """

    file: StoredFile
    source: Source
    rows: int
    inputs: frozenset[Identity]
    schema: str
    fingerprint: str
    revision: str
    checksum: str

    @property
    def tag(self) -> bytes:
        """Bytes by which a merge of rows of several revisions tells them apart."""
        return bytes.fromhex(self.revision)


TAG_BYTES = 6
"""Length of a tag."""


def describe_unreadable(name: str, error: CorruptFile | OSError) -> Trouble:
    """Returns the problem to report for an object that cannot be read."""
    if isinstance(error, _NotOurs | NotSorted):
        return Trouble(CompactionOutcome.NOT_INDEXED, name, str(error))
    return describe_failure(name, error)


class _NotOurs(CorruptFile):
    pass


def index_file(
    store: ObjectStore,
    file: StoredFile,
    header: Header,
    check_list: Callable[[int], None],
) -> IndexedFile:
    """Checks a file's header and returns what merging needs of it.

    Args:
        store: Store of the study.
        file: The file as listed.
        header: Header of the file.
        check_list: Called with the counter of the file's withdrawal list.

    Raises:
        CorruptFile: The file is damaged, or cannot be merged.
    """
    entries = {
        name: header.entries[name].decode("utf-8", "replace")
        for name in (LIST_COUNTER, FINGERPRINT, CHECKSUM)
        if name in header.entries
    }
    try:
        counter = int(entries.get(LIST_COUNTER, "0"))
    except ValueError:
        raise CorruptFile("the header does not say which list it is of") from None
    check_list(counter)
    if not header.is_indexed:
        raise _NotOurs("it has no block index")
    canonical = canonical_schema(header.schema)
    if canonical is None:
        raise _NotOurs("its rows do not begin as those of the platform")
    fingerprint = entries.get(FINGERPRINT, "")
    revision = short_revision(fingerprint, canonical)
    if file.revision not in ("", revision):
        raise _NotOurs("its name is that of a file with another schema")
    blocks = header.checked_blocks(file.info.size)
    name = file.info.name
    return IndexedFile(
        file,
        make_source(name, partial(store.open, *file.identity), header, blocks),
        header.rows,
        named_inputs(header) if file.bucket else frozenset(),
        header.schema,
        fingerprint,
        revision,
        entries.get(CHECKSUM, ""),
    )


@lru_cache
def canonical_schema(schema: str) -> str | None:
    """Returns a schema without its comments (Avro 1.11, "Parsing Canonical Form").

    None if its rows do not begin with the three columns of every row of the platform.
    """
    try:
        canonical: str = fastavro.schema.to_parsing_canonical_form(json.loads(schema))
        fields = json.loads(canonical)["fields"][: len(_COLUMNS)]
        columns = [(field["name"], field["type"]) for field in fields]
    except Exception:  # whatever a schema of somebody else's makes a library raise
        return None
    return canonical if columns == _COLUMNS else None


LiveRows = tuple[Source, list[Range]]
"""A file, and the ranges of participants whose rows in it are live."""


class PartitionView(NamedTuple):
    """The files of a partition at one moment.

    Attributes:
        partition: The partition.
        files: All its files.
        indexed: Files that can be merged, by name.
        live: Live ranges of participants of each indexed file, by name.
        troubles: Problems of the other files.
    """

    partition: Partition
    files: Sequence[StoredFile]
    indexed: dict[str, IndexedFile]
    live: dict[str, list[Range]]
    troubles: tuple[Trouble, ...]

    @property
    def unmerged(self) -> set[Identity]:
        """Files that exist and cannot be merged."""
        return {
            file.identity for file in self.files if file.info.name not in self.indexed
        }

    @property
    def revisions(self) -> list[str]:
        """Revisions of the files that can be merged, sorted; see IndexedFile."""
        return sorted({each.revision for each in self.indexed.values()})

    def parts(
        self, names: Collection[str] | None = None, *, tagged: bool = False
    ) -> list[list[LiveRows]]:
        """Returns the live rows of files, grouped into chains.

        The files of a chain follow one another in order, as buckets of one size and
        revision do.

        Args:
            names: Names of the files; None means all that are indexed.
            tagged: Whether each row ends with the tag of its file.
        """
        chains: dict[object, list[LiveRows]] = {}
        for name, each in self.indexed.items():
            if self.live[name] and (names is None or name in names):
                bucket = each.file.bucket
                key = (bucket.bits, each.revision) if bucket else name
                chains.setdefault(key, []).append(self.rows_of(each, tagged=tagged))
        return list(chains.values())

    def rows_of(self, each: IndexedFile, *, tagged: bool) -> LiveRows:
        """Returns the live rows of a file; see `parts`."""
        source = each.source._replace(tag=each.tag) if tagged else each.source
        return source, self.live[each.file.info.name]


class PartitionViewer:
    """Builds views of a study's partitions and reads each file's header once.

    Attributes:
        skipped: Problems of files that proved unreadable behind the header, by name.
    """

    def __init__(
        self,
        store: ObjectStore,
        check_list: Callable[[int], None],
        known: dict[Identity, IndexedFile],
    ) -> None:
        """Stores its arguments; reads nothing yet.

        Args:
            store: Store of the study.
            check_list: Called with the counter of each file's withdrawal list.
            known: Files whose header was read before; new ones are added.
        """
        self._store = store
        self._check_list = check_list
        self._known = known
        self.skipped: dict[str, Trouble] = {}

    def view(self, partition: Partition) -> PartitionView:
        """Lists a partition and reads the headers that are not known yet.

        Raises:
            GenerationMismatch, ObjectNotFound: A file changed during the reading.
        """
        files = list_files(self._store, partition.study, partition.folder)
        read = {file.info.name: self._read(file) for file in files}
        indexed = {
            name: each for name, each in read.items() if isinstance(each, IndexedFile)
        }
        live = live_view(files, {name: each.inputs for name, each in indexed.items()})
        return PartitionView(
            partition,
            files,
            indexed,
            {each.file.info.name: each.live for each in live},
            tuple(each for each in read.values() if isinstance(each, Trouble)),
        )

    def _read(self, file: StoredFile) -> IndexedFile | Trouble:
        name = file.info.name
        if name in self.skipped:
            return self.skipped[name]
        if file.identity not in self._known:
            try:
                with self._store.open(*file.identity) as snapshot:
                    header = header_of(snapshot)
                read = index_file(self._store, file, header, self._check_list)
            except (CorruptFile, OSError) as error:
                return describe_unreadable(name, error)
            self._known[file.identity] = read
        return self._known[file.identity]


def make_streams(parts: Sequence[Sequence[LiveRows]]) -> list[RowStream]:
    """Opens one stream of rows for each chain of live rows."""
    return [RowStream(each) for each in parts]


def has_work(view: PartitionView) -> bool:
    """Tells whether there is anything to compact in a partition.

    Compacted files of one number of buckets, each with rows, stay as they are.
    """
    files = view.indexed.values()
    bits = {each.file.bucket and each.file.bucket.bits for each in files}
    return None in bits or len(bits) > 1 or any(not each.rows for each in files)


def reason_to_skip(view: PartitionView, bits: int) -> CompactionOutcome | None:
    """Returns why a partition must be left as it is; None if it may be compacted.

    Args:
        view: The partition.
        bits: Binary logarithm of the number of buckets to write.
    """
    if bad := unread_troubles([view]):
        return bad[0].outcome
    for each in view.indexed.values():
        # Some file was merged in part and then proved to be unsorted behind that
        # part. Buckets of another size cannot replace just this part of it.
        bucket, partly = each.file.bucket, each.inputs & view.unmerged
        if bucket and bucket.bits != bits and partly:
            return CompactionOutcome.NOT_INDEXED
    schemas = {
        (each.revision, each.fingerprint, canonical_schema(each.schema))
        for each in view.indexed.values()
    }
    if len({revision for revision, *_ in schemas}) < len(schemas):
        return CompactionOutcome.SCHEMAS_DIFFER
    return CompactionOutcome.SCHEMAS_DIFFER if len(schemas) > MAX_REVISIONS else None


def unread_troubles(views: Sequence[PartitionView]) -> list[Trouble]:
    """Returns the problems of files that should be readable and are not."""
    return [
        trouble
        for each in views
        for trouble in each.troubles
        if trouble.outcome is not CompactionOutcome.NOT_INDEXED
    ]


def unseen_files(view: PartitionView, seen: Collection[Identity]) -> list[str]:
    """Names the files of a view that may have rows that were not seen.

    Args:
        view: The partition as it is now.
        seen: Files that were read before.
    """
    return [
        name
        for name, each in view.indexed.items()
        if each.file.identity not in seen
        and not (each.inputs and each.inputs <= set(seen))
    ]
