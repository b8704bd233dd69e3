"""Finds sudden masses of withdrawals: clients leave in droves when told to pause.

Some generations of clients take a study's pause for its end and ask for deletion in
everybody's name. That is held for a person to decide: above a number and above a share
of who joined, so that a small study is never held by its share alone.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rally.events import MAIL, Event, EventKind
from rally.withdrawing.requests import Key, Signal

_HOUR = 3_600_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Rules:
    """What is held, and for how long what cannot be joined to anybody stays open.

    Attributes:
        hold_above_people: a mass has more people than that, who leave one scope
        hold_above_share: and more than that share of all who ever joined the scope,
        hold_window_hours: within so many hours, both ends included.
        hold_days: so long a hold waits for a person's decision; then the request
            counts. One of somebody who never enrolled waits on.
        ends_holds: whether it does; deletion alone ends a hold, when it publishes.
        unmatched_days: after so many days a request of somebody who never enrolled
            leaves the list, once it is carried out.
        unresolved_days: after so many days without an enrolment that says whose
            deletion id it is, a request is closed.
    """

    hold_above_people: int = 100
    hold_above_share: float = 0.2
    hold_window_hours: float = 24.0
    unresolved_days: float = 90.0
    unmatched_days: float = 90.0
    hold_days: float = 14.0
    ends_holds: bool = True


LOOKING = Rules(ends_holds=False)
"""Of who only looks: what deletion holds can be decided on until deletion ends that."""


class Joined(NamedTuple):
    """How many distinct people ever joined a scope."""

    scope: str
    people: int


def count_joined(
    events: Iterable[Event], scopes: Mapping[str, float]
) -> tuple[Joined, ...]:
    """Counts who ever joined, in the order of the scopes.

    Args:
        events: the log.
        scopes: with how many people it is enough to know that there are so many;
            no more are held in memory.
    """
    people: dict[str, set[str]] = {scope: set() for scope in scopes}
    for event in events:
        if event.kind is EventKind.JOINED and event.participant:
            joined = people.get(event.scope)
            if joined is not None and len(joined) < scopes[event.scope]:
                joined.add(event.participant)
    return tuple(Joined(scope, len(joined)) for scope, joined in people.items())


def find_masses(
    requests: Mapping[Key, Signal],
    new: Collection[Key],
    events: Iterable[Event],
    rules: Rules,
) -> frozenset[Key]:
    """Those of the new requests that lie in a mass.

    All requests make a mass, those of before and those rejected too: the clients of one
    pause come one by one. Letters do not: a person has read each of them.

    Args:
        requests: all of them.
        new: those that may be held.
        events: the log; read only where the number of people is above the rule's.
        rules: what a mass is.
    """
    crowds: dict[str, list[_Moment]] = {}
    for key, signal in sorted(requests.items(), key=lambda each: each[1].time):
        if signal.signal != MAIL:
            crowds.setdefault(key.scope, []).append(_Moment(signal.time, key))
    window = int(rules.hold_window_hours * _HOUR)
    suspects = {
        scope: moments
        for scope, moments in crowds.items()
        if any(key in new for key in _dense(moments, window, rules.hold_above_people))
    }
    if not suspects:
        return frozenset()
    enough = {scope: _enough(moments, rules) for scope, moments in suspects.items()}
    return frozenset(
        key
        for joined in count_joined(events, enough)
        for key in _dense(suspects[joined.scope], window, _limit(joined, rules))
        if key in new
    )


class _Moment(NamedTuple):
    time: int
    key: Key


def _dense(moments: Sequence[_Moment], window: int, above: float) -> Iterator[Key]:
    """Requests in some window that has more people, in the order of their times."""
    inside: Counter[str] = Counter()
    first = told = 0
    for last, (time, key) in enumerate(moments):
        inside[key.who] += 1
        while moments[first].time < time - window:
            who = moments[first].key.who
            inside[who] -= 1
            if not inside[who]:
                del inside[who]
            first += 1
        if len(inside) > above:
            yield from (each.key for each in moments[max(first, told) : last + 1])
            told = last + 1


def _enough(moments: Sequence[_Moment], rules: Rules) -> float:
    """So many who joined are too many for all who ever left to be a mass."""
    leaving = len({each.key.who for each in moments})
    share = rules.hold_above_share
    return math.floor(leaving / share) + 1 if share else 0


def _limit(joined: Joined, rules: Rules) -> float:
    return max(rules.hold_above_people, rules.hold_above_share * joined.people)
