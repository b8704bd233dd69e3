"""Orders to expunge, signed by the people of tests.support.people."""

from collections.abc import Iterable
from datetime import date, datetime

from rally.decisions.contents import DecisionKind, Expunge
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.registry.expunges import ExpungeOrder, Expunges
from rally.storage.objectstore.interface import ObjectStore
from tests.support.people import signer


def order_expunge(
    platform: ObjectStore,
    namespace: str,
    document: str,
    days: Iterable[date],
    at: datetime,
    field: str | None = None,
    approved_by: str | None = "privacy",
) -> ExpungeOrder:
    """Orders to expunge what was submitted on two dates, and on all between.

    Args:
        platform: its store, which is founded.
        namespace: namespace of the study.
        document: name of the document.
        days: the first and the last.
        at: time of both signatures.
        field: path of the field; None is whole rows.
        approved_by: who approves it; None is nobody yet.
    """
    first, last = days
    content = Expunge(namespace, document, field, first, last, "a test")
    entry = decide(platform, signer("decide"), DecisionKind.EXPUNGE, content, at)
    if approved_by:
        approve(platform, signer(approved_by), entry.number, at)
    known = Expunges.of_chain(read_chain(platform))
    orders = known.orders if approved_by else known.waiting
    return next(each for each in orders if each.number == entry.number)
