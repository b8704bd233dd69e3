"""What deletion needs, from the options of a job; and what each worker makes of it.

Who deletes cannot decrypt: of the platform's keys only the pseudonyms' and its own
signing key are opened.
"""

from dataclasses import dataclass, field

from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.settings import Settings
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.rules import REWRITE_AFTER_DAYS, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionSettings(Settings):
    """The shared settings, and the rules by which requests are admitted and closed.

    Attributes:
        rules: rules by which requests are held, and leave the list unmatched.
        rewrite_after_days: how old a request is when files are rewritten for it, unless
            somebody expedites it; until then one rewrite waits for more of them.
        longest_delay_days: how long a ping may be on its way. A request closes after
            a sweep that long after it.
        rebuild_list: whether a withdrawal list that is lost is made anew.
    """

    rules: Rules = field(default_factory=Rules)
    rewrite_after_days: float = REWRITE_AFTER_DAYS
    longest_delay_days: float = 38.0
    rebuild_list: bool = False

    def keys(self, registry: Registry) -> PlatformKeys:
        """Opens the pseudonyms and the signing key. Raises as `Settings.keys` does."""
        return PlatformKeys.open(
            self.platform_keys_uri,
            pseudonyms=[PLATFORM, *registry.studies],
            signing=[Job.DELETE],
        )
