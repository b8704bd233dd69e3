"""Settings that jobs and commands share, and what each of them opens by these."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

from rally.decisions.chain import Chain
from rally.decisions.verifying import read_chain
from rally.errors import cause_of, unusable
from rally.keys import names
from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.platform_keys import PlatformKeys, default_uri
from rally.registry.legal_holds import LegalHolds
from rally.registry.object_classifier import overlapping
from rally.registry.registry import SHIPPED, Registry
from rally.registry.transitions import States
from rally.storage.layout import Stores
from rally.storage.marked_stores import MarkedStores
from rally.storage.objectstore.interface import ObjectStore
from rally.usage import find_faults
from rally.validation.pseudonyms import PLATFORM, Pseudonyms


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that every job and command has; a job's own record adds to them.

    They are strings and numbers, which travel to workers. Each method opens something,
    on the machine on which it is called.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        ping_keys: folder of the keys that open pings; None where it is not named.
        platform_keys: folder of the platform's keys; None is `<ping_keys>/platform`.
        as_of: the job's clock, RFC 3339; None is now.
        run: random id of the run, for its leases.
        progress: a local folder in which workers tell how far they are; None is nobody.
    """

    store: str
    platform: str | None = None
    studies: str | None = None
    ping_keys: str | None = None
    platform_keys: str | None = None
    as_of: str | None = None
    run: str = ""
    progress: str | None = None

    def shared(self) -> dict[str, Any]:
        """The arguments that give the record of a job the same shared settings."""
        return {field.name: getattr(self, field.name) for field in fields(Settings)}

    @property
    def platform_keys_uri(self) -> str:
        """The folder of the platform's keys."""
        if self.platform_keys is None:
            assert self.ping_keys is not None  # a job's options name one of them
            return default_uri(self.ping_keys)
        return self.platform_keys

    def key_folders(self) -> tuple[KeyFolder | None, KeyFolder]:
        """The folder of ping keys, where it is named, and that of platform keys."""
        ping_keys = KeyFolder(self.ping_keys) if self.ping_keys else None
        return ping_keys, KeyFolder(self.platform_keys_uri)

    def keys(self, registry: Registry) -> PlatformKeys:
        """Opens the keys that the job uses: of pseudonyms, unless its record says more.

        Raises:
            ConfigurationError: one of them is missing or does not open. Of a platform
                that is concluded they may be gone.
            ConnectionError: a key service is away.
        """
        uri, shared = self.platform_keys_uri, names.pseudonym(PLATFORM) + KEYSET
        if not KeyFolder(uri).exists(shared) and self.is_concluded():
            return PlatformKeys({}, {}, None, None)
        return PlatformKeys.open(uri, pseudonyms=[PLATFORM, *registry.studies])

    def holds(self, platform: ObjectStore) -> LegalHolds:
        """The legal holds in force by the job's clock.

        Raises:
            ConfigurationError: the platform has no chain of decisions.
            OSError: it cannot be read.
        """
        return LegalHolds.read(platform, self.clock()())

    def clock(self) -> Callable[[], datetime]:
        """The job's clock."""
        return make_clock(self.as_of)

    def load_registry(self) -> Registry:
        """The studies by their files; one whose tables lie in the stores does not load.

        No store is looked into.

        Raises:
            ConfigurationError: see Registry.load, and Stores.
            ConnectionError: see Registry.load.
        """
        uri = self.studies or SHIPPED
        registry, stores = Registry.load(uri), Stores(self.store, self.platform)
        others = filter(None, (uri, self.ping_keys, self.platform_keys))
        return registry.closing(overlapping(stores, registry, [*others]))

    def registry(self) -> Registry:
        """The studies; one whose store or key was lost counts as not loading.

        Raises:
            ConfigurationError: the registry, a store, the decisions or the folder
                of keys is not as it must be.
            ConnectionError: one of them is away.
        """
        return self.close_unusable(self.load_registry())

    def close_unusable(self, registry: Registry) -> Registry:
        """Closes the studies of a registry whose store or key was lost.

        Raises as `registry` does.
        """
        stores, folder = self.stores(), KeyFolder(self.platform_keys_uri)
        concluded = cache(lambda: self.concluded(registry))
        faults = find_faults(registry, stores, folder, concluded, self.is_concluded)
        return registry.closing(faults)

    def stores(self) -> MarkedStores:
        """The stores, which are there and belong together.

        Raises:
            ConfigurationError: they are not, or do not.
            ConnectionError: one of them is away.
        """
        return MarkedStores(self.store, self.platform)

    def concluded(self, registry: Registry) -> frozenset[str]:
        """Namespaces of studies whose keys may be gone. Raises as `states` does."""
        return self.states(registry).concluded_by(latest(self.clock()()))

    def is_concluded(self) -> bool:
        """Tells whether the platform is concluded. Raises as `states` does."""
        return self.decisions().conclusion is not None

    def states(self, registry: Registry) -> States:
        """What operators decided. Raises as `decisions` does."""
        return States.of_chain(registry, self.decisions())

    def decisions(self) -> Chain:
        """What people decided.

        Raises:
            ConfigurationError: the platform has no chain of decisions, or it cannot be
                read.
            ConnectionError: it cannot be reached.
        """
        platform = self.stores().platform
        try:
            return read_chain(platform)
        except OSError as error:
            raise unusable(
                platform.uri,
                error,
                f"cannot be read ({cause_of(error)}); check that it exists and that"
                " this account may read there",
            ) from None


def latest(time: datetime) -> datetime:
    """The later of a job's time and now: keys are gone however far back a job looks."""
    return max(time, datetime.now(UTC))


def make_clock(as_of: str | None) -> Callable[[], datetime]:
    """A job's clock, UTC: fixed at an RFC 3339 time; of None it is now."""
    if as_of is None:
        return lambda: datetime.now(UTC)
    fixed = datetime.fromisoformat(as_of).astimezone(UTC)
    return lambda: fixed


def make_pseudonyms(keys: PlatformKeys, registry: Registry) -> Pseudonyms:
    """Makes the pseudonyms of the platform and all studies that have their key."""
    named = (PLATFORM, *registry.studies)
    return Pseudonyms({name: keys.prf(name) for name in named if keys.has_prf(name)})
