"""Options of replay: which dead letters."""

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import pipeline_options
from pipelines.replay import REPLAY
from rally.outcomes import FailureReason

ReplayOptions = pipeline_options("ReplayOptions", REPLAY)


def replay_reason(options: PipelineOptions) -> FailureReason | None:
    """The reason that is replayed; None is all of them."""
    text = options.view_as(ReplayOptions).reason
    return FailureReason(text) if text else None
