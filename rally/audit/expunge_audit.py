"""Audits orders to expunge: each is carried out in time, and leaves nothing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.audit.whole_files import RowBlock
from rally.decisions.entry import entry_name
from rally.errors import CorruptFile
from rally.registry.expunges import ExpungeOrder, Expunges, RowExpunge
from rally.registry.legal_holds import LegalHolds
from rally.storage.field_eraser import FieldRequired
from rally.storage.header import decode_varint
from rally.storage.row_keys import KEY_BYTES
from rally.withdrawal.withdrawal_list import WithdrawalList

_CHECK = Check.EXPUNGED


class JudgedOrder(NamedTuple):
    """An order as of the time of an audit.

    Attributes:
        order: The order, which counts.
        is_due: Whether nothing of it may be left: it has a receipt, or its deadline is
            over.
        until: Day on which its deadline is over.
    """

    order: ExpungeOrder
    is_due: bool
    until: date


class JudgedOrders(NamedTuple):
    """The orders of a platform as of the time of an audit.

    Attributes:
        orders: Orders that were approved by then.
    """

    orders: tuple[JudgedOrder, ...] = ()

    @classmethod
    def judge(
        cls,
        expunges: Expunges,
        withdrawals: WithdrawalList | None,
        as_of: datetime,
        deadline_days: float,
    ) -> "JudgedOrders":
        """Judges the orders of a platform.

        Args:
            expunges: Orders that count.
            withdrawals: Published list, which has their receipts; None if it cannot be
                read.
            as_of: Clock of the audit, UTC.
            deadline_days: Time from an approval until nothing may be left.
        """
        found = list[JudgedOrder]()
        for each in expunges.orders:
            if each.approved is None or each.approved > as_of:
                continue
            deadline = each.approved + timedelta(days=deadline_days)
            is_done = bool(withdrawals and withdrawals.receipts_of(each.id))
            found.append(
                JudgedOrder(each, is_done or deadline < as_of, deadline.date())
            )
        return cls(tuple(found))

    def over(self, study: str, document: str, day: str) -> tuple[JudgedOrder, ...]:
        """Returns the orders about a partition."""
        return tuple(
            each
            for each in self.orders
            if each.order.namespace == study and each.order.covers(document, day)
        )


def audit_orders(
    expunges: Expunges,
    withdrawals: WithdrawalList,
    holds: LegalHolds,
    as_of: datetime,
    deadline_days: float,
) -> Tally:
    """Names orders that have no receipt; see JudgedOrders.judge for the arguments.

    Args:
        expunges: Orders that count.
        withdrawals: Published list.
        holds: Legal holds; one over a study keeps its orders open.
        as_of: Clock of the audit.
        deadline_days: Time from an approval until it must be carried out.
    """
    tally = Tally()
    judged = JudgedOrders.judge(expunges, withdrawals, as_of, deadline_days)
    for order, is_due, until in judged.orders:
        if withdrawals.receipts_of(order.id):
            continue
        where, what = entry_name(order.number), "an order to expunge without a receipt"
        if holds.of(order.namespace):
            what = f"{what}, under a legal hold"
            tally.add_apart(_CHECK, where, what, 1, Unit.OBJECTS)
        elif is_due:
            tally.add_broken(_CHECK, where, what, 1, Unit.OBJECTS)
        else:
            tally.add_apart(_CHECK, where, what, 1, Unit.OBJECTS, until)
    return tally


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """Finds the rows of one file of which orders take out something.

    Attributes:
        orders: Orders, either all of them due or none.
        expunge: Change that they make to rows of the file; None if they make none.
        is_whole: Whether each row counts: they take whole rows, or the file's schema
            requires a field that they take out.
    """

    orders: tuple[JudgedOrder, ...]
    expunge: RowExpunge | None
    is_whole: bool

    @classmethod
    def of(cls, orders: tuple[JudgedOrder, ...], schema: str) -> "OrderCheck":
        """Makes the check of a file with a writer's schema.

        Raises:
            CorruptFile: The schema cannot be walked to a field.
        """
        try:
            expunge = RowExpunge.of([each.order for each in orders], schema)
        except FieldRequired:
            return cls(orders, None, True)
        return cls(orders, expunge, bool(expunge and expunge.rows))

    def count(self, block: RowBlock, out: Collection[int]) -> int:
        """Counts the rows of a block, but for those at some places.

        A row that is not what its schema says has its own finding.
        """
        if self.is_whole:
            rows = len(block.starts) + block.mismatched + block.keyless
            return rows - len(out)
        if self.expunge is None:
            return 0
        found = 0
        for place, row in enumerate(_rows(block)):
            try:
                found += place not in out and self.expunge.holds(row)
            except CorruptFile:
                continue
        return found


def _rows(block: RowBlock) -> Iterator[bytes]:
    """Yields the encoded rows of a block, without a key that was put before."""
    for start, end in zip(block.starts, block.ends, strict=True):
        if block.is_foreign:
            _, start = decode_varint(block.data, start + KEY_BYTES)
        yield block.data[start:end]


def make_order_checks(
    orders: tuple[JudgedOrder, ...], schema: str
) -> tuple[OrderCheck, ...]:
    """Makes the checks of a file: of due orders, and of those on their way.

    Raises:
        CorruptFile: The schema cannot be walked to a field.
    """
    parts = (
        tuple(each for each in orders if each.is_due is is_due)
        for is_due in (True, False)
    )
    return tuple(OrderCheck.of(each, schema) for each in parts if each)
