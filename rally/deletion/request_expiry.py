"""Closes requests of ids that nobody enrolled after some days.

Anybody can send a withdrawal for an id that nobody ever enrolled. Deletion carries it
out like any other. If no enrolment arrives for long enough, the request is closed and
leaves the list. An event records that, so that the list can be rebuilt from the log.
The event of the withdrawal stays, and counts if the enrolment arrives after all.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from rally.events import MAIL, RALLY, Event, EventKind
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.times import to_micros
from rally.withdrawal.enrolment_index import Enrolled
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.rules import Rules
from rally.withdrawal.unavailable_studies import concerned
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

SIGNAL = "closed by deletion: no enrolment is known"
_DAY = 86_400_000_000  # microseconds


def closing_events(
    withdrawals: WithdrawalList,
    registry: Registry,
    carriers: Collection[str],
    states: States,
    now: datetime,
    rules: Rules,
) -> Iterator[Event]:
    """Yields the events that close requests without an enrolment that are too old.

    Args:
        withdrawals: The list as it is admitted now.
        registry: Registry of the studies. Requests that concern a study that does not
            load stay open: the enrolment may be among its dead letters.
        carriers: Studies that do not load and whose pings may be about other studies.
        states: States of the studies. No event of a concluded study is written, since
            its events are deleted; its requests stay as they are.
        now: Time of this admission.
        rules: Rules that say after how many days a request is closed.
    """
    enrolled, time = Enrolled(withdrawals.enrolments), to_micros(now)
    for each in withdrawals.withdrawals:
        if (
            _is_over(each, time, rules)
            and not _is_known(each, enrolled)
            and _is_settled(each, registry)
            and not _may_be_missing(each, registry, carriers)
            and not states.is_concluded(each.scope, now)
        ):
            yield Event(
                EventKind.CLOSED,
                each.scope,
                each.participant,
                time,
                each.deletion_id if each.participant is None else None,
                each.document_id,
                SIGNAL,
            )


def _is_over(each: Withdrawal, time: int, rules: Rules) -> bool:
    """Tells whether the time for an enrolment to arrive is over."""
    is_unresolved = each.participant is None
    days = rules.unresolved_days if is_unresolved else rules.unmatched_days
    return time - each.time > days * _DAY


def _is_known(each: Withdrawal, enrolled: Enrolled) -> bool:
    """Tells whether an enrolment, a row or a letter shows that the person exists."""
    if each.participant is None:
        return False
    return (
        each.signal == MAIL
        or each.found > 0
        or enrolled.ever(each.participant, each.scope)
    )


def _may_be_missing(
    each: Withdrawal, registry: Registry, carriers: Collection[str]
) -> bool:
    """Tells whether the enrolment may be in a study that does not load."""
    if each.participant is None:
        return bool(carriers)
    return bool(concerned(each, registry, carriers))


def _is_settled(each: Withdrawal, registry: Registry) -> bool:
    """Tells whether deletion has nothing to do for a request, now or later.

    Nobody has looked for rows of a held request. If every document requires an
    enrolment, a purge deletes such rows; otherwise the request waits for a person.
    """
    if each.participant is None or each.status is RequestStatus.REJECTED:
        return True
    if each.status is RequestStatus.HELD:
        return all(
            study.policy.enrolment_required
            for study in registry.studies.values()
            if each.scope in (RALLY, study.namespace)
        )
    return Stage.CLOSED in each.stages
