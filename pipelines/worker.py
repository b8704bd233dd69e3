"""Starts a worker for an engine that runs commands: `--environment_type=PROCESS`.

Beam's images start their workers by a program of their own. Where an engine's machines
have no Docker, this is the command in its place, of the environment in which this
package is installed; it takes the two options that Beam passes:

    --id=<worker's id> --provision_endpoint=<address>
"""

import argparse
import os
import sys
from collections.abc import Sequence

import grpc
from apache_beam.portability.api import (
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
)
from google.protobuf import json_format, text_format

_HARNESS = ("-m", "apache_beam.runners.worker.sdk_worker_main")


def main(argv: Sequence[str] | None = None) -> None:
    """Becomes the worker."""
    parser = argparse.ArgumentParser(prog="pipelines.worker", allow_abbrev=False)
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    given, _ = parser.parse_known_args(argv)
    told = environment(given.id, given.provision_endpoint)
    os.execve(sys.executable, [sys.executable, *_HARNESS], os.environ | told)


def environment(worker: str, endpoint: str) -> dict[str, str]:
    """What Beam's harness wants to know, in environment variables.

    Args:
        worker: its id.
        endpoint: of the engine's provision service, `host:port`.

    Raises:
        grpc.RpcError: the engine does not answer; it starts another worker.
    """
    with grpc.insecure_channel(endpoint) as channel:
        service = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        info = service.GetProvisionInfo(request, metadata=[("worker_id", worker)]).info
    return {
        "WORKER_ID": worker,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(
            info.control_endpoint
        ),
        "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(
            info.logging_endpoint
        ),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }


if __name__ == "__main__":
    main()
