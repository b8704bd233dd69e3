"""Merges events that delete has admitted into the log's files, bucket by bucket."""

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import groupby
from typing import NamedTuple

from rally.errors import CorruptFile
from rally.event_log.log_file import (
    Accepts,
    counter_of,
    open_log_file,
    open_signed_file,
    write_log_file,
)
from rally.event_log.rows import (
    decode_event,
    encode_event,
    is_key,
    key_in,
    keys_of,
    number_in,
)
from rally.event_log.sizes import FILE_BYTES
from rally.events import EVENT_LOG, Event
from rally.keys.signing import SigningKey
from rally.storage.layout import LOG
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.partitions import Bucket
from rally.storage.records import list_records
from rally.withdrawal.root import LogFile

MOST_ROWS = 1_000_000
"""Rows of loose objects that one merge takes, some 300 MB of memory; the others stay
loose until the next run."""

_MOST_BITS = 32
_DEFLATES_BY = 4  # measured: rows of 250 bytes take 60


class PlacedFile(NamedTuple):
    """A file of the log, and the bucket whose events it has."""

    bucket: Bucket
    file: LogFile


class MergedLog(NamedTuple):
    """Result of a merge.

    Attributes:
        bits: Number of bits of the buckets.
        files: Files of the log from now on, by bucket.
        merged: Loose objects whose events they have, dropped ones aside.
    """

    bits: int
    files: tuple[LogFile, ...]
    merged: tuple[str, ...]


def never(event: Event) -> bool:
    """Drops no event."""
    return False


