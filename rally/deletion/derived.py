"""Researchers' own tables: deletion reports folders that cannot be reached.

Deletion never deletes there. Without the report, a folder that is gone would look as
if researchers had no rows of people who left.
"""

from collections.abc import Collection

from rally.errors import ConfigurationError, describe_os_error
from rally.registry.registry import Registry
from rally.storage.marker import require_derived
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.open_store import open_store


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
