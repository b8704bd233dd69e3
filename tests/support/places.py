"""Stores and platforms as `rally init` makes them: the one builder that tests share."""

from collections.abc import Iterable
from types import SimpleNamespace

from rally.keys.names import LIST_MAC
from rally.keys.platform_keys import PlatformKeys
from rally.storing.layout import Stores
from rally.storing.marking import mark_places
from rally.withdrawing.starting import start_list


def mark_stores(
    store: object, platform: object = None, namespaces: Iterable[str] = ()
) -> Stores:
    """Marks a store and its platform; what is marked already stays as it is.

    Args:
        store: folder or URI; may hold `{study}`.
        platform: likewise; None is `<store>/platform`.
        namespaces: studies whose stores are marked, where each has its own.
    """
    stores = Stores(str(store), str(platform) if platform else None)
    studies = [SimpleNamespace(namespace=each, derived=()) for each in namespaces]
    mark_places(stores, studies)
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
    start_list(stores, names, mac)
    return stores
