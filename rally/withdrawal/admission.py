"""Admits what was asked since to the withdrawal list: how does each request stand now?

A pure function of the log, the former list, the studies' states and a time. Only
deletion calls it to publish; what shows the list folds the log in the same way (design:
"Withdrawals and deletion").
"""

import uuid
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from rally.events import Event
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.times import to_micros
from rally.withdrawal.enrolment_index import Enrolled
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.mass_detection import find_masses
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.request_status import (
    MASS,
    REPOSTED,
    UNMATCHED,
    Assessment,
    Promises,
    Received,
    decide,
    is_weighed,
)
from rally.withdrawal.requests import Key, Reading, Signal, key_of, read_log, subject_of
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import COPY, Withdrawal, WithdrawalList

Delay = Callable[[str, int], int]
"""Function from a platform pseudonym and the time of its request, in microseconds, to
the time until which that waits for its person's copy; 0 is not at all."""

_DAY = 86_400_000_000  # microseconds
_DONE = (Stage.REWRITTEN, Stage.PURGED, Stage.VERIFIED, Stage.CLOSED)


def _random_id() -> str:
    return uuid.uuid4().hex


def admit(
    events: Iterable[Event],
    before: WithdrawalList,
    registry: Registry,
    states: States,
    now: datetime,
    rules: Rules,
    rulings: Rulings,
    new_id: Callable[[], str] = _random_id,
    *,
    is_anew: bool = False,
    delay: Delay | None = None,
    whole: Iterable[Event] | None = None,
) -> WithdrawalList:
    """Folds the log on top of a list.

    The order of the log means nothing. Where nothing changed the result equals the
    former list. Requests and enrolments that the log has no more are kept. Held in
    memory are withdrawals and the enrolments of who left; and, of others who
    joined, at most as many as a mass is weighed against.

    Args:
        events: The log, which is read several times; or the part of it by which the
            list can change, see rally.event_log.admissible.
        before: The published list. Its counter is kept: publishing raises it.
        registry: Promises of studies on who leaves after the end, or never joined.
        states: States of the studies.
        now: The time of this admission, with its zone.
        rules: Rules that say what is held.
        rulings: Rulings of people.
        new_id: Makes the id of a new request.
        is_anew: Whether the former list is lost, so that it says of nothing how it
            stood.
        delay: Rule that says which requests wait for their person's copy; None where
            nobody but looks, and what waits goes on waiting.
        whole: The whole log, where `events` are a part of it; read once, and only where
            so many leave that they may be a mass.

    Raises:
        TypeError: `events` can be read once only.
    """
    reading, time = read_log(events, before, rulings), to_micros(now)
    promises = Promises(registry, states, now)
    terms = _Terms(time, rules, rulings, is_anew, delay)
    admission = _Admission(reading, before, promises, terms)
    statuses = admission.statuses(events if whole is None else whole)
    admitted = [
        _go_on(former, found, time) for former, found in admission.found(statuses)
    ]
    named = [
        each if each.request else replace(each, request=new_id()) for each in admitted
    ]
    named.sort(key=lambda each: (each.time, each.request))
    return _with_their_enrolments(before, named, reading.enrolments)


class _Terms(NamedTuple):
    """Terms by which each request is weighed.

    Attributes:
        time: Time of this admission, microseconds.
        rules: Rules that say what is held.
        rulings: Rulings of people.
        is_anew: Whether the former list is lost.
        delay: Says which requests wait for their person's copy.
    """

    time: int
    rules: Rules
    rulings: Rulings
    is_anew: bool
    delay: Delay | None

    def delayed(self, participant: str, time: int) -> int | None:
        """Says until when a request waits for a copy, microseconds.

        Args:
            participant: Platform pseudonym; "" of who is not known yet.
            time: Time of the request, microseconds.

        Returns:
            The time; 0 where it does not wait, or not any more; None where nobody asks.
        """
        if self.delay is None:
            return None
        until = self.delay(participant, time) if participant else 0
        return until if until > self.time else 0


