"""A concluded study's steps: each is taken only when the one before left nothing."""

from rally import dead_letters
from rally.purging.derived import open_derived
from rally.purging.line import Phase
from rally.purging.opened import Opened
from rally.purging.records import survey_events
from rally.storing.layout import EVENTS, study_folder
from rally.storing.objects import ObjectStore

Place = tuple[ObjectStore, str]
"""A store, and what begins the names of a place's objects."""


def is_empty(opened: Opened, namespace: str, phase: Phase) -> bool:
    """Whether a new listing shows nothing that the phase should have taken.

    Of ENROLMENTS the search says it, which reads rows.

    Raises:
        OSError: a store cannot be listed.
    """
    if phase is Phase.EVENTS:
        events = survey_events(opened)
        return not any(namespace in line.studies for line in events)
    return not any(
        True
        for store, prefix in _live(opened, namespace, phase)
        for _ in store.list(prefix)
    ) and (phase is not Phase.DERIVED or not _unserved(opened, namespace))


def has_old_copies(opened: Opened, namespace: str) -> bool:
    """Whether a store keeps something of a study that is live no more.

    Of the event log any copy counts: nothing leaves it but by a conclusion.
    """
    places = [
        (opened.platform, EVENTS),
        *(
            place
            for phase in (Phase.ROWS, Phase.LETTERS, Phase.DERIVED)
            for place in _live(opened, namespace, phase)
        ),
    ]
    return any(True for store, prefix in places for _ in store.old_copies(prefix))


def derived_places(opened: Opened, namespace: str) -> list[Place]:
    """The folders that researchers of a study registered and that are served."""
    opened_ones = [
        open_derived(opened, namespace, uri)
        for uri in opened.registry.studies[namespace].derived
    ]
    return [(each, "") for each in opened_ones if not isinstance(each, str)]


def _live(opened: Opened, namespace: str, phase: Phase) -> list[Place]:
    if phase is Phase.ROWS:
        return [(opened.stores.of(namespace), study_folder(namespace))]
    if phase is Phase.LETTERS:
        return [(opened.platform, f"{dead_letters.FOLDER}study={namespace}/")]
    return derived_places(opened, namespace)


def _unserved(opened: Opened, namespace: str) -> bool:
    uris = opened.registry.studies[namespace].derived
    return len(derived_places(opened, namespace)) < len(uris)
