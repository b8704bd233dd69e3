"""Runs a job for a person or a scheduler: its pipeline, progress and summary."""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from pipelines.job import Job
from pipelines.lifecycle import JobStopped, finish
from pipelines.runners import is_local
from rally.errors import ConfigurationError
from rally.observability.progress import (
    announce_total,
    count_works,
    describe_progress,
)
from rally.outcomes import FAILED, Count, left_out_in, mismatches_in, without_places
from rally.printing import print_lines
from rally.results import WrongResults, name_results
from rally.storage.objectstore.interface import ObjectStore
from rally.tables import Column, Table
from transforms.counters import LEFT_OUT_PLACES, MISMATCH, NAMESPACE
from transforms.parallel_map import ParallelMap


def run_step(
    job: Job,
    options: PipelineOptions,
    label: str,
    works: Sequence[Any],
    make_worker: Callable[[], Callable[[Any], Any]],
    platform: ObjectStore,
    what: str = "",
) -> list[Any]:
    """Has works done on the runner that the options name.

    Args:
        job: the job whose step it is.
        options: the job's options.
        label: the step's label in the graph.
        works: records that can be pickled; one is one element.
        make_worker: see ParallelMap.
        platform: keeps the results meanwhile, in the job's own folder.
        what: happens to the works, in the plural, such as "files verified"; a terminal
            shows how many are done. Empty where the job shows something of its own.

    Returns:
        The results, in the order of the works.

    Raises:
        ConfigurationError: a worker found something that is not as it must be.
        JobStopped: a worker could not go on, or what came back answers other works.
    """
    wanted = bool(what) and is_local(options)
    with shown_progress(wanted=wanted, what=what) as folder:
        announce_total(folder, len(works))
        counting = count_works(make_worker, folder)
        pipeline = make_pipeline(options)
        step = ParallelMap(works, counting, platform.uri, name_results(job.name))
        _ = pipeline | label >> step
        finish(pipeline)
    try:
        return step.take_results(platform)
    except WrongResults as error:
        raise JobStopped(str(error)) from None


_SHOW_EVERY_SECONDS = 0.5
_WIDTH = 60
"""Of a line of progress, which covers the longer one before it."""


def read_counters(result: PipelineResult, namespace: str) -> Counter[str]:
    """The counters of a namespace, of a finished pipeline, by their names."""
    found = result.metrics().query(MetricsFilter().with_namespace(namespace))
    counters: Counter[str] = Counter()
    for counter in found["counters"]:
        counters[counter.key.metric.name] += counter.result
    return counters


def read_counts(result: PipelineResult) -> Counter[Count]:
    """The outcomes that a finished pipeline counted."""
    counters = read_counters(result, NAMESPACE)
    counts = Counter({Count.parse(name): number for name, number in counters.items()})
    for name, number in read_counters(result, MISMATCH).items():
        count = Count.parse_mismatch(name)
        counts[count] += number
        counts[count._replace(where="")] -= number
    for name, number in read_counters(result, LEFT_OUT_PLACES).items():
        counts[Count.parse_left_out(name)] += number
    return +counts


@contextmanager
def shown_progress(*, wanted: bool, what: str = "pings") -> Iterator[str | None]:
    """Shows on a terminal how many pings the local workers have read so far.

    Args:
        wanted: whether workers are on this machine.
        what: they count, in the plural.

    Yields the folder in which workers tell it, or None where nobody looks.
    """
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="rally-progress-") as name:
        done, begun = threading.Event(), threading.Event()
        shown = (Path(name), done, begun, what)
        thread = threading.Thread(target=_show, args=shown, daemon=True)
        thread.start()
        try:
            yield name
        finally:
            done.set()
            thread.join()
            if begun.is_set():
                print_lines("", file=sys.stderr)


def _show(
    folder: Path, done: threading.Event, begun: threading.Event, what: str
) -> None:
    """Writes a line again and again, and as it is at the end; none if that is soon."""
    start = time.monotonic()
    while not done.wait(_SHOW_EVERY_SECONDS) or begun.is_set():
        begun.set()
        line = describe_progress(folder, what, time.monotonic() - start)
        sys.stderr.write(f"\r{line.ljust(_WIDTH)}")
        sys.stderr.flush()
        if done.is_set():
            return


Counted = tuple[Count, int]
"""An outcome, and how many pings had it."""

_OUTCOMES: tuple[Column[Counted], ...] = (
    Column("study", lambda each: each[0].study),
    Column("document", lambda each: each[0].document),
    Column("outcome", lambda each: each[0].outcome, text=lambda each: _words(each[0])),
    Column("reason", lambda each: each[0].reason or None, head=None),
    Column("pings", lambda each: each[1]),
)


def tabulate(counts: Counter[Count]) -> Table[Counted]:
    """A table of outcomes by study and document."""
    return Table(_OUTCOMES, sorted(without_places(counts).items()))


_LEFT_OUT: tuple[Column[Counted], ...] = (
    Column("study", lambda each: each[0].study),
    Column("document", lambda each: each[0].document),
    Column("where", lambda each: each[0].where, head="LEFT OUT"),
    Column("pings", lambda each: each[1]),
)
_MISMATCHES: tuple[Column[Counted], ...] = (
    Column("study", lambda each: each[0].study),
    Column("document", lambda each: each[0].document),
    Column("where", lambda each: each[0].where, head="MISMATCH"),
    Column("pings", lambda each: each[1]),
)


def tabulate_mismatches(counts: Counter[Count]) -> Table[Counted]:
    """A table of the places at which pings did not fit their schemas."""
    return Table(_MISMATCHES, sorted(mismatches_in(counts).items()))


def tabulate_left_out(counts: Counter[Count]) -> Table[Counted]:
    """A table of what was left out of stored pings, as nobody collects it any more."""
    return Table(_LEFT_OUT, sorted(left_out_in(counts).items()))


def count_failures(counts: Counter[Count]) -> dict[str, int]:
    """How many pings became dead letters, by reason."""
    failures = Counter[str]()
    for count, number in counts.items():
        if count.outcome == FAILED:
            failures[count.reason] += number
    return dict(sorted(failures.items()))


def _words(count: Count) -> str:
    return f"{count.outcome} {count.reason}".strip().replace("_", " ")


def make_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """An empty pipeline.

    Raises:
        ConfigurationError: Beam refuses its own options, such as an unknown runner.
    """
    try:
        return beam.Pipeline(options=options)
    except (ValueError, ImportError, AttributeError) as error:
        raise ConfigurationError(str(error)) from None
