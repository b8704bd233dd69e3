"""Which names objects may have: the one rule of all stores.

A bucket takes any text for a name, and whoever may write there chooses it. Copied to a
disk, or shown in a table, such a name leads out of the store or acts on a terminal. So
what has one is foreign: it is left out of listings, named by `strays`, and neither read
nor written by it.
"""

import errno
import os
import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_STEPS = frozenset(("", ".", ".."))


def is_object_name(name: str) -> bool:
    """Whether an object may be called so.

    Its parts, joined by "/", are none of "", "." and "..", and it has no control
    character. One slash at the end makes it the name of a marker of a folder, which
    some tools leave in buckets.
    """
    if _CONTROL.search(name):
        return False
    return _STEPS.isdisjoint(name.removesuffix("/").split("/"))


def check_object_name(name: str) -> None:
    """Raises FileNotFoundError where no object is called so, nor can be."""
    if not is_object_name(name):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
