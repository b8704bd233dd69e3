"""Stores and platforms as `rally init` makes them: the one builder that tests share."""

from collections.abc import Iterable
from types import SimpleNamespace

from rally.keys.names import LIST_MAC
from rally.keys.platform_keys import PlatformKeys
from rally.storing.layout import Stores
from rally.storing.marker import NAME, Kind, Marker, read_marker
from rally.storing.marking import mark_places
from rally.storing.objects import ObjectStore, open_store
from rally.withdrawing.starting import begin_list


def mark_stores(
    store: object, platform: object = None, namespaces: Iterable[str] = ()
) -> Stores:
    """Marks a store and its platform, whatever a test has put there before.

    Args:
        store: folder or URI; may hold `{study}`.
        platform: likewise; None is `<store>/platform`.
        namespaces: studies whose stores are marked, where each has its own.
    """
    stores = Stores(str(store), str(platform) if platform else None)
    studies = [SimpleNamespace(namespace=each, derived=()) for each in namespaces]
    marker = read_marker(stores.platform) or Marker.new(Kind.PLATFORM)
    mark_places(stores, studies, adopts=marker.platform)
    return stores


def make_stores(
    store: object,
    platform_keys: object,
    platform: object = None,
    namespaces: Iterable[str] = (),
) -> Stores:
    """The same with list 0, under keys that are there.

    Args:
        store: as `mark_stores` takes it.
        platform_keys: folder that has `list-mac`.
        platform: as `mark_stores` takes it.
        namespaces: as `mark_stores` takes them.
    """
    names = list(namespaces)
    stores = mark_stores(store, platform, names)
    mac = PlatformKeys.open(str(platform_keys), macs=[LIST_MAC]).mac(LIST_MAC)
    begin_list(stores, names, mac)
    return stores


def mark_derived(
    folder: object, study: str, platform: ObjectStore | None = None
) -> None:
    """Marks a folder of a study's researchers.

    Args:
        folder: its path, or a store in memory.
        study: namespace.
        platform: whose it is; None is a platform that is not marked itself.
    """
    owner = read_marker(platform) if platform else None
    marker = Marker.new(Kind.DERIVED, owner.platform if owner else "0" * 32, study)
    store = folder if hasattr(folder, "create") else open_store(str(folder))
    store.create(NAME, marker.serialise())
