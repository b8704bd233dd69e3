"""Finds the events by which the withdrawal list may change, on top of the former one.

The former list knows what the merged log says: delete merges events only after it has
published a list that admits them. So what is new is in loose objects, and of the merged
log only the history of the people whom these name matters, of the people whose deletion
ids they name, and of whoever is on the list without an enrolment: a request of theirs
that was closed may tell when they first asked. What else stands under a key that many
share, such as all that people ever asked for, changes nobody's requests.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from rally.event_log.event_log import EventLog
from rally.event_log.rows import ASKS, NOBODY, keys_of
from rally.events import Event
from rally.storage.objectstore.interface import ObjectNotFound
from rally.withdrawal.enrolment_index import Enrolled
from rally.withdrawal.withdrawal_list import WithdrawalList

MOST_NEWS = 1_000_000
"""Events, loose ones and the history of their people, above which the whole log is
read, several times, as a stream: so many would not fit into memory."""

_SHARED = frozenset((ASKS, NOBODY))


class AdmissibleEvents(NamedTuple):
    """Events to admit on top of a list; see rally.withdrawal.admission.admit.

    Attributes:
        events: Events that can be read again and again.
        loose: Names of the loose objects whose events are all among them.
    """

    events: Iterable[Event]
    loose: tuple[str, ...]


def find_admissible(
    log: EventLog, before: WithdrawalList, most_news: int = MOST_NEWS
) -> AdmissibleEvents:
    """Finds the events to admit.

    Args:
        log: The log.
        before: The former list, which has admitted all that is merged.
        most_news: Events above which the events are the whole log.

    Raises:
        CorruptFile: an object of the log is damaged or missing.
        OSError: the platform cannot be read.
    """
    names, news = list[str](), set[Event]()
    for each in log.loose_objects():
        with suppress(ObjectNotFound):  # a purge wrote it anew, and that comes later
            news.update(each.read())
            names.append(each.name)
        if len(news) > most_news:
            loose = tuple(each.name for each in log.loose_objects())
            return AdmissibleEvents(log, loose)
    known = set[str]()
    keys = {*_unexplained(before), *(key for each in news for key in keys_of(each))}
    while new := keys - known - _SHARED:
        known |= new
        keys = set[str]()
        for event in log.find(new):
            news.add(event)
            keys.update(keys_of(event))
            if len(news) > most_news:
                return AdmissibleEvents(log, tuple(names))
    return AdmissibleEvents(list(news), tuple(names))


def _unexplained(before: WithdrawalList) -> Iterable[str]:
    """The people, or deletion ids, on a list whom no enrolment explains there."""
    enrolled = Enrolled(before.enrolments)
    for each in before.withdrawals:
        if each.participant is None:
            yield each.deletion_id or ""
        elif not enrolled.ever(each.participant, each.scope):
            yield each.participant
