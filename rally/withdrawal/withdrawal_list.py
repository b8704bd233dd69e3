"""The withdrawal list: who left what and when, and how each request stands.

Only deletion admits requests to it; ingest, replay and compaction act on it (design:
"Withdrawals and deletion"). It holds pseudonyms and the random ids of requests;
receipts hold the latter only. How it is stored says rally.withdrawal.list_object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rally.receipts.receipt import Stage
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.people_index import PeopleBuilder, PeopleIndex


class RequestState(StrEnum):
    """What a request is called in reports, by what it waits for.

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
        request: its random id, 32 hexadecimal digits.
        participant: platform pseudonym; None where the deletion id joins to nobody.
        deletion_id: its pseudonym, where the request came with that instead of an id.
        scope: a namespace, or RALLY.
        time: the ping's submission timestamp, microseconds.
        received: when the person first said so: the time of the first of several with
            no enrolment between them. Deferral and deadline go by it.
        document_id: of the ping.
        signal: which ping it was.
        status: as decided.
        held_for: why it is held: "mass", "unmatched" or "reposted"; "" where it is not.
        held_until: when it counts if nobody has decided by then, microseconds; 0 where
            it is not held, or waits for an enrolment as well.
        held_since: counter of the first list that said that it is held; 0 where it
            never was.
        decided: number of the decision by which it counts, or does not; 0 of none.
        deferred: studies in which it waits for their conclusion, sorted.
        stages: when each was reached, microseconds.
        receipts: numbers of the receipts that tell of it.
        renewed: when deletion last had to begin anew, microseconds: a study was no
            longer waited for, or it became known whose deletion id it was. The deadline
            counts from there; 0 is never.
        found: how many rows deletion took out for it that need no enrolment: their
            sender was there, though nobody knows who joined.
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


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment of a person who is on the list.

    Attributes:
        participant: platform pseudonym.
        scope: a namespace, or RALLY.
        time: submission timestamp, microseconds.
        document_id: of the ping.
    """

    participant: str
    scope: str
    time: int
    document_id: str


@dataclass(frozen=True, slots=True)
class WithdrawalList:
    """All requests and what later enrolments the same people made.

    Attributes:
        counter: raised at each publication.
        withdrawals: sorted by time and request.
        enrolments: sorted.
        receipts: the greatest number of a receipt of any request that has left the
            list; 0 is none.
    """

    counter: int = 0
    withdrawals: tuple[Withdrawal, ...] = ()
    enrolments: tuple[Enrolment, ...] = ()
    receipts: int = 0

    @property
    def last_receipt(self) -> int:
        """The greatest number of a receipt that any list ever named; 0 is none."""
        numbers = (n for each in self.withdrawals for n in each.receipts)
        return max(self.receipts, max(numbers, default=0))

    def people(self) -> PeopleIndex:
        """Who is on it, by platform pseudonym: what the fold needs of each."""
        builder = PeopleBuilder()
        for each in self.withdrawals:
            if each.participant is not None:
                terms = each.status, frozenset(each.deferred)
                builder.leave(
                    each.participant, each.scope, each.time, each.request, terms
                )
        for enrolment in self.enrolments:
            builder.join(
                enrolment.participant,
                enrolment.scope,
                enrolment.time,
                enrolment.document_id,
            )
        return builder.build(self.counter)
