"""Finishes compactions that were killed half way, before deletion plans anything.

A compacted file replaces its inputs by name and generation until these are removed. If
deletion rewrote an input, it would have a new generation, and its rows would count
again beside the compacted ones.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rally.compaction.compactor import make_compactor
from rally.deletion.plan import FileOutcome, FileResult
from rally.deletion.settings import DeletionSettings
from rally.errors import CorruptFile
from rally.settings import Settings
from rally.storage.layout import Partition, Stores
from rally.storage.objectstore.interface import GenerationMismatch
from rally.storage.partitions import by_partition, is_settled, list_files, read_view


def find_half_compacted(
    stores: Stores, namespaces: Iterable[str]
) -> Iterator[Partition]:
    """Yields the partitions with a file whose rows were compacted already."""
    for namespace in namespaces:
        store = stores.of(namespace)
        partitions = by_partition(list_files(store, namespace))
        for partition, files in partitions.items():
            if not partition.day or is_settled(files):
                continue
            try:
                view = read_view(store, partition)
            except (CorruptFile, GenerationMismatch):
                continue  # reported when its files are read
            if any(live.dead for live in view):
                yield partition


def make_compaction_finisher(
    settings: DeletionSettings,
) -> Callable[[Partition], list[dict[str, Any]]]:
    """Makes the step of a worker: from a partition to the JSON of its compaction."""
    return make_compactor(Settings(**settings.shared()))


def report_half_compacted(
    stores: Stores, namespaces: Iterable[str]
) -> list[FileResult]:
    """Reports each file of partitions that are still half compacted as a fault."""
    return [
        FileResult(partition.study, file.info.name, FileOutcome.HALF_COMPACTED)
        for partition in find_half_compacted(stores, namespaces)
        for file in list_files(
            stores.of(partition.study), partition.study, partition.folder
        )
    ]
