"""The command that an engine starts workers by, against a small engine."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import grpc
import pytest
from apache_beam.portability.api import (
    beam_fn_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
)

pytestmark = pytest.mark.slow("processes")

WAIT = 300.0


class Engine(
    beam_provision_api_pb2_grpc.ProvisionServiceServicer,
    beam_fn_api_pb2_grpc.BeamFnControlServicer,
    beam_fn_api_pb2_grpc.BeamFnLoggingServicer,
):
    """Says where it is, and notes which worker connects to be controlled."""

    def __init__(self):
        self.asked, self.connected = Queue(), Queue()

    def GetProvisionInfo(self, request, context):  # noqa: N802
        self.asked.put(dict(context.invocation_metadata())["worker_id"])
        info = beam_provision_api_pb2.ProvisionInfo()
        info.control_endpoint.url = info.logging_endpoint.url = self.address
        info.pipeline_options.update({"beam:option:job_name:v1": "a-job"})
        return beam_provision_api_pb2.GetProvisionInfoResponse(info=info)

    def Control(self, responses, context):  # noqa: N802
        self.connected.put(dict(context.invocation_metadata())["worker_id"])
        yield from ()

    def Logging(self, logs, context):  # noqa: N802
        for _ in logs:
            yield from ()


@pytest.fixture
def engine():
    engine, server = Engine(), grpc.server(ThreadPoolExecutor(4))
    beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server(engine, server)
    beam_fn_api_pb2_grpc.add_BeamFnControlServicer_to_server(engine, server)
    beam_fn_api_pb2_grpc.add_BeamFnLoggingServicer_to_server(engine, server)
    engine.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield engine
    server.stop(None).wait()


def test_worker_asks_who_it_is_and_connects(engine):
    command = [sys.executable, "-m", "pipelines.worker", "--id=1-7"]
    worker = subprocess.Popen([*command, f"--provision_endpoint={engine.address}"])
    try:
        assert engine.asked.get(timeout=WAIT) == "1-7"
        assert engine.connected.get(timeout=WAIT) == "1-7"
    finally:
        worker.kill()
        worker.wait()


def test_worker_without_its_options_says_so():
    command = [sys.executable, "-m", "pipelines.worker", "--id=1-7"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--provision_endpoint" in done.stderr
