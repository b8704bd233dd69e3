"""Finds sudden masses of withdrawals: clients leave in droves when told to pause.

Some generations of clients take a study's pause for its end and ask for deletion in
everybody's name. That is held for a person to decide: above a number and above a share
of who joined, so that a small study is never held by its share alone.
"""

import heapq
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from functools import partial
from typing import NamedTuple

from rally.events import MAIL, RALLY, Event, EventKind
from rally.withdrawal.enrolment_index import Enrolled
from rally.withdrawal.requests import Key, Signal
from rally.withdrawal.rules import Rules

_HOUR = 3_600_000_000  # microseconds


def find_masses(
    requests: Mapping[Key, Signal],
    new: Collection[Key],
    events: Iterable[Event],
    rules: Rules,
    enrolled: Enrolled,
) -> frozenset[Key]:
    """Those of the new requests that lie in a mass.

    All requests make a mass, those of before and those rejected too: the clients of one
    pause come one by one. Letters do not: a person has read each of them. Nor do those
    who had not enrolled before the window that their request lies in, and these are not
    weighed against, either: whoever makes up people, to have everybody held or nobody,
    would have had to do so in advance.

    Args:
        requests: All requests.
        new: Requests that may be held.
        events: The log; read only where the number of people is above the rule's.
        rules: Rules that say what a mass is.
        enrolled: Enrolments of the people of all requests.
    """
    window = int(rules.hold_window_hours * _HOUR)
    crowds: dict[str, list[_Moment]] = {}
    for key, signal in sorted(requests.items(), key=lambda each: each[1].time):
        joined = enrolled.first(key.participant, key.scope)
        was_there = joined is not None and joined < signal.time - window
        if was_there and signal.signal != MAIL:
            crowds.setdefault(key.scope, []).append(_Moment(signal.time, key))

    def above_people(start: int) -> float:
        return rules.hold_above_people

    suspects = {
        scope: moments
        for scope, moments in crowds.items()
        if any(key in new for key in _dense(moments, window, above_people))
    }
    if not suspects:
        return frozenset()
    enough = {scope: _enough(moments, rules) for scope, moments in suspects.items()}
    return frozenset(
        key
        for scope, times in first_enrolments(events, enough).items()
        for key in _dense(suspects[scope], window, partial(_limit, times, rules))
        if key in new
    )


def first_enrolments(
    events: Iterable[Event], scopes: Mapping[str, int]
) -> dict[str, list[int]]:
    """When the people who joined a scope did so first, the earliest of them; sorted.

    Args:
        events: The log, in any order.
        scopes: Scopes whose numbers of people are asked for; Rally's joined anything at
            all.

    Returns:
        By scope at most so many times, microseconds. Held in memory are twice as many.
    """
    found: dict[str, dict[str, int]] = {scope: {} for scope in scopes}
    for event in events:
        who = event.participant
        if event.kind is not EventKind.JOINED or who is None:
            continue
        for scope in (event.scope, RALLY):
            times = found.get(scope)
            if times is None:
                continue
            time = event.submission_timestamp
            times[who] = min(time, times.get(who, time))
            if len(times) > 2 * scopes[scope] + 1:
                found[scope] = _earliest(times, scopes[scope])
    return {
        scope: sorted(_earliest(times, scopes[scope]).values())
        for scope, times in found.items()
    }


def _earliest(times: Mapping[str, int], number: int) -> dict[str, int]:
    """So many of the people, those who joined first."""
    return dict(heapq.nsmallest(number, times.items(), key=lambda each: each[1]))


class _Moment(NamedTuple):
    time: int
    key: Key


def _dense(
    moments: Sequence[_Moment], window: int, above: Callable[[int], float]
) -> Iterator[Key]:
    """Requests in some window that has too many people, in the order of their times.

    Args:
        moments: Moments of a scope, in that order.
        window: Its length, microseconds.
        above: Says how many people a window may have, by the time that it begins.
    """
    inside: Counter[str] = Counter()
    first = reported = 0
    for last, (time, key) in enumerate(moments):
        inside[key.who] += 1
        while moments[first].time < time - window:
            who = moments[first].key.who
            inside[who] -= 1
            if not inside[who]:
                del inside[who]
            first += 1
        if len(inside) > above(moments[first].time):
            yield from (each.key for each in moments[max(first, reported) : last + 1])
            reported = last + 1


def _enough(moments: Sequence[_Moment], rules: Rules) -> int:
    """So many who joined are too many for all who ever left to be a mass."""
    leaving = len({each.key.who for each in moments})
    share = rules.hold_above_share
    return math.floor(leaving / share) + 1 if share else 0


def _limit(times: Sequence[int], rules: Rules, start: int) -> float:
    """How many people may leave in a window that begins then."""
    joined = bisect_left(times, start)
    return max(rules.hold_above_people, rules.hold_above_share * joined)
