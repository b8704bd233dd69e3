"""Options of the audit: how much is read, by which limits, and where it is told."""

from datetime import UTC, datetime

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.audit import AUDIT, DAYS
from pipelines.options import (
    PlatformOptions,
    clock,
    pipeline_options,
    platform_keys_uri,
    read_days,
)
from rally.audit.limits import Limits
from rally.audit.settings import AuditSettings
from rally.errors import ConfigurationError

STANDARD_OUTPUT = "-"


AuditOptions = pipeline_options("AuditOptions", AUDIT)


def audit_settings(
    options: PipelineOptions, progress: str | None = None
) -> AuditSettings:
    """The settings that workers get, with a clock that stands still.

    Args:
        options: of the job.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    ours, own = options.view_as(PlatformOptions), options.view_as(AuditOptions)
    if own.html == STANDARD_OUTPUT:
        raise ConfigurationError("--html: name a file; only --json may be -")
    return AuditSettings(
        store=ours.store,
        platform_keys=platform_keys_uri(ours),
        platform=ours.platform,
        studies=ours.studies,
        key_folder=ours.keys,
        as_of=clock(ours.as_of) or datetime.now(UTC).isoformat(),
        share=own.sample,
        limits=Limits(**read_days(own, DAYS)),
        progress=progress,
    )
