"""A launch, from the command to the end of the job, against a service on loopback."""

import os
import signal
import subprocess
import sys
from threading import Event

import pytest
from apache_beam.utils import retry
from google.cloud.dataflow_v1beta3 import JobType

from pipelines import dataflow_submission
from rally.storage.objectstore.open_store import open_store
from tests.fakes.fake_dataflow import JOB_ID
from tests.integration.dataflow.conftest import SUBSCRIPTION
from tests.integration.dataflow.graphs import JOBS, words

pytestmark = [pytest.mark.integration, pytest.mark.slow("dataflow")]

WAIT = 300.0
JOBS_URL = "/v1b3/projects/rally-project/locations/us-central1/jobs"
POST, GET = f"POST {JOBS_URL}", f"GET {JOBS_URL}/{JOB_ID}"
LIST = f"GET {JOBS_URL}"
LAUNCHED = (
    f"Dataflow job {JOB_ID}: https://console.cloud.google.com/dataflow/jobs/us-central1"
    f"/{JOB_ID}?project=rally-project\n"
)
BATCH, STREAM = "--input={bucket}/in/*.ndjson", f"--subscription={SUBSCRIPTION}"
LAUNCH = """
import sys
from apache_beam.internal.gcp import auth
auth._Credentials._credentials_init = True
from pipelines import cli, runners
runners.WORKERS_PYTHON = sys.version_info[:2]  # as in tests/conftest.py
sys.exit(cli.main())
"""
AGAIN = "when that is mended or over, run it again for what is not done"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """The service is on this machine, and asked as often as one likes."""
    monkeypatch.setattr(dataflow_submission, "_ASK_EVERY_SECONDS", 0.001)
    monkeypatch.setattr(retry.Clock, "sleep", lambda *_: None)


@pytest.fixture
def ingest(cloud, capfd):
    """Launches a batch, or what is given: status, output, errors."""

    def launch(source=BATCH, *more):
        status = cloud.launch("ingest", source.format(bucket=cloud.bucket), *more)
        return status, *capfd.readouterr()

    return launch


def test_batch_is_waited_for(service, ingest):
    service.states[:] = ["QUEUED", "RUNNING", "RUNNING", "DONE"]

    assert ingest() == (0, LAUNCHED, "")

    assert service.requests == [POST, *[GET] * 4]
    (job,) = service.jobs
    assert job["type"] == JobType.JOB_TYPE_BATCH  # as a number, as Beam's client asks


@pytest.mark.parametrize("template", JOBS)
def test_every_job_is_submitted_once_and_done(template, cloud, service, capfd):
    assert cloud.launch(*words(template, cloud)) == 0

    assert capfd.readouterr() == (LAUNCHED, "")
    (job,) = service.jobs
    assert job["labels"] == {"rally-job": JOBS[template][0]}


@pytest.mark.parametrize(
    "command",
    {
        "longer than our own reader could": ("ingest", STREAM, "--flush_seconds=700"),
        "a number that Python writes with an exponent": ("audit", "--sample=0.00001"),
    }.values(),
)
def test_what_only_others_do_not_take_is_taken(command, cloud, service, capfd):
    assert cloud.launch(*command) == 0
    assert capfd.readouterr() == (LAUNCHED, "")


def test_who_launches_a_conducted_job_opens_no_key(cloud, service, capfd):
    """The key folder is looked at; nothing in it would open, and no KEK is asked."""
    keys = f"{cloud.bucket}/sealed"
    open_store(keys).create("kek.json", b'{"kek_uri": "gcp-kms://nobody/serves"}')

    assert cloud.launch("compact", f"--platform_keys={keys}") == 0

    assert capfd.readouterr() == (LAUNCHED, "")
    assert len(service.jobs) == 1


def test_stream_is_left_to_itself(service, ingest):
    assert ingest(STREAM) == (0, LAUNCHED, "")
    assert service.requests == [POST]


UPDATE = ("--update", "--job_name=rally-ingest")


def test_update_replaces_the_stream_that_runs(service, ingest):
    service.running[:] = [["another"], ["a-third", "rally-ingest"]]

    assert ingest(STREAM, *UPDATE) == (0, LAUNCHED, "")

    assert service.requests == [LIST, LIST, POST]
    (job,) = service.jobs
    assert job["replaceJobId"] == "id-of-rally-ingest"


def test_update_of_what_does_not_run_is_one_line(service, ingest):
    service.running[:] = [["another"], []]

    told = "rally: --update: no job rally-ingest runs in us-central1\n"
    assert ingest(STREAM, *UPDATE) == (2, "", told)

    assert service.requests == [LIST, LIST]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_batch_that_ends_badly_is_one_line(state, service, ingest):
    service.states[:] = ["RUNNING", state]
    told = f"rally: Dataflow job {JOB_ID} ended as {state}; {AGAIN}\n"
    assert ingest() == (1, LAUNCHED, told)


