"""What people decided, and who has left, as a job knows it at the moment."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from rally.decisions.chain import Chain, refuse_concluded
from rally.decisions.entry import Entry
from rally.decisions.verifying import ChainReader
from rally.registry.approvals import Approvals
from rally.registry.expunges import NO_EXPUNGES, Expunges
from rally.registry.registry import Registry
from rally.registry.review_evidence import restrictions_in
from rally.registry.transitions import States, Transition, transitions_in
from rally.storage.objectstore.interface import ObjectStore
from rally.withdrawal.fold import Leaver


class Decisions(NamedTuple):
    """Decisions of people on a registry's studies, as known at one moment.

    Attributes:
        states: states of the studies.
        approvals: approvals by the reviews.
        expunges: orders to expunge.
    """

    states: States
    approvals: Approvals
    expunges: Expunges = NO_EXPUNGES


class Withdrawals(Protocol):
    """The withdrawal list as a job knows it at the moment."""

    def people(self) -> Mapping[str, Leaver]:
        """Gives the people on the list, by platform pseudonym."""

    @property
    def counter(self) -> int:
        """The number of the list that `people` gave last."""


class LiveDecisions:
    """Reader of people's decisions, asked again and again.

    A decision that this job or deletion has read once stays: one that is lost or
    damaged since, such as a pause, makes no study collect again. So does an order to
    expunge that this job has read.
    """

    def __init__(
        self,
        platform: ObjectStore,
        remembered: Callable[[], Iterable[Transition]] = tuple,
    ) -> None:
        """Reads nothing yet.

        Args:
            platform: the platform's store.
            remembered: source of the decisions that the withdrawal list repeats.
        """
        self._reader = ChainReader(platform)
        self._uri = platform.uri
        self._remembered = remembered
        self._transitions = set[Transition]()
        self._restrictions = dict[Entry, None]()
        self._judged: tuple[Registry, Chain, Approvals] | None = None
        self._expunges = NO_EXPUNGES

    def read(self, registry: Registry) -> Decisions:
        """Reads what is decided of a registry's studies now.

        Approvals are judged again only where the registry or the chain has changed.

        Raises:
            ConfigurationError: the platform has no chain, or is concluded.
            OSError: it cannot be read.
        """
        chain = self._reader.read()
        refuse_concluded(chain, self._uri)
        self._transitions.update(transitions_in(chain))
        self._transitions.update(self._remembered())
        states = States(registry, self._transitions)
        self._expunges = Expunges.of_chain(chain).with_all_of(self._expunges)
        return Decisions(states, self._judge(registry, chain), self._expunges)

    def _judge(self, registry: Registry, chain: Chain) -> Approvals:
        if self._judged is not None:
            known, judged, approvals = self._judged
            if known is registry and judged is chain:
                return approvals
        self._restrictions |= dict.fromkeys(restrictions_in(chain))
        approvals = Approvals.of_chain(registry, chain, self._restrictions)
        self._judged = registry, chain, approvals
        return approvals
