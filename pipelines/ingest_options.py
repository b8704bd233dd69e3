"""Options of ingest: where pings come from, and how they are gathered."""

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from pipelines.engine_options import checkpoint_seconds
from pipelines.ingest import INGEST
from pipelines.option_specs import SUBSCRIPTION
from pipelines.options import pipeline_options
from pipelines.runners import is_dataflow, is_local
from rally.errors import ConfigurationError
from rally.sources.ack_deadlines import LONGEST_ACK_DEADLINE_SECONDS
from rally.sources.subscription import check_subscription

_FLUSH_SECONDS = 10.0
_WRITING_SECONDS = 60.0
"""Far longer than it takes to have in files what was gathered."""


IngestOptions = pipeline_options("IngestOptions", INGEST)


def check_source(options: PipelineOptions) -> None:
    """Looks at the options alone, and says whether the job streams.

    Raises:
        ConfigurationError: there is no source, or two, or one that cannot be.
    """
    ours = options.view_as(IngestOptions)
    if bool(ours.input) == bool(ours.subscription):
        raise ConfigurationError("give either --input or --subscription")
    if ours.subscription:
        SUBSCRIPTION.check("subscription", ours.subscription)
        is_ours = not has_own_source(options)
        if is_ours and not gathering_seconds(ours) < ack_deadline(ours):
            raise ConfigurationError(
                "--ack_deadline_seconds must be longer than --flush_seconds, and at"
                f" most {LONGEST_ACK_DEADLINE_SECONDS}"
            )
        options.view_as(StandardOptions).streaming = not is_local(options)


def check_checkpoints(options: PipelineOptions) -> None:
    """Looks at a stream on an engine that acknowledges at checkpoints, as Flink does.

    Raises:
        ConfigurationError: there are none, messages would come again before one, or
            there is no job server to ask.
    """
    ours = options.view_as(IngestOptions)
    if not ours.subscription or is_local(options) or has_own_source(options):
        return
    if (seconds := checkpoint_seconds(options)) is None:
        return
    if not gathering_seconds(ours) + seconds < ack_deadline(ours):
        raise ConfigurationError(
            "--ack_deadline_seconds must be longer than --flush_seconds and"
            " --checkpointing_interval together"
        )


def check_reachable(options: PipelineOptions) -> None:
    """Asks for the subscription, where it is our own reader that will pull from it.

    Raises:
        ConfigurationError: it is not there.
        ConnectionError: Pub/Sub cannot be reached.
    """
    ours = options.view_as(IngestOptions)
    if ours.subscription and not has_own_source(options):
        check_subscription(ours.subscription)


def has_own_source(options: PipelineOptions) -> bool:
    """Tells whether the runner reads Pub/Sub itself, as Dataflow does."""
    return is_dataflow(options)


def gathering_seconds(ours: PipelineOptions) -> float:
    """How long our own reader gathers messages."""
    return ours.flush_seconds or _FLUSH_SECONDS


def ack_deadline(ours: PipelineOptions) -> int:
    """How long a message is our own reader's, in seconds; 0 where that cannot be."""
    wanted = ours.ack_deadline_seconds or gathering_seconds(ours) + _WRITING_SECONDS
    return int(wanted) if wanted <= LONGEST_ACK_DEADLINE_SECONDS else 0
