"""Settings of the jobs that take pings in: ingest and replay."""

from dataclasses import dataclass

from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.settings import Settings
from rally.usage import find_unwritable
from rally.validation.pseudonyms import PLATFORM


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings(Settings):
    """The shared settings, and how fresh what a running job knows has to be.

    Attributes:
        ping_keys: folder of the keys that open pings.
        country_attribute: message attribute with the sender's country.
        reload_seconds: how old what is known of the studies, of what people decided
            and of the withdrawal list may be.
    """

    ping_keys: str
    country_attribute: str | None = None
    reload_seconds: float = 60.0

    def close_unusable(self, registry: Registry) -> Registry:
        """The same registry; a study whose folders take no rows is closed, too.

        See Settings.close_unusable.
        """
        registry = Settings.close_unusable(self, registry)
        return registry.closing(find_unwritable(registry, self.stores()))

    def keys(self, registry: Registry) -> PlatformKeys:
        """Opens every pseudonym and dead letters' seal; raises as `Settings.keys`."""
        return PlatformKeys.open(
            self.platform_keys_uri, pseudonyms=[PLATFORM, *registry.studies], seal=True
        )
