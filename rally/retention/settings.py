"""What a purge needs, from the options of a job; and what each worker makes of it.

Who purges can open no ping and no dead letter: of the platform's keys only the
pseudonyms' are opened, and at the end of the platform its own signing key; other key
files are only deleted.
"""

from dataclasses import dataclass, field

from rally.keys.cloud_kms import KeyService
from rally.keys.folder import KEYSET
from rally.keys.names import Job, pseudonym
from rally.keys.platform_keys import PlatformKeys
from rally.keys.signing import SigningKey
from rally.registry.legal_holds import LegalHolds
from rally.retention.limits import Limits
from rally.settings import Settings, latest
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.open_store import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeSettings(Settings):
    """The shared settings, and what goes when.

    Attributes:
        limits: limits of age and number.
        archives: globs of what was ingested; None is none.
        confirm: ids of what a person confirmed, with commas: of a whole plan, or of
            what is above the ceiling in it. None is nothing.
    """

    limits: Limits = field(default_factory=Limits)
    archives: str | None = None
    confirm: str | None = None

    def holds(self, platform: ObjectStore) -> LegalHolds:
        """The legal holds in force now, however far back the job looks.

        Raises:
            ConfigurationError: the platform has no chain of decisions.
            OSError: it cannot be read.
        """
        return LegalHolds.read(platform, latest(self.clock()()))

    def has_pseudonyms(self, namespace: str) -> bool:
        """Tells whether a study has its pseudonym key. Raises ConfigurationError."""
        _, platform = self.key_folders()
        return platform.exists(pseudonym(namespace) + KEYSET)

    def signer(self) -> SigningKey:
        """Opens the key by which a purge signs the last receipt, and the anchor.

        Only the end of a platform asks for it.

        Raises:
            ConfigurationError: it is missing or does not open.
            ConnectionError: a key service is away.
        """
        keys = PlatformKeys.open(self.platform_keys_uri, signing=[Job.PURGE])
        return keys.signer(Job.PURGE)

    def open_derived(self, uri: str) -> ObjectStore:
        """A folder that is no store of ours. Raises ConfigurationError."""
        return open_store(uri)

    def key_service(self) -> KeyService:
        """Where storage keys are. Raises OSError."""
        from rally.keys.cloud_kms import open_key_service  # slow, and seldom needed

        return open_key_service()
