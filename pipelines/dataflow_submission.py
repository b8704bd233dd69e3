"""Hands a job over to Dataflow, and waits until it ends there."""

import logging
import sys
import time
from typing import cast

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.runners.dataflow.dataflow_runner import DataflowPipelineResult
from apache_beam.runners.dataflow.internal.apiclient import (
    DataflowApplicationClient,
    DataflowJobAlreadyExistsError,
)
from apache_beam.runners.runner import PipelineState
from google.api_core.exceptions import ClientError, Conflict, GoogleAPIError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.dataflow_v1beta3 import JobState, ListJobsRequest

from pipelines.lifecycle import JobStopped, Unwatched
from rally.errors import ConfigurationError
from rally.printing import print_lines
from rally.process import say

_NOISY = (
    "apache_beam.utils.retry",  # each attempt with its traceback
    "apache_beam.internal.gcp.auth",
    "apache_beam.io.gcp.gcsio",
    "apache_beam.runners.dataflow",
    "google.auth",
)
_EXISTS = (Conflict, DataflowJobAlreadyExistsError)
_REFUSALS = (ClientError, GoogleAuthError)
_FAULTS = (GoogleAPIError, TransportError, OSError)
"""Of the service or of the way there: what was asked may have been done."""

_MAYBE = (
    "Dataflow may have taken the job ({}); look for it in the console before you launch"
    " it again"
)
_UPDATED = (JobState.JOB_STATE_RUNNING, JobState.JOB_STATE_DRAINING)
_ASK_EVERY_SECONDS = 5.0


def _find_running(client: DataflowApplicationClient, name: str) -> str:
    """The id of the stream that is to be updated: Beam 2.77 looks for it for ever."""
    cloud = client.google_cloud_options
    request = ListJobsRequest(
        project_id=cloud.project,
        location=cloud.region,
        filter=ListJobsRequest.Filter.ACTIVE,
    )
    for job in client._jobs_client.list_jobs(request):  # of all pages
        if job.name == name and job.current_state in _UPDATED:
            return job.id
    raise ConfigurationError(f"--update: no job {name} runs in {cloud.region}")


DataflowApplicationClient.job_id_for_name = _find_running  # type: ignore[method-assign]


def silence() -> None:
    """Keeps Beam and Google's clients from telling what becomes one line of ours."""
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # Beam calls a 403 so


def submit(pipeline: beam.Pipeline, options: PipelineOptions) -> int:
    """Submits a pipeline, and waits for it unless it is a stream.

    Returns:
        The exit status: 0 it is done, launched or written; 1 nobody can say here.

    Raises:
        ConfigurationError: the service or Beam refuses it; nothing was launched.
        JobStopped: it ended badly.
        Unwatched: a person or a machine stopped the watching; the job goes on.
    """
    try:
        result = _run(pipeline)
    except _FAULTS as error:
        return say(_MAYBE.format(type(error).__name__))
    if not isinstance(result, DataflowPipelineResult):
        print_lines("--dry_run: the job can be launched, and was not")
        return 0
    if not result.has_job:
        print_lines("the graph is written; the template's launcher takes it from here")
        return 0
    cloud, name = options.view_as(GoogleCloudOptions), result.job_id()
    print_lines(
        f"Dataflow job {name}:"
        f" https://console.cloud.google.com/dataflow/jobs/{cloud.region}/{name}"
        f"?project={cloud.project}",
    )
    sys.stdout.flush()
    if options.view_as(StandardOptions).streaming:
        return 0
    return _wait(result, name)


def _run(pipeline: beam.Pipeline) -> object:
    try:
        return pipeline.run()
    except KeyboardInterrupt:
        raise Unwatched(_MAYBE.format("stopped")) from None
    except _EXISTS:
        raise ConfigurationError(
            "a job of this name is there already; wait for its end, or give another"
            " --job_name"
        ) from None
    except TransportError:  # which is no word of the service
        raise
    except _REFUSALS as error:
        raise ConfigurationError(
            f"Dataflow does not take the job ({type(error).__name__}): check --project,"
            " --region and that this account may launch jobs"
        ) from None
    except ValueError as error:  # Beam refuses its own options
        raise ConfigurationError(str(error)) from None


def _wait(result: DataflowPipelineResult, name: str) -> int:
    """Asks for the state itself: Beam's way is a thread that may die unseen."""
    try:
        state = _ended(result)
    except KeyboardInterrupt:
        raise Unwatched(f"Dataflow job {name} goes on") from None
    except (*_REFUSALS, *_FAULTS) as error:
        return say(
            f"Dataflow job {name} goes on, but cannot be watched from here"
            f" ({type(error).__name__}); look at it in the console"
        )
    if state != PipelineState.DONE:
        raise JobStopped(f"Dataflow job {name} ended as {state}")
    return 0


def _ended(result: DataflowPipelineResult) -> str:
    while not PipelineState.is_terminal(state := cast(str, result.state)):
        time.sleep(_ASK_EVERY_SECONDS)
    return state
