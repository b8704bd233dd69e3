"""What deletion needs, from the options of a job; and what each worker makes of it.

Who deletes cannot decrypt: of the platform's keys only the pseudonyms' and its own
signing key are opened.
"""

from dataclasses import dataclass, field

from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.settings import Places
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.rules import Rules


@dataclass(frozen=True, slots=True)
class DeletionSettings(Places):
    """Where everything is, and by which rules requests are admitted and closed.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform_keys: folder of the platform's keys.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        as_of: the job's clock, RFC 3339; None is now.
        rules: what is held, and when what nobody is known for leaves the list.
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

    def keys(self, registry: Registry) -> PlatformKeys:
        """Pseudonyms and what it signs by. Raises ConfigurationError."""
        return PlatformKeys.open(
            self.platform_keys,
            pseudonyms=[PLATFORM, *registry.studies],
            signing=[Job.DELETE],
        )
