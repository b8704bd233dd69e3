"""What is looked at once, before the first ping is read."""

import sys

from rally.ingesting.routes import Routes
from rally.ingesting.setup import IngestSettings, open_platform_keys
from rally.keys import names
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_administration import ensure_platform_keys
from rally.storing.layout import Stores, study_folder
from rally.storing.occupancy import holds, is_in_use
from rally.studies.registry import Registry
from rally.withdrawing.list_object import FOLDER
from rally.withdrawing.starting import check_counter, start_list

_NEW_KEYS = "whether new platform keys may be made"


def check_before_start(settings: IngestSettings) -> None:
    """Loads what every worker will load, so that a fault stops the job at the start.

    Makes the platform's keys where they are missing and may be made here, and says so
    on standard error; and the first withdrawal list where nothing was ever kept.

    Raises:
        ConfigurationError: the registry, a schema, a key folder, a store or the
            withdrawal list is not as it must be; the message is one line.
        ConnectionError: a store or a key service is away; likewise.
    """
    registry = settings.registry()
    Routes(registry)
    PingKeys.load(settings.keys)
    stores, namespaces = settings.stores(), list(registry.studies)
    concluded = settings.concluded(registry)
    stores.check_writable(namespaces, concluded)
    _make_platform_keys(settings.platform_keys_uri, registry, stores, concluded)
    keys = open_platform_keys(settings, registry)
    withdrawals = start_list(stores, namespaces, keys.mac(names.LIST_MAC))
    check_counter(stores, namespaces, withdrawals)


def _make_platform_keys(
    uri: str, registry: Registry, stores: Stores, concluded: frozenset[str]
) -> None:
    """Makes those that are missing, but no new ones of studies that are concluded."""
    namespaces = [each for each in registry.studies if each not in concluded]

    def in_use(namespace: str) -> bool:
        if namespace == names.PLATFORM:
            return is_in_use(stores, namespaces, _NEW_KEYS)
        if namespace == names.LIST_MAC:
            return holds(stores.platform, FOLDER, _NEW_KEYS)
        return holds(stores.of(namespace), study_folder(namespace), _NEW_KEYS)

    if made := ensure_platform_keys(uri, namespaces, in_use):
        print(f"made new platform keys in {uri}: {', '.join(made)}", file=sys.stderr)
