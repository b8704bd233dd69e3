"""What is looked at once, before the first ping is read."""

import sys

from rally.errors import ConfigurationError
from rally.ingesting.routes import Routes
from rally.ingesting.setup import IngestSettings, open_platform_keys
from rally.keys import names
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_administration import ensure_platform_keys
from rally.storing.layout import DATA, EVENTS, Stores, study_folder
from rally.storing.objects import ObjectStore
from rally.studies.registry import Registry
from rally.studies.transitions import read_transitions


def check_before_start(settings: IngestSettings) -> None:
    """Loads what every worker will load, so that a fault stops the job at the start.

    Makes the platform's keys where they are missing and may be made here, and says so
    on standard error.

    Raises:
        ConfigurationError: the registry, a schema, a key folder or a store is not as
            it must be; the message is one line.
    """
    registry = settings.registry()
    Routes(registry)
    PingKeys.load(settings.keys)
    stores = settings.stores()
    _make_platform_keys(settings.platform_keys_uri, registry, stores)
    open_platform_keys(settings, registry)
    stores.check_writable(list(registry.studies))
    read_transitions(stores.platform)


def _make_platform_keys(uri: str, registry: Registry, stores: Stores) -> None:
    namespaces = list(registry.studies)

    def in_use(namespace: str) -> bool:
        if namespace == names.PLATFORM:
            return _platform_is_in_use(stores, namespaces)
        return _holds(stores.of(namespace), study_folder(namespace))

    if made := ensure_platform_keys(uri, namespaces, in_use):
        print(f"made new platform keys in {uri}: {', '.join(made)}", file=sys.stderr)


def _platform_is_in_use(stores: Stores, namespaces: list[str]) -> bool:
    """Whether there is an event, or a row of any study, registered still or not."""
    each_once = {store.uri: store for store in map(stores.of, namespaces)}
    return _holds(stores.platform, EVENTS) or any(
        _holds(store, DATA) for store in each_once.values()
    )


def _holds(store: ObjectStore, prefix: str) -> bool:
    try:
        return any(True for _ in store.list(prefix))  # asks for the first and no more
    except OSError as error:
        raise ConfigurationError(
            f"{store.uri}: cannot be listed ({error.strerror or 'refused'}), and"
            " whether new platform keys may be made depends on what is there"
        ) from None
