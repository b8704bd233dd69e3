"""What a study's conclusion will take away: counted beforehand, and nothing changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rally import dead_letters
from rally.dead_letters import FOLDER as LETTERS
from rally.errors import CorruptFile
from rally.events import EventLog
from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.object_classifier import Region
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.retention.blockers import held_requests, waits
from rally.retention.context import Context
from rally.retention.derived import open_derived
from rally.retention.plan_entry import Phase
from rally.storage.layout import EVENTS, Stores, study_folder
from rally.storage.marker import NAME
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.objectstore.strays import list_but_strays
from rally.storage.partitions import partition_of
from rally.storage.records import is_marker
from rally.storage.snapshots import outline_of
from rally.withdrawal.withdrawal_list import WithdrawalList

Place = tuple[ObjectStore, str]
"""A store, and what begins the names of a place's objects."""

_FOLDERS = (Phase.ROWS, Phase.LETTERS, Phase.DERIVED)


def left_live(opened: Context) -> set[str]:
    """The studies that go of which anything at all is live: their keys have to wait.

    Raises:
        CorruptFile: the event log is damaged.
        OSError: a store cannot be listed.
    """
    return {
        study for phase in (*_FOLDERS, Phase.EVENTS) for study in left_of(opened, phase)
    }


def left_of(opened: Context, phase: Phase) -> set[str]:
    """The studies that go of which a new listing shows what the phase should take.

    Of ENROLMENTS the search says it, which reads rows. Raises as `left_live`.
    """
    if phase is Phase.EVENTS:
        events = EventLog(opened.platform) if opened.going else ()
        return {event.scope for event in events}.intersection(opened.going)
    return {each for each in opened.going if _is_left(opened, each, phase)}


def has_old_copies(opened: Context, namespace: str) -> bool:
    """Whether a store keeps something of a study that is live no more.

    Of the event log any copy counts: nothing leaves it but by a conclusion.
    """
    places = [
        (opened.platform, EVENTS),
        *(place for phase in _FOLDERS for place in _places(opened, namespace, phase)),
    ]
    return any(True for store, prefix in places for _ in store.old_copies(prefix))


def derived_places(opened: Context, namespace: str) -> list[Place]:
    """The folders that researchers of a study registered and that are served."""
    opened_ones = [
        open_derived(opened, namespace, uri)
        for uri in opened.registry.studies[namespace].derived
    ]
    return [(each, "") for each in opened_ones if not isinstance(each, str)]


def row_places(opened: Context, namespace: str) -> list[Place]:
    """Where rows of a study are, or are by mistake: in any study's store."""
    stores = opened.stores.each(opened.registry.studies)
    return [(each, study_folder(namespace)) for each in stores]


def _places(opened: Context, namespace: str, phase: Phase) -> list[Place]:
    if phase is Phase.ROWS:
        return row_places(opened, namespace)
    if phase is Phase.LETTERS:
        return [(opened.platform, f"{dead_letters.FOLDER}study={namespace}/")]
    return derived_places(opened, namespace)


def _is_left(opened: Context, namespace: str, phase: Phase) -> bool:
    is_there = any(
        _holds(opened, phase, store, prefix)
        for store, prefix in _places(opened, namespace, phase)
    )
    return is_there or (phase is Phase.DERIVED and _unserved(opened, namespace))


def _holds(opened: Context, phase: Phase, store: ObjectStore, prefix: str) -> bool:
    """Whether something stands there: no marker of a folder, but links as well."""
    found = list_but_strays(store, prefix)
    if phase is Phase.ROWS:
        regions = (opened.locator.classify(store, each).region for each in found)
        is_there = any(each is not Region.MARKER for each in regions)
    else:
        is_there = any(not is_marker(each) and each.name != NAME for each in found)
    return is_there or any(True for _ in store.strays(prefix))


def _unserved(opened: Context, namespace: str) -> bool:
    uris = opened.registry.studies[namespace].derived
    return len(derived_places(opened, namespace)) < len(uris)


