"""Options of the purge: how long what is no row is kept, and how much may go."""

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import (
    pipeline_options,
    read_days,
    shared_settings,
)
from pipelines.purge import DAYS, PURGE
from rally.retention.limits import Limits
from rally.retention.settings import PurgeSettings

PurgeOptions = pipeline_options("PurgeOptions", PURGE)


def purge_settings(
    options: PipelineOptions, progress: str | None = None
) -> PurgeSettings:
    """The settings that workers get.

    Args:
        options: the job's options.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    own = options.view_as(PurgeOptions)
    return PurgeSettings(
        **shared_settings(options, progress),
        limits=Limits(
            **read_days(own, DAYS),
            max_objects=own.max_objects,
            max_share=own.max_share,
        ),
        archives=own.archives,
        confirm=own.confirm,
    )