def test_job_that_may_not_be_seen_goes_on(service, ingest):
    service.blind = 403
    told = (
        f"rally: Dataflow job {JOB_ID} goes on, but cannot be watched from here"
        " (Forbidden); look at it in the console\n"
    )
    assert ingest() == (1, LAUNCHED, told)


NOT_TAKEN = (
    "rally: Dataflow does not take the job ({}): check --project, --region and that"
    " this account may launch jobs\n"
)
TAKEN = (
    "rally: a job of this name is there already; wait for its end, or give another"
    " --job_name\n"
)


@pytest.mark.parametrize(
    ("answer", "told"),
    {
        (400, "your job is odd"): NOT_TAKEN.format("BadRequest"),
        (403, "jo@example.org may not"): NOT_TAKEN.format("Forbidden"),
        (404, "no such project"): NOT_TAKEN.format("NotFound"),
        (409, "there is one"): TAKEN,
        (429, "too many"): NOT_TAKEN.format("TooManyRequests"),
    }.items(),
)
def test_refusal_is_one_line_and_status_2(answer, told, service, ingest):
    service.refusal = answer

    assert ingest() == (2, "", told)

    assert (service.requests, service.jobs) == ([POST], [])


MAY_BE = (
    "rally: Dataflow may have taken the job ({}); look for it in the console before you"
    " launch it again\n"
)


def test_lost_answer_is_no_refusal(service, ingest):
    service.loses_answer = True

    assert ingest() == (1, "", MAY_BE.format("ServiceUnavailable"))

    assert {job["clientRequestId"] for job in service.jobs} == {
        service.jobs[0]["clientRequestId"]
    }


def test_silence_is_no_refusal(cloud, ingest):
    cloud.options["dataflow_endpoint"] = "http://localhost:9"
    told = MAY_BE.format("ConnectionError")
    try:
        assert ingest() == (1, "", told)
    finally:
        del cloud.options["dataflow_endpoint"]


def test_name_that_is_taken_is_told(service, ingest):
    service.name_is_taken = True
    assert ingest() == (2, "", TAKEN)


def test_dry_run_submits_nothing(service, ingest):
    told = "--dry_run: the job can be launched, and was not\n"
    assert ingest(BATCH, "--dry_run=true") == (0, told, "")
    assert service.requests == []


def process(cloud, **environment):
    """The command as a person runs it: nothing of this process hides what it says."""
    argv = cloud.argv("ingest", BATCH.format(bucket=cloud.bucket))
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCH, *argv],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signal_leaves_the_job_alone(number, status, cloud, service):
    service.states[:] = ["RUNNING"]
    launcher = process(cloud)
    assert service.watched.wait(WAIT)

    launcher.send_signal(number)

    told = f"rally: Dataflow job {JOB_ID} goes on\n"
    assert launcher.communicate(timeout=WAIT) == (LAUNCHED, told)
    assert launcher.returncode == status
    assert not [each for each in service.requests if each.startswith("PUT")]


def test_ctrl_c_before_the_answer_is_no_refusal(cloud, service):
    service.answers_when = Event()
    launcher = process(cloud)
    assert service.taken.wait(WAIT)

    launcher.send_signal(signal.SIGINT)

    try:
        assert launcher.communicate(timeout=WAIT) == ("", MAY_BE.format("stopped"))
    finally:
        service.answers_when.set()
    assert launcher.returncode == 130


def test_refusal_is_all_that_a_person_sees(cloud, service):
    service.refusal = (403, "jo@example.org may not")
    launcher = process(cloud)
    said = launcher.communicate(timeout=WAIT)
    assert said == ("", NOT_TAKEN.format("Forbidden"))
    assert launcher.returncode == 2


def test_nobodys_launch_is_one_line_and_quick(cloud, service, tmp_path, monkeypatch):
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    # No credentials of whoever runs this test, and no question to a cloud's machine.
    launcher = process(cloud, CLOUDSDK_CONFIG=str(tmp_path), NO_GCE_CHECK="true")
    told = (
        "no credentials for Google Cloud; run `gcloud auth application-default login`"
    )
    assert launcher.communicate(timeout=WAIT) == ("", f"rally: {told}\n")
    assert (launcher.returncode, service.requests) == (2, [])


def test_missing_extra_is_told(cloud, service, ingest, monkeypatch):
    monkeypatch.setitem(sys.modules, "pipelines.dataflow_submission", None)
    told = (
        "Dataflow's client is not installed; add the extra `dataflow` of this package"
    )
    assert ingest() == (2, "", f"rally: {told}\n")
