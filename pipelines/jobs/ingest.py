"""Ingest: encrypted pings in; rows by study, events and sealed dead letters out."""

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
from collections import Counter
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.ingest import JOB
from pipelines.ingest_options import (
    IngestOptions,
    ack_deadline,
    check_checkpoints,
    check_reachable,
    check_source,
    gathering_seconds,
    has_own_source,
)
from pipelines.job import JobBody
from pipelines.lifecycle import Ended, finish
from pipelines.logs import outcomes
from pipelines.options import (
    ingest_settings,
    parse_options_here,
    wants_json,
)
from pipelines.run_step import (
    count_failures,
    make_pipeline,
    read_counts,
    shown_progress,
    tabulate,
    tabulate_left_out,
    tabulate_mismatches,
)
from pipelines.runners import is_local
from rally.errors import ConfigurationError, Faults
from rally.ingestion.outcome import explain_all_unknown
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start
from rally.observability.progress import BYTES, announce_total
from rally.observability.prometheus import served
from rally.outcomes import Count
from rally.process import say
from rally.sources.inputs import match_inputs, plan_units, size_of
from rally.tables import print_results
from transforms.ingest_files import IngestFiles
from transforms.ingest_subscription import IngestSubscription


def build(
    pipeline: beam.Pipeline, options: PipelineOptions, settings: IngestSettings
) -> None:
    """The whole graph, from the source that the options name to the files.

    Raises:
        ConfigurationError: a glob of the input matches nothing.
    """
    ours = options.view_as(IngestOptions)
    if ours.input:
        units = plan_units(match_inputs(ours.input), ours.split_bytes)
        announce_total(settings.progress, sum(map(size_of, units)))
        _ = pipeline | "IngestFiles" >> IngestFiles(units, settings)
    elif has_own_source(options):
        # Beam's Google modules warn on import where their extra is not installed.
        from transforms.ingest_messages import IngestMessages, ReadFromPubSub

        try:
            source = ReadFromPubSub(
                subscription=ours.subscription, with_attributes=True
            )
        except ValueError as error:
            raise ConfigurationError(f"--subscription: {error}") from None
        _ = (
            pipeline
            | "ReadMessages" >> source
            | "IngestMessages" >> IngestMessages(settings, ours.flush_seconds or 60.0)
        )
    else:
        _ = pipeline | "IngestSubscription" >> IngestSubscription(
            ours.subscription,
            settings,
            gathering_seconds(ours),
            ours.stop_after_idle_seconds,
            ack_deadline(ours),
        )


def run(argv: Sequence[str] | None = None) -> Counter[Count]:
    """Runs the job and returns what became of the pings.

    Raises:
        ConfigurationError: something is not as it must be; at the start nothing was
            read, later what was is there whole.
        JobStopped: a worker could not read or write.
    """
    return _run(parse_options_here(JOB, argv))


def _run(options: PipelineOptions) -> Counter[Count]:
    ours = options.view_as(IngestOptions)
    what = BYTES if ours.input else "pings"
    shown = shown_progress(wanted=is_local(options), what=what)
    with shown as progress, served(ours.prometheus):
        return read_counts(finish(_graph(options, progress)))


def _graph(options: PipelineOptions, progress: str | None = None) -> beam.Pipeline:
    check_source(options)
    check_checkpoints(options)
    settings = ingest_settings(options, progress)
    check_before_start(settings)
    check_reachable(options)
    pipeline = make_pipeline(options)
    build(pipeline, options, settings)
    return pipeline


def _report(counts: Counter[Count], *, as_json: bool) -> Ended:
    outcomes_of_pings, mismatches = tabulate(counts), tabulate_mismatches(counts)
    left_out = tabulate_left_out(counts)
    print_results(
        {
            "outcomes": outcomes_of_pings,
            "mismatches": mismatches,
            "left_out": left_out,
        },
        outcomes_of_pings if counts else "no pings",
        mismatches,
        left_out,
        as_json=as_json,
    )
    figures = outcomes(counts)
    all_unknown = explain_all_unknown(counts)
    if all_unknown:
        say(all_unknown)
    figures["dead_letters"] = figures["failed"]
    status = 1 if all_unknown else 0
    return Ended(status, figures, failures=count_failures(counts))


def _check(options: PipelineOptions) -> None:
    """Looks at the source of pings.

    Raises:
        ConfigurationError: it cannot be read; all that is wrong is told.
        ConnectionError: Pub/Sub cannot be reached.
    """
    ours, faults = options.view_as(IngestOptions), Faults()
    for check in (check_source, check_checkpoints):
        with faults.collected():
            check(options)
    with faults.collected():
        if ours.input:
            match_inputs(ours.input)
        elif not faults.lines:
            check_reachable(options)
    faults.check()


BODY = JobBody(
    lambda options: _report(_run(options), as_json=wants_json(options)),
    ingest_settings,
    _graph,
    _check,
)
