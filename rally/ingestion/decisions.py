"""What people decided, and who has left, as a job knows it at the moment."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rally.decisions.chain import Chain
from rally.decisions.entry import Entry
from rally.decisions.verifying import ChainReader
from rally.registry.approvals import Approvals
from rally.registry.registry import Registry
from rally.registry.review_evidence import restrictions_in
from rally.registry.transitions import States, Transition, transitions_in
from rally.storage.objectstore.interface import ObjectStore
from rally.withdrawal.fold import Leaver


class Decisions(Protocol):
    """The source of what people decided."""

    def states(self) -> States:
        """Gives the studies' states."""

    def approvals(self) -> Approvals:
        """Gives what the reviews approve."""


class Withdrawals(Protocol):
    """The withdrawal list as a job knows it at the moment."""

    def people(self) -> Mapping[str, Leaver]:
        """Gives the people on the list, by platform pseudonym."""

    @property
    def counter(self) -> int:
        """The number of the list that `people` gave last."""


@dataclass(frozen=True, slots=True)
class FixedDecisions:
    """Decisions that do not change.

    Attributes:
        fixed_states: states of the studies.
        fixed_approvals: approvals by the reviews.
    """

    fixed_states: States
    fixed_approvals: Approvals

    def states(self) -> States:
        """Gives the studies' states."""
        return self.fixed_states

    def approvals(self) -> Approvals:
        """Gives what the reviews approve."""
        return self.fixed_approvals


class LiveDecisions:
    """What people decided, which a job reads again when it is older than it allows.

    A decision that this job or deletion has read once stays: one that is lost or
    damaged since, such as a pause, makes no study collect again.
    """

    def __init__(
        self,
        registry: Registry,
        platform: ObjectStore,
        reload_seconds: float,
        remembered: Callable[[], Iterable[Transition]] = tuple,
    ) -> None:
        """Reads the chain of decisions.

        Args:
            registry: registry of the studies.
            platform: the platform's store.
            reload_seconds: age at which the chain is read again.
            remembered: source of the decisions that the withdrawal list repeats.

        Raises:
            ConfigurationError: the platform has no chain.
        """
        self._registry = registry
        self._reader = ChainReader(platform)
        self._reload_seconds = reload_seconds
        self._remembered = remembered
        self._transitions = set[Transition]()
        self._restrictions = dict[Entry, None]()
        self._chain: Chain | None = None
        self._read()

    def states(self) -> States:
        """Gives the studies' states as they are known now."""
        self._refresh()
        return self._states

    def approvals(self) -> Approvals:
        """Gives what the reviews approve, as it is known now."""
        self._refresh()
        return self._approvals

    def _refresh(self) -> None:
        if time.monotonic() - self._read_at > self._reload_seconds:
            self._read()

    def _read(self) -> None:
        chain = self._reader.read()
        self._transitions.update(transitions_in(chain))
        self._transitions.update(self._remembered())
        self._states = States(self._registry, self._transitions)
        if chain is not self._chain:
            self._chain = chain
            self._restrictions |= dict.fromkeys(restrictions_in(chain))
            self._approvals = Approvals.of_chain(
                self._registry, chain, self._restrictions
            )
        self._read_at = time.monotonic()
