"""Runs a job for a person or a scheduler: progress, summary, exit status."""

import logging
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from rally.errors import ConfigurationError
from rally.ingesting.counts import Count
from rally.ingesting.progress import read_progress
from transforms.counters import NAMESPACE

_NOISY = "apache_beam.runners.portability.local_job_service"
_SHOW_EVERY_SECONDS = 0.5
_INTERRUPTED = 128 + signal.SIGINT


def read_counts(result: PipelineResult) -> Counter[Count]:
    """The outcomes that a finished pipeline counted."""
    found = result.metrics().query(MetricsFilter().with_namespace(NAMESPACE))
    counts: Counter[Count] = Counter()
    for counter in found["counters"]:
        counts[Count.parse(counter.key.metric.name)] += counter.result
    return counts


def exit_status(job: Callable[[], int]) -> int:
    """Runs a job; what is configured wrong is one line and exit status 2.

    So is Ctrl-C, which is how a person ends a stream, with the status of a shell.
    """
    logging.getLogger(_NOISY).setLevel(logging.ERROR)
    try:
        return job()
    except KeyboardInterrupt:
        print("rally: stopped; run it again for what is not done", file=sys.stderr)
        return _INTERRUPTED
    except ConfigurationError as error:
        print(f"rally: {error}", file=sys.stderr)
        return 2


def configuration_error_of(error: BaseException) -> ConfigurationError | None:
    """The configuration error behind what a runner raised, if one is."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConfigurationError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


@contextmanager
def shown_progress(*, wanted: bool) -> Iterator[str | None]:
    """Shows on a terminal how many pings the local workers have read so far.

    Yields the folder in which workers tell it, or None where nobody looks.
    """
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="rally-progress-") as name:
        done = threading.Event()
        thread = threading.Thread(target=_show, args=(Path(name), done), daemon=True)
        thread.start()
        try:
            yield name
        finally:
            done.set()
            thread.join()
            print(file=sys.stderr)


def _show(folder: Path, done: threading.Event) -> None:
    start = time.monotonic()
    while not done.wait(_SHOW_EVERY_SECONDS):
        pings = read_progress(folder)
        rate = pings / (time.monotonic() - start)
        print(f"\r{pings:,} pings, {rate:,.0f}/s ", end="", file=sys.stderr)
        sys.stderr.flush()


def summary(counts: Counter[Count]) -> list[str]:
    """A table of outcomes by study and document, for people."""
    rows = [
        (
            count.study,
            count.document,
            f"{count.outcome} {count.reason}".strip().replace("_", " "),
            f"{number:,}",
        )
        for count, number in sorted(counts.items())
    ]
    return table(("study", "document", "outcome", "pings"), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table; columns of numbers are to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    numeric = [all(map(_is_number, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * width for width in widths]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in (head, rule, *rows)
    ]


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").isdecimal()


def make_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """An empty pipeline.

    Raises:
        ConfigurationError: Beam refuses its own options, such as an unknown runner.
    """
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def finish(pipeline: beam.Pipeline) -> PipelineResult:
    """Runs a pipeline to its end."""
    result = pipeline.run()
    result.wait_until_finish()
    return result
