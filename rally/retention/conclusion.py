"""What belongs to a concluded study: previewed beforehand, and checked afterwards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rally import dead_letters
from rally.consent.records import CONSENT_LOG
from rally.dead_letters import FOLDER as LETTERS
from rally.errors import CorruptFile
from rally.event_log.event_log import EventLog
from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.object_classifier import Region
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.retention.blockers import count_held_requests, is_unsettled
from rally.retention.context import Context
from rally.retention.derived import open_derived
from rally.retention.logs import LOGS
from rally.retention.plan_entry import Phase
from rally.storage.layout import Stores, study_folder, view_folder
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

StorePrefix = tuple[ObjectStore, str]
"""A store, and the prefix of the names of some of its objects."""

_FOLDERS = (Phase.ROWS, Phase.LETTERS, Phase.DERIVED)


def find_live(context: Context) -> set[str]:
    """Finds the concluded studies of which an object is live, whose keys have to stay.

    Raises:
        CorruptFile: The event log is damaged.
        OSError: A store cannot be listed.
    """
    return {
        study
        for phase in (*_FOLDERS, Phase.EVENTS)
        for study in find_left(context, phase)
    }


def find_left(context: Context, phase: Phase) -> set[str]:
    """Finds the concluded studies of which a phase has left something.

    ENROLMENTS are searched for in rows, and not here. The files of the event log of a
    concluded platform go whole, in the end. Raises as `find_live`.
    """
    if phase is Phase.EVENTS:
        platform, going = context.platform, [*context.going]
        if context.is_over:
            return find_loose(context)
        return {study for log in LOGS for study in log.find_studies(platform, going)}
    return {each for each in context.going if _is_left(context, each, phase)}


def find_loose(context: Context) -> set[str]:
    """Finds the concluded studies of which records are left that a purge takes itself.

    Events in the log's files are not among them: deletion takes those. Raises as
    `find_live`.
    """
    platform, going = context.platform, [*context.going]
    return {study for log in LOGS for study in log.find_loose(platform, going)}


def has_old_copies(context: Context, namespace: str) -> bool:
    """Tells whether a store keeps old copies of a study's objects.

    Any old copy of a log counts: only a conclusion deletes records.
    """
    places = [
        *((context.platform, each.log.folder) for each in LOGS),
        *(place for phase in _FOLDERS for place in _places(context, namespace, phase)),
    ]
    return any(True for store, prefix in places for _ in store.old_copies(prefix))


def derived_places(context: Context, namespace: str) -> list[StorePrefix]:
    """Lists the researchers' folders of a study that can be opened."""
    opened_ones = [
        open_derived(context, namespace, uri)
        for uri in context.registry.studies[namespace].derived
    ]
    return [(each, "") for each in opened_ones if not isinstance(each, str)]


def row_places(context: Context, namespace: str) -> list[StorePrefix]:
    """Lists where rows of a study are, or may be by mistake: in any study's store."""
    stores = context.stores.each(context.registry.studies)
    return [(each, study_folder(namespace)) for each in stores]


def view_places(context: Context, namespace: str) -> list[StorePrefix]:
    """Lists where a study's view of the withdrawal list is, or may be by mistake."""
    rows = row_places(context, namespace)
    return [(store, view_folder(namespace)) for store, _ in rows]


def _places(context: Context, namespace: str, phase: Phase) -> list[StorePrefix]:
    if phase is Phase.ROWS:
        return row_places(context, namespace) + view_places(context, namespace)
    if phase is Phase.LETTERS:
        return [(context.platform, f"{dead_letters.FOLDER}study={namespace}/")]
    return derived_places(context, namespace)


def _is_left(context: Context, namespace: str, phase: Phase) -> bool:
    is_there = any(
        _holds(context, phase, store, prefix)
        for store, prefix in _places(context, namespace, phase)
    )
    return is_there or (phase is Phase.DERIVED and _unserved(context, namespace))


