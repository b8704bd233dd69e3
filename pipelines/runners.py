"""Which runner a job runs on: the names that people write, and what each means here."""

import sys

from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)
from apache_beam.portability import common_urns

from rally.errors import ConfigurationError
from rally.version import WORKERS_PYTHON

LOCAL_RUNNER = "pipelines.local_runner.LocalRunner"
"""What DirectRunner means here.

Beam's DirectRunner picks another runner by what it finds on the machine and the
network; a job must not behave differently for that.
"""

_LOCAL = ("local", "direct", "switchingdirect", "fnapi")
_DATAFLOW = {"dataflow": "DataflowRunner", "testdataflow": "TestDataflowRunner"}
"""Runners by their names in small letters, without the word "runner"."""

_MOST_WORKERS = 1_000
_OF_IMAGES = (None, "DOCKER", common_urns.environments.DOCKER.urn)
"""Values of `--environment_type` by which workers start from an image."""

_PORTABLE = "portable"
_OF_JOB_SERVERS = (_PORTABLE, "flink")


def pin_runner(options: PipelineOptions) -> None:
    """Makes the local runner one certain runner, and gives Dataflow's its own name."""
    standard = options.view_as(StandardOptions)
    if is_local(options):
        standard.runner = LOCAL_RUNNER
    elif is_dataflow(options):
        standard.runner = _DATAFLOW[_runner(options)]


def require_job_server(options: PipelineOptions) -> None:
    """Makes sure of the address that Beam's PortableRunner cannot do without.

    Raises:
        ConfigurationError: it is not given.
    """
    endpoint = options.view_as(PortableOptions).job_endpoint
    if _runner(options) == _PORTABLE and not endpoint:
        raise ConfigurationError(
            "--job_endpoint is required with --runner=PortableRunner: the address of a"
            " job server that runs"
        )


def check_local_workers(options: PipelineOptions) -> None:
    """Looks at the number of local workers: Beam starts what it is told, or crashes.

    Raises:
        ConfigurationError: it is none that a machine could have.
    """
    number = options.view_as(DirectOptions).direct_num_workers
    if is_local(options) and not 0 <= number <= _MOST_WORKERS:
        raise ConfigurationError(
            f"--direct_num_workers: must be a whole number from 0 to {_MOST_WORKERS:,};"
            " 0 is one for each core"
        )


def require_workers_python(options: PipelineOptions) -> None:
    """Makes sure that this Python is the one of the image that workers start from.

    What a launcher stages holds code as its own version of Python writes it.

    Raises:
        ConfigurationError: it is another one.
    """
    kind = options.view_as(PortableOptions).environment_type
    of_job_server = is_of_a_job_server(options) and kind in _OF_IMAGES
    here = sys.version_info[:2]
    if here != WORKERS_PYTHON and (is_dataflow(options) or of_job_server):
        image, own = (".".join(map(str, each)) for each in (WORKERS_PYTHON, here))
        raise ConfigurationError(
            f"--runner: the workers' image has Python {image}, and this is {own};"
            f" launch from the image, or from an environment of Python {image}"
        )


def is_local(options: PipelineOptions) -> bool:
    """Tells whether the job runs in the local runner."""
    return _runner(options) in _LOCAL


def is_dataflow(options: PipelineOptions) -> bool:
    """Tells whether the job runs on Dataflow."""
    return _runner(options) in _DATAFLOW


def is_of_a_job_server(options: PipelineOptions) -> bool:
    """Tells whether the job goes to an engine by way of a job server, as to Flink."""
    return _runner(options) in _OF_JOB_SERVERS


def _runner(options: PipelineOptions) -> str:
    """The runner's name; Beam takes it with or without package, "runner" and case."""
    given = options.view_as(StandardOptions).runner or "direct"
    return given.rpartition(".")[2].lower().removesuffix("runner")
