"""Replay: dead letters through ingest again, after a key or a schema was mended."""

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from pipelines.job import JobBody
from pipelines.lifecycle import Ended, finish
from pipelines.logs import outcomes
from pipelines.options import (
    ingest_settings,
    parse_options_here,
    wants_json,
)
from pipelines.replay import JOB
from pipelines.replay_options import replay_reason
from pipelines.run_step import (
    count_failures,
    make_pipeline,
    read_counters,
    read_counts,
    tabulate,
    tabulate_left_out,
    tabulate_mismatches,
)
from rally.dead_letters import list_dead_letters
from rally.errors import ConfigurationError, CorruptFile
from rally.ingestion.replay import Replayed
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start, make_unsealer
from rally.outcomes import Count, FailureReason
from rally.process import say
from rally.storage.occupancy import listing
from rally.tables import print_results
from transforms.replay_dead_letters import (
    DAMAGED,
    NAMESPACE,
    ReplayDeadLetters,
    Work,
)


class Result(NamedTuple):
    """Result of a replay.

    Attributes:
        counts: outcomes of the pings.
        letters: outcomes of the dead letters.
        damaged: objects of dead letters that are not whole and were left out.
    """

    counts: Counter[Count]
    letters: Replayed
    damaged: list[str]


def run(argv: Sequence[str] | None = None) -> Result:
    """Runs the job and returns what became of the dead letters.

    Raises:
        ConfigurationError: something is not as it must be; nothing was replayed.
        JobStopped: a worker could not read or write.
    """
    return _run(parse_options_here(JOB, argv))


def _run(options: PipelineOptions) -> Result:
    settings = ingest_settings(options)
    reason = replay_reason(options)
    check_before_start(settings)
    make_unsealer(settings)
    objects = _objects(settings)
    pipeline = make_pipeline(options)
    _ = pipeline | "ReplayDeadLetters" >> ReplayDeadLetters(objects, settings, reason)
    return _result(finish(pipeline))


def _objects(settings: IngestSettings) -> list[Work]:
    platform = settings.stores().platform
    try:
        with listing(platform):
            return list(list_dead_letters(platform))
    except CorruptFile as error:
        raise ConfigurationError(f"{platform.uri}/{error}") from None


def _result(finished: PipelineResult) -> Result:
    letters = read_counters(finished, NAMESPACE)
    return Result(
        read_counts(finished),
        Replayed(*(letters[name] for name in Replayed._fields)),
        sorted(read_counters(finished, DAMAGED)),
    )


def _ended(result: Result, *, as_json: bool) -> Ended:
    figures = outcomes(result.counts)
    waiting = sum(
        number
        for count, number in result.counts.items()
        if count.reason == FailureReason.LEFT
    )
    figures["dead_letters"] = figures["failed"] - waiting
    figures["removed"], figures["kept"], _ = result.letters
    figures["damaged"] = len(result.damaged)
    failures = count_failures(result.counts)
    return Ended(_report(result, as_json=as_json), figures, failures=failures)


def _report(result: Result, *, as_json: bool) -> int:
    gone, kept, unopened = result.letters
    letters = ""
    if gone or kept:
        letters = f"dead letters: {gone:,} removed, {kept:,} kept"
    elif not result.damaged:
        letters = "no dead letters"
    if unopened:
        letters += f"\n{unopened:,} of the kept do not open with this private key"
    outcomes_of_pings = tabulate(result.counts)
    mismatches = tabulate_mismatches(result.counts)
    left_out = tabulate_left_out(result.counts)
    print_results(
        {
            "outcomes": outcomes_of_pings,
            "mismatches": mismatches,
            "left_out": left_out,
            "dead_letters": {"removed": gone, "kept": kept, "unopened": unopened},
            "damaged": result.damaged,
        },
        outcomes_of_pings,
        mismatches,
        left_out,
        letters,
        as_json=as_json,
    )
    for name in result.damaged:
        say(f"{name}: is damaged and was left out; restore or remove it")
    return 1 if result.damaged else 0


BODY = JobBody(
    lambda options: _ended(_run(options), as_json=wants_json(options)), ingest_settings
)