class KeyFolders(NamedTuple):
    """Where keys are; None where a folder is not named.

    Attributes:
        ping: of the keys that open pings.
        platform: of the platform's own.
    """

    ping: KeyFolder | None
    platform: KeyFolder | None


@dataclass(slots=True)
class Held:
    """Sums of a document's files.

    Attributes:
        files: how many.
        rows: by their headers.
        bytes: of the files.
    """

    files: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What goes when a study is concluded.

    Attributes:
        namespace: of the study.
        documents: its files, by document; "" is what stands in no document's folder.
        unread: files whose header does not say how many rows they have.
        dead_letters: objects, of both kinds.
        events: of the log, that are about this study alone.
        deferred: requests that wait for the conclusion, and fall due by it.
        open: other requests about it that are not verified.
        undecided: requests that are held; they go with all the rest.
        derived: researchers' own folders.
        keys: key files.
        holds: legal holds, which keep their rows and all keys.
    """

    namespace: str
    documents: Mapping[str, Held] = field(default_factory=dict)
    unread: int = 0
    dead_letters: int = 0
    events: int = 0
    deferred: int = 0
    open: int = 0
    undecided: int = 0
    derived: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    holds: tuple[LegalHold, ...] = ()

    @property
    def rows(self) -> int:
        """Of all documents."""
        return sum(each.rows for each in self.documents.values())

    @property
    def files(self) -> int:
        """Of all documents."""
        return sum(each.files for each in self.documents.values())

    @property
    def bytes(self) -> int:
        """Of all documents."""
        return sum(each.bytes for each in self.documents.values())


def preview(
    stores: Stores,
    registry: Registry,
    study: Study,
    withdrawals: WithdrawalList,
    holds: LegalHolds,
    keys: KeyFolders,
) -> Preview:
    """Counts what a conclusion takes away.

    Args:
        stores: of the studies and the platform.
        registry: of the studies.
        study: that may be concluded.
        withdrawals: the published list.
        holds: legal holds in force.
        keys: where its key files are.

    Raises:
        ConfigurationError: a key folder cannot be reached.
        CorruptFile: the event log is damaged.
        OSError: a store cannot be read.
    """
    namespace, platform = study.namespace, stores.platform
    documents, unread = _sum_up(stores.of(namespace), namespace)
    requests = withdrawals.withdrawals
    return Preview(
        namespace=namespace,
        documents=documents,
        unread=unread,
        dead_letters=sum(1 for _ in platform.list(f"{LETTERS}study={namespace}/")),
        events=sum(event.scope == namespace for event in EventLog(platform)),
        deferred=sum(namespace in each.deferred for each in requests),
        open=sum(
            waits(each, study) and namespace not in each.deferred for each in requests
        ),
        undecided=held_requests(namespace, withdrawals),
        derived=registry.studies[namespace].derived,
        keys=tuple(_key_files(namespace, keys)),
        holds=tuple(holds.of(namespace)),
    )


def _sum_up(store: ObjectStore, namespace: str) -> tuple[dict[str, Held], int]:
    documents, unread = dict[str, Held](), 0
    for info in store.list(study_folder(namespace)):
        partition = partition_of(namespace, info.name)
        held = documents.setdefault(partition.document if partition else "", Held())
        held.files += 1
        held.bytes += info.size
        try:
            with store.open(info.name, info.generation) as snapshot:
                held.rows += outline_of(snapshot).rows
        except (CorruptFile, ObjectNotFound, GenerationMismatch):
            unread += 1
    return dict(sorted(documents.items())), unread


def _key_files(namespace: str, keys: KeyFolders) -> Iterator[str]:
    wanted = [
        (keys.ping, namespace + KEYSET),
        (keys.ping, namespace + JWK),
        (keys.platform, names.pseudonym(namespace) + KEYSET),
    ]
    for folder, name in wanted:
        if folder is not None and folder.exists(name):
            yield folder.where(name)
