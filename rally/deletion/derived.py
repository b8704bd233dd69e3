"""Researchers' tables: what is removed of kept ones, and folders that are missing.

A part of a kept table (rally.dataset.kept_parts) goes once the stored file that it was
made of has changed, and, where that file waits to be rewritten, once a person has left
whose rows it has. Nothing else is deleted in researchers' folders. A folder that is
gone is reported: it would look as if researchers had no rows of people who left.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from rally.dataset.kept_parts import KeptPart, parse_part, part_stem, remove_stale
from rally.dataset.part_participants import PACKED, read_participants
from rally.deletion.report import DeletionReport
from rally.deletion.scanner import Scanner
from rally.errors import (
    ConfigurationError,
    CorruptFile,
    cause_of,
    describe_os_error,
)
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.storage.layout import Stores
from rally.storage.marker import require_derived
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
)
from rally.storage.objectstore.open_store import open_store
from rally.storage.partitions import Identity, StoredFile, list_files
from rally.validation.pseudonyms import Pseudonyms

_PIECE, _OVERLAP = 4 * 1024 * 1024, 64


def find_missing_folders(
    platform: ObjectStore, registry: Registry, concluded: Collection[str]
) -> list[str]:
    """Reports each registered folder that does not exist, or has no marker.

    Args:
        platform: Store of the platform.
        registry: Registry of the studies.
        concluded: Namespaces of concluded studies, whose folders the purge handles.

    Returns:
        One line for each folder.
    """
    found: list[str] = []
    for namespace, study in registry.studies.items():
        for uri in study.derived if namespace not in concluded else ():
            try:
                store = open_store(uri)
            except ConfigurationError:
                continue  # it is on a system that this program cannot read
            try:
                require_derived(store, platform, namespace)
            except ConfigurationError as error:
                found.append(f"{namespace}: {error}")
            except OSError as error:
                found.append(f"{namespace}: {describe_os_error(error)}")
    return found


class Leavers(NamedTuple):
    """People who left a study and have rows in files that are not rewritten yet.

    Attributes:
        files: These files.
        people: Scanner for the pseudonyms by which rows of the study know them.
    """

    files: frozenset[Identity]
    people: Scanner


_NOBODY: Mapping[str, Leavers] = {}


class RemovedParts(NamedTuple):
    """Parts of kept tables that were removed.

    Attributes:
        parts: Number of parts.
        faults: URI of each folder in which that failed, and the cause.
    """

    parts: int
    faults: list[tuple[str, str]]


def find_leavers(
    report: DeletionReport, studies: Iterable[Study], pseudonyms: Pseudonyms
) -> dict[str, Leavers]:
    """Finds who left in the files of each study that a run did not rewrite yet.

    Args:
        report: Report of the run.
        studies: Studies with kept tables.
        pseudonyms: Pseudonyms of the platform and the studies.
    """
    people = {
        each.request: each.participant
        for each in report.withdrawals.withdrawals
        if each.participant
    }
    found = dict[str, Leavers]()
    for study in studies if report.postponed else ():
        own = [each for each in report.postponed if each.study == study.namespace]
        if study.derived and own:
            left = {people[request] for each in own for request in each.requests}
            names = [pseudonyms.of_study(study.namespace, each) for each in left]
            files = [each.planned for each in own if each.planned]
            found[study.namespace] = Leavers(
                frozenset((each.name, each.generation) for each in files),
                Scanner([each.encode() for each in names]),
            )
    return found


def remove_stale_parts(
    stores: Stores,
    studies: Iterable[Study],
    leavers: Mapping[str, Leavers] = _NOBODY,
    open_folder: Callable[[str], ObjectStore] = open_store,
) -> RemovedParts:
    """Removes parts of kept tables: stale ones, and those with rows of who left.

    Folders that are missing are passed over: `find_missing_folders` names them.

    Args:
        stores: Stores of the studies and the platform.
        studies: Studies whose tables are looked at.
        leavers: Files of each study that are not rewritten yet, and who left in them.
        open_folder: Opens a registered folder.
    """
    count, faults = 0, list[tuple[str, str]]()
    for study in studies:
        for uri in study.derived:
            try:
                folder = open_folder(uri)
                require_derived(folder, stores.platform, study.namespace)
                if study.namespace in leavers:
                    own = leavers[study.namespace]
                    count += _remove_parts_of(folder, study.namespace, own)
                files = _files_of(stores, study.namespace)
                count += remove_stale(folder, study.namespace, files)
            except ConfigurationError:
                continue
            except ObjectHeld:
                faults.append((uri, "a hold keeps parts whose stored files changed"))
            except OSError as error:
                faults.append((uri, f"stale parts stay there ({cause_of(error)})"))
    return RemovedParts(count, faults)


def _remove_parts_of(folder: ObjectStore, study: str, leavers: Leavers) -> int:
    """Removes the parts that were made of some files and name some people."""
    stems = {part_stem(study, each) for each in leavers.files}
    parts = [part for info in folder.list() if (part := parse_part(info))]
    removed = 0
    for part in parts:
        if part.stem not in stems:
            continue
        with suppress(GenerationMismatch, ObjectNotFound):  # the next run looks again
            if _names_anybody(folder, part, leavers.people):
                folder.delete(part.info.name, part.info.generation)
                removed += 1
    return removed


def _names_anybody(folder: ObjectStore, part: KeptPart, people: Scanner) -> bool:
    """Tells whether a part names one of some people, or nobody can read it."""
    with folder.open(part.info.name, part.info.generation) as snapshot:
        pieces = _texts(snapshot)
        if part.format in PACKED:
            pieces = read_participants(snapshot, part.format)
        try:
            return any(people.found_in(each) for each in pieces)
        except CorruptFile:
            return True


def _texts(snapshot: Snapshot) -> Iterator[bytes]:
    """Yields a text in pieces that overlap by more than a pseudonym."""
    for start in range(0, snapshot.info.size, _PIECE):
        length = min(_PIECE + _OVERLAP, snapshot.info.size - start)
        yield snapshot.read(start, length)


def _files_of(stores: Stores, study: str) -> Callable[[], list[StoredFile]]:
    return lambda: list_files(stores.of(study), study)
