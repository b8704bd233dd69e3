"""Options of the purge: how long what is no row is kept, and how much may go."""

import uuid

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import (
    PlatformOptions,
    clock,
    pipeline_options,
    platform_keys_uri,
    read_days,
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
        options: of the job.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    ours, own = options.view_as(PlatformOptions), options.view_as(PurgeOptions)
    return PurgeSettings(
        store=ours.store,
        platform_keys=platform_keys_uri(ours),
        platform=ours.platform,
        studies=ours.studies,
        as_of=clock(ours.as_of),
        ping_keys=ours.keys,
        limits=Limits(
            **read_days(own, DAYS),
            max_objects=own.max_objects,
            max_share=own.max_share,
        ),
        archives=own.archives,
        confirm=own.confirm,
        run=uuid.uuid4().hex,
        progress=progress,
    )
