"""What is looked at once, before the first ping is read."""

from rally.ingestion.routes import Routes
from rally.ingestion.setup import IngestSettings, open_platform_keys
from rally.keys.ping_keys import PingKeys
from rally.withdrawal.bootstrap import open_list


def check_before_start(settings: IngestSettings) -> None:
    """Loads what every worker will load, so that a fault stops the job at the start.

    Raises:
        ConfigurationError: the registry, a schema, a key folder, a store or the
            withdrawal list is not as it must be; the message is one line.
        ConnectionError: a store or a key service is away; likewise.
    """
    registry = settings.registry()
    Routes(registry)
    PingKeys.load(settings.keys)
    stores, namespaces = settings.stores(), list(registry.studies)
    stores.check_writable(namespaces, settings.concluded(registry))
    open_platform_keys(settings, registry)
    open_list(stores.platform)
