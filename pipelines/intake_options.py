"""Options of the jobs that take pings in: ingest and replay."""

import argparse

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import PlatformOptions, clock
from rally import numbers
from rally.ingestion.setup import IngestSettings


class IntakeOptions(PipelineOptions):
    """How pings are taken in."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--country_attribute",
            metavar="NAME",
            help="message attribute that holds the sender's country, if there is one",
        )
        parser.add_argument(
            "--reload_seconds",
            type=numbers.real(0, numbers.SECONDS, above=True),
            default=60.0,
            metavar="SECONDS",
            help="how old, at most, is what a running job knows of who has left and of"
            " which studies are paused (default: %(default)s)",
        )


def ingest_settings(
    options: PipelineOptions, progress: str | None = None
) -> IngestSettings:
    """The settings that workers get.

    Args:
        options: of the job.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a time is none.
    """
    ours, own = options.view_as(PlatformOptions), options.view_as(IntakeOptions)
    return IngestSettings(
        store=ours.store,
        keys=ours.keys,
        platform=ours.platform,
        platform_keys=ours.platform_keys,
        studies=ours.studies,
        country_attribute=own.country_attribute,
        reload_seconds=own.reload_seconds,
        as_of=clock(ours.as_of),
        progress=progress,
    )
