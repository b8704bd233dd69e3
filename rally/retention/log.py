"""What the event log says of concluded studies, by one reading of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rally.events import RALLY, Event, EventKind
from rally.times import to_micros
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import WithdrawalList


@dataclass(slots=True)
class Log:
    """What there is of some studies.

    Attributes:
        present: studies that have events.
        unknown: studies that somebody left, or left Rally before their conclusion, of
            whom the list does not know yet. Requests that were closed for want of an
            enrolment are on it no more, and nobody waits for them.
        documents: the platform's documents that tell of enrolments in them, as
            (namespace, document), each with the studies.
    """

    present: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    documents: dict[tuple[str, str], set[str]] = field(default_factory=dict)


Documents = Mapping[tuple[str, str], Collection[str]]


def read_log(
    events: Iterable[Event],
    concluded: Mapping[str, datetime],
    withdrawals: WithdrawalList,
    rulings: Rulings,
) -> Log:
    """Reads the log; where no study is concluded there is nothing to look for.

    Args:
        events: of the log.
        concluded: the studies that are, and since when.
        withdrawals: the published list.
        rulings: of people: for a letter that nobody signed for nobody waits.

    Raises:
        CorruptFile: it is damaged.
    """
    log = Log()
    until = {each: to_micros(since) for each, since in concluded.items()}
    known = {(each.scope, each.document_id) for each in withdrawals.withdrawals}
    left: dict[tuple[str, str], set[str]] = {}
    for event in events if concluded else ():
        request = event.scope, event.document_id
        if event.kind is EventKind.CLOSED:
            known.add(request)
        elif (
            event.kind is EventKind.LEFT
            and request not in known
            and rulings.is_genuine(event)
        ):
            left.setdefault(request, set()).update(_left(event, until))
        if event.scope not in concluded:
            continue
        log.present.add(event.scope)
        if event.kind is EventKind.JOINED:
            namespace, _, document = event.signal.partition("/")
            if namespace != event.scope:
                key = (namespace, document)
                log.documents.setdefault(key, set()).add(event.scope)
    for request in left.keys() - known:
        log.unknown |= left[request]
    return log


def _left(event: Event, until: Mapping[str, int]) -> set[str]:
    """The studies that wait for somebody who left."""
    if event.scope != RALLY:
        return {event.scope}.intersection(until)
    time = event.submission_timestamp
    return {each for each, concluded in until.items() if time <= concluded}
