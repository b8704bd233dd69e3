"""What is looked at once, before the first ping is read."""

from rally.ingesting.routes import Routes
from rally.ingesting.setup import IngestSettings, open_platform_keys
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_administration import ensure_platform_keys
from rally.studies.transitions import read_transitions


def check_before_start(settings: IngestSettings) -> None:
    """Loads what every worker will load, so that a fault stops the job at the start.

    Makes the platform's keys where they are missing and may be made here.

    Raises:
        ConfigurationError: the registry, a schema, a key folder or a store is not as
            it must be; the message is one line.
    """
    registry = settings.registry()
    Routes(registry)
    PingKeys.load(settings.keys)
    ensure_platform_keys(settings.platform_keys_uri, list(registry.studies))
    open_platform_keys(settings, registry)
    stores = settings.stores()
    stores.check_writable(list(registry.studies))
    read_transitions(stores.platform)
