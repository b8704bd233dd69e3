"""Researchers' tables: what is removed of kept ones, and folders that are missing.

A part of a kept table (rally.dataset.kept_parts) goes once the stored file that it was
made of has changed. Nothing else is deleted in researchers' folders. A folder that is
gone is reported: it would look as if researchers had no rows of people who left.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from rally.dataset.kept_parts import remove_stale
from rally.errors import ConfigurationError, cause_of, describe_os_error
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.storage.layout import Stores
from rally.storage.marker import require_derived
from rally.storage.objectstore.interface import ObjectHeld, ObjectStore
from rally.storage.objectstore.open_store import open_store
from rally.storage.partitions import StoredFile, list_files


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


class RemovedParts(NamedTuple):
    """Parts of kept tables that were removed.

    Attributes:
        parts: Number of parts.
        faults: URI of each folder in which that failed, and the cause.
    """

    parts: int
    faults: list[tuple[str, str]]


def remove_stale_parts(
    stores: Stores,
    studies: Iterable[Study],
    open_folder: Callable[[str], ObjectStore] = open_store,
) -> RemovedParts:
    """Removes the parts of kept tables whose stored files have changed or gone.

    Folders that are missing are passed over: `find_missing_folders` names them.

    Args:
        stores: Stores of the studies and the platform.
        studies: Studies whose tables are looked at.
        open_folder: Opens a registered folder.
    """
    count, faults = 0, list[tuple[str, str]]()
    for study in studies:
        for uri in study.derived:
            try:
                folder = open_folder(uri)
                require_derived(folder, stores.platform, study.namespace)
                files = _files_of(stores, study.namespace)
                count += remove_stale(folder, study.namespace, files)
            except ConfigurationError:
                continue
            except ObjectHeld:
                faults.append((uri, "a hold keeps parts whose stored files changed"))
            except OSError as error:
                faults.append((uri, f"stale parts stay there ({cause_of(error)})"))
    return RemovedParts(count, faults)


def _files_of(stores: Stores, study: str) -> Callable[[], list[StoredFile]]:
    return lambda: list_files(stores.of(study), study)
