"""What our own readers see of a store: each row once, whatever compaction is at.

Compaction writes the buckets of a partition one after the other, a file for each schema
of rows in it, and then removes the files that went into them. Killed in between, it
leaves rows twice. A compacted file lists its inputs, which are of its own schema, by
name and generation, and a row of such an input that is in the compacted file's bucket
is dead: the compacted file speaks for it.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from rally.errors import CorruptFile
from rally.storage.header import MAGIC, Header
from rally.storage.layout import NEW, Partition, is_day, study_folder
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.objectstore.strays import list_but_strays
from rally.storage.snapshots import outline_of

_BUCKET = re.compile(r"(0|[1-9][0-9]{0,2})-([0-9a-f]+)")
_ID_BITS = 128


class Range(NamedTuple):
    """Participants from `start` up to, and without, `end`; bytes as in a row."""

    start: bytes
    end: bytes


EVERYBODY = Range(b"", b"\xff")


class Bucket(NamedTuple):
    """A part of a partition: who has these leading bits.

    Attributes:
        bits: Number of bits.
        number: Their value.
    """

    bits: int
    number: int

    @property
    def name(self) -> str:
        """As it stands in a path, `<bits>-<hex>`."""
        return f"{self.bits}-{self.number:0{max(-(-self.bits // 4), 1)}x}"

    @property
    def people(self) -> Range:
        """Who is in it; together the buckets leave out nobody."""
        last = self.number + 1 == 1 << self.bits
        return Range(
            self._start(self.number) if self.number else EVERYBODY.start,
            EVERYBODY.end if last else self._start(self.number + 1),
        )

    def enclosing(self) -> Iterator["Bucket"]:
        """Yields the buckets that have all of its people: all of fewer bits, and it."""
        for bits in range(self.bits + 1):
            yield Bucket(bits, self.number >> (self.bits - bits))

    def _start(self, number: int) -> bytes:
        return str(UUID(int=number << (_ID_BITS - self.bits))).encode()


WHOLE = Bucket(0, 0)
"""Everybody."""


def parse_bucket(text: str) -> Bucket | None:
    """The bucket of that name, as it stands in a path; None: it is none."""
    match = _BUCKET.fullmatch(text)
    if match is None:
        return None
    bucket = Bucket(int(match[1]), int(match[2], 16))
    is_one = bucket.bits <= _ID_BITS and bucket.number < 1 << bucket.bits
    return bucket if is_one and bucket.name == text else None


INPUTS = "rally.inputs"
"""Entry of a compacted file: a JSON list of [name, generation, checksum]."""

SUFFIX = ".avro"
_COMPACTED = re.compile("compacted-([0-9a-f]{12})" + re.escape(SUFFIX))
_FINGERPRINT = re.compile("[0-9a-f]{64}")
_REVISION_DIGITS = 12
_PATH = re.compile(
    r"data/study=[^/]+/document=([^/]+)/date=(\d{4}-\d\d-\d\d)"
    r"(?:/bucket=([^/]+))?/(.+)\.avro"
)
_HIDDEN = re.compile("(?:^|/)[._]")
_LOOKS = 10

Identity = tuple[str, int]
"""An object's name and generation."""


class StoredFile(NamedTuple):
    """A file of a study's store.

    Attributes:
        info: The object as it was listed.
        partition: The partition, with "" for document and day where the path names
            none.
        bucket: The bucket whose rows alone it has; None of all but compacted files.
        is_new: Whether it is as ingest wrote it.
        revision: See `short_revision`; "" of all but compacted files.
    """

    info: ObjectInfo
    partition: Partition
    bucket: Bucket | None
    is_new: bool
    revision: str = ""

    @property
    def identity(self) -> Identity:
        """Its name and generation."""
        return self.info.name, self.info.generation

    @property
    def people(self) -> Range:
        """Whose rows it may have."""
        return self.bucket.people if self.bucket else EVERYBODY


class FilesByBucket:
    """Files of one partition, by the people whose rows they may have."""

    def __init__(self, files: Iterable[StoredFile]) -> None:
        """Sorts the files by their bucket; what has none may have anybody's rows."""
        self._of = defaultdict[Bucket, list[StoredFile]](list)
        self._within = defaultdict[Bucket, list[StoredFile]](list)
        for file in files:
            bucket = file.bucket or WHOLE
            self._of[bucket].append(file)
            for each in bucket.enclosing():
                self._within[each].append(file)

    def overlapping(self, bucket: Bucket) -> list[StoredFile]:
        """Finds the files that may have rows of somebody in a bucket."""
        found = list(self._within.get(bucket, ()))
        for each in bucket.enclosing():
            if each != bucket:
                found += self._of.get(each, ())
        return found


class LiveFile(NamedTuple):
    """Live rows of a file.

    Attributes:
        file: The file.
        dead: The participants for whose rows another file speaks; sorted.
    """

    file: StoredFile
    dead: tuple[Range, ...] = ()

    def holds(self, participant: bytes) -> bool:
        """Tells whether the file's rows of a participant, 36 ASCII bytes, count."""
        return not any(start <= participant < end for start, end in self.dead)

    @property
    def live(self) -> list[Range]:
        """The participants whose rows count, sorted; none where the file is dead."""
        start, last = self.file.people
        ranges = []
        for dead in self.dead:
            if start < dead.start:
                ranges.append(Range(start, min(dead.start, last)))
            start = max(start, dead.end)
        return [*ranges, Range(start, last)] if start < last else ranges


