"""Writes rows: few files, each whole, each named by what is in it.

The same rows are the same object wherever and however often they are written, so a
step that is repeated after a crash changes nothing.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from rally.errors import CorruptFile
from rally.observability.measures import Measures, Spread, Sum
from rally.storage.container import encode_container
from rally.storage.header import FINGERPRINT, LIST_COUNTER, Header, read_header
from rally.storage.layout import Partition, Stores, new_file
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore

CONTENT = "rally.content"
"""The header's entry."""


class Digest(Protocol):
    """A hash in the making."""

    def update(self, data: bytes, /) -> None:
        """Takes rows, in the order in which they are stored."""

    def hexdigest(self) -> str:
        """The hash of all that was taken."""


def of_new(partition: Partition, fingerprint: str) -> Digest:
    """Begins that of a file as ingest writes it.

    Args:
        partition: Partition of its rows.
        fingerprint: Fingerprint of the payload's schema.
    """
    return _begin(*partition, fingerprint)


def of_compacted(name: str, fingerprint: str) -> Digest:
    """Begins that of a compacted file, by the object's name."""
    return _begin(name, fingerprint)


def _begin(*parts: str) -> Digest:
    return hashlib.sha256(b"".join(part.encode() + b"\0" for part in parts))


FLUSH_BYTES = 64 * 1024 * 1024
"""Encoded rows held in memory before they are written."""

_HEADER_READ = 1024 * 1024
_PER_ROW = 64  # what Python keeps beside the bytes of each row


class NewRow(NamedTuple):
    """An encoded row that is to be stored.

    Attributes:
        partition: Partition of the row.
        fingerprint: Fingerprint of the payload's schema.
        row: Avro binary.
    """

    partition: Partition
    fingerprint: str
    row: bytes


class Table(NamedTuple):
    """Table in which rows of one revision of a document are stored.

    Attributes:
        schema: The writer's schema, JSON.
        fingerprint: Fingerprint of the payload's schema.
    """

    schema: str
    fingerprint: str


class RowWriter:
    """Groups rows by partition and schema, and writes a file for each at every flush.

    Memory is bounded: when FLUSH_BYTES are held, everything is written.
    """

    def __init__(
        self,
        stores: Stores,
        table: Callable[[str, str, str], Table],
        version: str,
        withdrawal_list: Callable[[], int],
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepares.

        Args:
            stores: The stores of each study's partitions.
            table: The schema of the rows of (study, document, fingerprint).
            version: Version of the pipeline, for the header.
            withdrawal_list: Counter of the list under which a row was judged that is
                added now.
            before: Function that is called before rows become visible: whoever reads
                them must find the enrolment that lets them be there.
        """
        self._stores = stores
        self._table = table
        self._version = version
        self._withdrawal_list = withdrawal_list
        self._before = before
        self._oldest_list = 0
        self._rows: dict[tuple[Partition, str], list[bytes]] = {}
        self._held = 0
        self.measures = Measures()

    def add(self, partition: Partition, fingerprint: str, row: bytes) -> None:
        """Takes a row; it is stored at the next flush, or now if memory says so.

        Lists only rise, so the first row's is the oldest of what a flush writes: a
        file never claims a newer list than one of its rows was judged under.

        Args:
            partition: Partition of the row.
            fingerprint: Fingerprint of the payload's schema.
            row: Avro binary.
        """
        if not self._rows:
            self._oldest_list = self._withdrawal_list()
        self._rows.setdefault((partition, fingerprint), []).append(row)
        self._held += len(row) + _PER_ROW
        if self._held >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes all that is held; when it returns, the files are whole."""
        self._before()
        for (partition, fingerprint), rows in sorted(self._rows.items()):
            self.write(partition, fingerprint, rows, self._oldest_list)
        self._rows.clear()
        self._held = 0

    def write(
        self,
        partition: Partition,
        fingerprint: str,
        rows: Sequence[bytes],
        withdrawal_list: int,
    ) -> str:
        """Writes one file and returns its name in the study's store.

        Args:
            partition: Partition of the rows.
            fingerprint: Fingerprint of the schema of their payloads.
            rows: Encoded, in any order.
            withdrawal_list: Counter of the oldest list under which one was judged.
        """
        ordered = sorted(rows)
        table = self._table(partition.study, partition.document, fingerprint)
        content = _content_hash(partition, table, ordered)
        entries = {
            "rally.version": self._version,
            LIST_COUNTER: str(withdrawal_list),
            FINGERPRINT: table.fingerprint,
            CONTENT: content,
        }
        data = encode_container(
            table.schema, ordered, entries, bytes.fromhex(content[:32]), indexed=True
        )
        name = new_file(partition, content[:32])
        create_named_by_content(self._stores.of(partition.study), name, data, content)
        self.measures.note(Spread.FILE_ROWS, len(ordered))
        self.measures.add(Sum.FILES, 1)
        self.measures.add(Sum.WRITTEN_BYTES, len(data))
        return name


def create_named_by_content(
    store: ObjectStore, name: str, data: bytes, content: str
) -> None:
    """Creates an object, or sees that it is there already with the same content.

    Raises:
        CorruptFile: an object of that name holds something else.
    """
    while not store.create(name, data):
        try:
            header = read_stored_header(store, name)
        except ObjectNotFound:
            continue  # it was there and has been deleted since
        if header.entries.get(CONTENT) != content.encode():
            raise CorruptFile(
                f"{name}: another content stands under this name; move it"
            )
        return


def read_stored_header(store: ObjectStore, name: str) -> Header:
    """Reads an object's header, however long its block index makes it.

    Raises:
        CorruptFile: it has none, or not whole.
        ObjectNotFound: there is no such object.
    """
    length = _HEADER_READ
    while True:
        data = store.read_range(name, 0, length)
        try:
            return read_header(data)
        except CorruptFile as error:
            if len(data) < length:
                raise CorruptFile(f"{name}: {error}") from None
        length *= 4


def _content_hash(partition: Partition, table: Table, rows: Sequence[bytes]) -> str:
    digest = of_new(partition, table.fingerprint)
    for row in rows:
        digest.update(row)
    return digest.hexdigest()
