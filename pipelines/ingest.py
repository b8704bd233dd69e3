"""Ingest: encrypted pings in; rows by study, events and sealed dead letters out."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from pipelines.options import (
    PlatformOptions,
    ingest_settings,
    is_local,
    parse_options,
)
from pipelines.running import (
    configuration_error_of,
    exit_status,
    finish,
    read_counts,
    shown_progress,
    summary,
)
from rally.errors import ConfigurationError
from rally.ingesting.counts import Count
from rally.ingesting.preflight import check_before_start
from rally.ingesting.setup import IngestSettings
from rally.reading.inputs import match_inputs, plan_units
from transforms.ingest_files import IngestFiles
from transforms.ingest_subscription import IngestSubscription

DESCRIPTION = (
    "Read encrypted pings, open and check them, and store them by study. What fails is"
    " kept as a sealed dead letter; what a study or a person refuses is not kept."
)


class IngestOptions(PipelineOptions):
    """Where pings come from, and how long they are gathered."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--input",
            metavar="GLOB",
            help="files of messages, local or gs://: newline-delimited JSON, or Avro"
            " of a Pub/Sub Cloud Storage subscription; commas part several globs",
        )
        parser.add_argument(
            "--subscription",
            metavar="PATH",
            help="projects/<project>/subscriptions/<name>, read for ever",
        )
        parser.add_argument(
            "--flush_seconds",
            type=float,
            metavar="SECONDS",
            help="how long messages of a subscription are gathered before files are"
            " written (default: 10 locally, 60 elsewhere)",
        )
        parser.add_argument(
            "--stop_after_idle_seconds",
            type=float,
            metavar="SECONDS",
            help="end when a subscription gave nothing for so long (local runner and"
            " portable engines; default: never)",
        )


def build(
    pipeline: beam.Pipeline, options: PipelineOptions, settings: IngestSettings
) -> None:
    """The whole graph, from the source that the options name to the files.

    Raises:
        ConfigurationError: a glob of the input matches nothing.
    """
    ours = options.view_as(IngestOptions)
    if ours.input:
        units = plan_units(match_inputs(ours.input))
        _ = pipeline | "IngestFiles" >> IngestFiles(units, settings)
    elif _has_own_source(options):
        # Beam's Google modules warn on import where their extra is not installed.
        from transforms.ingest_messages import IngestMessages, ReadFromPubSub

        source = ReadFromPubSub(subscription=ours.subscription, with_attributes=True)
        _ = (
            pipeline
            | "ReadMessages" >> source
            | "IngestMessages" >> IngestMessages(settings, ours.flush_seconds or 60.0)
        )
    else:
        _ = pipeline | "IngestSubscription" >> IngestSubscription(
            ours.subscription,
            settings,
            ours.flush_seconds or 10.0,
            ours.stop_after_idle_seconds,
        )


def run(argv: Sequence[str] | None = None) -> Counter[Count]:
    """Runs the job and returns what became of the pings.

    Raises:
        ConfigurationError: something is not as it must be; nothing was read.
    """
    options = parse_options(
        "rally ingest", DESCRIPTION, argv, PlatformOptions, IngestOptions
    )
    _check_source(options)
    with shown_progress(wanted=is_local(options)) as progress:
        settings = ingest_settings(options, progress=progress)
        check_before_start(settings)
        pipeline = beam.Pipeline(options=options)
        build(pipeline, options, settings)
        try:
            return read_counts(finish(pipeline))
        except RuntimeError as error:  # how the local runner reports a worker's error
            raise configuration_error_of(error) or error from None


def main(argv: Sequence[str] | None = None) -> int:
    """The command: prints a summary and returns the exit status."""
    return exit_status(lambda: _report(run(argv)))


def _report(counts: Counter[Count]) -> int:
    print("\n".join(summary(counts)) if counts else "no pings")
    return 0


def _check_source(options: PipelineOptions) -> None:
    ours = options.view_as(IngestOptions)
    if bool(ours.input) == bool(ours.subscription):
        raise ConfigurationError("give either --input or --subscription")
    if ours.subscription:
        parts = ours.subscription.split("/")
        if len(parts) != 4 or (parts[0], parts[2]) != ("projects", "subscriptions"):
            raise ConfigurationError(
                f"--subscription {ours.subscription}: must be"
                " projects/<project>/subscriptions/<name>"
            )
        options.view_as(StandardOptions).streaming = not is_local(options)


def _has_own_source(options: PipelineOptions) -> bool:
    """Whether the runner reads Pub/Sub itself, as Dataflow does."""
    return "Dataflow" in (options.view_as(StandardOptions).runner or "")


if __name__ == "__main__":
    sys.exit(main())
