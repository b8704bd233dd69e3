"""What a person decides on requests: that one counts, does not, or does so at once."""

from collections.abc import Iterable
from enum import StrEnum

from rally.decisions.chain import Chain
from rally.decisions.contents import Kind
from rally.errors import ConfigurationError
from rally.withdrawal.fold import Standing
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import State, Withdrawal, WithdrawalList


class Action(StrEnum):
    """What can be decided."""

    CONFIRM = "confirm"
    REJECT = "reject"
    EXPEDITE = "expedite"

    @property
    def kind(self) -> Kind:
        """The kind of entry that records it."""
        return _KINDS[self]

    @property
    def done(self) -> str:
        """What is said when it is recorded."""
        return _DONE[self]

    @property
    def is_single(self) -> bool:
        """Whether each request is named: who waits for a study's end knows why."""
        return self is Action.EXPEDITE


_KINDS = {
    Action.CONFIRM: Kind.CONFIRM,
    Action.REJECT: Kind.REJECT,
    Action.EXPEDITE: Kind.EXPEDITE,
}
_DONE = {
    Action.CONFIRM: "confirmed",
    Action.REJECT: "rejected",
    Action.EXPEDITE: "at once",
}


def choose(
    action: Action,
    published: WithdrawalList,
    folded: WithdrawalList,
    scope: str | None,
    requests: Iterable[str],
) -> list[Withdrawal]:
    """The requests to decide on: as the published list has them, and still open.

    A decision counts for what the published list says is held.

    Args:
        action: what is decided.
        published: the list.
        folded: with what was asked and decided since.
        scope: all that can be decided on of it; None takes the requests.
        requests: ids of requests, each of which must be open to the action.

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


def check_undecided(action: Action, subjects: Iterable[str], chain: Chain) -> None:
    """Makes sure that nobody else decided on these requests a moment ago.

    Raises:
        ConfigurationError: somebody did.
    """
    rulings = Rulings.of(chain)
    if action is not Action.EXPEDITE and any(map(rulings.is_ruled, subjects)):
        raise ConfigurationError(
            "--request: somebody has just decided on it; `rally decisions list` shows"
            " who, and `rally delete` carries it out"
        )


def _checked(action: Action, found: Withdrawal | None) -> Withdrawal:
    if found is None:  # what was typed may be somebody's id: it is not repeated
        raise ConfigurationError(
            "--request: the list has no such request; `rally withdrawals --requests` "
            "shows them"
        )
    if not _is_open_to(action, found):
        must = "held or deferred" if action is Action.EXPEDITE else "held"
        raise ConfigurationError(
            f"--request: {found.request} is {found.state}, and must be {must} for "
            f"{action}"
        )
    return found


def _is_open_to(action: Action, each: Withdrawal) -> bool:
    if action is Action.EXPEDITE and each.standing is Standing.ACTIVE:
        return bool(each.deferred)
    return each.state is State.HELD
