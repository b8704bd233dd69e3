"""What deletion needs, from the options of a job; and what each worker makes of it.

Who deletes cannot decrypt: of the platform's keys only the pseudonyms' and the MACs
are opened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rally.checking.pseudonyms import PLATFORM, Pseudonyms
from rally.keys.names import LIST_MAC, RECEIPT_MAC
from rally.keys.platform_keys import PlatformKeys
from rally.storing.layout import Stores
from rally.studies.registry import SHIPPED, Registry
from rally.withdrawing.holding import Rules


@dataclass(frozen=True, slots=True)
class DeletionSettings:
    """Where everything is, and by which rules requests are admitted and closed.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform_keys: folder of the platform's keys.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        as_of: the job's clock, RFC 3339; None is now.
        rules: what is held, and when what is unresolved closes.
        longest_delay_days: how long a ping may be on its way. A request closes after
            a sweep that long after it.
        run: random id of the run, for its leases.
        rebuild_list: whether a withdrawal list that is lost is made anew.
    """

    store: str
    platform_keys: str
    platform: str | None = None
    studies: str | None = None
    as_of: str | None = None
    rules: Rules = field(default_factory=Rules)
    longest_delay_days: float = 38.0
    run: str = ""
    rebuild_list: bool = False

    def clock(self) -> Callable[[], datetime]:
        """The job's clock."""
        if self.as_of is None:
            return lambda: datetime.now(UTC)
        fixed = datetime.fromisoformat(self.as_of).astimezone(UTC)
        return lambda: fixed

    def registry(self) -> Registry:
        """The studies. Raises ConfigurationError."""
        return Registry.load(self.studies or SHIPPED)

    def stores(self) -> Stores:
        """The stores. Raises ConfigurationError."""
        return Stores(self.store, self.platform)

    def keys(self, registry: Registry) -> PlatformKeys:
        """Pseudonyms and MACs. Raises ConfigurationError."""
        return PlatformKeys.open(
            self.platform_keys,
            pseudonyms=[PLATFORM, *registry.studies],
            macs=[LIST_MAC, RECEIPT_MAC],
        )


def make_pseudonyms(keys: PlatformKeys, registry: Registry) -> Pseudonyms:
    """Of the platform and every study of the registry."""
    return Pseudonyms({name: keys.prf(name) for name in (PLATFORM, *registry.studies)})
