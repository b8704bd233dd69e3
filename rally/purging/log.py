"""What the event log says of concluded studies, by one reading of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from rally.events import Event, EventKind
from rally.withdrawing.withdrawal_list import WithdrawalList


@dataclass(slots=True)
class Log:
    """What there is of some studies.

    Attributes:
        present: studies that have events.
        unknown: studies that somebody left of whom the list does not know yet.
        documents: the platform's documents that tell of enrolments in them, as
            (namespace, document), each with the studies.
    """

    present: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    documents: dict[tuple[str, str], set[str]] = field(default_factory=dict)


Documents = Mapping[tuple[str, str], Collection[str]]


def read_log(
    events: Iterable[Event], namespaces: Collection[str], withdrawals: WithdrawalList
) -> Log:
    """Reads the log; where no study is concluded there is nothing to look for.

    Raises:
        CorruptFile: it is damaged.
    """
    log = Log()
    asked = {(each.scope, each.document_id) for each in withdrawals.withdrawals}
    for event in events if namespaces else ():
        if event.scope not in namespaces:
            continue
        log.present.add(event.scope)
        if event.kind is EventKind.JOINED:
            namespace, _, document = event.signal.partition("/")
            if namespace != event.scope:
                key = (namespace, document)
                log.documents.setdefault(key, set()).add(event.scope)
        is_known = (event.scope, event.document_id) in asked
        if event.kind is EventKind.LEFT and not is_known:
            log.unknown.add(event.scope)
    return log
