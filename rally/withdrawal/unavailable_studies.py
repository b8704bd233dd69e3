"""Whom it concerns that a study does not load: more people than its own, maybe.

Pings of the platform's own namespaces say who joined and who left any study, and have
rows of it. While such a namespace does not load, nobody can tell of the others who is
missing from the log, nor judge those rows.
"""

from collections.abc import Iterable

from rally.dead_letters import LetterKind, LetterPlace
from rally.events import RALLY, Event
from rally.registry.registry import Registry
from rally.registry.study import StudyKind
from rally.storage.layout import UNKNOWN
from rally.withdrawal.withdrawal_list import Withdrawal


def find_carriers(registry: Registry, events: Iterable[Event]) -> frozenset[str]:
    """Namespaces that do not load and whose pings tell of other studies.

    Of one whose kind is not legible the log says it: the event of a ping is written
    before its row.

    Args:
        registry: Registry of the studies.
        events: The log, which is read where that is the only way.
    """
    unavailable = registry.unavailable.items()
    carriers = {name for name, study in unavailable if study.kind is StudyKind.PLATFORM}
    unknown = {name for name, study in unavailable if study.kind is None}
    for event in events if unknown else ():
        namespace = event.signal.partition("/")[0]
        if namespace in unknown and event.scope != namespace:
            carriers.add(namespace)
    return frozenset(carriers)


def concerned(
    withdrawal: Withdrawal, registry: Registry, carriers: Iterable[str]
) -> set[str]:
    """The studies that do not load and may have rows that a withdrawal takes.

    Args:
        withdrawal: Withdrawal of a study, or of Rally.
        registry: Registry of the studies.
        carriers: See find_carriers.
    """
    if withdrawal.scope == RALLY:
        return {*registry.unavailable}
    return {*carriers, *({withdrawal.scope} & registry.unavailable.keys())}


def waits_for_study(place: LetterPlace, registry: Registry) -> bool:
    """Tells whether dead letters of a place stay until a study loads, however old.

    One below the study's own name may be a withdrawal, though its type does not say
    so. A withdrawal of a namespace that nobody knows may be of an alias that nobody can
    read.
    """
    if place.study == UNKNOWN:
        return place.kind is LetterKind.WITHDRAWAL and bool(registry.illegible)
    return place.study in registry.unavailable
