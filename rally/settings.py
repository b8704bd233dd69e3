"""What every job makes of its settings: the registry, the stores, the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from rally.errors import cause_of, unusable
from rally.keys.folder import KeyFolder
from rally.keys.platform_keys import PlatformKeys
from rally.registry.object_classifier import overlapping
from rally.registry.registry import SHIPPED, Registry
from rally.registry.transitions import States
from rally.storage.layout import Stores
from rally.storage.marked_stores import MarkedStores
from rally.usage import find_faults
from rally.validation.pseudonyms import PLATFORM, Pseudonyms

_KEY_FOLDERS = ("keys", "platform_keys", "key_folder", "ping_keys")
"""What the settings of jobs call them; some have a method of such a name instead."""


class Places:
    """Opens what the settings of a job name; each job's own record derives from it.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        platform_keys: folder of the platform's keys.
        as_of: the job's clock, RFC 3339; None is now.
    """

    __slots__ = ()

    store: str
    platform: str | None
    studies: str | None
    platform_keys: str | None
    as_of: str | None

    @property
    def platform_keys_uri(self) -> str:
        """The folder of the platform's keys."""
        assert self.platform_keys is not None  # every job's options name it
        return self.platform_keys

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
        keys = (getattr(self, name, None) for name in _KEY_FOLDERS)
        others = [uri, *(each for each in keys if isinstance(each, str))]
        return registry.closing(overlapping(stores, registry, others))

    def registry(self) -> Registry:
        """The studies; one whose store or key was lost counts as not loading.

        Raises:
            ConfigurationError: the registry, a store, the decisions or the folder
                of keys is not as it must be.
            ConnectionError: one of them is away.
        """
        registry, stores = self.load_registry(), self.stores()
        folder = KeyFolder(self.platform_keys_uri)
        concluded = cache(lambda: self.concluded(registry))
        return registry.closing(find_faults(registry, stores, folder, concluded))

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

    def states(self, registry: Registry) -> States:
        """What operators decided.

        Raises:
            ConfigurationError: the platform has no chain of decisions, or it cannot be
                read.
            ConnectionError: it cannot be reached.
        """
        platform = self.stores().platform
        try:
            return States.read(registry, platform)
        except OSError as error:
            raise unusable(
                platform.uri,
                error,
                f"cannot be read ({cause_of(error)}); check that it exists and that"
                " this account may read there",
            ) from None


@dataclass(frozen=True, slots=True)
class CommandPlaces(Places):
    """Where everything is, for a command that is no job.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform: URI of the platform's store; None is `<store>/platform`.
        platform_keys: folder of the platform's keys.
        studies: the registry's folder.
        as_of: the command's clock, RFC 3339; None is now.
    """

    store: str
    platform: str | None
    platform_keys: str
    studies: str | None
    as_of: str | None = None


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
    """Of the platform and every study of the registry whose key is not destroyed."""
    named = (PLATFORM, *registry.studies)
    return Pseudonyms({name: keys.prf(name) for name in named if keys.has_prf(name)})
