"""Researchers' own tables: nobody deletes there, and yet they have to be there.

A deletion that says nothing of a folder which is away looks as if no table of people
who have left were anywhere.
"""

from collections.abc import Collection

from rally.errors import ConfigurationError, describe_os_error
from rally.registry.registry import Registry
from rally.storage.marker import require_derived
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.open_store import open_store


def find_missing(
    platform: ObjectStore, registry: Registry, concluded: Collection[str]
) -> list[str]:
    """Says of each registered folder that is not there, or not marked, that it is not.

    Args:
        platform: the platform's store.
        registry: of the studies.
        concluded: namespaces of studies whose folders purge looks at.
    """
    found: list[str] = []
    for namespace, study in registry.studies.items():
        for uri in study.derived if namespace not in concluded else ():
            try:
                store = open_store(uri)
            except ConfigurationError:
                continue  # it is elsewhere, and nobody can look at it from here
            try:
                require_derived(store, platform, namespace)
            except ConfigurationError as error:
                found.append(f"{namespace}: {error}")
            except OSError as error:
                found.append(f"{namespace}: {describe_os_error(error)}")
    return found
