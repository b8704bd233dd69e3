"""Orders to take out what should never have been collected: rows, or one field of them.

An order is about one document and some submission dates. One person signs it, and it
counts when a second person has approved it: from then on ingest keeps nothing of what
it names, deletion takes out what is stored, and the audit proves that nothing is left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from rally.decisions.contents import Approval, DecisionKind, Expunge
from rally.storage.field_eraser import FieldEraser, find_eraser
from rally.storage.layout import Partition

if TYPE_CHECKING:
    from rally.decisions.chain import Chain, ChainRecord
    from rally.decisions.entry import Entry

_ID_DIGITS = 32


class ExpungeOrder(NamedTuple):
    """An order that somebody signed.

    Attributes:
        number: Number of its entry in the chain of decisions.
        id: Name of the order in plans and receipts, 32 hexadecimal digits.
        namespace: Namespace of the study.
        document: Name of the document.
        field: Path of the field in the schema; None takes out whole rows.
        first: First submission date, UTC.
        last: Last submission date.
        by: Name of who signed it.
        note: Reason.
        approved_by: Name of the second person; "" while it waits for one.
        approved: Time at which it began to count; None while it does not.
    """

    number: int
    id: str
    namespace: str
    document: str
    field: str | None
    first: date
    last: date
    by: str
    note: str
    approved_by: str = ""
    approved: datetime | None = None

    def covers(self, document: str, day: str) -> bool:
        """Tells whether rows of a document of its study and a date are meant.

        Args:
            document: Name of the document.
            day: Submission date, YYYY-MM-DD.
        """
        return (
            document == self.document
            and self.first.isoformat() <= day <= self.last.isoformat()
        )

    @property
    def what(self) -> str:
        """What it takes out, in a few words for a report."""
        part = f"{self.field} of {self.document}" if self.field else self.document
        return f"{part} from {self.first} to {self.last}"


class Expunges(NamedTuple):
    """The orders of a platform, in the order of the chain.

    Attributes:
        orders: Orders that count.
        waiting: Orders that wait for a second person, and do nothing.
    """

    orders: tuple[ExpungeOrder, ...] = ()
    waiting: tuple[ExpungeOrder, ...] = ()

    @classmethod
    def of_chain(cls, chain: "Chain", through: int | None = None) -> "Expunges":
        """Reads the orders of a chain.

        Args:
            chain: Chain of decisions.
            through: Number of the last entry that is looked at, as a withdrawal list
                names it; None looks at all.
        """
        last = chain.head.number if through is None else through
        asked = {each.number: each for each in chain.records[:last] if _order_in(each)}
        orders = list[ExpungeOrder]()
        for entry in chain.of(DecisionKind.APPROVE):
            approval = entry.content
            assert isinstance(approval, Approval)
            if entry.number <= last and approval.entry in asked:
                orders.append(_read(asked.pop(approval.entry), entry))
        return cls(tuple(sorted(orders)), tuple(map(_read, asked.values())))

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the orders that count."""
        return frozenset(each.id for each in self.orders)

    def of(self, namespace: str) -> Iterator[ExpungeOrder]:
        """Yields the orders about a study that count."""
        return (each for each in self.orders if each.namespace == namespace)

    def about(self, namespace: str) -> list[ExpungeOrder]:
        """Lists all orders about a study, also those that wait."""
        known = (*self.orders, *self.waiting)
        return [each for each in known if each.namespace == namespace]

    def over(self, namespace: str, document: str, day: str) -> tuple[ExpungeOrder, ...]:
        """Returns the orders that count about rows of a document and a date.

        Args:
            namespace: Namespace of the study.
            document: Name of the document.
            day: Submission date, YYYY-MM-DD.
        """
        return tuple(each for each in self.of(namespace) if each.covers(document, day))

    def takes_rows(self, partition: Partition) -> bool:
        """Whether an order that counts takes out all rows of a partition."""
        return any(each.field is None for each in self.over(*partition))

    def with_all_of(self, others: "Expunges") -> "Expunges":
        """Adds orders that once counted, and are lost since."""
        known = {each.id: each for each in (*others.orders, *self.orders)}
        return self._replace(orders=tuple(sorted(known.values())))


NO_EXPUNGES = Expunges()
"""Orders of a platform on which nobody ordered any."""


@dataclass(frozen=True, slots=True)
class RowExpunge:
    """Change that orders make to the rows of one schema and one date.

    Attributes:
        rows: Id of the first order that takes whole rows; "" if none does.
        fields: Erasers of fields, each with the id of the first order that names it.
    """

    rows: str = ""
    fields: tuple[tuple[str, FieldEraser], ...] = ()

    @classmethod
    def of(cls, orders: Sequence[ExpungeOrder], schema: str) -> "RowExpunge | None":
        """Combines orders; None if they take nothing out of rows of the schema.

        Args:
            orders: Orders about the rows' document and date.
            schema: Writer's schema of the rows, JSON.

        Raises:
            FieldRequired: A field of the schema can be neither null nor empty.
            CorruptFile: The schema cannot be walked.
        """
        for each in orders:
            if each.field is None:
                return cls(each.id)
        ids = {each.field: each.id for each in reversed(orders) if each.field}
        fields = tuple(
            (ids[path], eraser)
            for path in sorted(ids)
            if (eraser := find_eraser(schema, path)).is_there
        )
        return cls(fields=fields) if fields else None

    def take_out(self, row: bytes) -> tuple[bytes | None, list[str]]:
        """Takes out of a row what the orders name.

        Returns:
            The row without the fields, the very row if it has none of them, or None
            if the whole row goes; and the ids of the orders that took something.

        Raises:
            CorruptFile: The bytes are no row of the schema.
        """
        if self.rows:
            return None, [self.rows]
        taken = list[str]()
        for order, eraser in self.fields:
            erased = eraser.erase(row)
            if erased is not row:
                row = erased
                taken.append(order)
        return row, taken

    def holds(self, row: bytes) -> bool:
        """Tells whether a row has anything that has to go. Raises as `take_out`."""
        return bool(self.rows) or any(each.holds(row) for _, each in self.fields)


def find_order(chain: "Chain", number: int) -> ExpungeOrder | None:
    """Returns the order of a number, be it approved or not; None where none is."""
    known = Expunges.of_chain(chain)
    every = (*known.orders, *known.waiting)
    return next((each for each in every if each.number == number), None)


def _order_in(record: "ChainRecord") -> Expunge | None:
    """Returns the order of an entry that is one and not void."""
    content = record.entry.content if record.entry and not record.why else None
    return content if isinstance(content, Expunge) else None


def _read(record: "ChainRecord", approval: "Entry | None" = None) -> ExpungeOrder:
    content, entry = _order_in(record), record.entry
    assert content is not None
    assert entry is not None
    order = ExpungeOrder(
        record.number,
        record.digest[:_ID_DIGITS],
        content.namespace,
        content.document,
        content.field,
        content.first,
        content.last,
        entry.by,
        content.note,
    )
    if approval is None:
        return order
    approved = max(approval.when, entry.when)
    return order._replace(approved_by=approval.by, approved=approved)
