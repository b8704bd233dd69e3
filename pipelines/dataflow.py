"""What every job is on Dataflow: closed in, encrypted with our key, and labelled.

The promise is "encrypted until it is in the analysis environment": workers have no
public address, act as the job's own account, and keep their state under a key of ours.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)

from pipelines.dataflow_checks import (
    check_options,
    check_places,
    check_staging,
    is_remote,
    staging,
)
from pipelines.job import Job, MakeSettings
from pipelines.option_specs import given
from pipelines.options import PlatformOptions, is_check_only
from pipelines.run_step import make_pipeline
from rally.errors import ConfigurationError
from rally.printing import print_lines
from rally.process import say
from rally.registry.registry import SHIPPED, Registry
from rally.storage.objectstore.gcs_regions import check_regions
from transforms.run_job_on_worker import RunJobOnWorker

Graph = Callable[[PipelineOptions], beam.Pipeline]
"""Makes the whole pipeline of a job that Dataflow does."""

_ONE_WORKER = ("num_workers", "max_num_workers")


def launch(
    job: Job,
    options: PipelineOptions,
    settings: MakeSettings,
    graph: Graph | None = None,
) -> int:
    """Launches a job on Dataflow, or writes its graph for a template's launcher.

    A study that does not load is named; the job itself does what it can for others.

    Args:
        job: which.
        options: the job's options.
        settings: makes its settings.
        graph: makes its pipeline; None has one worker run the whole job.

    Returns:
        The exit status, see `pipelines.dataflow_submission.submit`.

    Raises:
        ConfigurationError: something is not as it must be; nothing was launched.
        JobStopped: it failed on Dataflow.
        Unwatched: it goes on there, and nobody waits for its end.
    """
    try:
        from pipelines.dataflow_submission import silence, submit
    except ImportError:
        raise ConfigurationError(
            "Dataflow's client is not installed; add the extra `dataflow` of this"
            " package"
        ) from None
    silence()
    check_options(job, options)
    _close_in(job, options)
    if graph is None:
        _give_one_worker(job, options)
    check_regions(_uris(job, options), options.view_as(GoogleCloudOptions).region)
    check_staging(options)
    places = settings(options)
    for fault in places.load_registry().faults.values():
        say(fault)
    if graph is None:
        check_places(places, options)
    pipeline = graph(options) if graph else _on_one_worker(job, options)
    if is_check_only(options):
        print_lines("--check_only: the job can be launched, and was not")
        return 0
    return submit(pipeline, options)


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
    yield from staging(options)
    studies = options.view_as(PlatformOptions).studies or SHIPPED
    for value in given(job.options, options).values():
        for uri in filter(is_remote, value.split(",")):
            named = Registry.load(studies).namespaces if "{study}" in uri else ("",)
            yield from (uri.replace("{study}", each) for each in named)


def _on_one_worker(job: Job, options: PipelineOptions) -> beam.Pipeline:
    own = [
        f"--{option.name}={value}"
        for option, value in given(job.options, options).items()
    ]
    local = ("--direct_running_mode=multi_processing", "--direct_num_workers=0")
    pipeline = make_pipeline(options)
    command = (f"pipelines.{job.name}", *own, *local)
    _ = pipeline | "RunJobOnWorker" >> RunJobOnWorker(command)
    return pipeline


def _now() -> datetime:
    return datetime.now(UTC)
