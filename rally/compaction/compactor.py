"""Compacts partitions as a worker does: what is wrong with one is in its result."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from rally.compaction.outcomes import Compacted, Outcome, Trouble
from rally.compaction.partition_view import IndexedFile, PartitionViewer, trouble_with
from rally.compaction.partition_work import PartitionWork, holding
from rally.compaction.row_filter import CompactionContext, Rule
from rally.compaction.settings import CompactSettings
from rally.registry.legal_holds import NO_HOLDS, LegalHolds
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.study import Document, Keep
from rally.settings import make_pseudonyms
from rally.storage.layout import Partition, Stores, study_folder
from rally.storage.leases import LeaseHeld, Leases
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.objectstore.strays import describe
from rally.storage.occupancy import listing
from rally.storage.partitions import (
    Identity,
    StoredFile,
    by_partition,
    is_settled,
    list_files,
)
from rally.storage.row_streams import Unreadable
from rally.validation.pseudonyms import Pseudonyms
from rally.version import pipeline_version
from rally.withdrawal.list_object import LIST, read_people
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.selection import Selection

_ENTRIES = 4096
"""Bytes of a header beside its schema, at most, of a file that has no rows."""


def plan(stores: Stores, registry: Registry) -> list[Partition]:
    """The partitions of all registered studies that are worth a look, oldest first.

    Raises:
        ConfigurationError: a store cannot be listed.
        ConnectionError: it cannot be reached.
    """
    works = list[Partition]()
    for study in registry.studies.values():
        store = stores.of(study.namespace)
        with listing(store):
            files = list_files(store, study.namespace)
        works += plan_study(files, registry.documents(study))
    return sorted(works, key=lambda work: (work.day, work))


def find_strays(stores: Stores, registry: Registry) -> list[Compacted]:
    """A trouble for each link and the like in a study; the rest is compacted.

    What has another name is not meant: compaction erases nothing on anybody's behalf.
    """
    return [
        Compacted(
            Partition(namespace, "", ""),
            Outcome.STRAY,
            troubles=(Trouble(Outcome.STRAY, stray.name, describe(stray)),),
        )
        for namespace in registry.studies
        for stray in stores.of(namespace).strays(study_folder(namespace))
        if stray.kind.is_in_the_way
    ]


def plan_study(
    files: Iterable[StoredFile], documents: Mapping[str, Document]
) -> Iterator[Partition]:
    """The same of one study, whose files are sorted by name."""
    for partition, members in by_partition(files).items():
        document = documents.get(partition.document)
        if partition.day and _may_have_work(members, document):
            yield partition


def _may_have_work(files: Sequence[StoredFile], document: Document | None) -> bool:
    empty = len(row_schema(document)) + _ENTRIES if document else 0
    return (
        not is_settled(files)
        or any(file.bucket is None for file in files)
        or any(file.info.size <= empty for file in files)
    )


_ATTEMPTS = 20
_ROWS_KNOWN = 10_000_000
"""Of files whose index is kept for the next work: four bytes each."""


class Compactor:
    """Compacts under the withdrawal list, which it reads again where it has to."""

    def __init__(
        self,
        stores: Stores,
        registry: Registry,
        pseudonyms: Pseudonyms,
        leases: Leases,
        holds: LegalHolds = NO_HOLDS,
    ) -> None:
        """Reads the withdrawal list.

        Raises:
            ConfigurationError: it is missing, or not as it was published.
        """
        self._stores = stores
        self._registry = registry
        self._pseudonyms = pseudonyms
        self._leases = leases
        self._holds = holds
        self._known: dict[Identity, IndexedFile] = {}
        self._unsigned = set[int]()  # lists that only headers name
        self._read_list()

    def __call__(self, partition: Partition) -> list[Compacted]:
        """What became of a partition, and behind it of those of other dates.

        Raises:
            ConfigurationError: the withdrawal list is no longer as it was published.
        """
        store, folder = self._stores.of(partition.study), partition.folder
        if sum(each.rows for each in self._known.values()) > _ROWS_KNOWN:
            self._known.clear()
        looker = PartitionViewer(store, self.check_list, self._known)
        try:
            return self._try(store, partition, looker)
        except LeaseHeld as error:
            return _failed(partition, Trouble(Outcome.BUSY, folder, str(error)))
        except ObjectHeld as error:
            return _failed(partition, holding(str(error), error))
        except OSError as error:
            return _failed(partition, trouble_with(folder, error))

    def _try(
        self, store: ObjectStore, partition: Partition, looker: PartitionViewer
    ) -> list[Compacted]:
        partition_work = PartitionWork(store, partition, looker)
        for _ in range(_ATTEMPTS):
            try:
                return partition_work.attempt(self._terms(partition))
            except Unreadable as error:
                trouble = trouble_with(error.name, error.cause)
                if error.name in looker.skipped:
                    return _failed(partition, trouble)
                looker.skipped[error.name] = trouble
            except (GenerationMismatch, ObjectNotFound):
                continue
        why = "somebody wrote to it again and again; run it once more"
        return _failed(partition, Trouble(Outcome.CHANGED, partition.folder, why))

    def check_list(self, counter: int) -> None:
        """Is told under which list a file was written.

        Raises:
            GenerationMismatch: it is newer than the one that was read, and so is the
                one that is there by now: what was begun is to be begun anew.

        A header is nobody's word: where there is no such list the file is judged by
        the one that there is, and the audit names it.
        """
        if counter <= self._list.counter or counter in self._unsigned:
            return
        before = self._list.counter
        self._read_list()
        if counter > self._list.counter:
            self._unsigned.add(counter)
        if before < self._list.counter:
            raise GenerationMismatch(LIST)

    def _read_list(self) -> None:
        self._list: PeopleIndex = read_people(self._stores.platform).list
        self._selections: dict[str, Selection] = {}

    def _terms(self, partition: Partition) -> CompactionContext:
        study = self._registry.studies[partition.study]
        if study.namespace not in self._selections:
            selection = Selection(self._list, study, self._pseudonyms)
            self._selections[study.namespace] = selection
        document = self._registry.documents(study).get(partition.document)
        return CompactionContext(
            Rule(document.keep if document else Keep.ALL),
            document.buckets.bit_length() - 1 if document else 0,
            self._selections[study.namespace],
            self._list.counter,
            pipeline_version(),
            self._lease,
        )

    def _lease(self, partition: Partition) -> AbstractContextManager[None]:
        """Has a partition meanwhile. Raises ObjectHeld where a legal hold keeps it."""
        if self._holds.over(partition.study, partition.day):
            raise ObjectHeld(partition.folder)
        return self._leases.held(partition)


def make_compactor(
    settings: CompactSettings,
) -> Callable[[Partition], list[dict[str, Any]]]:
    """For workers: a partition to the JSON of what became of it.

    Raises:
        ConfigurationError: something is not as it must be.
    """
    registry, stores = settings.registry(), settings.stores()
    keys = settings.keys(registry)
    compactor = Compactor(
        stores,
        registry,
        make_pseudonyms(keys, registry),
        Leases(stores.platform, settings.run),
        settings.holds(),
    )
    return lambda work: [each.to_json() for each in compactor(work)]


def _failed(partition: Partition, trouble: Trouble) -> list[Compacted]:
    return [Compacted(partition, trouble.outcome, troubles=(trouble,))]
