"""Finds all stored rows of one person, by bucket and block index, in all studies.

It looks where deletion looks. Whatever compaction is at, every copy that is stored is
found, and rows that are equal to the byte count once: a person's copy leaves out
nothing that is there. Nothing is written anywhere.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from rally.errors import CorruptFile
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.storage.block_index import Block, blocks_of
from rally.storage.failures import STORE_ERRORS, failure_of
from rally.storage.header import FINGERPRINT, Header
from rally.storage.layout import Partition, Stores
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
)
from rally.storage.partitions import StoredFile, list_containers, parse_file
from rally.storage.row_decoder import RowDecoder
from rally.storage.row_keys import PARTICIPANT, RowKey, key_of, row_walker
from rally.storage.snapshots import (
    cut_block,
    frame_rows,
    outline_of,
    parse_frame,
    walk_frames,
)
from rally.validation.pseudonyms import Pseudonyms

_LOOKS = 10
"""Listings of a study after which it changes too fast to be read."""


class StoredRow(NamedTuple):
    """One row of the person.

    Attributes:
        partition: Partition of the file, with "" for document and day where its path
            names none.
        key: Participant, document id and submission timestamp.
        fingerprint: Fingerprint of the payload's schema; "" where the file says none.
        schema: Writer's schema of the row, JSON.
        data: Avro binary of the row.
    """

    partition: Partition
    key: RowKey
    fingerprint: str
    schema: str
    data: bytes

    def decode(self) -> Any:
        """Decodes the row into JSON values.

        Raises:
            CorruptFile: The row is not what its schema says.
        """
        return _decoder(self.schema).decode(self.data)

    @property
    def payload_schema(self) -> dict[str, Any]:
        """The schema of the message in the row; empty where another program wrote it.

        It says by `participant` and `deletion_id` where the person's ids stand.
        """
        return _payload_schema(self.schema)


@dataclass(slots=True)
class ReadingCosts:
    """Counts what a search read.

    Attributes:
        listed: Number of files that were listed.
        opened: Number of files of which something was read.
        bytes: Number of bytes that were read of files.
    """

    listed: int = 0
    opened: int = 0
    bytes: int = 0


class UnreadFile(NamedTuple):
    """A file that may have rows of the person and cannot be read.

    Attributes:
        study: Namespace.
        name: Name of the object.
        reason: Words for what is in the way.
        is_unavailable: Whether the store could not be reached: nobody has to mend the
            file, and it may be read later.
    """

    study: str
    name: str
    reason: str
    is_unavailable: bool = False


@dataclass(frozen=True, slots=True)
class PersonRows:
    """What was found of one person.

    Attributes:
        rows: Rows, sorted by study, document, time and document id.
        unread: Files that could not be read; with one of them the rows are not all.
        closed: Namespaces of studies that do not load, whose rows nobody can find now.
        concluded: Namespaces of studies whose key is destroyed: nothing there is
            anybody's.
        costs: What was read.
    """

    rows: tuple[StoredRow, ...]
    unread: tuple[UnreadFile, ...] = ()
    closed: tuple[str, ...] = ()
    concluded: tuple[str, ...] = ()
    costs: ReadingCosts = field(default_factory=ReadingCosts, compare=False)


def find_person_rows(
    registry: Registry, stores: Stores, pseudonyms: Pseudonyms, person: str
) -> PersonRows:
    """Finds all rows of a person.

    Args:
        registry: Studies to look into.
        stores: Stores of their rows.
        pseudonyms: Pseudonyms of the platform and of the studies that have a key.
        person: Platform pseudonym.

    Raises:
        GenerationMismatch: A study's files change faster than they can be read.
        OSError: A store cannot be listed.
    """
    costs, unread = ReadingCosts(), list[UnreadFile]()
    found, concluded = list[StoredRow](), list[str]()
    for study in registry.studies.values():
        own = _pseudonym_in(study, pseudonyms, person)
        if own is None:
            concluded.append(study.namespace)
            continue
        store = stores.of(study.namespace)
        search = _Search(store, study.namespace, own, costs)
        found += search.rows()
        unread += search.unread
    # Equal rows once: a compaction that was killed leaves some in two files. Of these
    # the one counts whose file says its schema's fingerprint.
    found.sort(key=lambda each: each.fingerprint)
    unique = {(each.partition, each.data): each for each in found}
    return PersonRows(
        tuple(sorted(unique.values(), key=_order)),
        tuple(unread),
        tuple(registry.unavailable),
        tuple(concluded),
        costs,
    )


def _pseudonym_in(study: Study, pseudonyms: Pseudonyms, person: str) -> bytes | None:
    """Gives what a namespace's rows know a person by; None where the key is gone."""
    if study.kind is StudyKind.PLATFORM:
        return person.encode()
    if not pseudonyms.knows(study.namespace):
        return None
    return pseudonyms.of_study(study.namespace, person).encode()


def _order(row: StoredRow) -> tuple[Partition, int, bytes, bytes]:
    partition = row.partition._replace(day="")
    return partition, row.key.time, row.key.document_id, row.data


