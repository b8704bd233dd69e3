"""Counts the people who take part in each study now."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from rally.events import Event, EventKind
from rally.times import to_micros
from rally.withdrawal.fold import Leaver, judge_row


def count_participants(
    events: Iterable[Event], leavers: Mapping[str, Leaver], at: datetime
) -> Counter[str]:
    """Counts the people who have joined and not left, by scope.

    Whoever came back counts. A request that waits for a decision ends nothing yet.

    Args:
        events: Events of the log.
        leavers: People on the withdrawal list, by platform pseudonym.
        at: Time of the count, UTC.

    Returns:
        The number of people by the namespace of their study, and by RALLY.
    """
    now = to_micros(at)
    joined = {
        (each.scope, each.participant)
        for each in events
        if each.kind is EventKind.JOINED
        and each.participant is not None
        and each.submission_timestamp <= now
    }
    return Counter(
        scope
        for scope, person in joined
        if person not in leavers
        or not judge_row(leavers[person], scope, now).verdict.condemns
    )
