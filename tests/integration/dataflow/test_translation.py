"""Each template's job, translated for Dataflow: closed in, and nothing told."""

import base64
import json
import re
from functools import cache
from pathlib import Path

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from tests.integration.dataflow.conftest import SUBSCRIPTION
from tests.integration.dataflow.graphs import CONDUCTED, JOBS, translate
from tests.support.world import NAMESPACES, document_id, rally_id

pytestmark = [pytest.mark.integration, pytest.mark.slow("dataflow")]

IMAGE = "us-docker.pkg.dev/rally-project/rally/job:1"
LABELS = Path(__file__).with_name("step_labels.txt")
DECISION = (
    "the labels of steps have changed: a running stream cannot be updated to the new"
    " job (`--update` finds steps by label), and has to be drained. If that is wanted,"
    f" write the new ones into {LABELS.name}, and say so in the change"
)
EVERYWHERE = ["beam_fn_api", "use_unified_worker", "use_runner_v2",
              "use_portable_job_submission"]  # fmt: skip
EXPERIMENTS = {
    **{name: ["no_use_multiple_sdk_containers", *EVERYWHERE] for name in CONDUCTED},
    "ingest-batch": [*EVERYWHERE, "use_multiple_sdk_containers"],
    "ingest-streaming": [
        *EVERYWHERE,
        *("enable_streaming_engine", "enable_windmill_service"),
        "use_multiple_sdk_containers",
    ],
}


@pytest.fixture(scope="module", params=JOBS)
def template(request):
    """The name of each."""
    return request.param


@pytest.fixture(scope="module")
def jobs(cloud, tmp_path_factory):
    """What the launch of a template's job writes; each is launched once."""
    return cache(lambda name: translate(cloud, name, tmp_path_factory.mktemp(name)))


@pytest.fixture
def written(jobs, template):
    """What the launch of the job writes."""
    return jobs(template)


def test_workers_are_closed_in(written, cloud, template):
    environment, pool = written.environment, written.pool

    assert environment["serviceAccountEmail"] == cloud.options["service_account_email"]
    assert environment["serviceKmsKeyName"] == cloud.options["dataflow_kms_key"]
    assert pool["ipConfiguration"] == "WORKER_IP_PRIVATE"
    assert pool["subnetwork"] == cloud.options["subnetwork"]
    assert pool["workerHarnessContainerImage"] == IMAGE
    images = [each["containerImage"] for each in pool["sdkHarnessContainerImages"]]
    assert images == [IMAGE]
    place = cloud.bucket.removeprefix("gs://")
    temporary = environment["tempStoragePrefix"]
    assert temporary.startswith(f"storage.googleapis.com/{place}/tmp/rally-")


def test_runner_and_kind_are_as_the_job_needs(written, template):
    is_stream = template == "ingest-streaming"
    kind = "JOB_TYPE_STREAMING" if is_stream else "JOB_TYPE_BATCH"
    unlisted = "disable_logging_submission_environment"

    assert written.job["type"] == kind
    assert written.options["streaming"] is is_stream
    assert written.environment["experiments"] == [unlisted, *EXPERIMENTS[template]]
    assert written.options["enable_streaming_engine"] is True
    assert written.options["save_main_session"] is False


def test_job_has_its_name_and_label(written, template):
    name = JOBS[template][0]

    assert written.job["labels"] == {"rally-job": name}
    assert re.fullmatch(rf"rally-{name}-\d{{8}}-\d{{6}}", written.job["name"])


def test_one_worker_conducts_what_is_decided_step_by_step(written, template):
    scaling = written.pool["autoscalingSettings"]
    if template in CONDUCTED:
        assert written.pool["numWorkers"] == 1
        one = {"algorithm": "AUTOSCALING_ALGORITHM_NONE", "maxNumWorkers": 1}
        assert scaling == one
    else:
        assert "numWorkers" not in written.pool
        assert scaling == {}


def test_steps_keep_their_labels(written, template):
    listed = [line.split(" ", 1) for line in LABELS.read_text().splitlines()]

    labels = [label for name, label in listed if name == template]

    assert written.labels() == labels, DECISION


def test_labels_are_listed_for_these_templates_alone():
    names = [line.split(" ")[0] for line in LABELS.read_text().splitlines()]
    assert list(dict.fromkeys(names)) == list(JOBS)


def test_graph_is_all_that_is_staged(written):
    assert list(written.staged) == ["pipeline.pb"]
    assert "packages" not in written.pool


def test_no_secret_and_no_id_is_told(written, cloud):
    everything = list(written.everything())
    assert any(cloud.options["store"].encode() in each for each in everything[2:])

    for secret in secrets(cloud):
        assert not [each for each in everything if secret in each]


def secrets(cloud):
    """What no launch may tell: ids and pseudonyms, keys, and pings."""
    world = cloud.world
    yield rally_id(1).encode()
    yield document_id(1).encode()
    yield world.platform_pseudonym(1).encode()
    yield from (world.pseudonym(1, study).encode() for study in NAMESPACES)
    files = [path for path in Path(world.keys).rglob("*.json") if path.name[0] != "."]
    assert len(files) > len(NAMESPACES)
    for path in files:
        yield path.read_bytes()
        yield from (
            text.encode() for text in long_strings(json.loads(path.read_text()))
        )
    for line in (world.root / "in" / "a.ndjson").read_text().splitlines():
        payload = json.loads(line)["payload"]
        yield payload.encode()
        yield base64.b64decode(payload)


def long_strings(value):
    """The strings of a JSON document that could be keys."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        for part in parts:
            yield from long_strings(part)
    elif isinstance(value, str) and len(value) > 40:
        yield value


def test_stream_is_read_by_the_service_itself(jobs):
    (payload,) = jobs("ingest-streaming").steps("beam:transform:pubsub_read:v1")

    assert beam_runner_api_pb2.PubSubReadPayload.FromString(
        payload
    ) == beam_runner_api_pb2.PubSubReadPayload(
        subscription=SUBSCRIPTION, with_attributes=True
    )


def test_batch_reads_no_subscription(jobs):
    assert jobs("ingest-batch").steps("beam:transform:pubsub_read:v1") == []


CONDUCTOR = ("--direct_running_mode=multi_processing", "--direct_num_workers=0")


@pytest.mark.parametrize(
    ("template", "own"),
    {
        "replay": ["--reason=no_key"],
        "compact": [],
        "delete": ["--hold_above_people=7"],
        "purge": ["--plan_only=true"],
        "audit": ["--html={bucket}/reports/audit.html"],
    }.items(),
)
def test_conducted_command_has_the_jobs_own_options(template, own, jobs, cloud):
    places = [
        f"--{name}={cloud.options[name]}" for name in ("store", "studies", "keys")
    ]
    own = [each.format(bucket=cloud.bucket) for each in own]

    module, *words = jobs(template).command()

    assert module == f"pipelines.{template}"
    assert sorted(words) == sorted([*places, *own, *CONDUCTOR])