def short_revision(fingerprint: str, schema: str) -> str:
    """The 12 hex digits that stand for the schema of rows in a compacted file's name.

    They are the first of its fingerprint. Rows of another program's writer have none;
    theirs are of a hash of their schema.

    Args:
        fingerprint: Fingerprint as the header says it; "" if it says none.
        schema: Canonical form of the writer's schema.
    """
    if not _FINGERPRINT.fullmatch(fingerprint):
        fingerprint = hashlib.sha256(f"{fingerprint}\0{schema}".encode()).hexdigest()
    return fingerprint[:_REVISION_DIGITS]


def compacted_file(partition: Partition, bucket: Bucket, revision: str) -> str:
    """The object that compaction writes for a bucket's rows of one revision.

    Args:
        partition: Partition of the rows.
        bucket: Bucket of the rows.
        revision: Twelve hex digits; see `short_revision`.
    """
    return f"{partition.folder}bucket={bucket.name}/compacted-{revision}{SUFFIX}"


def list_files(store: ObjectStore, study: str, prefix: str = "") -> list[StoredFile]:
    """The files of a study, or those below a prefix, sorted by name.

    Of a study whose folder is a link there are none: who lists all names `strays`.
    """
    whole = study_folder(study)
    found = store.list(prefix) if prefix else list_but_strays(store, whole)
    return [parse_file(info, study) for info in found if is_row_file(info.name)]


def list_containers(store: ObjectStore, study: str) -> Iterator[ObjectInfo]:
    """Every object of a study that can have rows, whatever its name, sorted by name.

    One that cannot be read is listed: whoever reads it says what is wrong.
    """
    for info in list_but_strays(store, study_folder(study)):
        if is_row_file(info.name) or _is_container(store, info):
            yield info


def _is_container(store: ObjectStore, info: ObjectInfo) -> bool:
    try:
        return store.read_range(info.name, 0, len(MAGIC)) == MAGIC
    except ObjectNotFound:
        return False
    except OSError:
        return True


def is_row_file(name: str) -> bool:
    """Tells whether readers take an object for rows; ours skip hidden ones.

    Nor do Spark and BigQuery: what begins with a dot or a low line is a tool's own.
    """
    return name.endswith(SUFFIX) and _HIDDEN.search(name) is None


def by_partition(files: Iterable[StoredFile]) -> dict[Partition, list[StoredFile]]:
    """The files of each partition; `files` are sorted by name."""
    groups = groupby(files, key=lambda file: file.partition)
    return {partition: list(each) for partition, each in groups}


def named_inputs(header: Header) -> frozenset[Identity]:
    """The files that a compacted file speaks for. Raises CorruptFile."""
    try:
        listed = json.loads(header.entries.get(INPUTS, b"[]"))
        return frozenset((name, int(generation)) for name, generation, _ in listed)
    except (ValueError, TypeError):
        raise CorruptFile("the header does not say what went into the file") from None


def is_settled(files: Sequence[StoredFile]) -> bool:
    """Tells whether all files of a partition are live, whatever they list.

    They are where no other stands beside the compacted files of one number of buckets:
    of these none lists another, since each lists files of its own bucket and schema.
    """
    return len({file.bucket and file.bucket.bits for file in files}) < 2


def live_view(
    files: Sequence[StoredFile], inputs: Mapping[str, Collection[Identity]]
) -> list[LiveFile]:
    """What is live of each file of a partition.

    Args:
        files: All of them.
        inputs: Inputs that each compacted file lists, by the name of the file; needed
            only where the partition is not settled.
    """
    dead: dict[Identity, list[Range]] = {file.identity: [] for file in files}
    for file in files:
        for each in inputs.get(file.info.name, ()) if file.bucket else ():
            if each in dead and each != file.identity:
                dead[each].append(file.people)
    return [LiveFile(file, tuple(sorted(dead[file.identity]))) for file in files]


def read_view(store: ObjectStore, partition: Partition) -> list[LiveFile]:
    """What is live in a partition now.

    Raises:
        GenerationMismatch: it changes all the time.
        CorruptFile: a compacted file beside which others stand is damaged.
    """
    for _ in range(_LOOKS):
        files = list_files(store, partition.study, partition.folder)
        try:
            inputs = {} if is_settled(files) else _read_inputs(store, files)
        except (GenerationMismatch, ObjectNotFound):
            continue
        # A listing is no moment: an input may go before the listing comes to it, and
        # what it went into may have come after the listing was there.
        if files == list_files(store, partition.study, partition.folder):
            return live_view(files, inputs)
    raise GenerationMismatch(partition.folder)


def partition_of(study: str, name: str) -> Partition | None:
    """The partition that a file's path names, or None."""
    match = _match(name)
    return Partition(study, match[1], match[2]) if match else None


def _match(name: str) -> re.Match[str] | None:
    """The parts of a path that names a document and a date which there is."""
    match = _PATH.fullmatch(name)
    return match if match and is_day(match[2]) else None


def people_in(name: str) -> Range:
    """Whose rows a file of that name may have."""
    return parse_file(ObjectInfo(name, 0, 0), "").people


def _read_inputs(
    store: ObjectStore, files: Sequence[StoredFile]
) -> dict[str, frozenset[Identity]]:
    inputs = {}
    for file in files:
        if file.bucket:
            with store.open(*file.identity) as snapshot:
                inputs[file.info.name] = named_inputs(outline_of(snapshot))
    return inputs


def parse_file(info: ObjectInfo, study: str) -> StoredFile:
    """An object of a study's store as its path says."""
    match = _match(info.name)
    if match is None:
        return StoredFile(info, Partition(study, "", ""), None, False)
    document, day, bucket, rest = match.groups()
    partition = Partition(study, document, day)
    is_new = bucket == NEW and "/" not in rest
    compacted = _COMPACTED.fullmatch(rest + SUFFIX)
    if bucket and compacted and (parsed := parse_bucket(bucket)):
        return StoredFile(info, partition, parsed, is_new, compacted[1])
    return StoredFile(info, partition, None, is_new)
