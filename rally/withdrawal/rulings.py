"""What people decided of withdrawals: the chain's entries, by what they are about.

A request is decided once. A decision counts for a request that the withdrawal list
said was held when it was signed: nobody takes back what was admitted as active.
"""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.decisions.contents import DecisionKind, Letters, RequestDecision, Settlement
from rally.decisions.entry import Entry
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.events import MAIL, Event, event_name
from rally.receipts.receipt import Stage
from rally.storage.objectstore.interface import ObjectStore
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.withdrawal_list import (
    COPY,
    RequestState,
    Withdrawal,
    WithdrawalList,
)

_KINDS = (
    DecisionKind.CONFIRM,
    DecisionKind.REJECT,
    DecisionKind.EXPEDITE,
    DecisionKind.SETTLE,
    DecisionKind.RECORD_LETTERS,
)


class Ruling(NamedTuple):
    """Ruling of a person that a request counts, or does not.

    Attributes:
        number: Number of the entry.
        list: Counter of the withdrawal list that its signer saw.
        rejects: Whether the request does not count.
    """

    number: int
    list: int
    rejects: bool


class Rulings:
    """Rulings of people on withdrawals.

    Attributes:
        settlements: Settlements of dead letters that nobody can read.
        has_loss: Whether decisions may be missing among them.
    """

    def __init__(
        self, entries: Iterable[Entry] = (), *, has_loss: bool = False
    ) -> None:
        """Sorts entries by what they are about, each subject's in their order."""
        self.has_loss = has_loss
        self.settlements: list[Settlement] = []
        self._rulings: dict[str, list[Ruling]] = defaultdict(list)
        self._expedited = set[str]()
        self._letters = set[str]()
        for entry in entries:
            match entry.content:
                case Letters(events=events):
                    self._letters.update(events)
                case Settlement() as settlement:
                    self.settlements.append(settlement)
                case RequestDecision(subjects=subjects):
                    self._rule(entry, subjects)

    @classmethod
    def of(cls, chain: Chain) -> "Rulings":
        """Those of a chain that count."""
        return cls(chain.of(*_KINDS), has_loss=chain.has_loss)

    @classmethod
    def read(cls, platform: ObjectStore) -> "Rulings":
        """Those of a platform. Raises ConfigurationError and OSError."""
        return cls.of(read_chain(platform))

    def first(self, subject: str, since: int) -> Ruling | None:
        """The decision on a request that counts; None where there is none.

        Args:
            subject: The request; see rally.withdrawal.requests.subject_of.
            since: Counter of the first list that said that it is held.
        """
        for ruling in self._rulings.get(subject, ()):
            if ruling.list >= since:
                return ruling
        return None

    def is_ruled(self, subject: str) -> bool:
        """Tells whether somebody decided on a request, whatever it counts for."""
        return subject in self._rulings

    def still_rejects(self, subject: str, number: int) -> bool:
        """Tells whether the entry that rejected a request is one that counts."""
        return self.has_loss or any(
            each.rejects and each.number == number
            for each in self._rulings.get(subject, ())
        )

    def is_expedited(self, subject: str) -> bool:
        """Tells whether a request that counts waits for no study's end, nor others."""
        return subject in self._expedited

    def is_genuine(self, event: Event) -> bool:
        """Tells whether an event is no letter, or one that a person signed for."""
        return event.signal != MAIL or event_name(event) in self._letters

    def _rule(self, entry: Entry, subjects: Iterable[str]) -> None:
        if entry.kind is DecisionKind.EXPEDITE:
            self._expedited.update(subjects)
        ruling = Ruling(entry.number, entry.list, entry.kind is DecisionKind.REJECT)
        for subject in subjects:
            self._rulings[subject].append(ruling)


class RequestAction(StrEnum):
    """Action that a person can decide."""

    CONFIRM = "confirm"
    REJECT = "reject"
    EXPEDITE = "expedite"

    @property
    def kind(self) -> DecisionKind:
        """The kind of entry that records it."""
        return _KIND_OF[self]

    @property
    def done(self) -> str:
        """What is said when it is recorded."""
        return _DONE[self]

    @property
    def is_single(self) -> bool:
        """Whether each request is named: who waits for a study's end knows why."""
        return self is RequestAction.EXPEDITE


_KIND_OF = {
    RequestAction.CONFIRM: DecisionKind.CONFIRM,
    RequestAction.REJECT: DecisionKind.REJECT,
    RequestAction.EXPEDITE: DecisionKind.EXPEDITE,
}
_DONE = {
    RequestAction.CONFIRM: "confirmed",
    RequestAction.REJECT: "rejected",
    RequestAction.EXPEDITE: "at once",
}


def choose(
    action: RequestAction,
    published: WithdrawalList,
    folded: WithdrawalList,
    scope: str | None,
    requests: Iterable[str],
) -> list[Withdrawal]:
    """The requests to decide on: as the published list has them, and still open.

    A decision counts for what the published list says is held.

    Args:
        action: Action that is decided.
        published: The list.
        folded: The list with what was asked and decided since.
        scope: All that can be decided on of it; None takes the requests.
        requests: Ids of requests, each of which must be open to the action.

    Raises:
        ConfigurationError: a request is unknown, or there is nothing to decide on it.
    """
    listed = {each.request: each for each in published.withdrawals}
    known = {
        each.request: each
        for each in folded.withdrawals
        if each.request in listed and _is_open_to(action, listed[each.request])
    }
    if scope is not None:
        own = (each for each in known.values() if each.scope == scope)
        return [each for each in own if _is_open_to(action, each)]
    return [
        _checked(action, known.get(request) or listed.get(request))
        for request in dict.fromkeys(requests)
    ]


def check_undecided(
    action: RequestAction, subjects: Iterable[str], chain: Chain
) -> None:
    """Makes sure that nobody else decided on these requests a moment ago.

    Raises:
        ConfigurationError: somebody did.
    """
    rulings = Rulings.of(chain)
    if action is not RequestAction.EXPEDITE and any(map(rulings.is_ruled, subjects)):
        raise ConfigurationError(
            "--request: somebody has just decided on it; `rally decisions list` shows"
            " who, and `rally delete` carries it out"
        )


def _checked(action: RequestAction, found: Withdrawal | None) -> Withdrawal:
    if found is None:  # what was typed may be somebody's id: it is not repeated
        raise ConfigurationError(
            "--request: the list has no such request; `rally withdrawals --requests` "
            "shows them"
        )
    if not _is_open_to(action, found):
        is_expedite = action is RequestAction.EXPEDITE
        must = "held, deferred or not verified" if is_expedite else "held"
        raise ConfigurationError(
            f"--request: {found.request} is {found.state}, and must be {must} for "
            f"{action}"
        )
    return found


def _is_open_to(action: RequestAction, each: Withdrawal) -> bool:
    if action is RequestAction.EXPEDITE and each.status is RequestStatus.ACTIVE:
        return bool(each.deferred) or (
            each.state is RequestState.ACTIVE and Stage.VERIFIED not in each.stages
        )
    is_for_copy = each.held_for == COPY  # who leaves has a copy made, and does leave
    return each.state is RequestState.HELD and not (
        is_for_copy and action is RequestAction.REJECT
    )
