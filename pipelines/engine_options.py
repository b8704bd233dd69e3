"""Options that only the engine has: it is asked for them."""

import re
from collections.abc import Sequence

import grpc
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from pipelines.runners import is_of_a_job_server
from rally.errors import ConfigurationError

_INTERVAL = "--checkpointing_interval"
_SECONDS = 60.0
"""How long a job server may take to answer."""


def without_those_of_engine(
    options: PipelineOptions, arguments: Sequence[str]
) -> list[str]:
    """Leaves out the arguments that the engine's job server knows.

    Args:
        options: the job's options; without `--job_endpoint` nobody is asked.
        arguments: `--name=value` or `--name`, which neither we nor Beam know.

    Raises:
        ConfigurationError: there is no job server at `--job_endpoint`.
    """
    endpoint = _endpoint(options)
    if not (endpoint and arguments):
        return list(arguments)
    known = _ask(endpoint)
    return [each for each in arguments if each.partition("=")[0] not in known]


def checkpoint_seconds(options: PipelineOptions) -> float | None:
    """How often an engine makes checkpoints; None where it is not asked for any.

    Only what the job says counts: with an interval that Flink's own configuration has,
    the job's source was seen to end at once, and no checkpoint after it.

    Raises:
        ConfigurationError: it takes an interval, and has none or what is no number; or
            there is nobody to ask.
    """
    endpoint = _endpoint(options)
    if not endpoint and is_of_a_job_server(options):
        # Nobody knows the options of one that Beam starts, so it makes no checkpoints.
        raise ConfigurationError(
            "a stream needs a job server: give --job_endpoint, the address of one that"
            " runs"
        )
    if not endpoint or _INTERVAL not in _ask(endpoint):
        return None
    name = _INTERVAL.removeprefix("--")
    given = options.get_all_options(retain_unknown_options=True).get(name)
    if not re.fullmatch("[1-9][0-9]{0,9}", str(given)):
        raise ConfigurationError(
            f"{_INTERVAL} is required of a stream on this engine, in milliseconds:"
            " messages are acknowledged at checkpoints; 30000 works, with as much of"
            " --min_pause_between_checkpoints"
        )
    return int(str(given)) / 1000


def _endpoint(options: PipelineOptions) -> str | None:
    """Returns the address of a job server that can be asked; Beam's own cannot."""
    endpoint: str | None = options.view_as(PortableOptions).job_endpoint
    return None if endpoint == "embed" else endpoint


def _ask(endpoint: str) -> set[str]:
    with grpc.insecure_channel(endpoint) as channel:
        service = beam_job_api_pb2_grpc.JobServiceStub(channel)
        request = beam_job_api_pb2.DescribePipelineOptionsRequest()
        try:
            answer = service.DescribePipelineOptions(request, timeout=_SECONDS)
        except grpc.RpcError:
            what = f"--job_endpoint {endpoint}: no job server answers there"
            raise ConfigurationError(what) from None
    return {f"--{option.name}" for option in answer.options}
