"""A concluded study's steps: each is taken only when the one before left nothing."""

from rally import dead_letters
from rally.events import EventLog
from rally.registry.object_classifier import Region
from rally.retention.derived import open_derived
from rally.retention.opened import Opened
from rally.retention.plan_entry import Phase
from rally.storage.layout import EVENTS, study_folder
from rally.storage.marker import NAME
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.strays import list_but_strays
from rally.storage.records import is_marker

Place = tuple[ObjectStore, str]
"""A store, and what begins the names of a place's objects."""

_FOLDERS = (Phase.ROWS, Phase.LETTERS, Phase.DERIVED)


def left_live(opened: Opened) -> set[str]:
    """The studies that go of which anything at all is live: their keys have to wait.

    Raises:
        CorruptFile: the event log is damaged.
        OSError: a store cannot be listed.
    """
    return {
        study for phase in (*_FOLDERS, Phase.EVENTS) for study in left_of(opened, phase)
    }


def left_of(opened: Opened, phase: Phase) -> set[str]:
    """The studies that go of which a new listing shows what the phase should take.

    Of ENROLMENTS the search says it, which reads rows. Raises as `left_live`.
    """
    if phase is Phase.EVENTS:
        events = EventLog(opened.platform) if opened.going else ()
        return {event.scope for event in events}.intersection(opened.going)
    return {each for each in opened.going if _is_left(opened, each, phase)}


def has_old_copies(opened: Opened, namespace: str) -> bool:
    """Whether a store keeps something of a study that is live no more.

    Of the event log any copy counts: nothing leaves it but by a conclusion.
    """
    places = [
        (opened.platform, EVENTS),
        *(place for phase in _FOLDERS for place in _places(opened, namespace, phase)),
    ]
    return any(True for store, prefix in places for _ in store.old_copies(prefix))


def derived_places(opened: Opened, namespace: str) -> list[Place]:
    """The folders that researchers of a study registered and that are served."""
    opened_ones = [
        open_derived(opened, namespace, uri)
        for uri in opened.registry.studies[namespace].derived
    ]
    return [(each, "") for each in opened_ones if not isinstance(each, str)]


def row_places(opened: Opened, namespace: str) -> list[Place]:
    """Where rows of a study are, or are by mistake: in any study's store."""
    stores = opened.stores.each(opened.registry.studies)
    return [(each, study_folder(namespace)) for each in stores]


def _places(opened: Opened, namespace: str, phase: Phase) -> list[Place]:
    if phase is Phase.ROWS:
        return row_places(opened, namespace)
    if phase is Phase.LETTERS:
        return [(opened.platform, f"{dead_letters.FOLDER}study={namespace}/")]
    return derived_places(opened, namespace)


def _is_left(opened: Opened, namespace: str, phase: Phase) -> bool:
    is_there = any(
        _holds(opened, phase, store, prefix)
        for store, prefix in _places(opened, namespace, phase)
    )
    return is_there or (phase is Phase.DERIVED and _unserved(opened, namespace))


def _holds(opened: Opened, phase: Phase, store: ObjectStore, prefix: str) -> bool:
    """Whether something stands there: no marker of a folder, but links as well."""
    found = list_but_strays(store, prefix)
    if phase is Phase.ROWS:
        regions = (opened.locator.classify(store, each).region for each in found)
        is_there = any(each is not Region.MARKER for each in regions)
    else:
        is_there = any(not is_marker(each) and each.name != NAME for each in found)
    return is_there or any(True for _ in store.strays(prefix))


def _unserved(opened: Opened, namespace: str) -> bool:
    uris = opened.registry.studies[namespace].derived
    return len(derived_places(opened, namespace)) < len(uris)
