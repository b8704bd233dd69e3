"""A person's decisions on requests: that one counts, does not, or does so at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from rally.errors import ConfigurationError
from rally.events import Event, EventKind
from rally.studies.fields import Place, text
from rally.times import to_micros
from rally.withdrawing.fold import Standing
from rally.withdrawing.withdrawal_list import State, Withdrawal, WithdrawalList


class Action(StrEnum):
    """What can be decided."""

    CONFIRM = "confirm"
    REJECT = "reject"
    AT_ONCE = "at-once"

    @property
    def kind(self) -> EventKind:
        """Of the event that records it."""
        return _KINDS[self]

    @property
    def done(self) -> str:
        """What is said when it is recorded."""
        return self.kind.value.replace("_", " ")

    @property
    def is_single(self) -> bool:
        """Whether each request is named: who waits for a study's end knows why."""
        return self is Action.AT_ONCE


_KINDS = {
    Action.CONFIRM: EventKind.CONFIRMED,
    Action.REJECT: EventKind.REJECTED,
    Action.AT_ONCE: EventKind.AT_ONCE,
}


def decided_by(who: str | None, note: str) -> str:
    """The signal of a decision: who made it, and why.

    Raises:
        ConfigurationError: nobody is named, or there is more than a line of text.
    """
    if not who:
        raise ConfigurationError("--by: is missing; say who decides")
    by = text(Place("--by"), who)
    return f"decision by {by}" + (f": {text(Place('--note'), note)}" if note else "")


def choose(
    action: Action,
    published: WithdrawalList,
    folded: WithdrawalList,
    scope: str | None,
    requests: Iterable[str],
) -> list[Withdrawal]:
    """The requests to decide on; only those that the published list knows.

    Args:
        action: what is decided.
        published: the list.
        folded: with what the log says since, such as a decision.
        scope: all that can be decided on of it; None takes the requests.
        requests: ids of those, each of which must be such that it can be.

    Raises:
        ConfigurationError: a request is unknown, or there is nothing to decide on it.
    """
    admitted = {each.request for each in published.withdrawals}
    known = {
        each.request: each for each in folded.withdrawals if each.request in admitted
    }
    if scope is not None:
        own = (each for each in known.values() if each.scope == scope)
        return [each for each in own if _is_open_to(action, each)]
    return [_known(action, known.get(request)) for request in dict.fromkeys(requests)]


def decisions(
    action: Action, chosen: Sequence[Withdrawal], signal: str, now: datetime
) -> list[Event]:
    """The events that record a decision on each of the requests."""
    return [
        Event(
            action.kind,
            each.scope,
            each.participant,
            to_micros(now),
            None,
            each.document_id,
            signal,
        )
        for each in chosen
    ]


def _known(action: Action, found: Withdrawal | None) -> Withdrawal:
    if found is None:  # what was typed may be somebody's id: it is not repeated
        raise ConfigurationError(
            "--request: the list has no such request; `rally withdrawals --requests` "
            "shows them"
        )
    if not _is_open_to(action, found):
        must = "held or deferred" if action is Action.AT_ONCE else "held"
        raise ConfigurationError(
            f"--request: {found.request} is {found.state}, and must be {must} for "
            f"{action}"
        )
    return found


def _is_open_to(action: Action, each: Withdrawal) -> bool:
    if action is Action.AT_ONCE and each.standing is Standing.ACTIVE:
        return bool(each.deferred)
    return each.state is State.HELD
