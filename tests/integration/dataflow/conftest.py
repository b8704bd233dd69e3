"""What a job on Dataflow needs, on loopback: a world in buckets, and the service."""

import uuid
from dataclasses import dataclass, field

import pytest
import requests
from apache_beam.internal.gcp import auth

from pipelines import cli
from rally.storage.objectstore.open_store import open_store
from tests.fakes.fake_dataflow import fake_dataflow
from tests.support.world import GARDEN, HOUSE, World, rally_id, write_lines

JOINED, LEFT = "2026-05-19T10:00:00.000000Z", "2026-05-25T10:00:00.000000Z"
SUBSCRIPTION = "projects/rally-project/subscriptions/pings"


@dataclass
class Cloud:
    """A world in a bucket, and who launches jobs there.

    Attributes:
        world: its keys and studies, which are also on this machine.
        bucket: `gs://<name>`; it is in us-central1, and has pings in `in/`.
        options: of every job.
    """

    world: World
    bucket: str
    options: dict[str, str] = field(default_factory=dict)

    def argv(self, *words: str, **changes: str | None) -> list[str]:
        """A command line: the job, its own options, and those of every job.

        Args:
            words: the job and what else is given.
            changes: options of every job; None leaves one out.
        """
        named = {**self.options, **changes}
        given = [f"--{name}={value}" for name, value in named.items() if value]
        return [words[0], *given, "--no_auth", *words[1:]]

    def launch(self, *words: str, **changes: str | None) -> int:
        """The exit status of a launch."""
        return cli.main(self.argv(*words, **changes))


@pytest.fixture(scope="module")
def cloud(_gcs_address, tmp_path_factory):
    """Everything that a job needs, but for the service."""
    world, name = World(tmp_path_factory.mktemp("world")), f"cloud-{uuid.uuid4()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", _gcs_address)
        # Beam asks nobody who it is: the services here do not want to know.
        patch.setattr(auth._Credentials, "_credentials_init", True)
        patch.setattr(auth._Credentials, "_credentials", None)
        answer = requests.post(f"{_gcs_address}/storage/v1/b", json={"name": name})
        answer.raise_for_status()
        upload(world, f"gs://{name}")
        world.make_stores(f"gs://{name}/store")
        yield Cloud(world, f"gs://{name}", options(f"gs://{name}"))


def upload(world, bucket):
    """Keys and studies, and the pings of two people, one of whom leaves."""
    (world.root / "in").mkdir()
    write_lines(world.root / "in" / "a.ndjson", pings(world))
    objects = open_store(bucket)
    for folder in ("in", "keys", "studies"):
        for path in (world.root / folder).rglob("*"):
            if path.is_file() and not path.name.startswith(".rally-"):
                name = path.relative_to(world.root).as_posix()
                objects.create(name, path.read_bytes())


def pings(world):
    """Two people join Rally and a study, each visits a page, the second one leaves."""
    for person in (1, 2):
        clear = {"rally.id": rally_id(person)}
        yield world.message(f"{HOUSE}/enrollment/1", clear, 10 + person, JOINED)
        yield world.message(f"{GARDEN}/study-enrollment/1", clear, 20 + person, JOINED)
        yield world.visit(person, person)
    yield world.message(f"{GARDEN}/study-unenrollment/1", clear, 30, LEFT)


def options(bucket):
    """What every job is given."""
    return {
        "runner": "DataflowRunner",
        "store": f"{bucket}/store",
        "keys": f"{bucket}/keys",
        "studies": f"{bucket}/studies",
        "project": "rally-project",
        "region": "us-central1",
        "temp_location": f"{bucket}/tmp",
        "staging_location": f"{bucket}/staging",
        "service_account_email": "job@rally-project.iam.gserviceaccount.com",
        "dataflow_kms_key": "projects/rally-project/locations/us-central1"
        "/keyRings/rally/cryptoKeys/state",
        "subnetwork": "regions/us-central1/subnetworks/closed",
        "sdk_container_image": "us-docker.pkg.dev/rally-project/rally/job:1",
    }


@pytest.fixture
def service(cloud):
    """A Dataflow that takes the jobs of `cloud`."""
    with fake_dataflow() as fake:
        cloud.options["dataflow_endpoint"] = fake.address
        yield fake
    del cloud.options["dataflow_endpoint"]
