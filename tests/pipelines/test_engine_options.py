"""What only an engine knows is asked of its job server, and the rest is refused."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from pipelines.engine_options import checkpoint_seconds, without_those_of_engine
from pipelines.ingest_options import check_checkpoints
from rally.errors import ConfigurationError


class JobServer(beam_job_api_pb2_grpc.JobServiceServicer):
    """Knows two options."""

    def DescribePipelineOptions(self, request, context):  # noqa: N802
        return beam_job_api_pb2.DescribePipelineOptionsResponse(
            options=[
                beam_job_api_pb2.PipelineOptionDescriptor(name=name)
                for name in ("checkpointing_interval", "object_reuse")
            ]
        )


@pytest.fixture
def endpoint():
    server = grpc.server(ThreadPoolExecutor(1))
    beam_job_api_pb2_grpc.add_JobServiceServicer_to_server(JobServer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_options_of_the_engine_are_left_out(endpoint):
    options = PipelineOptions([f"--job_endpoint={endpoint}"])
    arguments = ["--checkpointing_interval=5000", "--objects", "--object_reuse", "5"]
    assert without_those_of_engine(options, arguments) == ["--objects", "5"]


@pytest.mark.parametrize("endpoint", [[], ["--job_endpoint=embed"]])
def test_nobody_is_asked_where_there_is_no_job_server(endpoint):
    options = PipelineOptions(endpoint)
    assert without_those_of_engine(options, ["--object_reuse"]) == ["--object_reuse"]


def test_nobody_is_asked_where_nothing_is_unknown():
    options = PipelineOptions(["--job_endpoint=127.0.0.1:9"])
    assert without_those_of_engine(options, []) == []


def test_job_server_that_does_not_answer_is_named():
    options = PipelineOptions(["--job_endpoint=127.0.0.1:9"])
    with pytest.raises(ConfigurationError) as error:
        without_those_of_engine(options, ["--object_reuse"])
    expected = "--job_endpoint 127.0.0.1:9: no job server answers there"
    assert str(error.value) == expected


SUBSCRIPTION = "--subscription=projects/my-p/subscriptions/sub"
STREAM = ("--runner=PortableRunner", SUBSCRIPTION)


@pytest.mark.parametrize(
    ("given", "seconds"), [("5000", 5.0), ("250", 0.25), ("60000", 60.0)]
)
def test_stream_says_how_often_checkpoints_are(endpoint, given, seconds):
    options = PipelineOptions(
        [f"--job_endpoint={endpoint}", f"--checkpointing_interval={given}"]
    )
    assert checkpoint_seconds(options) == seconds


@pytest.mark.parametrize("given", [[], ["--checkpointing_interval=often"]])
def test_stream_without_checkpoints_is_refused(endpoint, given):
    options = PipelineOptions([*STREAM, f"--job_endpoint={endpoint}", *given])
    with pytest.raises(ConfigurationError) as error:
        check_checkpoints(options)
    assert str(error.value) == (
        "--checkpointing_interval is required of a stream on this engine, in"
        " milliseconds: messages are acknowledged at checkpoints; 30000 works, with as"
        " much of --min_pause_between_checkpoints"
    )


def test_messages_must_not_come_again_before_a_checkpoint(endpoint):
    argv = [*STREAM, f"--job_endpoint={endpoint}", "--flush_seconds=10"]
    check_checkpoints(PipelineOptions([*argv, "--checkpointing_interval=59000"]))
    with pytest.raises(ConfigurationError) as error:
        check_checkpoints(PipelineOptions([*argv, "--checkpointing_interval=60000"]))
    assert str(error.value) == (
        "--ack_deadline_seconds must be longer than --flush_seconds and"
        " --checkpointing_interval together"
    )


def test_files_and_unknown_engines_need_no_checkpoints(endpoint):
    flink = "--runner=FlinkRunner"
    check_checkpoints(PipelineOptions(["--input=x", flink]))
    check_checkpoints(
        PipelineOptions(["--input=x", flink, f"--job_endpoint={endpoint}"])
    )
    check_checkpoints(PipelineOptions(["--runner=my.Runner", SUBSCRIPTION]))
