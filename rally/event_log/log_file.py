"""One file of the event log: the sorted events of a bucket, as delete signed them.

An Avro container file with a block index. Its header says bucket and counter, has the
SHA-256 of each block, and is signed. The root names it by the SHA-256 of the header: so
whoever reads a few blocks knows that they are what delete wrote, and under an older
root its signature tells a file from what somebody planted.
"""

import base64
import hashlib
import io
import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rally.errors import CorruptFile
from rally.event_log.rows import SCHEMA, is_first, key_in
from rally.keys.signing import SigningKey
from rally.storage.block_index import Block, blocks_of
from rally.storage.block_writer import BlockWriter
from rally.storage.container import canonical_json, index_entries
from rally.storage.header import (
    CHECKSUM,
    CODEC,
    HEADER_CHECKSUM,
    ROWS,
    Header,
    join_header,
)
from rally.storage.header import SCHEMA as SCHEMA_ENTRY
from rally.storage.layout import log_bucket_file
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
    upsert,
)
from rally.storage.partitions import Bucket
from rally.storage.snapshots import cut_block, header_of
from rally.withdrawal.root import LogFile

PLACE = "rally.log"
DIGESTS = "rally.digests"
SIGNATURE = "rally.signature"
"""Header entries: bucket and counter as JSON; the SHA-256 of each block, in base64; and
the signature of all entries but itself and the checksums, in hexadecimal digits."""

_CONTEXT = b"rally event log\n"
_DIGEST_BYTES = 32
_NAME_DIGITS = 16
_MOST_HEADER = 64 << 20  # bytes: no file of ours comes near
_READ = 4 << 20  # blocks that follow one another are read so far at once

Accepts = Callable[[int, str, bytes], bool]
"""Tells whether delete signed data when it made the root of a counter.

Args: the counter, the signature in hexadecimal, and the data. See Chain.is_list.
"""


def write_log_file(
    platform: ObjectStore,
    bucket: Bucket,
    counter: int,
    rows: Iterable[bytes],
    key: SigningKey,
) -> LogFile | None:
    """Writes the file of a bucket. Memory is that of the file.

    Args:
        platform: Store of the platform.
        bucket: The bucket.
        counter: Counter of the root that will name it.
        rows: Rows of its events, sorted, no two of them equal.
        key: Delete's key.

    Returns:
        What the root says of the file; None where there are no rows, and no file.

    Raises:
        OSError: the platform cannot be written, or a KMS does not serve.
        ObjectHeld: other bytes have the name, and a hold forbids to replace them.
    """
    place = {"bits": bucket.bits, "bucket": bucket.number, "counter": counter}
    sync = hashlib.sha256(canonical_json(place).encode()).digest()[:16]
    body, events = io.BytesIO(), 0
    writer = BlockWriter(body, sync, indexed=True)
    for row in rows:
        events += is_first(row)
        writer.add(row)
    blocks, checksum = writer.finish()
    if not blocks:
        return None
    data = body.getbuffer()
    digests = b"".join(
        hashlib.sha256(data[each.offset : each.offset + each.length]).digest()
        for each in blocks
    )
    entries = {
        SCHEMA_ENTRY: SCHEMA.encode(),
        CODEC: b"deflate",
        PLACE: canonical_json({**place, "events": events}).encode(),
        DIGESTS: base64.b64encode(digests),
        ROWS: b"%d" % writer.rows,
        CHECKSUM: checksum.encode(),
        **index_entries(blocks),
    }
    entries[SIGNATURE] = key.sign(_signed(entries, sync)).hex().encode()
    header = join_header(entries, sync)
    digest = hashlib.sha256(header).hexdigest()
    name = _name(bucket, counter, digest)
    whole = b"".join((header, data))
    if not platform.create(name, whole) and platform.read(name) != whole:
        upsert(platform, name, whole)
    return LogFile(bucket.number, name, digest, len(header) + len(data), events)


def _name(bucket: Bucket, counter: int, digest: str) -> str:
    return log_bucket_file(bucket.name, counter, digest[:_NAME_DIGITS])


def counter_of(name: str) -> int:
    """Reads, in the name of a file, the counter of the root that first named it."""
    return int(name.rpartition("/")[2].partition("-")[0])


