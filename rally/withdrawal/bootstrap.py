"""The withdrawal list where something begins: a platform's first, and each job's."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from rally.decisions.chain import Head, refuse_concluded
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, CorruptFile
from rally.keys.signing import SigningKey
from rally.storage.header import LIST_COUNTER
from rally.storage.layout import DATA, Stores
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.occupancy import holds, is_in_use, looking_into
from rally.storage.writer import read_stored_header
from rally.withdrawal.concluded_list import read_surviving_list
from rally.withdrawal.list_object import (
    Published,
    publish_list,
    read_list,
)
from rally.withdrawal.newest_list import check_newest, newest_signed
from rally.withdrawal.root import FOLDER, ROOT, counter_in, read_root
from rally.withdrawal.signed_lines import SignedObjectMissing
from rally.withdrawal.withdrawal_list import WithdrawalList

_MOST_UNSIGNED = 100_000
"""So many lists may have been published that no signed record names. A header that
claims a later one is not believed: nobody signed it."""

_MAY_BEGIN = "whether a withdrawal list may be begun"
_IS_NEWEST = "whether the withdrawal list is the newest"


def open_list(
    platform: ObjectStore, *, may_be_older: bool = False
) -> Published[WithdrawalList]:
    """Reads the list, and refuses one that is older than signed records know.

    Args:
        platform: Its store.
        may_be_older: Takes that one, too: deletion counts on from the newest.

    Raises:
        ConfigurationError: there is none, it is not as it was published, older than
            signed records know, or the platform cannot be read or is concluded.
    """
    with looking_into(platform, _IS_NEWEST):
        published = read_list(platform)
        refuse_concluded(published.decisions, platform.uri)
        if not may_be_older:
            check_newest(platform, published)
    return published


def open_surviving_list(platform: ObjectStore) -> Published[WithdrawalList]:
    """Reads the list for a job that goes on where the platform is concluded.

    Raises as `open_list` does, but for a conclusion; see read_surviving_list.
    """
    with looking_into(platform, _IS_NEWEST):
        published = read_surviving_list(platform)
        if published.decisions.conclusion is None:
            check_newest(platform, published)
    return published


def begin_list(
    stores: Stores, namespaces: Sequence[str], founder: Callable[[], SigningKey]
) -> WithdrawalList:
    """The list of a platform; makes list 0 where nothing was ever kept.

    Nothing kept is: no row, no event, and nothing beside the list's own place but what
    list 0 is made of. Of two that begin at the same moment both end with the same list.

    Args:
        stores: Stores of the studies and the platform.
        namespaces: Namespaces of the studies whose stores are there.
        founder: Gives the key of who founded the platform, which signs list 0; it is
            asked only where that is made.

    Raises:
        ConfigurationError: there is none though something is kept, it is not as it
            was published, a store cannot be read, or the key is another's.
    """
    platform = stores.platform
    with looking_into(platform, _MAY_BEGIN):
        is_there = platform.stat(ROOT) is not None
    if not is_there and not _was_ever_used(stores, namespaces):
        # Of a list that is there by now another was quicker.
        with looking_into(platform, _MAY_BEGIN), suppress(GenerationMismatch):
            head = read_chain(platform).head
            publish_list(platform, WithdrawalList(), head, founder(), None)
    with looking_into(platform, _MAY_BEGIN):
        return read_list(platform).list


def begin_anew(stores: Stores, namespaces: Sequence[str]) -> Published[WithdrawalList]:
    """An empty list for a platform that lost its own; deletion fills and publishes it.

    Lost is a list whose root is not there, or does not find what it names. The next one
    counts on from the newest that signed records name, or a stored file whose header
    can be true. Every header is read.

    Raises:
        ConfigurationError: there is a list, or what there is of one is not as it was
            published; or a store cannot be read.
    """
    platform = stores.platform
    with looking_into(platform, _MAY_BEGIN):
        lost = _read_lost(platform)
        found = newest = newest_signed(platform, lost)
        for store in stores.each(namespaces):
            for info in store.list(DATA):
                counter = _counter(store, info.name)
                if counter <= newest + _MOST_UNSIGNED:
                    found = max(found, counter)
    return lost._replace(list=WithdrawalList(found))


def _read_lost(platform: ObjectStore) -> Published[WithdrawalList]:
    """What is left of a list whose root, or what that names, is not there.

    Raises:
        ConfigurationError: nothing is missing.
    """
    with suppress(SignedObjectMissing):
        read_list(platform)
        raise ConfigurationError(
            f"{platform.uri.rstrip('/')}/{ROOT}: is there, and what it names; only a"
            " list that is lost is made anew"
        )
    try:
        root, decisions, generation = read_root(platform)
    except SignedObjectMissing:
        return Published(WithdrawalList(), Head(), read_chain(platform), None)
    return Published(
        WithdrawalList(root.counter),
        root.head,
        decisions,
        generation,
        root.steps,
        root=root,
    )


def _was_ever_used(stores: Stores, namespaces: Sequence[str]) -> bool:
    platform = stores.platform
    with looking_into(platform, _MAY_BEGIN):  # what was killed may have written some
        of_list_0 = {e.name for e in platform.list(FOLDER) if not counter_in(e.name)}
    return holds(platform, FOLDER, _MAY_BEGIN, of_list_0) or is_in_use(
        stores, namespaces, _MAY_BEGIN
    )


def _counter(store: ObjectStore, name: str) -> int:
    """The list that a file names; 0 of what is no whole file of ours, or gone again.

    Others report such files: this asks for one certain fault.
    """
    try:
        return int(read_stored_header(store, name).entries[LIST_COUNTER])
    except (CorruptFile, ObjectNotFound, KeyError, ValueError):
        return 0
