"""The withdrawal list as an object: one, replaced by generation, and signed.

    the signature of the SHA-256 of all that follows, in hexadecimal digits
    {"chain": {"digest": …, "number": …}, "counter": …, "enrolments": how many,
     "orders": how many, "receipts": …, "steps": how many, "withdrawals": how many}
    a line of JSON for each pause, resumption, end and conclusion of a study
    a line of JSON for each order to expunge that has receipts
    a line of JSON for each withdrawal
    a line of JSON for each enrolment

Deletion signs it. Who verifies needs the platform's decisions, which name the key, and
cannot forge a list. The list in turn says how far the decisions went when it was
published; whoever reads both holds them against it. It remembers what they said of
studies, so that a pause whose entry is lost resumes no collection.

It is read piece by piece, and never believed before its signature is verified (see
rally.withdrawal.signed_lines). Who has to judge rows makes an index of
it whose entries take tens of bytes; who publishes it, and who shows it, takes records.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar

from rally.decisions.chain import Chain, Head, refuse_concluded
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.signing import SigningKey
from rally.receipts.receipt import Stage
from rally.registry.expunges import Expunges
from rally.registry.transitions import StudyAction, Transition
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectStore,
    Snapshot,
    StrayInTheWay,
)
from rally.times import from_micros, to_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.people_index import PeopleBuilder, PeopleIndex
from rally.withdrawal.signed_lines import (
    NotSigned,
    open_signed,
    sign_lines,
    verified_lines,
)
from rally.withdrawal.withdrawal_list import (
    Enrolment,
    OrderReceipts,
    Withdrawal,
    WithdrawalList,
)

FOLDER = "withdrawals/"
LIST = FOLDER + "list.json"
_CONTEXT = b"rally withdrawal list\n"
_RESTORE = "take it away, and restore the withdrawal list from a backup"
_MISSING = (
    "the withdrawal list is missing, and who has left is not known without it; restore"
    " it, or let `rally delete --rebuild_list` make it anew from the event log"
)

T = TypeVar("T")


class Published(NamedTuple, Generic[T]):
    """A withdrawal list that was published, and the decisions beside it.

    Attributes:
        list: The people who have left.
        head: End of the decisions when it was published.
        decisions: All that are there, held against that head.
        generation: Generation of the list's object; None of one that is yet to be
            published.
        steps: Transitions of studies by the decisions of then, without who and why.
    """

    list: T
    head: Head
    decisions: Chain
    generation: int | None
    steps: tuple[Transition, ...] = ()

    @property
    def expunges(self) -> Expunges:
        """Orders to expunge that the decisions had when it was published."""
        return Expunges.of_chain(self.decisions, self.head.number)


def encode_list(
    withdrawals: WithdrawalList,
    head: Head,
    key: SigningKey,
    steps: Collection[Transition] = (),
) -> bytes:
    """The object's bytes. Raises OSError where a KMS does not serve."""
    first: dict[str, Any] = {
        "chain": head._asdict(),
        "counter": withdrawals.counter,
        "enrolments": len(withdrawals.enrolments),
        "orders": len(withdrawals.orders),
        "receipts": withdrawals.receipts,
        "steps": len(steps),
        "withdrawals": len(withdrawals.withdrawals),
    }
    lines = chain(
        [first],
        map(_plain_step, steps),
        (each._asdict() for each in withdrawals.orders),
        (_values(each) for each in withdrawals.withdrawals),
        (_values(each) for each in withdrawals.enrolments),
    )
    return sign_lines(_CONTEXT, lines, key)


def read_list(platform: ObjectStore) -> Published[WithdrawalList]:
    """The published list, of records.

    Raises:
        ConfigurationError: there is none, it is not as it was published, or the
            platform has no first decision.
        OSError: the platform cannot be read.
    """
    return _read(platform, _read_records)


def read_people(platform: ObjectStore) -> Published[PeopleIndex]:
    """Who is on the published list, as an index; raises as `read_list` does."""
    return _read(platform, _read_index)


def publish_list(
    platform: ObjectStore,
    withdrawals: WithdrawalList,
    head: Head,
    key: SigningKey,
    generation: int | None,
    steps: Collection[Transition] = (),
) -> int:
    """Publishes a list.

    Args:
        platform: Its store.
        withdrawals: The list.
        head: Head of the decisions that its readers must find.
        key: Deletion's; of list 0 the founder's.
        generation: Generation that it replaces; None where there is none.
        steps: Transitions of studies by these decisions.

    Returns:
        The new generation.

    Raises:
        GenerationMismatch: somebody else published since.
    """
    data = encode_list(withdrawals, head, key, steps)
    if generation is not None:
        return platform.replace(LIST, data, generation)
    if not platform.create(LIST, data):
        raise GenerationMismatch(LIST)
    info = platform.stat(LIST)
    if info is None:
        raise GenerationMismatch(LIST)
    return info.generation


