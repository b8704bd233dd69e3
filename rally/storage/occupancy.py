"""Whether anything is stored yet: what may be made anew depends on it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from rally.errors import unusable
from rally.storage.layout import CONSENTS, DATA, EVENTS, Stores, study_folder
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore, StrayInTheWay
from rally.storage.records import is_litter

_OF_STUDIES = study_folder("")[:-1]


def is_in_use(stores: Stores, namespaces: Sequence[str], why: str) -> bool:
    """Tells whether there is an event, or a row of any study, registered still or not.

    Args:
        stores: Stores of the studies and the platform.
        namespaces: Namespaces of the registered studies.
        why: Subject that depends on it, for the message.

    Raises:
        ConfigurationError: a store cannot be listed.
    """
    logs = (EVENTS, CONSENTS)
    return any(holds(stores.platform, each, why) for each in logs) or any(
        holds(store, DATA, why) for store in stores.each(namespaces)
    )


def holds(store: ObjectStore, prefix: str, why: str, but: Collection[str] = ()) -> bool:
    """Tells whether there is an object of ours whose name begins with `prefix`.

    Args:
        store: The store that is searched.
        prefix: Prefix of the names.
        why: Subject that depends on it, for the message.
        but: Names of objects that do not count.

    Raises:
        ConfigurationError: the store cannot be listed, or there is only a link, behind
            which may be anything.
    """
    with looking_into(store, why):
        # The first is asked for, and no more.
        if any(_is_ours(info) for info in store.list(prefix) if info.name not in but):
            return True
        for stray in store.strays(prefix):
            raise StrayInTheWay(stray, f"{store.uri.rstrip('/')}/{stray.name}")
        return False


def _is_ours(info: ObjectInfo) -> bool:
    """Tells whether an object shows that something is kept, as no litter does."""
    is_copy = info.name.startswith(DATA) and not info.name.startswith(_OF_STUDIES)
    return not is_copy and not is_litter(info.name)


@contextmanager
def listing(store: ObjectStore) -> Iterator[None]:
    """Turns a refusal to list what a job is to work on into one line.

    Raises:
        ConfigurationError: the store refuses.
        ConnectionError: it cannot be reached.
    """
    try:
        yield
    except OSError as error:
        raise unusable(
            store.uri,
            error,
            f"cannot be listed ({error.strerror or 'refused'}); check that this account"
            " may",
        ) from None


@contextmanager
def looking_into(store: ObjectStore, why: str) -> Iterator[None]:
    """Turns a refusal of the store into one line.

    Args:
        store: The store that is searched.
        why: Subject that depends on it, such as "whether new keys may be made".

    Raises:
        ConfigurationError: the store refuses.
        ConnectionError: it cannot be reached.
    """
    try:
        yield
    except OSError as error:
        raise unusable(
            store.uri,
            error,
            f"cannot be read ({error.strerror or 'refused'}), and {why} depends on what"
            " is there",
        ) from None
