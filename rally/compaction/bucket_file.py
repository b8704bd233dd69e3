"""Writes a compacted file: beside the store first, then as a whole."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, cast

from rally.compaction.indexed_file import FINGERPRINT
from rally.storage.block_writer import BlockWriter
from rally.storage.container import canonical_json, encode_header
from rally.storage.content import CONTENT, of_compacted
from rally.storage.header import LIST_COUNTER
from rally.storage.objectstore.interface import GenerationMismatch, ObjectStore
from rally.storage.partitions import INPUTS
from rally.storage.row_streams import Rows

_IN_MEMORY = 8 * 1024 * 1024
_SYNC_BYTES = 16


Listed = tuple[str, int, str]
"""An input: its name, generation and checksum; "" where it has none."""


class Label(NamedTuple):
    """What the header of a compacted file says of it.

    Attributes:
        schema: the writer's, JSON.
        fingerprint: of the payload's schema.
        version: of the pipeline.
        list: counter of the withdrawal list under which rows stayed.
    """

    schema: str
    fingerprint: str
    version: str
    list: int


class Spool:
    """The blocks of a file whose header is not known yet."""

    def __init__(self, file: BinaryIO, name: str, label: Label) -> None:
        """Begins with no row.

        Args:
            file: empty.
            name: of the object that will be; the sync marker follows from it.
            label: for the header.
        """
        self._file = file
        self._name = name
        self._label = label
        self._digest = of_compacted(name, label.fingerprint)
        self._sync = hashlib.sha256(name.encode()).digest()[:_SYNC_BYTES]
        self._rows = 0
        self._writer = BlockWriter(file, self._sync, indexed=True)

    @property
    def rows(self) -> int:
        """How many there are."""
        return self._rows

    def write(self, batches: Iterable[Rows]) -> None:
        """Takes all rows."""
        add = self._writer.add
        for rows in batches:
            self._digest.update(b"".join(rows))
            self._rows += len(rows)
            for row in rows:
                add(row)

    def commit(
        self, store: ObjectStore, generation: int | None, inputs: Iterable[Listed]
    ) -> int | None:
        """Makes the object, or replaces the generation that stands there.

        Returns:
            The new generation, where one was replaced.

        Raises:
            GenerationMismatch: another stands there by now.
            ObjectHeld: what stands there may not be replaced.
        """
        header = self._header(inputs)
        with store.draft(self._name) as draft:
            draft.file.write(header)
            self._file.seek(0)
            shutil.copyfileobj(self._file, draft.file)
            if generation is not None:
                return draft.replace(generation)
            if not draft.create():
                raise GenerationMismatch(self._name)
        return None

    def _header(self, inputs: Iterable[Listed]) -> bytes:
        entries = {
            "rally.version": self._label.version,
            LIST_COUNTER: str(self._label.list),
            FINGERPRINT: self._label.fingerprint,
            CONTENT: self._digest.hexdigest(),
            INPUTS: canonical_json(sorted(inputs)),
        }
        return encode_header(self._label.schema, entries, self._writer, self._sync)


@contextmanager
def spooled(name: str, label: Label) -> Iterator[Spool]:
    """A file in the making; what is not committed leaves nothing behind."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        yield Spool(cast(BinaryIO, file), name, label)