def _read(
    platform: ObjectStore,
    take: Callable[[dict[str, Any], Iterator[dict[str, Any]]], T],
) -> Published[T]:
    """What the verified lines of the published list make."""
    while True:
        try:
            with open_signed(platform, LIST, _MISSING, _RESTORE) as snapshot:
                # Later than the list: what it names of them is there by now.
                decisions = read_chain(platform)
                lines = _verified(snapshot, decisions, platform)
                first = next(lines)
                _, head = _read_head(first)
                steps = tuple(_step(next(lines)) for _ in range(first["steps"]))
                return Published(
                    take(first, lines),
                    head,
                    decisions.against(head),
                    snapshot.info.generation,
                    steps,
                )
        except GenerationMismatch:
            continue  # published anew in this moment
        except ConfigurationError:
            if _is_gone(platform):
                refuse_concluded(read_chain(platform), platform.uri)
            raise


def _is_gone(platform: ObjectStore) -> bool:
    """Tells whether nothing is in the list's place: its platform may be concluded."""
    try:
        return platform.stat(LIST) is None
    except StrayInTheWay:
        return False


def _verified(
    snapshot: Snapshot, decisions: Chain, platform: ObjectStore
) -> Iterator[dict[str, Any]]:
    """The lines, of which the first one is the head; only once they are verified.

    Raises:
        ConfigurationError: it is not as deletion published it.
    """

    def accepts(first: Any, signature: str, data: bytes) -> bool:
        return decisions.is_list(_read_head(first)[0], signature, data)

    try:
        return verified_lines(snapshot, _CONTEXT, accepts)
    except NotSigned:
        raise ConfigurationError(
            f"{_where(platform)}: is not as deletion published it; restore it from a"
            " backup"
        ) from None


def _read_head(content: Any) -> tuple[int, Head]:
    """The counter, and how far the decisions went.

    It raises KeyError, TypeError or ValueError of what is no head.
    """
    counter, head = content["counter"], Head(**content["chain"])
    if type(counter) is not int or type(head.number) is not int:
        raise TypeError
    return counter, head


def _read_records(
    head: dict[str, Any], lines: Iterator[dict[str, Any]]
) -> WithdrawalList:
    orders = tuple(_order(next(lines)) for _ in range(head["orders"]))
    withdrawals = tuple(_withdrawal(next(lines)) for _ in range(head["withdrawals"]))
    enrolments = tuple(Enrolment(**each) for each in lines)
    return WithdrawalList(
        head["counter"], withdrawals, enrolments, head["receipts"], orders
    )


def _read_index(head: dict[str, Any], lines: Iterator[dict[str, Any]]) -> PeopleIndex:
    builder = PeopleBuilder()
    for _ in range(head["orders"]):
        next(lines)
    for _ in range(head["withdrawals"]):
        each = next(lines)
        if each["participant"] is not None:
            terms = RequestStatus(each["standing"]), frozenset(each["deferred"])
            builder.leave(
                each["participant"], each["scope"], each["time"], each["request"], terms
            )
    for each in lines:
        builder.join(**each)
    return builder.build(head["counter"])


def _plain_step(step: Transition) -> dict[str, Any]:
    return {
        "action": step.action.value,
        "at": to_micros(step.at),
        "namespace": step.namespace,
        "number": step.number,
    }


def _step(content: dict[str, Any]) -> Transition:
    return Transition(
        content["namespace"],
        StudyAction(content["action"]),
        from_micros(content["at"]),
        by="",
        note="",
        number=content["number"],
    )


def _order(content: dict[str, Any]) -> OrderReceipts:
    return OrderReceipts(content["order"], tuple(content["receipts"]))


def _withdrawal(content: dict[str, Any]) -> Withdrawal:
    stages = {Stage(stage): time for stage, time in content.pop("stages").items()}
    return Withdrawal(
        status=RequestStatus(content.pop("standing")),
        deferred=tuple(content.pop("deferred")),
        receipts=tuple(content.pop("receipts")),
        stages=stages,
        **content,
    )


_STORED_NAMES = {"status": "standing"}
"""Names in the list's object of fields that are called otherwise here."""


def _values(entry: Withdrawal | Enrolment) -> dict[str, Any]:
    names = (each.name for each in fields(entry))
    return {_STORED_NAMES.get(name, name): getattr(entry, name) for name in names}


def _where(platform: ObjectStore) -> str:
    return f"{platform.uri.rstrip('/')}/{LIST}"
