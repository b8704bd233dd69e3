"""What a purge needs, from the options of a job; and what each worker makes of it.

Who purges can open no ping and no dead letter: of the platform's keys only the
pseudonyms' are opened, and other key files are only deleted.
"""

from dataclasses import dataclass, field

from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.names import pseudonym
from rally.keys.platform_keys import PlatformKeys
from rally.keys.storage_key import KeyService
from rally.registry.legal_holds import LegalHolds
from rally.registry.registry import Registry
from rally.retention.limits import Limits
from rally.settings import Places, latest
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.open_store import open_store
from rally.validation.pseudonyms import PLATFORM


@dataclass(frozen=True, slots=True)
class PurgeSettings(Places):
    """Where everything is, and what goes when.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform_keys: folder of the platform's keys.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        as_of: the job's clock, RFC 3339; None is now.
        ping_keys: folder of the keys that open pings; None where it is not named.
        limits: of age and number.
        archives: globs of what was ingested; None is none.
        confirm: ids of what a person confirmed, with commas: of a whole plan, or of
            what is above the ceiling in it. None is nothing.
        run: random id of the run, for its leases.
        progress: folder in which workers tell how far they are.
    """

    store: str
    platform_keys: str
    platform: str | None = None
    studies: str | None = None
    as_of: str | None = None
    ping_keys: str | None = None
    limits: Limits = field(default_factory=Limits)
    archives: str | None = None
    confirm: str | None = None
    run: str = ""
    progress: str | None = None

    def keys(self, registry: Registry) -> PlatformKeys:
        """Pseudonyms. Raises ConfigurationError."""
        return PlatformKeys.open(
            self.platform_keys,
            pseudonyms=[PLATFORM, *registry.studies],
        )

    def holds(self, platform: ObjectStore) -> LegalHolds:
        """The legal holds in force now, however far back the job looks.

        Raises:
            ConfigurationError: the platform has no chain of decisions.
            OSError: it cannot be read.
        """
        return LegalHolds.read(platform, latest(self.clock()()))

    def key_folders(self) -> tuple[KeyFolder | None, KeyFolder]:
        """That of ping keys, where it is named, and the platform's."""
        ping = KeyFolder(self.ping_keys) if self.ping_keys else None
        return ping, KeyFolder(self.platform_keys)

    def has_pseudonyms(self, namespace: str) -> bool:
        """Whether a study's pseudonyms have their key. Raises ConfigurationError."""
        _, platform = self.key_folders()
        return platform.exists(pseudonym(namespace) + KEYSET)

    def open_derived(self, uri: str) -> ObjectStore:
        """A folder that is no store of ours. Raises ConfigurationError."""
        return open_store(uri)

    def key_service(self) -> KeyService:
        """Where storage keys are. Raises OSError."""
        from rally.keys.storage_key import open_key_service  # slow, and seldom needed

        return open_key_service()
