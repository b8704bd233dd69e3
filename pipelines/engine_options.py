"""Options that only the engine has: it is asked for them."""

from collections.abc import Sequence

import grpc
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from rally.errors import ConfigurationError

_SECONDS = 60.0
"""How long a job server may take to answer."""


def without_those_of_engine(
    options: PipelineOptions, arguments: Sequence[str]
) -> list[str]:
    """Leaves out the arguments that the engine's job server knows.

    Args:
        options: of the job; without `--job_endpoint` nobody is asked.
        arguments: `--name=value` or `--name`, which neither we nor Beam know.

    Raises:
        ConfigurationError: there is no job server at `--job_endpoint`.
    """
    endpoint = options.view_as(PortableOptions).job_endpoint
    if not (endpoint and arguments) or endpoint == "embed":
        return list(arguments)
    known = _ask(endpoint)
    return [each for each in arguments if each.partition("=")[0] not in known]


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
