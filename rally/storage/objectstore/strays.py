"""What stands in a store beside objects: nobody follows it, and no bytes hide by it."""

import errno
from collections.abc import Iterator

from rally.storage.objectstore.interface import (
    ObjectInfo,
    ObjectStore,
    Stray,
    StrayInTheWay,
    StrayKind,
)


def list_but_strays(store: ObjectStore, prefix: str) -> Iterator[ObjectInfo]:
    """The objects below a prefix; none where a link is in the way to it.

    For those who go on with other studies, and name what `strays` has.
    """
    try:
        yield from store.list(prefix)
    except StrayInTheWay:
        return


def check_erasable(store: ObjectStore, name: str) -> None:
    """Makes sure that an object's bytes go when the object is deleted or rewritten.

    Raises:
        OSError: they would stay, under another name.
    """
    for stray in store.strays(name):
        if stray.name == name:
            what = f"is {stray.kind}, where its bytes would stay; remove that first"
            raise OSError(errno.EMLINK, what, name)


def describe(stray: Stray) -> str:
    """What is the matter with it and what to do, for a report; its name goes before."""
    if stray.kind is StrayKind.NAME:
        return f"is {stray.kind}; remove what is called so, or rename it"
    if stray.kind.is_in_the_way:
        return f"is {stray.kind}, which nobody follows; remove it, or put a file there"
    return f"is {stray.kind}, where its bytes stay when it goes; remove that"
