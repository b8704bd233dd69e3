"""Whether anything is stored yet: what may be made anew depends on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rally.errors import unusable
from rally.storing.layout import DATA, EVENTS, Stores
from rally.storing.objects import ObjectStore


def is_in_use(stores: Stores, namespaces: Sequence[str], why: str) -> bool:
    """Whether there is an event, or a row of any study, registered still or not.

    Args:
        stores: of the studies and the platform.
        namespaces: of the registered studies.
        why: what depends on it, for the message.

    Raises:
        ConfigurationError: a store cannot be listed.
    """
    return holds(stores.platform, EVENTS, why) or any(
        holds(store, DATA, why) for store in stores.each(namespaces)
    )


def holds(store: ObjectStore, prefix: str, why: str) -> bool:
    """Whether there is an object whose name begins with `prefix`.

    Raises:
        ConfigurationError: the store cannot be listed.
    """
    with looking_into(store, why):
        return any(True for _ in store.list(prefix))  # the first is asked for, no more


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
        store: is looked into.
        why: what depends on it, such as "whether new keys may be made".

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
