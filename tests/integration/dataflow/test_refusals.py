"""What is wrong is one line and status 2, before anything is launched or staged."""

import pytest

from pipelines import audit, compact, delete, ingest, purge, replay
from rally.errors import ConfigurationError
from rally.storage.objectstore.open_store import open_store
from tests.integration.dataflow.wrong import BATCH, MISSING, STREAM, WRONG
from tests.integration.scripted_gcs import Answer, scripted_gcs

pytestmark = [pytest.mark.integration, pytest.mark.slow("dataflow")]


@pytest.fixture(params=["launch", "template"])
def refused(request, cloud, service, tmp_path, capfd):
    """Launches, or has a template's launcher do so; returns the only line."""

    def launch(*words, **changes):
        template = tmp_path / "job.json"
        if request.param == "template":
            changes["template_location"] = str(template)
        assert cloud.launch(*words, **changes) == 2
        out, errors = capfd.readouterr()
        assert (out, errors.count("\n")) == ("", 1)
        assert (service.requests, template.exists()) == ([], False)
        return errors.removeprefix("rally: ").removesuffix("\n")

    return launch


@pytest.mark.parametrize(("words", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line(words, told, refused, cloud):
    names = {"bucket": cloud.bucket, "name": cloud.bucket.removeprefix("gs://")}

    assert refused(*(each.format(**names) for each in words)) == told.format(**names)

    assert list(open_store(f"{cloud.bucket}/staging").list()) == []


@pytest.mark.parametrize("job", [audit, compact, delete, ingest, purge, replay])
def test_run_launches_nothing(job, cloud, service):
    name = job.JOB.name
    source = [BATCH.format(bucket=cloud.bucket)] if name == "ingest" else []

    with pytest.raises(ConfigurationError) as caught:
        job.run(cloud.argv(name, *source, subnetwork=None)[1:])

    told = f"run() does not launch on Dataflow; `rally {name}` and main() do"
    assert (str(caught.value), service.requests) == (told, [])


@pytest.mark.parametrize(("name", "told"), MISSING.items(), ids=MISSING)
def test_what_is_missing_is_one_line(name, told, refused):
    assert refused("ingest", STREAM, **{name: None}) == told


def test_all_that_is_missing_is_told_at_once(cloud, service, capfd):
    beams = {name: told for name, told in MISSING.items() if "on Dataflow" in told}
    assert len(beams) == 7
    assert cloud.launch("ingest", STREAM, **dict.fromkeys(beams)) == 2
    assert capfd.readouterr() == ("", "".join(f"rally: {x}\n" for x in beams.values()))
    assert service.requests == []


def test_launch_that_is_only_looked_at_submits_nothing(cloud, service, capfd):
    batch = BATCH.format(bucket=cloud.bucket)
    assert cloud.launch("ingest", batch, "--check_only") == 0
    told = "--check_only: the job can be launched, and was not\n"
    assert capfd.readouterr() == (told, "")
    assert service.requests == []


REFUSED = Answer(403)
THERE = Answer(200, {"name": "bucket", "location": "US-CENTRAL1"})


@pytest.mark.parametrize(
    ("bucket", "told"),
    [
        (
            REFUSED,
            "gs://bucket: cannot be looked at (Cloud Storage says Forbidden); this"
            " account needs storage.buckets.get there",
        ),
        (
            THERE,
            "gs://bucket/tmp: cannot be written (Cloud Storage says Forbidden);"
            " check that this account may write there",
        ),
    ],
    ids=["to look", "to write"],
)
def test_no_permission_is_one_line(bucket, told, refused, monkeypatch):
    places = {name: f"gs://bucket/{name}" for name in ("store", "keys")}
    with scripted_gcs() as script:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", script.address)
        script.bucket = bucket
        script.answers[:] = [REFUSED] * 9
        places |= {"studies": None, "temp_location": "gs://bucket/tmp"}
        assert refused("delete", staging_location=None, **places) == told