def merge_log(
    platform: ObjectStore,
    former: Sequence[PlacedFile],
    loose: Iterable[str],
    counter: int,
    key: SigningKey,
    *,
    stays_loose: Callable[[Event], bool] = never,
    drops: Callable[[Event], bool] = never,
    file_bytes: int = FILE_BYTES,
    most_rows: int = MOST_ROWS,
) -> MergedLog:
    """Writes the files that the next root names; removes nothing.

    A loose object is merged whole or not at all. What has an event by whose keys no
    rows can be sorted stays loose, since only a stranger writes such. A bucket that has
    all rows already keeps its file: a hold may keep merged objects for years.

    Args:
        platform: Store of the platform.
        former: Files of the log so far.
        loose: Names of loose objects, all of whose events delete has admitted.
        counter: Counter of the root that will name the files.
        key: Delete's key.
        stays_loose: Tells of an event that its object is not to be merged.
        drops: Tells of an event that the log is to forget it.
        file_bytes: Mean size of files above which the number of buckets doubles.
        most_rows: Rows of loose objects that are merged.

    Raises:
        CorruptFile: a loose object or a file of the log is damaged or missing.
        OSError: the platform cannot be read or written, or a KMS does not serve.
    """
    news, merged = _read_loose(platform, loose, stays_loose, most_rows)
    sizes = sum(each.file.size for each in former)
    bits = _choose_bits(former, sizes + sum(map(len, news)) // _DEFLATES_BY, file_bytes)
    parent_bits = min((each.bucket.bits for each in former), default=0)
    files = list[LogFile]()
    for number in range(1 << parent_bits):
        parent = Bucket(parent_bits, number)
        inside = [each for each in former if _is_in(each.bucket, parent)]
        own = _rows_in(news, parent)
        if len(inside) == 1 and inside[0].bucket.bits == bits:
            file = inside[0].file
            if _stays_same(platform, file, own, drops):
                files.append(file)
                continue
        with ExitStack() as opened:
            streams = [_rows_of(platform, each.file, opened) for each in inside]
            rows = _once(heapq.merge(*streams, own), drops)
            for child, found in groupby(rows, lambda row: number_in(row, bits)):
                bucket = Bucket(bits, child)
                new = write_log_file(platform, bucket, counter, found, key)
                files += [new] if new else []
    return MergedLog(bits, tuple(files), tuple(merged))


def find_signed_files(platform: ObjectStore, accepts: Accepts) -> list[PlacedFile]:
    """Finds all whole files that delete ever signed and that are still there.

    Under an older root, or one that names a file that is missing, they are what is left
    of the log: older ones may have events that a newer one has as well.

    Args:
        platform: Store of the platform.
        accepts: Tells whether a signature counts.

    Raises:
        CorruptFile: one that delete signed is damaged.
        OSError: the platform cannot be read.
    """
    found = list[PlacedFile]()
    for info in list_records(platform, LOG):
        with ExitStack() as stack:
            try:
                opened = stack.enter_context(
                    open_signed_file(platform, info.name, accepts)
                )
            except (CorruptFile, ObjectNotFound):
                continue  # the audit names what is no file of ours
            for _ in opened.rows():
                pass
            found.append(PlacedFile(opened.bucket, opened.file))
    return found


def remove_unnamed(
    platform: ObjectStore, named: Iterable[LogFile], counter: int
) -> dict[str, ObjectHeld]:
    """Removes files of the log that a published root does not name.

    What has a later counter belongs to whoever publishes next, who may have done so by
    now: a run learns late that it has lost its lease.

    Args:
        platform: Store of the platform.
        named: Files that the root names.
        counter: Counter of the root.

    Returns:
        By name, what holds keep; the next run tries again.

    Raises:
        OSError: the platform cannot be read or written.
    """
    held = dict[str, ObjectHeld]()
    stay = {each.name for each in named}
    for info in list(list_records(platform, LOG)):
        if info.name not in stay and counter_of(info.name) <= counter:
            try:
                with suppress(GenerationMismatch):
                    platform.delete(info.name, info.generation)
            except ObjectHeld as error:
                held[info.name] = error
    return held


def _read_loose(
    platform: ObjectStore,
    loose: Iterable[str],
    stays_loose: Callable[[Event], bool],
    most_rows: int,
) -> tuple[list[bytes], list[str]]:
    """Reads rows, sorted, and the names of the objects that they are of."""
    rows, merged = set[bytes](), list[str]()
    for name in loose:
        if len(rows) >= most_rows:
            break
        try:
            events = EVENT_LOG.read_object(platform, name)
        except ObjectNotFound:
            continue
        except CorruptFile as error:
            raise CorruptFile(f"{name}: {error}") from None
        if any(stays_loose(each) or not _has_keys(each) for each in events):
            continue
        rows.update(row for each in events for row in encode_event(each))
        merged.append(name)
    return sorted(rows), merged


def _has_keys(event: Event) -> bool:
    return all(map(is_key, keys_of(event)))


def _choose_bits(former: Sequence[PlacedFile], size: int, file_bytes: int) -> int:
    bits = max((each.bucket.bits for each in former), default=0)
    while size > file_bytes << bits and bits < _MOST_BITS:
        bits += 1
    return bits


def _is_in(bucket: Bucket, parent: Bucket) -> bool:
    return bucket.number >> (bucket.bits - parent.bits) == parent.number


def _rows_in(rows: Sequence[bytes], bucket: Bucket) -> Sequence[bytes]:
    """The rows of a bucket, of sorted ones."""

    def number(row: bytes) -> int:
        return number_in(row, bucket.bits)

    start = bisect_left(rows, bucket.number, key=number)
    return rows[start : bisect_left(rows, bucket.number + 1, start, key=number)]


def _stays_same(
    platform: ObjectStore,
    file: LogFile,
    own: Sequence[bytes],
    drops: Callable[[Event], bool],
) -> bool:
    """Tells whether a file has all that a merge would write for its bucket."""
    if drops is never and not own:
        return True
    missing = set(own)
    with ExitStack() as opened:
        if drops is never:
            keys = {key_in(each) for each in own}
            missing.difference_update(_rows_of(platform, file, opened, keys))
            return not missing
        for row in _rows_of(platform, file, opened):
            if drops(decode_event(row)):
                return False
            missing.discard(row)
    return all(drops(decode_event(row)) for row in missing)


def _rows_of(
    platform: ObjectStore,
    file: LogFile,
    opened: ExitStack,
    keys: Iterable[str] | None = None,
) -> Iterator[bytes]:
    """The rows of a file, of some keys or all."""
    try:
        found = opened.enter_context(open_log_file(platform, file))
        yield from found.rows() if keys is None else found.find(keys)
    except ObjectNotFound:
        raise CorruptFile(f"{file.name}: is missing, and the root names it") from None


def _once(rows: Iterable[bytes], drops: Callable[[Event], bool]) -> Iterator[bytes]:
    """Each of sorted rows once, but for those of dropped events."""
    for row, _ in groupby(rows):
        if drops is never or not drops(decode_event(row)):
            yield row
