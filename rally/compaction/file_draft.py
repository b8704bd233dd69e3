"""Writes one compacted file: blocks first, the header once all of them are known."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, cast

from rally.storage.block_writer import BlockWriter
from rally.storage.container import canonical_json, encode_header
from rally.storage.header import FINGERPRINT, LIST_COUNTER
from rally.storage.objectstore.interface import GenerationMismatch, ObjectStore
from rally.storage.partitions import INPUTS
from rally.storage.row_streams import Rows
from rally.storage.writer import CONTENT, of_compacted

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of a draft in memory; what is more is in a temporary file."""

_SYNC_BYTES = 16


InputEntry = tuple[str, int, str]
"""Name, generation and checksum ("" if unknown) of a file that was merged."""


class HeaderLabel(NamedTuple):
    """Header entries of a compacted file that do not depend on its rows.

    Attributes:
        schema: Writer's schema, JSON.
        fingerprint: Fingerprint of the payload's schema.
        version: Version of the pipeline.
        list: Counter of the withdrawal list by which rows were kept.
    """

    schema: str
    fingerprint: str
    version: str
    list: int


class FileDraft:
    """A compacted file in the making: blocks first, the header once all are known."""

    def __init__(self, file: BinaryIO, name: str, label: HeaderLabel) -> None:
        """Starts without a row.

        Args:
            file: Empty temporary file for the blocks.
            name: Name of the object to create; the sync marker is derived from it.
            label: Entries for the header.
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
        """Number of rows written."""
        return self._rows

    def write(self, rows: Rows) -> None:
        """Writes rows, which come after those that it has, in order."""
        add = self._writer.add
        self._digest.update(b"".join(rows))
        self._rows += len(rows)
        for row in rows:
            add(row)

    def commit(
        self, store: ObjectStore, generation: int | None, inputs: Iterable[InputEntry]
    ) -> int | None:
        """Creates the object, or replaces a generation of it.

        Args:
            store: Store of the study.
            generation: Generation to replace; None creates the object.
            inputs: Files that were merged into this one.

        Returns:
            The new generation, if one was replaced.

        Raises:
            GenerationMismatch: Another generation exists by now.
            ObjectHeld: The store forbids replacing the object.
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

    def _header(self, inputs: Iterable[InputEntry]) -> bytes:
        entries = {
            "rally.version": self._label.version,
            LIST_COUNTER: str(self._label.list),
            FINGERPRINT: self._label.fingerprint,
            CONTENT: self._digest.hexdigest(),
            INPUTS: canonical_json(sorted(inputs)),
        }
        return encode_header(self._label.schema, entries, self._writer, self._sync)


@contextmanager
def draft_file(
    name: str, label: HeaderLabel, in_memory: int = IN_MEMORY
) -> Iterator[FileDraft]:
    """Opens a draft of a compacted file; without `commit`, it leaves nothing behind.

    Args:
        name: Name of the object to create.
        label: Entries for the header.
        in_memory: Largest number of bytes to hold in memory.
    """
    with SpooledTemporaryFile(max_size=in_memory) as file:
        yield FileDraft(cast(BinaryIO, file), name, label)
