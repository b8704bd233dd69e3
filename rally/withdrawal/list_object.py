"""The withdrawal list as two objects that the root names: who has left, and requests.

Who has to judge rows reads the one, `withdrawals/list/…`: an index of tens of bytes for
each entry, which is searched where it lies (rally.withdrawal.people_index). Who
publishes the list, and who shows it, reads both: the other, `withdrawals/requests/…`,
has what nobody judges rows by.

    {"orders": how many, "receipts": …}
    a line of JSON for each order to expunge that has receipts
    a line of JSON for each withdrawal

Neither is believed before it is as the root says (rally.withdrawal.root).
"""

from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any, Generic, NamedTuple, TypeVar

from rally.decisions.chain import Chain, Head, refuse_concluded
from rally.decisions.verifying import read_chain
from rally.keys.signing import SigningKey
from rally.receipts.receipt import Stage
from rally.registry.expunges import Expunges
from rally.registry.transitions import Transition
from rally.storage.container import canonical_json
from rally.storage.objectstore.interface import GenerationMismatch, ObjectStore
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.root import (
    LAYOUT,
    LISTS,
    REQUESTS,
    ROOT,
    LogFile,
    Root,
    open_named,
    publish_root,
    read_named,
    read_root,
    store_named,
)
from rally.withdrawal.signed_lines import SignedObjectMissing, parsed_lines, pieces_of
from rally.withdrawal.withdrawal_list import OrderReceipts, Withdrawal, WithdrawalList

T = TypeVar("T")


class Published(NamedTuple, Generic[T]):
    """A withdrawal list that was published, and the decisions beside it.

    Attributes:
        list: The people who have left.
        head: End of the decisions when it was published.
        decisions: All that are there, held against that head.
        generation: Generation of the root that names it; None of one that is yet to be
            published.
        steps: Transitions of studies by the decisions of then, without who and why.
        people: Who is on it, as it was published; None where nobody can read that.
        root: The root that names it; None where there is none.
    """

    list: T
    head: Head
    decisions: Chain
    generation: int | None
    steps: tuple[Transition, ...] = ()
    people: PeopleIndex | None = None
    root: Root | None = None

    @property
    def expunges(self) -> Expunges:
        """Orders to expunge that the decisions had when it was published."""
        return Expunges.of_chain(self.decisions, self.head.number)


def read_list(platform: ObjectStore) -> Published[WithdrawalList]:
    """The published list, of records.

    Raises:
        ConfigurationError: there is none, it is not as it was published, or the
            platform has no first decision.
        OSError: the platform cannot be read.
    """

    def take(root: Root, people: PeopleIndex) -> WithdrawalList:
        return _read_records(platform, root, people)

    return _read(platform, take)


def read_people(platform: ObjectStore) -> Published[PeopleIndex]:
    """Who is on the published list, as an index; raises as `read_list` does."""
    return _read(platform, lambda _, people: people)


def publish_list(
    platform: ObjectStore,
    withdrawals: WithdrawalList,
    head: Head,
    key: SigningKey,
    generation: int | None,
    steps: Collection[Transition] = (),
    *,
    people: PeopleIndex | None = None,
    log_bits: int = 0,
    log: Collection[LogFile] = (),
) -> tuple[Root, int]:
    """Publishes a list: its objects, and then the root that names them.

    Args:
        platform: Its store.
        withdrawals: The list.
        head: Head of the decisions that its readers must find.
        key: Deletion's; of list 0 the founder's.
        generation: Generation of the root that it replaces; None where there is none.
        steps: Transitions of studies by these decisions.
        people: Who is on the list, with what changed since the list before; by default
            all is new.
        log_bits: Number of bits of the buckets of the event log's files.
        log: Files of the event log.

    Returns:
        The root, and its generation.

    Raises:
        GenerationMismatch: Somebody else published since.
    """
    counter = withdrawals.counter
    if people is None:
        people = withdrawals.people()
    root = Root(
        counter,
        head,
        LAYOUT,
        store_named(platform, LISTS, ".bin", counter, people.data),
        store_named(platform, REQUESTS, ".jsonl", counter, _encode(withdrawals)),
        log_bits,
        tuple(log),
        tuple(steps),
    )
    return root, publish_root(platform, root, key, generation)


def _read(
    platform: ObjectStore, take: Callable[[Root, PeopleIndex], T]
) -> Published[T]:
    """What the objects make that the published root names."""
    while True:
        published = None
        try:
            published = read_root(platform)
            root = published.root
            people = PeopleIndex(read_named(platform, root.list))
            return Published(
                take(root, people),
                root.head,
                published.decisions,
                published.generation,
                root.steps,
                people,
                root,
            )
        except GenerationMismatch:
            continue  # published anew in this moment
        except SignedObjectMissing:
            now = platform.stat(ROOT)
            if published and now and now.generation != published.generation:
                continue  # and what the root named before has gone
            # It may have gone with its platform.
            refuse_concluded(read_chain(platform), platform.uri)
            raise


def _encode(withdrawals: WithdrawalList) -> bytes:
    """The bytes of the requests' object."""
    lines: list[dict[str, Any]] = [
        {"orders": len(withdrawals.orders), "receipts": withdrawals.receipts},
        *(each._asdict() for each in withdrawals.orders),
        *map(_values, withdrawals.withdrawals),
    ]
    return b"".join(canonical_json(each).encode() + b"\n" for each in lines)


def _read_records(
    platform: ObjectStore, root: Root, people: PeopleIndex
) -> WithdrawalList:
    with open_named(platform, root.requests) as snapshot:
        lines = parsed_lines(pieces_of(snapshot))
        first = next(lines)
        orders = tuple(_order(next(lines)) for _ in range(first["orders"]))
        withdrawals = tuple(map(_withdrawal, lines))
    enrolments = tuple(sorted(people.enrolments()))
    return WithdrawalList(
        root.counter, withdrawals, enrolments, first["receipts"], orders
    )


def _order(content: dict[str, Any]) -> OrderReceipts:
    return OrderReceipts(content["order"], tuple(content["receipts"]))


def _withdrawal(content: dict[str, Any]) -> Withdrawal:
    stages = {Stage(stage): time for stage, time in content.pop("stages").items()}
    return Withdrawal(
        status=RequestStatus(content.pop("status")),
        deferred=tuple(content.pop("deferred")),
        receipts=tuple(content.pop("receipts")),
        stages=stages,
        **content,
    )


def _values(entry: Withdrawal) -> dict[str, Any]:
    return {each.name: getattr(entry, each.name) for each in fields(entry)}