def _holds(context: Context, phase: Phase, store: ObjectStore, prefix: str) -> bool:
    """Tells whether anything but markers of folders is there; links count."""
    found = list_but_strays(store, prefix)
    if phase is Phase.ROWS:
        regions = (context.locator.classify(store, each).region for each in found)
        is_there = any(each is not Region.MARKER for each in regions)
    else:
        is_there = any(not is_marker(each) and each.name != NAME for each in found)
    return is_there or any(True for _ in store.strays(prefix))


def _unserved(context: Context, namespace: str) -> bool:
    uris = context.registry.studies[namespace].derived
    return len(derived_places(context, namespace)) < len(uris)


class KeyFolders(NamedTuple):
    """Folders of keys; None for one that is not named.

    Attributes:
        ping: Folder of the keys that open pings.
        platform: Folder of the platform's keys.
    """

    ping: KeyFolder | None
    platform: KeyFolder | None


@dataclass(slots=True)
class DocumentTotals:
    """Sums over the files of a document.

    Attributes:
        files: Number of files.
        rows: Number of rows, by their headers.
        bytes: Size of the files.
    """

    files: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """Preview of what the conclusion of a study will delete.

    Attributes:
        namespace: Namespace of the study.
        documents: Files by document; "" for those in no document's folder.
        unread: Number of files whose header has no number of rows.
        dead_letters: Number of objects of dead letters, of both kinds.
        events: Number of events about this study alone.
        consents: Number of records of what people agreed to in it.
        deferred: Number of requests that fall due by the conclusion.
        open: Number of other requests about it that are not verified.
        undecided: Number of held requests, which are deleted with all the rest.
        derived: URIs of researchers' own folders.
        keys: Key files.
        holds: Legal holds, which keep their rows and all keys.
    """

    namespace: str
    documents: Mapping[str, DocumentTotals] = field(default_factory=dict)
    unread: int = 0
    dead_letters: int = 0
    events: int = 0
    consents: int = 0
    deferred: int = 0
    open: int = 0
    undecided: int = 0
    derived: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    holds: tuple[LegalHold, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows of all documents."""
        return sum(each.rows for each in self.documents.values())

    @property
    def files(self) -> int:
        """Number of files of all documents."""
        return sum(each.files for each in self.documents.values())

    @property
    def bytes(self) -> int:
        """Size of the files of all documents."""
        return sum(each.bytes for each in self.documents.values())


def preview(
    stores: Stores,
    registry: Registry,
    study: Study,
    withdrawals: WithdrawalList,
    holds: LegalHolds,
    keys: KeyFolders,
) -> Preview:
    """Counts what the conclusion of a study will delete, and changes nothing.

    Args:
        stores: Stores of the studies and the platform.
        registry: Registry of the studies.
        study: The study.
        withdrawals: The published list.
        holds: Legal holds in force.
        keys: Folders of its key files.

    Raises:
        ConfigurationError: A key folder cannot be reached.
        CorruptFile: The event log is damaged.
        OSError: A store cannot be read.
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
        consents=sum(each.study == namespace for each in CONSENT_LOG.read(platform)),
        deferred=sum(namespace in each.deferred for each in requests),
        open=sum(
            is_unsettled(each, study) and namespace not in each.deferred
            for each in requests
        ),
        undecided=count_held_requests(namespace, withdrawals),
        derived=registry.studies[namespace].derived,
        keys=tuple(_key_files(namespace, keys)),
        holds=tuple(holds.of(namespace)),
    )


def _sum_up(
    store: ObjectStore, namespace: str
) -> tuple[dict[str, DocumentTotals], int]:
    documents, unread = dict[str, DocumentTotals](), 0
    for info in store.list(study_folder(namespace)):
        partition = partition_of(namespace, info.name)
        held = documents.setdefault(
            partition.document if partition else "", DocumentTotals()
        )
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
