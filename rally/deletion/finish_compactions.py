"""Finishes compactions that were killed half way, before anything is planned.

Until its inputs are removed, a compacted file speaks for them by name and generation.
An input that deletion wrote anew would have another generation, and its rows would
count again beside the compacted ones.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rally.compaction.compactor import make_compactor
from rally.compaction.settings import CompactSettings
from rally.deletion.plan import FileResult, Outcome
from rally.deletion.settings import DeletionSettings
from rally.errors import CorruptFile
from rally.storage.layout import Partition, Stores
from rally.storage.objectstore.interface import GenerationMismatch
from rally.storage.partitions import by_partition, is_settled, list_files, read_view


def find_unsettled(stores: Stores, namespaces: Iterable[str]) -> Iterator[Partition]:
    """The partitions in which a file stands whose rows have been compacted already."""
    for namespace in namespaces:
        store = stores.of(namespace)
        partitions = by_partition(list_files(store, namespace))
        for partition, files in partitions.items():
            if not partition.day or is_settled(files):
                continue
            try:
                view = read_view(store, partition)
            except (CorruptFile, GenerationMismatch):
                continue  # named when its files are looked at
            if any(live.dead for live in view):
                yield partition


def make_settler(
    settings: DeletionSettings,
) -> Callable[[Partition], list[dict[str, Any]]]:
    """For workers: a partition to what compaction says of it."""
    return make_compactor(
        CompactSettings(
            settings.store,
            settings.platform_keys,
            settings.platform,
            settings.studies,
            settings.run,
            settings.as_of,
        )
    )


def left_out(stores: Stores, namespaces: Iterable[str]) -> list[FileResult]:
    """The files of what is unsettled still: a fault each, and not to be touched."""
    return [
        FileResult(partition.study, file.info.name, Outcome.HALF_COMPACTED)
        for partition in find_unsettled(stores, namespaces)
        for file in list_files(
            stores.of(partition.study), partition.study, partition.folder
        )
    ]
