"""A file whose rows can be merged, and why others cannot."""

import json
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import NamedTuple

import fastavro

from rally.compaction.outcomes import Outcome, Trouble
from rally.errors import cause_of
from rally.storage.corruption import CorruptFile
from rally.storage.header import CHECKSUM, LIST_COUNTER, Header
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import Identity, StoredFile, named_inputs
from rally.storage.row_streams import NotSorted, Source, make_source

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
