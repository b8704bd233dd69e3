"""Orders to expunge in a run of deletion: which are open, and the receipts they get."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from rally.deletion.receipt_writer import (
    ReceiptWriter,
    Results,
    make_section,
    old_copies_until,
)
from rally.deletion.run_findings import RunFindings
from rally.receipts.receipt import Expunged, NamedChanges, Receipt, ReceiptReason, Stage
from rally.registry.expunges import ExpungeOrder, Expunges
from rally.times import to_micros
from rally.withdrawal.withdrawal_list import OrderReceipts, WithdrawalList


class OrderState(NamedTuple):
    """An order after a run.

    Attributes:
        order: The order.
        numbers: Numbers of the receipts that it has.
        reason: Reason for which another one is due; None if none is.
        results: Results of plans that none of its receipts tells.
    """

    order: ExpungeOrder
    numbers: tuple[int, ...]
    reason: ReceiptReason | None
    results: Results


class OrdersToTell(NamedTuple):
    """Receipts of the orders after a run.

    Attributes:
        orders: Receipts of each order that has any, as the list keeps them.
        waiting: Ids of plans with results for an order whose receipt is not due yet.
    """

    orders: tuple[OrderReceipts, ...]
    waiting: frozenset[str]


def find_open(
    expunges: Expunges,
    withdrawals: WithdrawalList,
    now: datetime,
    longest_delay_days: float,
) -> list[ExpungeOrder]:
    """Finds the orders whose study a run still searches and verifies.

    A stream that did not know of an order yet may have stored what it names. So an
    order is open until it has a receipt, and the longest delay is over.

    Args:
        expunges: Orders that count.
        withdrawals: List that keeps the numbers of their receipts.
        now: Time of the run.
        longest_delay_days: Longest time from a ping to its arrival, days.
    """
    since = now - timedelta(days=longest_delay_days)
    return [
        each
        for each in expunges.orders
        if not withdrawals.receipts_of(each.id)
        or (each.approved is not None and each.approved > since)
    ]


def find_due(
    writer: ReceiptWriter, withdrawals: WithdrawalList, findings: RunFindings
) -> list[OrderState]:
    """Finds which orders this run has carried out, so that a receipt is due.

    Args:
        writer: Writer of receipts, which knows those of a killed run.
        withdrawals: List that the run followed.
        findings: Findings of the run.
    """
    faulty = {each.study for each in findings.faults}
    states = list[OrderState]()
    for order in findings.orders:
        numbers = (*withdrawals.receipts_of(order.id), *writer.find(order.id))
        results = writer.unreported(order.id, numbers)
        waits = (
            order.namespace in faulty
            or order.namespace not in findings.registry.studies
        )
        reason = None
        if not waits and (results or not numbers):
            reason = ReceiptReason.LATE if numbers else ReceiptReason.EXPUNGE
        states.append(OrderState(order, numbers, reason, results))
    return states


def tell_orders(
    writer: ReceiptWriter,
    withdrawals: WithdrawalList,
    findings: RunFindings,
    states: Iterable[OrderState],
) -> OrdersToTell:
    """Writes the receipts of orders that this run has carried out.

    Args:
        writer: Writer of receipts, after it wrote those of requests.
        withdrawals: List that the run followed.
        findings: Findings of the run.
        states: Orders, as `find_due` found them.
    """
    told, waiting = list[OrderReceipts](), set[str]()
    for order, numbers, reason, results in states:
        if reason is None:
            waiting.update(results)
        else:
            changes = writer.changes if results else None
            draft = _OrderReceiptDraft(order, reason, results, findings, changes)
            numbers = (*numbers, writer.append(draft))
        if numbers:
            told.append(OrderReceipts(order.id, numbers))
    known = {each.order for each in told}
    lost = [each for each in withdrawals.orders if each.order not in known]
    return OrdersToTell((*lost, *told), frozenset(waiting))


@dataclass(frozen=True, slots=True)
class _OrderReceiptDraft:
    """A receipt of an order whose number and predecessor are not known yet.

    Calling it with both makes the receipt.
    """

    order: ExpungeOrder
    reason: ReceiptReason
    results: Results
    findings: RunFindings
    changes: NamedChanges | None

    def __call__(self, number: int, previous: str) -> Receipt:
        order, findings = self.order, self.findings
        assert order.approved is not None
        received = to_micros(order.approved)
        section = make_section(order.namespace, order.id, self.results, findings)
        return Receipt(
            number=number,
            request=order.id,
            scope=order.namespace,
            received=received,
            written=findings.now,
            stages={Stage.REQUESTED: received, Stage.VERIFIED: findings.now},
            sections=(section,),
            old_copies_until=old_copies_until([order.namespace], findings),
            plan="+".join(self.results),
            list=findings.counter,
            reason=self.reason,
            previous=previous,
            expunged=Expunged(
                order.number, order.document, order.field, order.first, order.last
            ),
            changes=self.changes,
        )
