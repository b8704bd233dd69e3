"""What every job is on Dataflow: closed in, encrypted with our key, and labelled.

The promise is "encrypted until it is in the analysis environment": workers have no
public address, act as the job's own account, and keep their state under a key of ours.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)

from pipelines.declared import given
from pipelines.job import Job
from pipelines.options import PlatformOptions
from pipelines.running import make_pipeline
from rally.errors import ConfigurationError, cause_of
from rally.storing.gcs_regions import check_regions
from rally.storing.objects import open_store
from rally.studies.registry import SHIPPED, Registry
from transforms.conduct_job import ConductJob

Graph = Callable[[PipelineOptions], beam.Pipeline]
"""Makes the whole pipeline of a job that Dataflow does."""

_NEEDED = {
    "project": (GoogleCloudOptions, "which one pays and holds the job"),
    "region": (GoogleCloudOptions, "where the buckets are"),
    "temp_location": (GoogleCloudOptions, "a gs:// folder for the job's own files"),
    "service_account_email": (GoogleCloudOptions, "the job's own account"),
    "dataflow_kms_key": (GoogleCloudOptions, "the key of the job's state"),
    "subnetwork": (WorkerOptions, "the closed network"),
}
_ONE_WORKER = ("num_workers", "max_num_workers")


def launch(job: Job, options: PipelineOptions, graph: Graph | None) -> int:
    """Launches a job on Dataflow, or writes its graph for a template's launcher.

    Args:
        job: which.
        options: of the job.
        graph: makes its pipeline; None has the whole job conducted by one worker.

    Returns:
        The exit status, see `pipelines.dataflow_submission.submit`.

    Raises:
        ConfigurationError: something is not as it must be; nothing was launched.
        JobStopped: it failed on Dataflow.
    """
    try:
        from pipelines.dataflow_submission import silence, submit
    except ImportError:
        raise ConfigurationError(
            "Dataflow's client is not installed; add the extra `dataflow` of this"
            " package"
        ) from None
    silence()
    _check(job, options)
    _close_in(job, options)
    if graph is None:
        _give_one_worker(job, options)
    check_regions(_uris(job, options), options.view_as(GoogleCloudOptions).region)
    _check_staging(options)
    pipeline = graph(options) if graph else _conducted(job, options)
    return submit(pipeline, options)


def _check(job: Job, options: PipelineOptions) -> None:
    for name, (group, what) in _NEEDED.items():
        if not getattr(options.view_as(group), name):
            raise ConfigurationError(f"--{name} is required on Dataflow: {what}")
    for option, value in given(job.options, options).items():
        option.kind.check(option.name, value)
    for uri in _staging(options):
        if not _is_remote(uri):
            raise ConfigurationError(f"{uri}: Beam's own files are staged on gs://")
    if options.view_as(WorkerOptions).use_public_ips:
        raise ConfigurationError(
            "--use_public_ips: workers open pings, and have no public address"
        )
    setup = options.view_as(SetupOptions)
    image = options.view_as(WorkerOptions).sdk_container_image
    if not (image or setup.setup_file or setup.extra_packages):
        raise ConfigurationError(
            "--sdk_container_image is required on Dataflow, or --setup_file: workers"
            " need this package"
        )
    for name in ("setup_file", "requirements_file"):
        _check_file(name, getattr(setup, name))
    for package in setup.extra_packages or ():
        _check_file("extra_package", package)


def _check_file(name: str, path: str | None) -> None:
    if path and not (_is_remote(path) or Path(path).is_file()):
        raise ConfigurationError(f"--{name} {path}: is no file")


def _check_staging(options: PipelineOptions) -> None:
    """Beam would try for ten minutes what it may not write."""
    for uri in _staging(options):
        try:
            open_store(uri).check_writable()
        except OSError as error:
            raise ConfigurationError(
                f"{uri}: cannot be written ({cause_of(error)}); check that this account"
                " may write there"
            ) from None


def _close_in(job: Job, options: PipelineOptions) -> None:
    cloud = options.view_as(GoogleCloudOptions)
    cloud.job_name = cloud.job_name or f"rally-{job.name}-{_now():%Y%m%d-%H%M%S}"
    cloud.labels = [*(cloud.labels or ()), f"rally-job={job.name}"]
    options.view_as(WorkerOptions).use_public_ips = False
    # Workers have this package; a pickle of what the launcher knows is no need.
    options.view_as(SetupOptions).save_main_session = False
    # Nor is a list of the launcher's packages: an address in it may hold a password.
    unlisted = "disable_logging_submission_environment"
    options.view_as(DebugOptions).add_experiment(unlisted)


def _give_one_worker(job: Job, options: PipelineOptions) -> None:
    """One machine, one process of Beam's; the job's own processes take its cores."""
    workers = options.view_as(WorkerOptions)
    for name in _ONE_WORKER:
        if (getattr(workers, name) or 1) != 1:
            raise ConfigurationError(
                f"--{name}: one worker does `rally {job.name}`; give it more cores with"
                " --worker_machine_type"
            )
        setattr(workers, name, 1)
    workers.autoscaling_algorithm = "NONE"
    options.view_as(DebugOptions).add_experiment("no_use_multiple_sdk_containers")


def _uris(job: Job, options: PipelineOptions) -> Iterator[str]:
    """Where the job stages, and what it reads and writes."""
    yield from _staging(options)
    studies = options.view_as(PlatformOptions).studies or SHIPPED
    for value in given(job.options, options).values():
        for uri in filter(_is_remote, value.split(",")):
            named = Registry.load(studies).studies if "{study}" in uri else ("",)
            yield from (uri.replace("{study}", each) for each in named)


def _is_remote(uri: str) -> bool:
    return uri.startswith("gs://")


def _staging(options: PipelineOptions) -> list[str]:
    cloud = options.view_as(GoogleCloudOptions)
    named = (cloud.temp_location, cloud.staging_location)
    return [uri for uri in dict.fromkeys(named) if uri]


def _conducted(job: Job, options: PipelineOptions) -> beam.Pipeline:
    own = [
        f"--{option.name}={value}"
        for option, value in given(job.options, options).items()
    ]
    local = ("--direct_running_mode=multi_processing", "--direct_num_workers=0")
    pipeline = make_pipeline(options)
    command = (f"pipelines.{job.name}", *own, *local)
    _ = pipeline | "ConductJob" >> ConductJob(command)
    return pipeline


def _now() -> datetime:
    return datetime.now(UTC)
