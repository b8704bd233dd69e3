"""Admits what is new in the event log to the withdrawal list, in a run of deletion."""

from dataclasses import replace
from datetime import datetime

from rally.access.cases import read_cases
from rally.access.leaving_delay import LeavingDelay
from rally.deletion.log_keeping import LogKeeper
from rally.deletion.request_expiry import closing_events
from rally.events import write_events
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.storage.objectstore.interface import ObjectStore
from rally.times import to_micros
from rally.version import pipeline_version
from rally.withdrawal.admission import admit
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.list_object import Published
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unavailable_studies import find_carriers
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList


def admit_new(
    platform: ObjectStore,
    keeper: LogKeeper,
    published: Published[WithdrawalList],
    registry: Registry,
    rules: Rules,
    now: datetime,
    *,
    is_anew: bool,
) -> WithdrawalList:
    """Makes the next list, and closes requests that no enrolment explained for long.

    Args:
        platform: Store of the platform, to whose log what is closed is added.
        keeper: The event log, which is open.
        published: The list that is there, or an empty one for a lost one.
        registry: Registry of the studies.
        rules: Rules that say what is held, and when a request is closed.
        now: Time of this admission, UTC.
        is_anew: Whether the former list is lost.

    Raises:
        CorruptFile: an object of the log is damaged.
        OSError: the platform cannot be read or written.
    """
    before, decisions = published.list, published.decisions
    states, rulings = States.of_chain(registry, decisions), Rulings.of(decisions)
    delay = LeavingDelay(read_cases(decisions, platform, now).values()).until

    def fold() -> WithdrawalList:
        return admit(
            keeper.find_admissible(before, rulings).events,
            before,
            registry,
            states,
            now,
            rules,
            rulings,
            is_anew=is_anew,
            delay=delay,
            whole=keeper.log,
        )

    admitted = fold()
    carriers = find_carriers(registry, keeper.log)
    closed = list(closing_events(admitted, registry, carriers, states, now, rules))
    if closed:  # the log first, so that folding it gives the published list
        write_events(platform, closed, pipeline_version())
        admitted = fold()
    suppressed = (_suppressed(each, to_micros(now)) for each in admitted.withdrawals)
    return replace(admitted, withdrawals=tuple(suppressed))


def _suppressed(withdrawal: Withdrawal, now: int) -> Withdrawal:
    if withdrawal.participant is None or withdrawal.status is not RequestStatus.ACTIVE:
        return withdrawal
    return withdrawal.reached(Stage.SUPPRESSED, now)
