"""Which runner a job runs on: the names that people write, and what each means here."""

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

LOCAL_RUNNER = "pipelines.local_runner.LocalRunner"
"""What DirectRunner means here.

Beam's DirectRunner picks another runner by what it finds on the machine and the
network; a job must not behave differently for that.
"""

_LOCAL = ("local", "direct", "switchingdirect", "fnapi")
_DATAFLOW = {"dataflow": "DataflowRunner", "testdataflow": "TestDataflowRunner"}
"""Runners by their names in small letters, without the word "runner"."""

_OF_JOB_SERVERS = ("portable", "flink")


def pin_runner(options: PipelineOptions) -> None:
    """Makes the local runner one certain runner, and gives Dataflow's its own name."""
    standard = options.view_as(StandardOptions)
    if is_local(options):
        standard.runner = LOCAL_RUNNER
    elif is_dataflow(options):
        standard.runner = _DATAFLOW[_runner(options)]


def is_local(options: PipelineOptions) -> bool:
    """Whether the job runs in the local runner."""
    return _runner(options) in _LOCAL


def is_dataflow(options: PipelineOptions) -> bool:
    """Whether the job runs on Dataflow."""
    return _runner(options) in _DATAFLOW


def is_of_a_job_server(options: PipelineOptions) -> bool:
    """Whether the job goes to an engine by way of a job server, as to Flink."""
    return _runner(options) in _OF_JOB_SERVERS


def _runner(options: PipelineOptions) -> str:
    """The runner's name; Beam takes it with or without package, "runner" and case."""
    given = options.view_as(StandardOptions).runner or "direct"
    return given.rpartition(".")[2].lower().removesuffix("runner")
