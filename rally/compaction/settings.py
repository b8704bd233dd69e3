"""What compaction needs, from the options of a job."""

from dataclasses import dataclass

from rally.keys.platform_keys import PlatformKeys
from rally.registry.legal_holds import LegalHolds
from rally.registry.registry import Registry
from rally.settings import Places
from rally.validation.pseudonyms import PLATFORM


@dataclass(frozen=True, slots=True)
class CompactSettings(Places):
    """Where everything is.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform_keys: folder of the platform's keys.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        run: random id of the run, for its leases.
        as_of: the job's clock, by which legal holds are in force; None is now.
    """

    store: str
    platform_keys: str
    platform: str | None = None
    studies: str | None = None
    run: str = ""
    as_of: str | None = None

    def holds(self) -> LegalHolds:
        """What must stay as it is. Raises ConfigurationError."""
        return LegalHolds.read(self.stores().platform, self.clock()())

    def keys(self, registry: Registry) -> PlatformKeys:
        """Pseudonyms. Raises ConfigurationError."""
        return PlatformKeys.open(
            self.platform_keys,
            pseudonyms=[PLATFORM, *registry.studies],
        )
