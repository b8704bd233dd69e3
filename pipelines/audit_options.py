"""Options of the audit: how much is read, by which limits, and where it is told."""

from dataclasses import replace
from datetime import UTC, datetime

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.audit import AUDIT, DAYS
from pipelines.options import (
    pipeline_options,
    read_days,
    shared_settings,
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
        options: the job's options.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    own = options.view_as(AuditOptions)
    if own.html == STANDARD_OUTPUT:
        raise ConfigurationError("--html: name a file; only --json may be -")
    settings = AuditSettings(
        **shared_settings(options, progress),
        share=own.sample,
        releases=own.releases,
        limits=Limits(**read_days(own, DAYS)),
    )
    if settings.as_of is None:
        return replace(settings, as_of=datetime.now(UTC).isoformat())
    return settings
