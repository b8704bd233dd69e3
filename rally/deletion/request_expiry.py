"""Requests of people whom nobody knows: for how long they stay on the list.

Anybody can send a withdrawal for an id that nobody ever enrolled. Deletion carries it
out like any other; when no enrolment has explained it for long enough it is closed, and
leaves the list. An event says so, so that the log alone tells what is on the list: the
event of the withdrawal stays, and where the enrolment arrives after all, it counts.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from rally.events import MAIL, RALLY, Event, EventKind
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.times import to_micros
from rally.withdrawal.enrolment_index import Enrolled
from rally.withdrawal.fold import Standing
from rally.withdrawal.rules import Rules
from rally.withdrawal.unavailable_studies import concerned
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

SIGNAL = "closed by deletion: no enrolment is known"
_DAY = 86_400_000_000  # microseconds


def closings(
    withdrawals: WithdrawalList,
    registry: Registry,
    carriers: Collection[str],
    states: States,
    now: datetime,
    rules: Rules,
) -> Iterator[Event]:
    """The events that close what nobody's enrolment has explained for too long.

    Args:
        withdrawals: the list as it is admitted now.
        registry: of the studies. While one does not load the enrolment may be among its
            dead letters, and nothing is closed that it concerns.
        carriers: of those that do not load, those whose pings tell of other studies.
        states: of the studies. Of one that is concluded no event is written any more:
            its events go, and its requests stay as they are.
        now: the time of this admission.
        rules: after how many days.
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
    """Whether an enrolment has had its time to arrive."""
    is_unresolved = each.participant is None
    days = rules.unresolved_days if is_unresolved else rules.unmatched_days
    return time - each.time > days * _DAY


def _is_known(each: Withdrawal, enrolled: Enrolled) -> bool:
    """Whether there is, or was, somebody: an enrolment, a row, a letter to a person."""
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
    """Whether the enrolment may be in a study that does not load."""
    if each.participant is None:
        return bool(carriers)
    return bool(concerned(each, registry, carriers))


def _is_settled(each: Withdrawal, registry: Registry) -> bool:
    """Whether deletion has nothing to do for it, and never will.

    Of one that is held nobody has looked for rows: where every document asks for an
    enrolment, a purge takes them; anywhere else it waits for a person.
    """
    if each.participant is None or each.standing is Standing.REJECTED:
        return True
    if each.standing is Standing.HELD:
        return all(
            study.policy.enrolment_required
            for study in registry.studies.values()
            if each.scope in (RALLY, study.namespace)
        )
    return Stage.CLOSED in each.stages
