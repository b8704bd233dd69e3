"""Publishes the withdrawal list, and with it each study's view of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from rally.deletion.study_views import ViewPublisher
from rally.event_log.event_log import LogState
from rally.keys.signing import SigningKey
from rally.registry.expunges import NO_EXPUNGES, Expunges
from rally.registry.registry import Registry
from rally.registry.transitions import States, Transition, transitions_in
from rally.releases.budget import budgets
from rally.releases.ledger import read_ledger
from rally.settings import latest
from rally.storage.layout import Stores
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.list_object import Published, publish_list
from rally.withdrawal.newest_list import newest_signed
from rally.withdrawal.root import Root, remove_unnamed
from rally.withdrawal.withdrawal_list import WithdrawalList


class ListPublisher:
    """Publishes lists of one run of deletion, which holds the lease.

    Attributes:
        expunges: Orders to expunge that count by the decisions of the last list.
        views: Publisher of the studies' views, which knows where that failed.
    """

    def __init__(
        self,
        stores: Stores,
        registry: Registry,
        pseudonyms: Pseudonyms,
        key: SigningKey,
        clock: Callable[[], datetime],
    ) -> None:
        """Publishes nothing yet.

        Args:
            stores: Stores of the studies and the platform.
            registry: Registry of the studies.
            pseudonyms: Pseudonyms of the platform and the studies.
            key: Deletion's signing key.
            clock: The job's clock.
        """
        self.expunges: Expunges = NO_EXPUNGES
        self.views = ViewPublisher(stores, registry, pseudonyms, key)
        self._platform = stores.platform
        self._registry = registry
        self._key = key
        self._clock = clock

    def publish(
        self,
        before: Published[WithdrawalList],
        after: WithdrawalList,
        log: LogState | None = None,
        newest: int = 0,
    ) -> WithdrawalList:
        """Publishes a list if it, the decisions or the log is new; and all views.

        The counter continues from the newest root that anything signed knows of. If a
        decision is lost, the list keeps naming the chain as it was, so that the loss is
        seen until two owners accept it.

        Args:
            before: The list that is there, and the decisions beside it.
            after: The list to publish, with the counter of the former.
            log: Files of the event log that the root is to name; None names those that
                it has.
            newest: Counter of the newest root that files of the log know.

        Returns:
            The list that is there by now.

        Raises:
            GenerationMismatch: Another run published meanwhile.
        """
        decisions = before.decisions
        head, steps = decisions.head, tuple(transitions_in(decisions))
        if decisions.has_loss:
            head, steps = (
                before.head,
                tuple(sorted({*before.steps, *map(_bare, steps)})),
            )
        self.expunges = Expunges.of_chain(decisions, head.number)
        newest = max(newest, newest_signed(self._platform, before))
        # Of one that is lost, or was put back, nobody knows what changed since.
        former = before.people if newest == before.list.counter else None
        people, root = former, before.root
        known = _log_of(root)
        log = log or known
        if people is None or (after, head, log) != (before.list, before.head, known):
            after = replace(after, counter=newest + 1)
            people = after.people(former)
            root, _ = publish_list(
                self._platform,
                after,
                head,
                self._key,
                before.generation,
                steps,
                people=people,
                log_bits=log.bits,
                log=log.files,
            )
        if root is not None:
            remove_unnamed(self._platform, root)
        now = self._clock()
        concluded = States(self._registry, steps).concluded_by(latest(now))
        published = Published(people, head, decisions, None, steps)
        ledger = read_ledger(self._platform, decisions)
        spent = budgets(decisions, ledger)
        self.views.publish(published, concluded, now, spent, ledger)
        return after


def _log_of(root: Root | None) -> LogState:
    return LogState(root.log_bits, root.log) if root else LogState()


def _bare(step: Transition) -> Transition:
    """Strips a transition to what the list stores of it."""
    return step._replace(by="", note="")
