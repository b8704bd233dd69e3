"""What is looked at before a job is launched on Dataflow; what is wrong is one line."""

from pathlib import Path

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)

from pipelines.job import Job
from pipelines.option_specs import given, kind_of
from pipelines.options import PlatformOptions, platform_keys_uri
from rally.errors import ConfigurationError, Faults, cause_of
from rally.keys.folder import KeyFolder
from rally.settings import Settings
from rally.storage.layout import Stores
from rally.storage.objectstore.open_store import open_store

_NEEDED = {
    "project": (GoogleCloudOptions, "which one pays and holds the job"),
    "region": (GoogleCloudOptions, "where the buckets are"),
    "temp_location": (GoogleCloudOptions, "a gs:// folder for the job's own files"),
    "service_account_email": (GoogleCloudOptions, "the job's own account"),
    "dataflow_kms_key": (GoogleCloudOptions, "the key of the job's state"),
    "subnetwork": (WorkerOptions, "the closed network"),
}
_ELSEWHERE = "workers are in the job's --region, as the buckets are"
_REFUSED = {
    "use_public_ips": "workers open pings, and have no public address",
    "worker_region": _ELSEWHERE,
    "worker_zone": _ELSEWHERE,
    "zone": _ELSEWHERE,
    "network": "--subnetwork names the closed network",
}
"""Options of workers."""


def check_options(job: Job, options: PipelineOptions) -> None:
    """Looks at the options alone: Beam's, and how the values of ours look.

    Raises:
        ConfigurationError: some are missing, refused, or no value of their kind; all
            of them are told.
    """
    faults = Faults()
    for name, (group, what) in _NEEDED.items():
        if not getattr(options.view_as(group), name):
            faults.lines.append(f"--{name} is required on Dataflow: {what}")
    for option, value in given(job.options, options).items():
        with faults.collected():
            kind_of(option).check(option.name, value)
    for uri in staging(options):
        if not is_remote(uri):
            faults.lines.append(f"{uri}: Beam's own files are staged on gs://")
    with faults.collected():
        _check_streaming(job, options)
    with faults.collected():
        _check_workers(options)
    with faults.collected():
        _check_package(options)
    faults.check()


def check_staging(options: PipelineOptions) -> None:
    """Beam would try for ten minutes what it may not write.

    Raises:
        ConfigurationError: a folder of its own files cannot be written.
    """
    for uri in staging(options):
        try:
            open_store(uri).check_writable()
        except OSError as error:
            raise ConfigurationError(
                f"{uri}: cannot be written ({cause_of(error)}); check that this account"
                " may write there"
            ) from None


def check_places(places: Settings, options: PipelineOptions) -> None:
    """Looks at what a job that runs on one worker will open there, and opens no key.

    Args:
        places: its settings.
        options: the job's options.

    Raises:
        ConfigurationError: the stores cannot be such, or a key folder is none.
    """
    Stores(places.store, places.platform)
    ours = options.view_as(PlatformOptions)
    for uri in filter(None, (ours.keys, platform_keys_uri(ours))):
        KeyFolder(uri).kek_file()


def staging(options: PipelineOptions) -> list[str]:
    """Where Beam's own files go."""
    cloud = options.view_as(GoogleCloudOptions)
    named = (cloud.temp_location, cloud.staging_location)
    return [uri for uri in dict.fromkeys(named) if uri]


def is_remote(uri: str) -> bool:
    """Tells whether a URI names a place that workers reach."""
    return uri.startswith("gs://")


def _check_streaming(job: Job, options: PipelineOptions) -> None:
    """A batch that is launched as a stream never ends, and is tried again for ever.

    Nor can one be updated.
    """
    names = {option.name for option in given(job.options, options)}
    if "subscription" in names:
        return
    cloud, standard = (
        options.view_as(group) for group in (GoogleCloudOptions, StandardOptions)
    )
    for name, given_so in (("streaming", standard.streaming), ("update", cloud.update)):
        if given_so:
            raise ConfigurationError(
                f"--{name}: this job ends; only `rally ingest --subscription` is a"
                " stream"
            )


def _check_workers(options: PipelineOptions) -> None:
    workers, debug = options.view_as(WorkerOptions), options.view_as(DebugOptions)
    for name, why in _REFUSED.items():
        if getattr(workers, name):
            raise ConfigurationError(f"--{name}: {why}")
        if debug.lookup_experiment(name):  # an older way to say it
            raise ConfigurationError(f"--experiments={name}: {why}")


def _check_package(options: PipelineOptions) -> None:
    setup = options.view_as(SetupOptions)
    image = options.view_as(WorkerOptions).sdk_container_image
    if not (image or setup.setup_file or setup.extra_packages):
        raise ConfigurationError(
            "--sdk_container_image is required on Dataflow: workers need this package,"
            " and can fetch nothing"
        )
    for name in ("setup_file", "requirements_file"):
        _check_file(name, getattr(setup, name))
    for package in setup.extra_packages or ():
        _check_file("extra_package", package)


def _check_file(name: str, path: str | None) -> None:
    if path and not (is_remote(path) or Path(path).is_file()):
        raise ConfigurationError(f"--{name} {path}: is no file")
