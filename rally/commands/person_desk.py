"""A desk at which somebody decides on the cases of people who ask for a copy."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from rally.access.cases import find_case, read_cases
from rally.commands.options import open_platform, read_past_time, signer_of
from rally.decisions.access_contents import AccessDecision, AccessVerification
from rally.decisions.chain import LOSS, Chain
from rally.decisions.content_parsing import Content
from rally.decisions.contents import DecisionKind
from rally.errors import ConfigurationError
from rally.fields import Place, note
from rally.withdrawal.newest_list import decide_by_list, see

if TYPE_CHECKING:
    from rally.access.cases import Case


class CaseDesk:
    """Finds cases and signs decisions on them, for one person.

    Attributes:
        platform: Store of the platform.
        by: Name of who decides.
        now: Time at which it is signed, UTC.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        """Takes who decides, and where. Opens their key before anything is asked for.

        Raises:
            ConfigurationError: an option that says so is missing or wrong.
        """
        note(Place("--note"), args.note)
        self.platform = open_platform(args)
        self.now = read_past_time("--as_of", args.as_of)
        self._signer = signer_of(args)
        self.by = self._signer.name

    def find(self, word: str) -> "Case":
        """Finds a case by its id. Raises ConfigurationError where there is none."""
        chain = see(self.platform).decisions
        return find_case(read_cases(chain, self.platform, self.now), word)

    def decide(
        self,
        kind: DecisionKind,
        content: AccessVerification | AccessDecision,
        why_not: Callable[["Case"], str],
    ) -> None:
        """Signs a decision on a case, if it counts for something.

        Args:
            kind: Kind of the decision.
            content: The decision, which names the case.
            why_not: Function that says why it would count for nothing; "" if it counts.

        Raises:
            ConfigurationError: it would not; or the person may not decide that.
        """

        def check(chain: Chain) -> None:
            cases = read_cases(chain, self.platform, self.now)
            if why := why_not(find_case(cases, content.case)):
                raise ConfigurationError(f"{content.case}: {why}")

        self.sign(kind, content, check)

    def sign(
        self, kind: DecisionKind, content: Content, check: Callable[[Chain], None]
    ) -> None:
        """Appends a decision to the chain.

        Args:
            kind: Kind of the decision.
            content: The subject of the decision.
            check: Function that raises ConfigurationError where the decision makes no
                sense after the entries that are there.

        Raises:
            ConfigurationError: as `check` does; or entries are lost, of which one may
                be a refusal; or the person may not decide that.
        """

        def check_all(chain: Chain) -> None:
            if chain.has_loss:
                raise ConfigurationError(LOSS)
            check(chain)

        decide_by_list(self.platform, self._signer, kind, content, self.now, check_all)
