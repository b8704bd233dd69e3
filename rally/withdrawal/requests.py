"""Reads the event log for leaving: who asked, and when they had joined.

Signals that are one are merged, and deletion ids find whose they are. The order of the
log means nothing. What the published list knows counts as if the log said it, so
that nobody is forgotten with an event.
"""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from rally.events import MAIL, Event, EventKind
from rally.storage.container import canonical_json
from rally.withdrawal.enrolment_index import EnrolmentIndex
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList


class Meaning(NamedTuple):
    """Meaning of one copy of a ping, in the order in which copies count.

    Attributes:
        time: Submission timestamp, microseconds.
        kind: Joined or left; at equal times enrolments come first, as in the fold.
        scope: A namespace, or RALLY.
    """

    time: int
    kind: EventKind
    scope: str


class FirstCopies:
    """The earliest copy of each ping of each person. Their order means nothing."""

    def __init__(self) -> None:
        """Begins with no pings."""
        self._first: dict[tuple[str, str], Meaning] = {}

    def hear(self, who: str, document_id: str, said: Meaning) -> None:
        """Takes a copy.

        Args:
            who: Platform pseudonym, or that of the deletion id while it is nobody's.
            document_id: Id of the ping.
            said: The meaning of the copy.
        """
        key = who, document_id
        self._first[key] = min(said, self._first.get(key, said))

    def counts(self, who: str, document_id: str, said: Meaning) -> bool:
        """Tells whether no earlier copy says anything else. Every copy was heard."""
        return self._first[who, document_id] == said


class Key(NamedTuple):
    """Key that makes signals one request: who leaves what, by which document.

    Attributes:
        scope: A namespace, or RALLY.
        document_id: Id of the ping.
        participant: Platform pseudonym; "" where only a deletion id is known.
        deletion_id: Its pseudonym; "" where the participant is known.
    """

    scope: str
    document_id: str
    participant: str
    deletion_id: str

    @property
    def who(self) -> str:
        """The person, as far as known."""
        return self.participant or self.deletion_id


class Signal(NamedTuple):
    """Signal of a request, with all that its copies say.

    Attributes:
        time: The earliest submission timestamp, microseconds.
        signal: The ping that said it, by its path.
        deletion_id: Its pseudonym, "" without one.
    """

    time: int
    signal: str
    deletion_id: str

    def merged(self, other: "Signal | None") -> "Signal":
        """Both as one."""
        if other is None:
            return self
        deletion_id = max(self.deletion_id, other.deletion_id)
        return min(self, other)._replace(deletion_id=deletion_id)


class KnownRequests(NamedTuple):
    """All requests by key, and which of them were closed.

    Attributes:
        requests: Requests by key, those that have left the list included.
        closed: Requests that left the list, since nobody's enrolment explained them.
    """

    requests: Mapping[Key, Signal]
    closed: frozenset[Key]


class Reading(NamedTuple):
    """Requests of the log and of the former list together.

    Attributes:
        asked: All requests; a deletion id is one for each person whose it is.
        resolved: Key of the first person whose deletion id it is, by the key of that
            id.
        enrolments: Enrolments of everybody who asked, sorted; of those by a ping that
            said something else before, none.
        reposted: Requests by a ping that said something else before.
    """

    asked: KnownRequests
    resolved: Mapping[Key, Key]
    enrolments: tuple[Enrolment, ...]
    reposted: frozenset[Key] = frozenset()


def key_of(left: Event | Withdrawal) -> Key:
    """What a withdrawal is known by."""
    unknown = "" if left.participant else left.deletion_id or ""
    return Key(left.scope, left.document_id, left.participant or "", unknown)


def subject_of(key: Key) -> str:
    """What a decision names a request by: 32 hexadecimal digits of a SHA-256.

    It follows from the request itself, and so outlives a list that is lost; and it says
    nothing of the person, whose pseudonym nobody can guess.
    """
    return hashlib.sha256(canonical_json(key).encode()).hexdigest()[:32]


def read_log(
    events: Iterable[Event], before: WithdrawalList, rulings: Rulings
) -> Reading:
    """Reads the log twice; three times when a deletion id turns out to be somebody's.

    Held in memory are withdrawals, and the enrolments of who left. A letter that no
    person signed for is none.

    Args:
        events: The log; see rally.events.EventLog.
        before: The published list.
        rulings: Rulings of people, letters among them.

    Raises:
        TypeError: `events` can be read once only.
    """
    if iter(events) is events:
        raise TypeError("the log is read more than once: give an EventLog or a list")
    genuine = filter(rulings.is_genuine, events)
    asked = _read_asked(chain(map(_as_event, before.withdrawals), genuine))
    joined = EnrolmentIndex(
        {key.participant for key in asked.requests if key.participant},
        {key.deletion_id for key in asked.requests if key.deletion_id},
        before,
    )
    while not joined.is_complete:
        joined.read(events)
    requests: dict[Key, Signal] = {}
    resolved: dict[Key, Key] = {}
    for key, signal in asked.requests.items():
        for each in _owned(key, joined.owners(key.deletion_id)):
            requests[each] = signal.merged(requests.get(each))
            resolved.setdefault(key, each)
    asked, enrolments = asked._replace(requests=requests), joined.enrolments()
    return _by_first_copies(Reading(asked, resolved, enrolments))


def _by_first_copies(reading: Reading) -> Reading:
    """Sorts out what is said by a ping that had said something else before.

    A letter is no ping, and nobody can copy one.
    """
    firsts = FirstCopies()
    left = {
        key: (key.who, key.document_id, Meaning(signal.time, EventKind.LEFT, key.scope))
        for key, signal in reading.asked.requests.items()
        if signal.signal != MAIL
    }
    joined = {each: _said_by(each) for each in reading.enrolments}
    for said in chain(left.values(), joined.values()):
        firsts.hear(*said)
    return reading._replace(
        enrolments=tuple(e for e, said in joined.items() if firsts.counts(*said)),
        reposted=frozenset(k for k, said in left.items() if not firsts.counts(*said)),
    )


def _said_by(each: Enrolment) -> tuple[str, str, Meaning]:
    said = Meaning(each.time, EventKind.JOINED, each.scope)
    return each.participant, each.document_id, said


def _owned(key: Key, owners: Iterable[str]) -> list[Key]:
    """The key for each person whose request it is; itself while that is unknown."""
    owned = [key._replace(participant=each, deletion_id="") for each in owners]
    return owned or [key]


def _read_asked(events: Iterable[Event]) -> KnownRequests:
    asked: dict[Key, Signal] = {}
    closed = set[Key]()
    for event in events:
        key = key_of(event)
        if event.kind is EventKind.LEFT:
            signal = Signal(
                event.submission_timestamp, event.signal, event.deletion_id or ""
            )
            asked[key] = signal.merged(asked.get(key))
        elif event.kind is EventKind.CLOSED:
            closed.add(key)
    return KnownRequests(asked, frozenset(closed))


def _as_event(withdrawal: Withdrawal) -> Event:
    return Event(
        EventKind.LEFT,
        withdrawal.scope,
        withdrawal.participant,
        withdrawal.time,
        withdrawal.deletion_id,
        withdrawal.document_id,
        withdrawal.signal,
    )
