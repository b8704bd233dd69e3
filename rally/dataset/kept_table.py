"""Keeps a document's table as files in a folder that researchers registered.

A part is written for each stored file (rally.dataset.kept_parts). What decides about
its rows is in its name: the file; what the view says of orders, and of the people whose
rows the file may have; the files that may have rows of these people, of its date and of
those dates whose rows win over equal ones; and the document's columns. Where
anything of it changes, the part is stale, and is written anew under another name: a
person who left is in none, and no row is lost or there twice. The same rows are the
same bytes.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from rally.dataset.formats import Format, RowWriter, open_writer
from rally.dataset.kept_parts import StateOf, part_name, remove_stale
from rally.dataset.scan import Scan
from rally.errors import ConfigurationError
from rally.registry.keep_rule import KeepRule
from rally.registry.object_classifier import folder_of
from rally.registry.study import Study
from rally.storage.marker import PlaceKind, read_marker, require_marker
from rally.storage.objectstore.interface import (
    Draft,
    GenerationMismatch,
    ObjectHeld,
    ObjectStore,
)
from rally.storage.objectstore.open_store import open_store
from rally.storage.partitions import WHOLE, Bucket, FilesByBucket, Identity

_MOST_FILES = 200
"""Parts that are written at once: each is an open file."""

_PASSES = 5


class KeptCount(NamedTuple):
    """Changes of a kept table.

    Attributes:
        written: Number of parts that were written.
        removed: Number of parts that were removed, since they were stale.
        rows: Number of rows that were written.
    """

    written: int = 0
    removed: int = 0
    rows: int = 0


def open_folder(uri: str, study: Study, store: ObjectStore) -> ObjectStore:
    """Opens a folder of kept tables.

    Args:
        uri: URI of the folder.
        study: Study whose `derived:` registers it.
        store: Store of the study, of whose platform it must be.

    Raises:
        ConfigurationError: It is not registered, or not marked.
        ConnectionError: It is away.
    """
    known = {folder_of(each): each for each in study.derived}
    if folder_of(uri) not in known:
        names = ", ".join(study.derived) or "none"
        raise ConfigurationError(
            f"--out: {uri} is no folder of {study.namespace}'s tables; `derived:` in"
            f" its study.yaml registers {names}"
        )
    folder = open_store(uri)
    marker = read_marker(store)
    platform = marker.platform if marker else None
    require_marker(folder, PlaceKind.DERIVED, platform, study.namespace)
    return folder


def update(
    folder: ObjectStore, study: str, open_scan: Callable[[], Scan], format: Format
) -> KeptCount:
    """Brings a kept table up to what may be read now.

    Args:
        folder: Folder of the table.
        study: Namespace of the study.
        open_scan: Opens a scan of all columns of the document; its dates are written.
        format: Format of the parts.

    Raises:
        UnreadableRows: A stored file is damaged, or cannot be read.
        OSError: The store or the folder cannot be reached, or the table changes all the
            time.
    """
    total = KeptCount()
    try:
        for _ in range(_PASSES):  # files come and go meanwhile, as compaction works
            done = _pass(folder, study, open_scan(), format)
            total = KeptCount(*map(sum, zip(total, done, strict=True)))
            if not done.written:
                return total
    except GenerationMismatch:
        pass
    except ObjectHeld as error:
        raise ConnectionError(
            f"{error}: a hold or a retention policy of the bucket keeps it; lift it and"
            " run the command again"
        ) from None
    raise ConnectionError(
        f"{folder.uri}: other programs write here, or to the study's store, all the"
        " time; run the command again"
    )


def _pass(folder: ObjectStore, study: str, scan: Scan, format: Format) -> KeptCount:
    """Removes stale parts, and writes what is missing."""
    prefix, state_of = f"document={scan.document.name}/", _states(scan)
    removed = remove_stale(
        folder,
        study,
        lambda: chain.from_iterable(scan.files.values()),
        prefix,
        state_of,
    )
    there = {each.name for each in folder.list(prefix)}
    written = rows = 0
    for day in scan.days:
        names = (
            (each.identity, part_name(study, each.identity, state_of(each), format))
            for each in scan.files[day]
        )
        missing = [(source, name) for source, name in names if name not in there]
        for start in range(0, len(missing), _MOST_FILES):
            parts = dict(missing[start : start + _MOST_FILES])
            rows += _write(folder, scan.of_day(day), parts, format)
            written += len(parts)
    return KeptCount(written, removed, rows)


def _states(scan: Scan) -> StateOf:
    """Makes a function that digests what decides about the rows of a file's part."""
    document = scan.document
    rule = KeepRule(document.keep)
    files = {day: FilesByBucket(found) for day, found in scan.files.items()}

    @cache
    def of_files(day: str, bucket: Bucket) -> bytes:
        found = files[day].overlapping(bucket) if day in files else ()
        return sha256(repr(sorted(it.identity for it in found)).encode()).digest()

    @cache
    def of_bucket(day: str, bucket: Bucket) -> str:
        state = sha256(scan.exclusions.digest_of(bucket.people))
        state.update(f"{document.keep}\n{scan.schema}".encode())
        for each in (day, *sorted(rule.winners(day, lambda: scan.files))):
            state.update(of_files(each, bucket))
        return state.hexdigest()[:16]

    return lambda file: of_bucket(file.partition.day, file.bucket or WHOLE)


def _write(
    folder: ObjectStore, scan: Scan, parts: dict[Identity, str], format: Format
) -> int:
    """Writes parts of one date, each whole or not at all; returns their rows."""
    rows = 0
    with ExitStack() as stack:
        open_parts: dict[Identity, tuple[Draft, RowWriter]] = {}
        for source, name in parts.items():
            draft = stack.enter_context(folder.draft(name))
            writer = open_writer(format, scan.schema, draft.file)
            open_parts[source] = draft, writer
        for people in scan.ranges():
            for source, batch in scan.batches_by_file(people):
                if source in open_parts:
                    open_parts[source][1].write(batch)
                    rows += batch.num_rows
        for source, (draft, writer) in open_parts.items():
            writer.close()
            _commit(folder, parts[source], draft)
    return rows


def _commit(folder: ObjectStore, name: str, draft: Draft) -> None:
    while not draft.create():
        if info := folder.stat(name):
            draft.replace(info.generation)
            return
