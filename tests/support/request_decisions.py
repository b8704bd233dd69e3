"""What people decide of withdrawals, signed as a person of a test platform signs it."""

from datetime import UTC, datetime

from rally.decisions.contents import DecisionKind, Letters, RequestDecision
from rally.decisions.writing import decide
from rally.events import event_name
from rally.withdrawal.requests import key_of, subject_of
from tests.support.people import signer

_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def rule(platform, kind, counter, *withdrawals, at=_NOW):
    """Somebody decides on withdrawals who sees a list of that counter."""
    subjects = sorted(subject_of(key_of(each)) for each in withdrawals)
    return rule_on(platform, kind, counter, subjects, at)


def rule_on(platform, kind, counter, subjects, at=_NOW):
    """The same on requests that may be nowhere; `subjects` are sorted."""
    about = RequestDecision(tuple(subjects), "")
    return decide(platform, signer("decide"), kind, about, at, counter=counter)


def confirm(platform, counter, *withdrawals):
    """They count."""
    return rule(platform, DecisionKind.CONFIRM, counter, *withdrawals)


def reject(platform, counter, *withdrawals):
    """They do not count."""
    return rule(platform, DecisionKind.REJECT, counter, *withdrawals)


def expedite(platform, counter, *withdrawals):
    """They wait for nothing."""
    return rule(platform, DecisionKind.EXPEDITE, counter, *withdrawals)


def sign_letters(platform, *events, at=_NOW):
    """Somebody has read these letters."""
    names = tuple(sorted(map(event_name, events)))
    about = Letters(events[0].scope, at, names)
    return decide(platform, signer("decide"), DecisionKind.RECORD_LETTERS, about, at)