class OpenLogFile:
    """A file of the log, open for reading, whose header is verified.

    Attributes:
        bucket: The bucket whose events it has.
        counter: Counter of the root that first named it.
        file: What a root says of it.
    """

    def __init__(self, snapshot: Snapshot, header: Header) -> None:
        """Reads what a verified header says."""
        place = json.loads(header.entries[PLACE])
        info = snapshot.info
        self.bucket = Bucket(place["bits"], place["bucket"])
        self.counter: int = place["counter"]
        self.file = LogFile(
            self.bucket.number, info.name, _digest(header), info.size, place["events"]
        )
        self._snapshot = snapshot
        self._header = header
        self._blocks = header.blocks
        digests = base64.b64decode(header.entries[DIGESTS])
        self._digests = {
            block.offset: digests[at : at + _DIGEST_BYTES]
            for block, at in zip(
                self._blocks, range(0, len(digests), _DIGEST_BYTES), strict=True
            )
        }

    def rows(self) -> Iterator[bytes]:
        """Reads all rows, in their order.

        Raises:
            CorruptFile: a block is not as it was written.
            ObjectNotFound: the file is gone.
        """
        return self._rows(self._blocks)

    def find(self, keys: Iterable[str]) -> Iterator[bytes]:
        """Reads the rows of some keys, by the index.

        Raises:
            CorruptFile: a block is not as it was written.
            ObjectNotFound: the file is gone.
        """
        wanted = _SortedKeys(keys)
        for row in self._rows(blocks_of(self._blocks, wanted)):
            if key_in(row) in wanted.keys:
                yield row

    def _rows(self, blocks: Sequence[Block]) -> Iterator[bytes]:
        for span in _spans(blocks):
            start, end = span[0].offset, span[-1].offset + span[-1].length
            try:
                data = self._snapshot.read(self._header.length + start, end - start)
            except GenerationMismatch:
                raise ObjectNotFound(self.file.name) from None
            for block in span:
                at = block.offset - start
                yield from self._cut(data[at : at + block.length], block)

    def _cut(self, data: bytes, block: Block) -> list[bytes]:
        if hashlib.sha256(data).digest() != self._digests[block.offset]:
            name = self.file.name
            raise CorruptFile(f"{name}: a block is not as delete wrote it")
        return cut_block(data, self._header, block)


@contextmanager
def open_log_file(platform: ObjectStore, file: LogFile) -> Iterator[OpenLogFile]:
    """Opens a file that the root names.

    Raises:
        CorruptFile: it is damaged, or not the one that the root names.
        ObjectNotFound: it is gone.
        OSError: the platform cannot be read.
    """
    with platform.open(file.name) as snapshot:
        header = _read_header(snapshot)
        if _digest(header) != file.sha256 or snapshot.info.size != file.size:
            raise CorruptFile(f"{file.name}: is not the file that the root names")
        yield OpenLogFile(snapshot, header)


@contextmanager
def open_signed_file(
    platform: ObjectStore, name: str, accepts: Accepts
) -> Iterator[OpenLogFile]:
    """Opens a file that no root names, which delete may have written all the same.

    Raises:
        CorruptFile: it is damaged, or nobody whose signature counts has signed it.
        ObjectNotFound: it is gone.
        OSError: the platform cannot be read.
    """
    with platform.open(name) as snapshot:
        header = _read_header(snapshot)
        try:
            counter = json.loads(header.entries[PLACE])["counter"]
            signature = header.entries[SIGNATURE].decode("ascii")
            data = _signed(header.entries, header.sync)
            is_signed = type(counter) is int and accepts(counter, signature, data)
        except (KeyError, TypeError, ValueError):
            is_signed = False
        if not is_signed:
            raise CorruptFile(f"{name}: nobody whose signature counts has signed it")
        opened = OpenLogFile(snapshot, header)
        if name != _name(opened.bucket, opened.counter, opened.file.sha256):
            raise CorruptFile(f"{name}: is not the name under which it was signed")
        yield opened


class _SortedKeys:
    """Keys that are looked for; see block_index.Ranged."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        self._sorted = sorted(each.encode() for each in self.keys)

    def has_between(self, start: bytes, end: bytes) -> bool:
        """Tells whether one is at or after `start`, and before `end`."""
        at = bisect_left(self._sorted, start)
        return at < len(self._sorted) and self._sorted[at] < end


def _spans(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    """Yields blocks that are read at once: neighbours, up to some megabytes."""
    span: list[Block] = []
    for block in blocks:
        if span:
            end = span[-1].offset + span[-1].length
            if block.offset != end or end - span[0].offset > _READ:
                yield span
                span = []
        span.append(block)
    if span:
        yield span


def _read_header(snapshot: Snapshot) -> Header:
    try:
        return header_of(snapshot, _MOST_HEADER)
    except CorruptFile as error:
        raise CorruptFile(f"{snapshot.info.name}: {error}") from None
    except GenerationMismatch:
        raise ObjectNotFound(snapshot.info.name) from None


def _signed(entries: Mapping[str, bytes], sync: bytes) -> bytes:
    """The data that is signed."""
    left_out = (SIGNATURE, HEADER_CHECKSUM)
    rest = {name: each for name, each in entries.items() if name not in left_out}
    return _CONTEXT + hashlib.sha256(join_header(rest, sync)).digest()


def _digest(header: Header) -> str:
    """The SHA-256 of a header, as it was written if it is one of ours."""
    rest = {k: v for k, v in header.entries.items() if k != HEADER_CHECKSUM}
    return hashlib.sha256(join_header(rest, header.sync)).hexdigest()
