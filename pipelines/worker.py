"""Starts a worker for an engine that runs commands: `--environment_type=PROCESS`.

Beam's images start their workers by a program of their own. Where an engine's machines
have no Docker, this is the command in its place, of the environment in which this
package is installed; it takes the two options that Beam passes:

    --id=<worker's id> --provision_endpoint=<address>
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import grpc
from apache_beam.portability.api import (
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
)
from google.protobuf import json_format, text_format

from rally.errors import ConfigurationError
from rally.exit_status import NOT_AS_PROMISED, NOT_BEGUN
from rally.parser import Parser
from rally.process import run_as_process, say

_HARNESS = ("-m", "apache_beam.runners.worker.sdk_worker_main")


def main(argv: Sequence[str] | None = None) -> int:
    """Becomes the worker; returns an exit status where it cannot."""
    parser = Parser(prog="rally-worker", takes_others=True)
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    try:
        given, _ = parser.parse_known_args(argv)
        told = environment(given.id, given.provision_endpoint)
    except ConfigurationError as error:
        return say(str(error), NOT_BEGUN)
    except grpc.RpcError:
        what = f"--provision_endpoint {given.provision_endpoint}: no engine answers"
        return say(what, NOT_AS_PROMISED)
    os.execve(sys.executable, [sys.executable, *_HARNESS], os.environ | told)


def command() -> NoReturn:
    """What `rally-worker` is."""
    run_as_process(main)


def environment(worker: str, endpoint: str) -> dict[str, str]:
    """What Beam's harness wants to know, in environment variables.

    Args:
        worker: its id.
        endpoint: address of the engine's provision service, `host:port`.

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
    command()
