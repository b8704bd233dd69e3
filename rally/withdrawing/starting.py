"""The withdrawal list where something begins: a platform's first, and each job's."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby

from rally.decisions.chain import Head
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.signing import SigningKey
from rally.storing.corruption import CorruptFile
from rally.storing.header import LIST_COUNTER
from rally.storing.layout import DATA, Stores
from rally.storing.objects import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storing.occupancy import holds, is_in_use, looking_into
from rally.storing.partitions import is_row_file, partition_of
from rally.storing.writer import read_stored_header
from rally.withdrawing.list_object import (
    FOLDER,
    LIST,
    Published,
    publish_list,
    read_list,
)
from rally.withdrawing.withdrawal_list import WithdrawalList

_FILES_OF_A_DATE = 3
"""Whose headers are looked at, of each document."""

_MAY_BEGIN = "whether a withdrawal list may be begun"
_IS_NEWEST = "whether the withdrawal list is the newest"


def open_list(stores: Stores, namespaces: Sequence[str]) -> Published[WithdrawalList]:
    """Reads the list, and refuses one that is older than the newest rows say.

    Args:
        stores: of the studies and the platform.
        namespaces: of the registered studies.

    Raises:
        ConfigurationError: there is none, it is not as it was published, older than
            one under which rows were written, or a store cannot be read.
    """
    with looking_into(stores.platform, _IS_NEWEST):
        published = read_list(stores.platform)
    check_counter(stores, namespaces, published.list)
    return published


def begin_list(
    stores: Stores, namespaces: Sequence[str], founder: Callable[[], SigningKey]
) -> WithdrawalList:
    """The list of a platform; makes list 0 where nothing was ever kept.

    Nothing kept is: no row, no event, and nothing beside the list's own place. Of two
    that begin at the same moment both end with the same list.

    Args:
        stores: of the studies and the platform.
        namespaces: of the studies whose stores are there.
        founder: gives the key of who founded the platform, which signs list 0; it is
            asked only where that is made.

    Raises:
        ConfigurationError: there is none though something is kept, it is not as it
            was published, a store cannot be read, or the key is another's.
    """
    platform = stores.platform
    with looking_into(platform, _MAY_BEGIN):
        is_there = platform.stat(LIST) is not None
    if not is_there and not _was_ever_used(stores, namespaces):
        # Of a list that is there by now another was quicker.
        with looking_into(platform, _MAY_BEGIN), suppress(GenerationMismatch):
            head = read_chain(platform).head
            publish_list(platform, WithdrawalList(), head, founder(), None)
    with looking_into(platform, _MAY_BEGIN):
        return read_list(platform).list


def begin_anew(stores: Stores, namespaces: Sequence[str]) -> Published[WithdrawalList]:
    """An empty list for a platform that lost its own; deletion fills and publishes it.

    It counts on from the newest that any stored file names, so that no job takes it
    for an old one. Every header is read.

    Raises:
        ConfigurationError: there is a list, or a store cannot be read.
    """
    platform = stores.platform
    found = 0
    with looking_into(platform, _MAY_BEGIN):
        if platform.stat(LIST) is not None:
            raise ConfigurationError(
                f"{platform.uri.rstrip('/')}/{LIST}: is there; only a list that is lost"
                " is made anew"
            )
        for store in stores.each(namespaces):
            for info in store.list(DATA):
                found = max(found, _counter(store, info.name))
    return Published(WithdrawalList(found), Head(), read_chain(platform), None)


def check_counter(
    stores: Stores, namespaces: Sequence[str], withdrawals: WithdrawalList
) -> None:
    """Refuses a list that is older than one under which rows were written.

    The work is bounded: names are listed, and of each document the headers of a few
    files of its newest date are read. That suffices to find a list that was put back,
    since lists only rise with time, and the newest rows were written under the newest.

    Args:
        stores: of the studies and the platform.
        namespaces: of the registered studies; rows of others in their stores count.
        withdrawals: the list.

    Raises:
        ConfigurationError: it is older, or a store cannot be read.
    """
    for store in stores.each(namespaces):
        with looking_into(store, _IS_NEWEST):
            found = max((_counter(store, name) for name in _newest(store)), default=0)
        if found > withdrawals.counter:
            raise ConfigurationError(
                f"{stores.platform.uri.rstrip('/')}/{LIST}: is list"
                f" {withdrawals.counter}, and {store.uri} has rows that were written"
                f" under list {found}; restore the newest, or correct --platform"
            )


def _was_ever_used(stores: Stores, namespaces: Sequence[str]) -> bool:
    return holds(stores.platform, FOLDER, _MAY_BEGIN) or is_in_use(
        stores, namespaces, _MAY_BEGIN
    )


def _newest(store: ObjectStore) -> Iterator[str]:
    """A few files of each document's newest date."""
    found = filter(_is_row_file, store.list(DATA))  # sorted by name
    for _, files in groupby(found, key=_document):
        newest: deque[str] = deque(maxlen=_FILES_OF_A_DATE)
        for info in files:
            if newest and _date(newest[-1]) != _date(info.name):
                newest.clear()
            newest.append(info.name)
        yield from newest


def _is_row_file(info: ObjectInfo) -> bool:
    """Whether its name is such as ours are: others would stand before the newest."""
    return is_row_file(info.name) and partition_of("", info.name) is not None


def _document(info: ObjectInfo) -> str:
    return info.name.partition("/date=")[0]


def _date(name: str) -> str:
    return name.partition("/date=")[2][: len("YYYY-MM-DD")]


def _counter(store: ObjectStore, name: str) -> int:
    """The list that a file names; 0 of what is no whole file of ours, or gone again.

    Others report such files: this asks for one certain fault.
    """
    try:
        return int(read_stored_header(store, name).entries[LIST_COUNTER])
    except (CorruptFile, ObjectNotFound, KeyError, ValueError):
        return 0
