"""How a request stands: which studies it waits for, and whether it is held."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from rally.events import MAIL, RALLY
from rally.registry.registry import Registry
from rally.registry.study import AfterEnd, Study, StudyKind, Unmatched
from rally.registry.transitions import States, StudyState
from rally.times import from_micros
from rally.withdrawal.enrolment_index import Enrolled
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.requests import Key, Signal, subject_of
from rally.withdrawal.rulings import Ruling, Rulings
from rally.withdrawal.withdrawal_list import COPY, Withdrawal

MASS, UNMATCHED, REPOSTED = "mass", "unmatched", "reposted"
"""Why a request is held: many at once; nobody known joined; its ping is a copy of one
that said something else before. COPY is one more."""


class Promises:
    """Promises of studies on who leaves after the end, or without having joined."""

    def __init__(self, registry: Registry, states: States, now: datetime) -> None:
        """Finds the studies for whose conclusion somebody may have to wait."""
        self._registry = registry
        self._states = states
        self._waiting = {
            study.namespace: study
            for study in registry.studies.values()
            if _defers(study) and states.at(study, now) is StudyState.ENDED
        }

    def deferred(self, scope: str, received: int) -> tuple[str, ...]:
        """The studies that had ended when it was received and are not concluded."""
        time = from_micros(received)
        return tuple(
            sorted(
                namespace
                for namespace, study in self._waiting.items()
                if scope in (namespace, RALLY)
                and self._states.at(study, time) is StudyState.ENDED
            )
        )

    def kept_deferred(self, deferred: Iterable[str]) -> set[str]:
        """Returns those of the studies that a request waits for that do not load.

        Nobody can tell whether they have been concluded since.
        """
        return {*deferred} & self._registry.unavailable.keys()

    def holds_unmatched(self, scope: str, signal: str) -> bool:
        """Tells whether a request is held where no enrolment matches it.

        So it is of a study that does not load, whose promise nobody can read: nothing
        of it is deleted meanwhile, and it is weighed anew when the study loads.

        Args:
            scope: The scope that is left. Of Rally, it is for the namespace of the ping
                to say.
            signal: The ping that said it; a letter is never held.
        """
        namespace = signal.partition("/")[0] if scope == RALLY else scope
        study = self._registry.study(namespace)
        if signal == MAIL or study is None:
            return signal != MAIL and self._registry.is_registered(namespace)
        return study.policy.unmatched_withdrawals is Unmatched.HOLD


def is_weighed(former: Withdrawal | None) -> bool:
    """Tells whether a request stands as it did until a decision or the end of a hold.

    What was not yet on the list, or waited for an enrolment only, is weighed anew.
    """
    return (
        former is not None
        and former.participant is not None
        and former.held_for != UNMATCHED
    )


class Assessment(NamedTuple):
    """Assessment of a request.

    Attributes:
        status: The status that the rules or a person decided.
        held_for: Reason for which it is held; "" where it is not.
        decided: Number of the decision that it follows from; 0 of none.
    """

    status: RequestStatus
    held_for: str = ""
    decided: int = 0


_ACTIVE = Assessment(RequestStatus.ACTIVE)


def decide(
    key: Key,
    rulings: Rulings,
    former: Withdrawal | None,
    suspicion: str,
    ending: int,
    *,
    is_anew: bool,
    delay: int | None = None,
) -> Assessment:
    """How a request stands.

    What was admitted as active stays so. A decision counts for what was held; and of a
    list that is made anew, which says of nothing that it was, for what is held now.

    Args:
        key: Key of the request.
        rulings: Rulings of people.
        former: The request on the former list.
        suspicion: Reason for which it is held if it is new: MASS, UNMATCHED or
            REPOSTED; "" is not.
        ending: What is held until then waits no longer, microseconds; 0 ends nothing.
        is_anew: Whether the former list is lost.
        delay: Until then it waits for its person's copy, microseconds; 0 where it does
            not; None where nobody asked, and what waits goes on waiting.
    """
    subject = subject_of(key)
    if not key.participant:
        return _ACTIVE
    if former is not None and former.status is RequestStatus.REJECTED:
        if rulings.still_rejects(subject, former.decided):
            return Assessment(RequestStatus.REJECTED, decided=former.decided)
        former = None  # the decision was lost, and counts for nothing
    if former is None and is_anew:
        ruling = rulings.first(subject, 0) if suspicion else None
        return _ruled(ruling) or _new("" if suspicion == MASS else suspicion, delay)
    if former is not None and former.status is RequestStatus.HELD:
        ruling = rulings.first(subject, former.held_since)
        waits_for_copy = former.held_for == COPY  # which nobody can reject
        if ruling and not (waits_for_copy and ruling.rejects):
            return _by(ruling)
        if 0 < former.held_until <= ending or (waits_for_copy and delay == 0):
            return _ACTIVE
    if former is not None and is_weighed(former):
        return Assessment(former.status, former.held_for, former.decided)
    return _new(suspicion, delay)


def _ruled(ruling: Ruling | None) -> Assessment | None:
    return None if ruling is None else _by(ruling)


def _by(ruling: Ruling) -> Assessment:
    status = RequestStatus.REJECTED if ruling.rejects else RequestStatus.ACTIVE
    return Assessment(status, decided=ruling.number)


def _new(suspicion: str, delay: int | None) -> Assessment:
    """How a new request stands.

    Nobody is in a mass of a list that was lost: each was weighed when it came.
    """
    held_for = suspicion or (COPY if delay else "")
    return Assessment(RequestStatus.HELD, held_for) if held_for else _ACTIVE


class Received:
    """Time at which a person first said what a request says again."""

    def __init__(
        self,
        requests: Mapping[Key, Signal],
        statuses: Mapping[Key, Assessment],
        enrolled: Enrolled,
    ) -> None:
        """Sorts the active requests by person and scope."""
        self._enrolled = enrolled
        self._active: dict[tuple[str, str], list[int]] = defaultdict(list)
        for key, signal in requests.items():
            if statuses[key].status is RequestStatus.ACTIVE:
                self._active[key.who, key.scope].append(signal.time)
        for times in self._active.values():
            times.sort()

    def at(self, key: Key, time: int) -> int:
        """The first active withdrawal with no enrolment between it and this one."""
        joined = self._enrolled.last(key.participant, key.scope, time)
        times = self._active.get((key.who, key.scope), [])
        first = bisect_left(times, joined) if joined is not None else 0
        return min([time, *times[first : first + 1]])


def _defers(study: Study) -> bool:
    return study.kind is StudyKind.STUDY and study.policy.after_end is AfterEnd.DEFER
