"""Compact: sorts new files into buckets, without duplicates and without who left."""

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.compact import JOB
from pipelines.job import JobBody
from pipelines.lifecycle import Ended, JobStopped
from pipelines.options import (
    parse_options_here,
    shared_settings,
    wants_json,
)
from pipelines.run_step import run_step
from rally.compaction.compactor import find_strays, make_compactor, plan_compaction
from rally.compaction.outcomes import CompactionOutcome, CompactionResult, Trouble
from rally.decisions.chain import LOSS
from rally.deletion.plan_store import PlanStore
from rally.observability.log_entries import LogFields
from rally.process import say
from rally.settings import Settings
from rally.storage.layout import Partition, Stores
from rally.storage.leases import Leases
from rally.tables import Column, Table, print_results
from rally.withdrawal.bootstrap import open_list

_SUMS: tuple[Column["Sums"], ...] = (
    Column("study", lambda each: each.study),
    Column("document", lambda each: each.document),
    Column("partitions", lambda each: each.partitions),
    Column("files_before", lambda each: each.files_before),
    Column("files_after", lambda each: each.files_after, "AFTER"),
    Column("rows_before", lambda each: each.rows_before),
    Column("rows_after", lambda each: each.rows_after, "AFTER"),
    Column("duplicates", lambda each: each.duplicates),
    Column("withdrawn", lambda each: each.withdrawn),
    Column("superseded", lambda each: each.superseded),
)


def run(argv: Sequence[str] | None = None) -> list[CompactionResult]:
    """Runs the job and returns what became of each partition that it looked at.

    Raises:
        ConfigurationError: something is not as it must be.
        JobStopped: a worker could not go on.
    """
    return _run(parse_options_here(JOB, argv))


def _run(options: PipelineOptions) -> list[CompactionResult]:
    settings = _settings(options)
    registry, stores = settings.registry(), settings.stores()
    namespaces = list(registry.studies)
    stores.check_writable(namespaces, settings.concluded(registry))
    published = open_list(stores.platform)
    if published.decisions.has_loss:
        raise JobStopped(LOSS)
    unfinished = PlanStore(stores.platform).unfinished_partitions()
    planned = plan_compaction(stores, registry)
    holds = settings.holds(stores.platform)
    held = [each for each in planned if holds.over(each.study, each.day)]
    left = find_strays(stores, registry)
    works = [each for each in planned if each not in {*unfinished, *held}]
    left += [_waiting(each) for each in planned if each in unfinished]
    left += [
        CompactionResult(each, CompactionOutcome.HELD)
        for each in held
        if each not in unfinished
    ]
    if not works:
        return left
    with Leases(stores.platform, settings.run, JOB.name, published.list.counter):
        return left + _work(options, settings, stores, works)


def _waiting(partition: Partition) -> CompactionResult:
    why = "a deletion that was killed has to go on there first; run `rally delete`"
    trouble = Trouble(CompactionOutcome.BUSY, partition.folder, why)
    return CompactionResult(partition, CompactionOutcome.BUSY, troubles=(trouble,))


def _work(
    options: PipelineOptions,
    settings: Settings,
    stores: Stores,
    works: Sequence[Partition],
) -> list[CompactionResult]:
    make_worker = partial(make_compactor, settings)
    platform = stores.platform
    what = "partitions"
    results = run_step(JOB, options, "Compact", works, make_worker, platform, what)
    return [CompactionResult.from_json(each) for result in results for each in result]


def _settings(options: PipelineOptions) -> Settings:
    return Settings(**shared_settings(options))


def _report(results: Sequence[CompactionResult], *, as_json: bool) -> Ended:
    done = [each for each in results if each.outcome is CompactionOutcome.COMPACTED]
    documents = Table(_SUMS, _sum_up(done))
    under = (each for each in results if each.outcome is CompactionOutcome.HELD)
    held = sum(not each.troubles for each in under)
    left = f"left as they are under a legal hold: {held:,} partitions" if held else ""
    troubles = dict.fromkeys(trouble for each in results for trouble in each.troubles)
    faults = [f"{name}: {outcome}: {why}" for outcome, name, why in troubles]
    print_results(
        {"documents": documents, "held_partitions": held, "faults": faults},
        documents if done else "nothing to compact",
        left,
        as_json=as_json,
    )
    for fault in faults:
        say(fault)
    partitions = len({each.partition for each in done})
    figures = LogFields(partitions=partitions, faults=len(troubles))
    return Ended(1 if troubles else 0, figures)


@dataclass(slots=True)
class Sums:
    """Sums over all partitions of one document."""

    study: str
    document: str
    partitions: int = 0
    files_before: int = 0
    files_after: int = 0
    rows_before: int = 0
    rows_after: int = 0
    duplicates: int = 0
    withdrawn: int = 0
    superseded: int = 0

    def add(self, each: CompactionResult) -> None:
        """Adds a partition."""
        self.partitions += 1
        self.files_before += each.files_before
        self.files_after += each.files_after
        self.rows_before += each.rows_before
        self.rows_after += each.rows_after
        self.duplicates += each.counts.duplicates
        self.withdrawn += each.counts.withdrawn
        self.superseded += each.counts.superseded


def _sum_up(done: Iterable[CompactionResult]) -> list[Sums]:
    """Sums by study and document, sorted; a partition counts once."""
    partitions: dict[Partition, CompactionResult] = {}
    for each in sorted(done, key=lambda each: each.at):
        before = partitions.get(each.partition)
        partitions[each.partition] = before.followed_by(each) if before else each
    sums: dict[tuple[str, str], Sums] = {}
    for (study, document, _), each in sorted(partitions.items(), key=itemgetter(0)):
        sums.setdefault((study, document), Sums(study, document)).add(each)
    return [*sums.values()]


BODY = JobBody(
    lambda options: _report(_run(options), as_json=wants_json(options)), _settings
)
