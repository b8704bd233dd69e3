"""The withdrawal list: who left what and when, and how each request stands.

Only deletion admits requests to it; ingest, replay and compaction act on it (design:
"Withdrawals and deletion"). It holds pseudonyms and the random ids of requests;
receipts hold the latter only. How it is stored says rally.withdrawal.list_object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from rally.receipts.receipt import Stage
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.people_index import Enrolment, PeopleBuilder, PeopleIndex

COPY = "copy"
"""Why a request is held whose person gets their copy first, and then leaves."""


class RequestState(StrEnum):
    """State of a request in reports, by what it waits for.

    ACTIVE: for deletion to finish. DEFERRED: for a study's conclusion; all else is
    done. HELD: for a person's decision. UNRESOLVED: for the enrolment that says whose
    deletion id it is. REJECTED and CLOSED: for nothing.
    """

    ACTIVE = "active"
    DEFERRED = "deferred"
    HELD = "held"
    UNRESOLVED = "unresolved"
    REJECTED = "rejected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One request: one ping (or letter) by which one person left one scope.

    Attributes:
        request: Its random id, 32 hexadecimal digits.
        participant: Platform pseudonym; None where the deletion id joins to nobody.
        deletion_id: Its pseudonym, where the request came with that instead of an id.
        scope: A namespace, or RALLY.
        time: The ping's submission timestamp, microseconds.
        received: Time at which the person first said so: the time of the first of
            several with no enrolment between them. Deferral and deadline go by it.
        document_id: Id of the ping.
        signal: The ping that said it, by its path.
        status: The status that was decided.
        held_for: Reason for which it is held: "mass", "unmatched", "reposted" or COPY;
            "" where it is not.
        held_until: Time at which it counts if nobody has decided by then, microseconds;
            0 where it is not held, or waits for an enrolment as well.
        held_since: Counter of the first list that said that it is held; 0 where it
            never was.
        decided: Number of the decision by which it counts, or does not; 0 of none.
        deferred: Studies in which it waits for their conclusion, sorted.
        stages: Time at which each was reached, microseconds.
        receipts: Numbers of the receipts that tell of it.
        renewed: Time at which deletion last had to begin anew, microseconds: a study
            was no longer waited for, or it became known whose deletion id it was. The
            deadline counts from there; 0 is never.
        found: Number of rows that deletion took out for it that need no enrolment:
            their sender was there, though nobody knows who joined.
    """

    request: str
    participant: str | None
    deletion_id: str | None
    scope: str
    time: int
    received: int
    document_id: str
    signal: str
    status: RequestStatus = RequestStatus.ACTIVE
    held_for: str = ""
    held_until: int = 0
    held_since: int = 0
    decided: int = 0
    deferred: tuple[str, ...] = ()
    stages: Mapping[Stage, int] = field(default_factory=dict)
    receipts: tuple[int, ...] = ()
    renewed: int = 0
    found: int = 0

    @property
    def state(self) -> RequestState:
        """What it waits for."""
        if self.status is RequestStatus.REJECTED:
            return RequestState.REJECTED
        if Stage.CLOSED in self.stages:
            return RequestState.CLOSED
        if self.participant is None:
            return RequestState.UNRESOLVED
        if self.status is RequestStatus.HELD:
            return RequestState.HELD
        if self.deferred and Stage.VERIFIED in self.stages:
            return RequestState.DEFERRED
        return RequestState.ACTIVE

    @property
    def awaits_decision(self) -> bool:
        """Whether it counts on a day, unless a person decides before."""
        is_held = self.state is RequestState.HELD and self.held_for != COPY
        return is_held and self.held_until > 0

    @property
    def is_open(self) -> bool:
        """Whether deletion still looks for its rows."""
        return (
            self.participant is not None
            and self.status is RequestStatus.ACTIVE
            and Stage.CLOSED not in self.stages
        )

    def without(self, stage: Stage) -> "Withdrawal":
        """The same with a stage not reached."""
        stages = {each: time for each, time in self.stages.items() if each != stage}
        return replace(self, stages=stages)

    def reached(self, stage: Stage, time: int) -> "Withdrawal":
        """The same with a stage reached; one that was reached before stays as it is."""
        if stage in self.stages:
            return self
        return replace(self, stages={**self.stages, stage: time})


class OrderReceipts(NamedTuple):
    """Receipts of an order to expunge; see rally.registry.expunges.

    Attributes:
        order: Id of the order.
        receipts: Numbers of the receipts that tell of it.
    """

    order: str
    receipts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WithdrawalList:
    """All requests and what later enrolments the same people made.

    Attributes:
        counter: Raised at each publication.
        withdrawals: Withdrawals, sorted by time and request.
        enrolments: Enrolments, sorted.
        receipts: The greatest number of a receipt of any request that has left the
            list; 0 is none.
        orders: Receipts of orders to expunge, in the order of the chain.
    """

    counter: int = 0
    withdrawals: tuple[Withdrawal, ...] = ()
    enrolments: tuple[Enrolment, ...] = ()
    receipts: int = 0
    orders: tuple[OrderReceipts, ...] = ()

    @property
    def last_receipt(self) -> int:
        """The greatest number of a receipt that any list ever named; 0 is none."""
        told = [each.receipts for each in self.withdrawals]
        told += [each.receipts for each in self.orders]
        return max(self.receipts, max(chain.from_iterable(told), default=0))

    def receipts_of(self, order: str) -> tuple[int, ...]:
        """Numbers of the receipts that tell of an order to expunge."""
        return next((each.receipts for each in self.orders if each.order == order), ())

    def people(self, former: PeopleIndex | None = None) -> PeopleIndex:
        """Who is on it, by platform pseudonym: what the fold needs of each.

        Args:
            former: Index of the list before; without it all is new.
        """
        builder = PeopleBuilder(former)
        for each in self.withdrawals:
            if each.participant is not None:
                terms = each.status, frozenset(each.deferred)
                builder.leave(
                    each.participant, each.scope, each.time, each.request, terms
                )
        for enrolment in self.enrolments:
            builder.join(*enrolment)
        return builder.build(self.counter)
