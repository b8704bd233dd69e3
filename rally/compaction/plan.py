"""Which partitions may have something to compact, by the listing alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rally.compaction.outcomes import Compacted, Outcome, Trouble
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.study import Document
from rally.storage.layout import Partition, Stores, study_folder
from rally.storage.objectstore.strays import describe
from rally.storage.occupancy import listing
from rally.storage.partitions import StoredFile, by_partition, is_settled, list_files

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