class _Search:
    """Reads the files of one study that may have rows of one participant."""

    def __init__(
        self, store: ObjectStore, study: str, participant: bytes, costs: ReadingCosts
    ) -> None:
        self._store = store
        self._study = study
        self._participant = participant
        self._person = OnePerson(participant)
        self._costs = costs
        self.unread: list[UnreadFile] = []

    def rows(self) -> list[StoredRow]:
        """Reads until a listing shows no file that was not read.

        A listing is no moment: what compaction moves meanwhile is in a file that a
        later listing shows.
        """
        found, done = list[StoredRow](), set[tuple[str, int]]()
        for _ in range(_LOOKS):
            listed = list(list_containers(self._store, self._study))
            self._costs.listed += len(listed)
            files = (parse_file(each, self._study) for each in listed)
            new = [each for each in files if each.identity not in done]
            own = [each for each in new if self._may_have_rows(each)]
            if not own:
                return found
            for file in own:
                done.add(file.identity)
                found += self._read(file)
        raise GenerationMismatch(self._study)

    def _may_have_rows(self, file: StoredFile) -> bool:
        start, end = file.people
        return start <= self._participant < end

    def _read(self, file: StoredFile) -> list[StoredRow]:
        try:
            with self._store.open(*file.identity) as opened:
                self._costs.opened += 1
                return list(self._rows_of(file, _CountedSnapshot(opened, self._costs)))
        except (GenerationMismatch, ObjectNotFound):
            return []  # its rows are in what the next listing shows, or are deleted
        except STORE_ERRORS as error:
            reason = failure_of(error).detail or "cannot be read"
            is_unavailable = isinstance(error, ConnectionError)
            name = file.info.name
            self.unread.append(UnreadFile(self._study, name, reason, is_unavailable))
            return []

    def _rows_of(self, file: StoredFile, snapshot: Snapshot) -> Iterator[StoredRow]:
        header = outline_of(snapshot)
        entry = header.entries.get(FINGERPRINT, b"")
        fingerprint, schema = entry.decode("utf-8", "replace"), header.schema
        for key, row in self._keyed(header, snapshot):
            yield StoredRow(file.partition, key, fingerprint, schema, row)

    def _keyed(
        self, header: Header, snapshot: Snapshot
    ) -> Iterator[tuple[RowKey, bytes]]:
        """Yields the person's rows, of few blocks where the file has an index."""
        if not header.is_indexed:
            walker = row_walker(header.schema)
            for frame in walk_frames(snapshot, header):
                rows = frame_rows(frame, header.codec)
                yield from self._own(walker.walk(rows, frame.rows, self._person))
            return
        for block in blocks_of(header.checked_blocks(snapshot.info.size), self._person):
            data = snapshot.read(header.length + block.offset, block.length)
            yield from self._of_block(header, block, data)

    def _of_block(
        self, header: Header, block: Block, data: bytes
    ) -> Iterator[tuple[RowKey, bytes]]:
        if block.row_lengths:
            for row in cut_block(data, header, block):
                if row[PARTICIPANT] == self._participant:
                    yield key_of(row), row
            return
        frame = parse_frame(data, block.offset, header.sync)
        if (len(frame.data), frame.rows) != (block.length, block.rows):
            raise CorruptFile("a block is not what the index says")
        rows, walker = frame_rows(frame, header.codec), row_walker(header.schema)
        yield from self._own(walker.walk(rows, frame.rows, self._person))

    @staticmethod
    def _own(
        rows: Iterable[tuple[RowKey | None, bytes]],
    ) -> Iterator[tuple[RowKey, bytes]]:
        return ((key, row) for key, row in rows if key is not None)


class OnePerson:
    """One participant, as an index and a walk of rows ask for people."""

    def __init__(self, participant: bytes) -> None:
        """Takes the pseudonym, 36 ASCII bytes."""
        self._participant = participant

    def __contains__(self, participant: object) -> bool:
        return participant == self._participant

    def has_between(self, start: bytes, end: bytes) -> bool:
        """Tells whether the participant is at or after `start`, and before `end`."""
        return start <= self._participant < end


class _CountedSnapshot:
    """A snapshot that counts the bytes that are read of it."""

    def __init__(self, inner: Snapshot, costs: ReadingCosts) -> None:
        self._inner = inner
        self._costs = costs

    @property
    def info(self) -> ObjectInfo:
        return self._inner.info

    def read(self, start: int, length: int) -> bytes:
        data = self._inner.read(start, length)
        self._costs.bytes += len(data)
        return data


@cache
def _decoder(schema: str) -> RowDecoder:
    try:
        return RowDecoder(json.loads(schema))
    except (RecursionError, ValueError):
        raise CorruptFile("the schema is no Avro schema") from None


@cache
def _payload_schema(schema: str) -> dict[str, Any]:
    fields = json.loads(schema).get("fields", [])
    found = (each["type"] for each in fields if each.get("name") == "payload")
    payload = next(found, None)
    return payload if isinstance(payload, dict) else {}
