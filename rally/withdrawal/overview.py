"""What there is to know of requests at a glance: states, ages and deadlines.

It names requests by their random ids and counts people; no pseudonym is in it.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from rally.events import RALLY
from rally.receipts.receipt import Stage
from rally.registry.legal_holds import LegalHolds
from rally.storage.objectstore.interface import ObjectStore
from rally.times import from_micros
from rally.withdrawal.unreadable import UnreadableLetters, find_unreadable
from rally.withdrawal.withdrawal_list import RequestState, Withdrawal, WithdrawalList

REQUESTED = "requested"
"""What a request is called that deletion has not admitted yet."""

BLOCKED = "blocked"
"""What an active one is called whose study is under a legal hold."""

YOUNG, OLD = timedelta(days=7), timedelta(days=30)
"""Ages are told as younger than one week, than thirty days, or older."""


class Due(NamedTuple):
    """One request as it is shown.

    Attributes:
        withdrawal: The request.
        state: State of the requests, REQUESTED or BLOCKED.
        deadline: Time by which its rows must be gone, UTC; None where nothing is due.
    """

    withdrawal: Withdrawal
    state: str
    deadline: datetime | None

    @property
    def received(self) -> datetime:
        """When the person first said so."""
        return from_micros(self.withdrawal.received)

    @property
    def who(self) -> str | None:
        """The person, as far as known; to count, never to show."""
        return self.withdrawal.participant or self.withdrawal.deletion_id


class Group(NamedTuple):
    """Requests of one scope in one state.

    Attributes:
        people: Number of distinct people.
        ages: Ages of the people, by the oldest request of each: how many are younger
            than YOUNG, than OLD, and older.
        oldest: Time at which the oldest request was received.
        deadline: The next one; None where nothing is due.
        late: Number of requests that are past theirs.
    """

    scope: str
    state: str
    people: int
    ages: tuple[int, int, int]
    oldest: datetime
    deadline: datetime | None
    late: int


class Overview(NamedTuple):
    """Overview of all requests at one time, for whoever has to know what is late.

    `rally withdrawals`, `rally delete` and the audit count by it and by nothing else.

    Attributes:
        now: Time of the overview.
        days: A request has until its deadline.
        due: Every request with its deadline.
        unreadable: Withdrawals among dead letters.
    """

    now: datetime
    days: float
    due: tuple[Due, ...]
    unreadable: tuple[UnreadableLetters, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """The requests by scope and state."""
        return group(self.due, self.now)

    @property
    def late_requests(self) -> tuple[Due, ...]:
        """The requests that are past their deadline, whatever they wait for."""
        return tuple(each for each in self.due if is_late(each, self.now))

    @property
    def late_letters(self) -> tuple[UnreadableLetters, ...]:
        """The unreadable withdrawals that are past their deadline."""
        return tuple(each for each in self.unreadable if is_late(each, self.now))

    @property
    def late(self) -> int:
        """How many requests and unreadable withdrawals are past their deadline."""
        letters = sum(each.letters for each in self.late_letters)
        return len(self.late_requests) + letters


def read_overview(
    platform: ObjectStore,
    published: WithdrawalList,
    folded: WithdrawalList,
    now: datetime,
    days: float,
) -> Overview:
    """Everything that somebody waits for, of the platform as it is.

    Args:
        platform: The platform's store, which has the legal holds and the dead letters.
        published: The list as deletion published it.
        folded: The list with what the log says since.
        now: The job's clock, UTC.
        days: A request has from when it was received until it is verified.

    Raises:
        ConfigurationError: a legal hold is not as it was written.
        OSError: the platform cannot be read.
    """
    under_hold = LegalHolds.read(platform, now).namespaces
    due = find_due(published, folded, days, under_hold)
    return Overview(now, days, due, find_unreadable(platform, days))


def find_due(
    published: WithdrawalList,
    folded: WithdrawalList,
    days: float,
    under_hold: Collection[str] = (),
) -> tuple[Due, ...]:
    """Every request with its deadline.

    Args:
        published: The list as deletion published it.
        folded: The list with what the log says since.
        days: A request has from when it was received until it is verified.
        under_hold: Studies that a legal hold is about.
    """
    admitted = {each.request for each in published.withdrawals}
    return tuple(
        Due(
            each,
            _state(each, under_hold) if each.request in admitted else REQUESTED,
            deadline_of(each, timedelta(days=days)),
        )
        for each in folded.withdrawals
    )


def group(due: Iterable[Due], now: datetime) -> tuple[Group, ...]:
    """Requests by scope and state, in the order of their names."""
    groups: dict[tuple[str, str], list[Due]] = {}
    for each in due:
        groups.setdefault((each.withdrawal.scope, each.state), []).append(each)
    return tuple(
        _group(scope, state, members, now)
        for (scope, state), members in sorted(groups.items())
    )


def _state(each: Withdrawal, under_hold: Collection[str]) -> str:
    """A legal hold suspends what is open, and its deadline runs on."""
    is_open = each.state is RequestState.ACTIVE and Stage.VERIFIED not in each.stages
    is_about = each.scope in under_hold or (each.scope == RALLY and bool(under_hold))
    return BLOCKED if is_open and is_about else each.state


def is_late(each: Due | UnreadableLetters, now: datetime) -> bool:
    """Tells whether its deadline has passed; what has none is never late."""
    return each.deadline is not None and each.deadline < now


def deadline_of(each: Withdrawal, allowed: timedelta) -> datetime | None:
    """By when a request's rows must be gone, UTC; None where nothing is due.

    Args:
        each: The request.
        allowed: The time from when it was received until it is verified.
    """
    if Stage.VERIFIED in each.stages or each.state in (
        RequestState.REJECTED,
        RequestState.CLOSED,
    ):
        return None
    return from_micros(max(each.received, each.renewed)) + allowed


def _group(scope: str, state: str, members: list[Due], now: datetime) -> Group:
    ages = [now - first for first in _first_by_person(members)]
    young = sum(age < YOUNG for age in ages)
    old = sum(YOUNG <= age < OLD for age in ages)
    deadlines = [each.deadline for each in members if each.deadline]
    return Group(
        scope,
        state,
        len(ages),
        (young, old, len(ages) - young - old),
        min(each.received for each in members),
        min(deadlines, default=None),
        sum(is_late(each, now) for each in members),
    )


def _first_by_person(members: Iterable[Due]) -> Iterator[datetime]:
    first: dict[str | None, datetime] = {}
    for each in members:
        first[each.who] = min(each.received, first.get(each.who, each.received))
    yield from first.values()
