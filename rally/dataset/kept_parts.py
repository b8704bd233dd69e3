"""Names of the parts of kept tables, and which of them have lost their source.

    document=visit.1/date=2026-05-18/part-<source>-<state>.parquet

A kept table lies in a folder that researchers of a study registered. Each part holds
the rows of one stored file, its source. The first digest is of that file's name and
generation: who replaces or removes a stored file, as deletion and purge do, finds the
part that has to go by names alone, and nobody has to believe what a part says of
itself. The second is of what else decides about its rows (rally.dataset.kept_table).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from rally.dataset.formats import Format
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectStore,
)
from rally.storage.partitions import Identity, StoredFile, partition_of

_PART = re.compile(
    r"(document=([^/]+)/date=(\d{4}-\d\d-\d\d)/part-[0-9a-f]{32})-([0-9a-f]{16})\.("
    + "|".join(Format)
    + ")"
)

StateOf = Callable[[StoredFile], str]
"""Gives the state of the part that is made of a stored file; see `part_name`."""


class KeptPart(NamedTuple):
    """A part of a kept table.

    Attributes:
        info: The object.
        document: Name of the document.
        day: Submission date of its rows.
        stem: Name up to its state; see `part_stem`.
        state: Digest of what decided about its rows besides the source.
        format: Format of the file.
    """

    info: ObjectInfo
    document: str
    day: str
    stem: str
    state: str
    format: Format


def part_name(study: str, source: Identity, state: str, format: Format) -> str:
    """Gives the name of the part that holds the rows of a stored file.

    Args:
        study: Namespace of the study.
        source: Name and generation of the file, in a folder of a document and a date.
        state: Sixteen hexadecimal digits, a digest of what else decides about its rows.
        format: Format of the part.
    """
    return f"{part_stem(study, source)}-{state}.{format}"


def part_stem(study: str, source: Identity) -> str:
    """Gives the beginning of a part's name that its source decides."""
    name, generation = source
    partition = partition_of(study, name)
    document, day = (partition.document, partition.day) if partition else ("", "")
    digest = sha256(f"{study}\n{name}\n{generation}".encode()).hexdigest()[:32]
    return f"document={document}/date={day}/part-{digest}"


def parse_part(info: ObjectInfo) -> KeptPart | None:
    """Reads what the name of an object says; None where it is none of a part."""
    match = _PART.fullmatch(info.name)
    if match is None:
        return None
    stem, document, day, state, format = match.groups()
    return KeptPart(info, document, day, stem, state, Format(format))


def find_stale(
    listed: Iterable[ObjectInfo],
    study: str,
    sources: Iterable[StoredFile],
    state_of: StateOf | None = None,
) -> Iterator[KeptPart]:
    """Yields the parts whose source is not there any more, or whose state is another.

    Args:
        listed: Objects of a kept table's folder; what is no part is left alone.
        study: Namespace of the study.
        sources: Files of the study that are there.
        state_of: Gives the state of a file's part; None: parts of any state stay.
    """
    live = {part_stem(study, each.identity): each for each in sources}
    for info in listed:
        part = parse_part(info)
        if part is None:
            continue
        source = live.get(part.stem)
        if source is None or (state_of and part.state != state_of(source)):
            yield part


def remove_stale(
    folder: ObjectStore,
    study: str,
    sources: Callable[[], Iterable[StoredFile]],
    prefix: str = "",
    state_of: StateOf | None = None,
) -> int:
    """Removes the parts that are stale (`find_stale`), and old copies of any part.

    Args:
        folder: Folder of the kept table.
        study: Namespace of the study.
        sources: Lists the files of the study that are there; called when the parts are
            listed, so that none is younger than its source.
        prefix: Prefix of the names of the parts that are looked at.
        state_of: See `find_stale`; called after `sources`.

    Returns:
        Number of parts that were removed.

    Raises:
        ObjectHeld: A hold or a retention policy keeps a part.
        OSError: The folder, or the files of the study, cannot be reached.
    """
    listed = list(folder.list(prefix))
    stale = list(find_stale(listed, study, sources(), state_of))
    for part in stale:
        with suppress(GenerationMismatch):  # somebody replaced it: the next run looks
            folder.delete(part.info.name, part.info.generation)
    for copy in list(folder.old_copies(prefix)):
        if copy.until is None and parse_part(ObjectInfo(*copy[:3])):
            folder.purge(copy)
    return len(stale)