class _Admission:
    """Admission of requests: everything that they are held against."""

    def __init__(
        self,
        reading: Reading,
        before: WithdrawalList,
        promises: Promises,
        terms: _Terms,
    ) -> None:
        self._asked = reading.asked
        self._enrolled = Enrolled(reading.enrolments)
        self._former = _former(reading, before)
        self._promises = promises
        self._reposted = reading.reposted
        self._terms = terms
        self._counter = before.counter

    def statuses(self, events: Iterable[Event]) -> dict[Key, Assessment]:
        """How each stands, and why it is held; `events` is read if there is a crowd.

        A copied ping is in no crowd: it is held by itself, and holds nobody else.
        """
        requests, former = self._asked.requests, self._former
        first = {key: requests[key] for key in requests.keys() - self._reposted}
        new = {
            key for key in first if key.participant and not is_weighed(former.get(key))
        }
        rules, rulings = self._terms.rules, self._terms.rulings
        massed = find_masses(first, new, events, rules, self._enrolled)
        ending = self._terms.time if rules.ends_holds else 0
        return {
            key: decide(
                key,
                rulings,
                former.get(key),
                self._suspicion(key, signal, massed),
                ending,
                is_anew=self._terms.is_anew,
                delay=self._terms.delayed(key.participant, signal.time),
            )
            for key, signal in requests.items()
        }

    def _suspicion(self, key: Key, signal: Signal, massed: Collection[Key]) -> str:
        """Why a request is held if it is new; "" where nothing is odd about it."""
        if key in self._reposted:
            return REPOSTED
        if key in massed:
            return MASS
        return UNMATCHED if self._unmatched(key, signal) else ""

    def found(
        self, statuses: Mapping[Key, Assessment]
    ) -> Iterator[tuple[Withdrawal | None, Withdrawal]]:
        """Each request as it was and as it is by itself now, in the keys' order."""
        received = Received(self._asked.requests, statuses, self._enrolled)
        for key, signal in sorted(self._asked.requests.items()):
            if self._has_left_the_list(key):
                continue
            stand = statuses[key]
            first = received.at(key, signal.time)
            yield (
                self._former.get(key),
                Withdrawal(
                    request="",
                    participant=key.participant or None,
                    deletion_id=signal.deletion_id or None,
                    scope=key.scope,
                    time=signal.time,
                    received=first,
                    document_id=key.document_id,
                    signal=signal.signal,
                    status=stand.status,
                    held_for=stand.held_for,
                    held_until=self._held_until(key, signal.time, stand.held_for),
                    held_since=self._held_since(key, stand),
                    decided=stand.decided,
                    deferred=self._deferred(key, first),
                    stages={Stage.REQUESTED: first},
                ),
            )

    def _held_until(self, key: Key, time: int, held_for: str) -> int:
        """Until when it waits at most, as deletion said when it first held it."""
        if held_for in ("", UNMATCHED):
            return 0
        former = self._former.get(key)
        until = former.held_until if former else 0
        if held_for == COPY:
            return until or self._terms.delayed(key.participant, time) or 0
        return until or self._terms.time + int(self._terms.rules.hold_days * _DAY)

    def _held_since(self, key: Key, stand: Assessment) -> int:
        """The first list that says that it is held: the next, if it is so by now."""
        former = self._former.get(key)
        if former is not None and former.held_since:
            return former.held_since
        return self._counter + 1 if stand.status is RequestStatus.HELD else 0

    def _has_left_the_list(self, key: Key) -> bool:
        """Tells whether a request was closed for want of an enrolment, and lacks it."""
        return key in self._asked.closed and not (
            key.participant and self._enrolled.ever(key.participant, key.scope)
        )

    def _deferred(self, key: Key, received: int) -> tuple[str, ...]:
        """The studies whose conclusion it waits for.

        Who leaves Rally waits for those that they are known to have joined; rows of
        theirs in any other go at once.
        """
        expedited = self._terms.rulings.is_expedited(subject_of(key))
        if not key.participant or expedited:
            return ()
        former = self._former.get(key)
        kept = self._promises.kept_deferred(former.deferred if former else ())
        deferred = self._promises.deferred(key.scope, received)
        return tuple(
            study
            for study in sorted({*deferred, *kept})
            if key.scope == study or self._enrolled.ever(key.participant, study)
        )

    def _unmatched(self, key: Key, signal: Signal) -> bool:
        """Tells whether want of an enrolment alone holds a request."""
        if self._enrolled.ever(key.participant, key.scope):
            return False
        return self._promises.holds_unmatched(key.scope, signal.signal)


def _former(reading: Reading, before: WithdrawalList) -> dict[Key, Withdrawal]:
    """What each request was on the former list.

    A deletion id's request goes on as that of the first person whose it is.
    """
    former: dict[Key, Withdrawal] = {}
    for each in sorted(before.withdrawals, key=lambda each: each.participant is None):
        key = key_of(each)
        former.setdefault(reading.resolved.get(key, key), each)
    return former


def _go_on(former: Withdrawal | None, found: Withdrawal, time: int) -> Withdrawal:
    """The request as it is found now, with what was done for it, if it was known.

    Where there is more to do than before, deletion begins anew: a study is no longer
    waited for, a decision lets it count, or it is known whose deletion id it was.
    """
    if former is None:
        return found
    stages = {**former.stages, **found.stages}
    unfinished = bool(set(former.deferred) - set(found.deferred))
    found_out = former.participant is None and found.participant is not None
    counts = former.status is not found.status is RequestStatus.ACTIVE
    if unfinished or found_out or counts:
        stages = {stage: at for stage, at in stages.items() if stage not in _DONE}
    return replace(
        found,
        request=former.request,
        stages=stages,
        receipts=former.receipts,
        found=former.found,
        renewed=time if unfinished or found_out else former.renewed,
    )


def _with_their_enrolments(
    before: WithdrawalList,
    admitted: Sequence[Withdrawal],
    enrolments: Iterable[Enrolment],
) -> WithdrawalList:
    """The list of these requests; it remembers receipts of those that have left it."""
    people = {each.participant for each in admitted}
    stay = {each.request for each in admitted}
    gone = (each for each in before.withdrawals if each.request not in stay)
    return WithdrawalList(
        before.counter,
        tuple(admitted),
        tuple(each for each in enrolments if each.participant in people),
        max([before.receipts, *(n for each in gone for n in each.receipts)]),
        before.orders,
    )
