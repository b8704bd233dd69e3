"""What every job makes of its settings: the registry, the stores, the clock."""

from collections.abc import Callable
from datetime import UTC, datetime

from rally.checking.pseudonyms import PLATFORM, Pseudonyms
from rally.errors import cause_of, unusable
from rally.keys.platform_keys import PlatformKeys
from rally.storing.layout import Stores
from rally.storing.places import overlapping
from rally.studies.registry import SHIPPED, Registry
from rally.studies.transitions import States

_KEY_FOLDERS = ("keys", "platform_keys", "key_folder", "ping_keys")
"""What the settings of jobs call them; some have a method of such a name instead."""


class Places:
    """Opens what the settings of a job name; each job's own record derives from it.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        as_of: the job's clock, RFC 3339; None is now.
    """

    __slots__ = ()

    store: str
    platform: str | None
    studies: str | None
    as_of: str | None

    def clock(self) -> Callable[[], datetime]:
        """The job's clock."""
        return make_clock(self.as_of)

    def registry(self) -> Registry:
        """The studies; one whose tables lie in the stores does not load.

        Raises:
            ConfigurationError: see Registry.load.
            ConnectionError: likewise.
        """
        uri = self.studies or SHIPPED
        registry = Registry.load(uri)
        keys = (getattr(self, name, None) for name in _KEY_FOLDERS)
        others = [uri, *(each for each in keys if isinstance(each, str))]
        return registry.closing(overlapping(self.stores(), registry, others))

    def stores(self) -> Stores:
        """The stores. Raises ConfigurationError."""
        return Stores(self.store, self.platform)

    def concluded(self, registry: Registry) -> frozenset[str]:
        """Namespaces of studies whose keys may be gone.

        Raises:
            ConfigurationError: the platform's log is not as it was written, or cannot
                be read.
            ConnectionError: it cannot be reached.
        """
        platform = self.stores().platform
        try:
            states = States.read(registry, platform)
        except OSError as error:
            raise unusable(
                platform.uri,
                error,
                f"cannot be read ({cause_of(error)}); check that it exists and that"
                " this account may read there",
            ) from None
        return states.concluded_by(latest(self.clock()()))


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
