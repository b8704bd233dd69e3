"""Moves requests through their stages after a run."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.deletion.order_receipts import find_due, tell_orders
from rally.deletion.receipt_writer import ReceiptWriter, Results
from rally.deletion.run_findings import RunFindings
from rally.events import RALLY
from rally.keys.signing import SigningKey
from rally.receipts.receipt import ReceiptReason, Stage
from rally.storage.objectstore.interface import ObjectStore
from rally.times import from_micros, to_micros
from rally.withdrawal.unavailable_studies import concerned
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class RequestProgress:
    """State of the requests after a run.

    Attributes:
        withdrawals: The list, with stages and receipts as they are now, and those of
            orders to expunge.
        receipts: Numbers of the receipts that are new on the list.
        waiting: Ids of plans with results for a request, or an order, whose receipt is
            not due yet.
        unavailable: Number of requests that wait for studies that do not load.
    """

    withdrawals: WithdrawalList
    receipts: list[int]
    waiting: frozenset[str]
    unavailable: int


def advance_requests(
    platform: ObjectStore,
    decisions: Chain,
    key: SigningKey,
    withdrawals: WithdrawalList,
    findings: RunFindings,
) -> RequestProgress:
    """Moves every open request to the stage it has reached, and writes receipts.

    Receipts of orders to expunge follow those of requests.

    Args:
        platform: Store of the platform.
        decisions: Chain of decisions, which names the keys that sign receipts.
        key: Key that signs receipts.
        withdrawals: The published list.
        findings: Findings of the run.
    """
    writer = ReceiptWriter(platform, decisions, key, withdrawals, findings)
    moves = [_move(writer, each, findings) for each in withdrawals.withdrawals]
    orders = find_due(writer, withdrawals, findings)
    writer.store_changes(
        [
            *((each.withdrawal.request, each.results) for each in moves if each.reason),
            *((each.order.id, each.results) for each in orders if each.reason),
        ]
    )
    moved = [
        writer.write(after, reason, results) if reason else after
        for after, reason, results in moves
    ]
    waiting = {plan for each in moves if not each.reason for plan in each.results}
    told = tell_orders(writer, withdrawals, findings, orders)
    return RequestProgress(
        replace(withdrawals, withdrawals=tuple(moved), orders=told.orders),
        writer.numbers,
        told.waiting | waiting,
        sum(each.is_open and _waits(each, findings) for each in moved),
    )


class _Move(NamedTuple):
    """A request after a run.

    Attributes:
        withdrawal: The request, with the stages that it has reached.
        reason: Reason for which a receipt is due; None if none is.
        results: Results of plans that none of its receipts tells.
    """

    withdrawal: Withdrawal
    reason: ReceiptReason | None
    results: Results


def _move(
    writer: ReceiptWriter, withdrawal: Withdrawal, findings: RunFindings
) -> _Move:
    """Moves one request; see `advance_requests`."""
    before = after = writer.take_up(withdrawal)
    unreported, reason = writer.unreported(before.request, before.receipts), None
    if (before.is_open or unreported) and not _is_hindered(before, findings):
        after = _moved(before, findings) if before.is_open else before
        reason = _reason(before, after, late=bool(unreported))
    return _Move(after, reason, unreported)


def _is_hindered(withdrawal: Withdrawal, findings: RunFindings) -> bool:
    """Tells whether the run did not find, or not delete, all rows of a request."""
    if findings.takes_any(withdrawal, findings.waiting):
        return True
    if _waits(withdrawal, findings):
        return True
    faulty = {each.study for each in findings.faults if each.outcome.hinders_requests}
    if findings.unregistered and withdrawal.scope in (RALLY, *findings.unregistered):
        return True
    return not faulty.isdisjoint(findings.covered(withdrawal))


def _waits(withdrawal: Withdrawal, findings: RunFindings) -> bool:
    """Tells whether a study that does not load may have rows of the request."""
    return bool(concerned(withdrawal, findings.registry, findings.carriers))


def _moved(withdrawal: Withdrawal, findings: RunFindings) -> Withdrawal:
    """Adds the stages that a request has reached, each only after the one before."""
    namespaces = findings.covered(withdrawal)
    is_purged = Stage.PURGED in withdrawal.stages
    if not is_purged and findings.takes_any(withdrawal, findings.removed):
        withdrawal = withdrawal.without(Stage.REWRITTEN)  # there are new old copies
    moved = withdrawal.reached(Stage.REWRITTEN, _rewritten(namespaces, findings))
    rewritten = from_micros(moved.stages[Stage.REWRITTEN])
    if any(copies.since_before(rewritten) for copies in findings.copies_of(namespaces)):
        return moved
    moved = moved.reached(Stage.PURGED, findings.now)
    moved = moved.reached(Stage.VERIFIED, findings.now)
    since = max(withdrawal.time, withdrawal.renewed, moved.stages[Stage.SUPPRESSED])
    is_past = findings.now >= since + findings.longest_delay_days * _DAY
    if is_past and not withdrawal.deferred:
        moved = moved.reached(Stage.CLOSED, findings.now)
    return moved


def _rewritten(namespaces: list[str], findings: RunFindings) -> int:
    """Time of rewriting, not before the newest old copy by the store's clock."""
    times = [copies.newest for copies in findings.copies_of(namespaces)]
    return max([findings.now, *(to_micros(time) for time in times if time)])


def _reason(
    before: Withdrawal, after: Withdrawal, *, late: bool
) -> ReceiptReason | None:
    """Reason for which a receipt is due; None if none is."""
    if Stage.VERIFIED not in after.stages:
        return None
    if Stage.VERIFIED not in before.stages:
        return ReceiptReason.SETTLED if before.receipts else ReceiptReason.DELETION
    return ReceiptReason.LATE if late else None
