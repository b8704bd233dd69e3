"""What a study's conclusion will take away: counted beforehand, and nothing changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rally.dead_letters import FOLDER as LETTERS
from rally.events import EventLog
from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.retention.blockers import held_requests, waits
from rally.storage.corruption import CorruptFile
from rally.storage.layout import Stores, study_folder
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.partitions import partition_of
from rally.storage.snapshots import outline_of
from rally.withdrawal.withdrawal_list import WithdrawalList


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
class Foreseen:
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


def foresee(
    stores: Stores,
    registry: Registry,
    study: Study,
    withdrawals: WithdrawalList,
    holds: LegalHolds,
    keys: KeyFolders,
) -> Foreseen:
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
    return Foreseen(
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
