"""Compacts partitions on a worker; what is wrong with one is told in its result."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from rally.compaction.outcomes import (
    CompactionOutcome,
    CompactionResult,
    Trouble,
    describe_failure,
)
from rally.compaction.partition_view import (
    IndexedFile,
    PartitionViewer,
    describe_unreadable,
)
from rally.compaction.partition_work import PartitionWork
from rally.compaction.row_filter import CompactionContext
from rally.registry.expunges import Expunges
from rally.registry.keep_rule import KeepRule
from rally.registry.legal_holds import NO_HOLDS, LegalHolds
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.study import Document, Keep
from rally.settings import Settings, make_pseudonyms
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
from rally.storage.row_streams import UnreadableRows
from rally.validation.pseudonyms import Pseudonyms
from rally.version import pipeline_version
from rally.withdrawal.list_object import read_people
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.root import ROOT
from rally.withdrawal.selection import Selection

_ENTRIES = 4096
"""Largest size in bytes of the header of a file without rows, without its schema."""


def plan_compaction(stores: Stores, registry: Registry) -> list[Partition]:
    """Lists the partitions of all studies that may need compaction, oldest first.

    Raises:
        ConfigurationError: A store cannot be listed.
        ConnectionError: A store cannot be reached.
    """
    works = list[Partition]()
    for study in registry.studies.values():
        store = stores.of(study.namespace)
        with listing(store):
            files = list_files(store, study.namespace)
        works += plan_study(files, registry.documents(study))
    return sorted(works, key=lambda work: (work.day, work))


def find_strays(stores: Stores, registry: Registry) -> list[CompactionResult]:
    """Reports each link and the like in a study's folder, which is not followed.

    Hard links are not reported: compaction deletes nothing that somebody asked to be
    gone.
    """
    return [
        CompactionResult(
            Partition(namespace, "", ""),
            CompactionOutcome.STRAY,
            troubles=(Trouble(CompactionOutcome.STRAY, stray.name, describe(stray)),),
        )
        for namespace in registry.studies
        for stray in stores.of(namespace).strays(study_folder(namespace))
        if stray.kind.is_in_the_way
    ]


def plan_study(
    files: Iterable[StoredFile], documents: Mapping[str, Document]
) -> Iterator[Partition]:
    """Yields the partitions of one study that may need compaction.

    Args:
        files: Files of the study, sorted by name.
        documents: Documents of the study, by name.
    """
    for partition, members in by_partition(files).items():
        document = documents.get(partition.document)
        if partition.day and _may_have_work(members, document):
            yield partition


def _may_have_work(files: Sequence[StoredFile], document: Document | None) -> bool:
    revisions = document.revisions if document else ()
    empty = max((len(row_schema(each)) + _ENTRIES for each in revisions), default=0)
    return (
        not is_settled(files)
        or any(file.bucket is None for file in files)
        or any(file.info.size <= empty for file in files)
    )


_ATTEMPTS = 20
_ROWS_KNOWN = 10_000_000
"""Number of rows whose index is kept for later partitions, four bytes a row."""


class Compactor:
    """Compacts partitions by the withdrawal list, which it rereads if outdated."""

    def __init__(
        self,
        stores: Stores,
        registry: Registry,
        pseudonyms: Pseudonyms,
        leases: Leases,
        holds: LegalHolds = NO_HOLDS,
    ) -> None:
        """Reads the withdrawal list.

        Args:
            stores: Stores of the studies and of the platform.
            registry: Registry of the studies.
            pseudonyms: Pseudonym functions of all studies.
            leases: Leases of this run.
            holds: Legal holds in force.

        Raises:
            ConfigurationError: The list is missing, or not as it was published.
        """
        self._stores = stores
        self._registry = registry
        self._pseudonyms = pseudonyms
        self._leases = leases
        self._holds = holds
        self._known: dict[Identity, IndexedFile] = {}
        self._unsigned = set[int]()  # lists that only headers name
        self._read_list()

    def __call__(self, partition: Partition) -> list[CompactionResult]:
        """Compacts a partition.

        Returns:
            The result for the partition, then those for other dates that lost rows.

        Raises:
            ConfigurationError: The withdrawal list is no longer as it was published.
        """
        store, folder = self._stores.of(partition.study), partition.folder
        if sum(each.rows for each in self._known.values()) > _ROWS_KNOWN:
            self._known.clear()
        viewer = PartitionViewer(store, self.check_list, self._known)
        try:
            return self._try(store, partition, viewer)
        except ObjectHeld as error:  # it names the object
            return _failed(partition, describe_failure(str(error), error))
        except (LeaseHeld, OSError) as error:
            return _failed(partition, describe_failure(folder, error))

    def _try(
        self, store: ObjectStore, partition: Partition, viewer: PartitionViewer
    ) -> list[CompactionResult]:
        partition_work = PartitionWork(store, partition, viewer)
        for _ in range(_ATTEMPTS):
            try:
                return partition_work.attempt(self._context(partition))
            except UnreadableRows as error:
                trouble = describe_unreadable(error.name, error.cause)
                if error.name in viewer.skipped:
                    return _failed(partition, trouble)
                viewer.skipped[error.name] = trouble
            except (GenerationMismatch, ObjectNotFound):
                continue
        reason = "somebody wrote to it again and again; run it once more"
        trouble = Trouble(CompactionOutcome.CHANGED, partition.folder, reason)
        return _failed(partition, trouble)

    def check_list(self, counter: int) -> None:
        """Rereads the withdrawal list if a file was written under a newer one.

        A header is not signed. If the published list is older than the header says,
        the file is judged by the published one, and the audit reports it.

        Args:
            counter: Counter of the list that the file's header names.

        Raises:
            GenerationMismatch: A newer list was published; begin the partition anew.
        """
        if counter <= self._list.counter or counter in self._unsigned:
            return
        before = self._list.counter
        self._read_list()
        if counter > self._list.counter:
            self._unsigned.add(counter)
        if before < self._list.counter:
            raise GenerationMismatch(ROOT)

    def _read_list(self) -> None:
        published = read_people(self._stores.platform)
        self._list: PeopleIndex = published.list
        self._expunges = Expunges.of_chain(published.decisions)
        self._selections: dict[str, Selection] = {}

    def _context(self, partition: Partition) -> CompactionContext:
        study = self._registry.studies[partition.study]
        if study.namespace not in self._selections:
            selection = Selection(self._list, study, self._pseudonyms)
            self._selections[study.namespace] = selection
        document = self._registry.documents(study).get(partition.document)
        return CompactionContext(
            KeepRule(document.keep if document else Keep.ALL),
            document.buckets.bit_length() - 1 if document else 0,
            self._selections[study.namespace],
            self._list.counter,
            pipeline_version(),
            self._lease,
            lambda day: self._expunges.takes_rows(partition._replace(day=day)),
        )

    def _lease(self, partition: Partition) -> AbstractContextManager[None]:
        """Takes a partition's lease. Raises ObjectHeld if a legal hold keeps it."""
        if self._holds.over(partition.study, partition.day):
            raise ObjectHeld(partition.folder)
        return self._leases.held(partition)


def make_compactor(
    settings: Settings,
) -> Callable[[Partition], list[dict[str, Any]]]:
    """Makes the step of a worker: from a partition to the JSON of its results.

    Raises:
        ConfigurationError: The settings, the keys or the list are not usable.
    """
    registry, stores = settings.registry(), settings.stores()
    keys = settings.keys(registry)
    compactor = Compactor(
        stores,
        registry,
        make_pseudonyms(keys, registry),
        Leases(stores.platform, settings.run),
        settings.holds(stores.platform),
    )
    return lambda work: [each.to_json() for each in compactor(work)]


def _failed(partition: Partition, trouble: Trouble) -> list[CompactionResult]:
    return [CompactionResult(partition, trouble.outcome, troubles=(trouble,))]
