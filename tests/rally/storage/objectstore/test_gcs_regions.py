"""Buckets are in the region of a job, or the job is not launched."""

import pytest

from rally.errors import ConfigurationError
from rally.storage.objectstore.gcs_regions import check_regions
from tests.integration.scripted_gcs import Answer, scripted_gcs


@pytest.fixture
def gcs(monkeypatch):
    """A Cloud Storage that has one bucket, as a test says."""
    with scripted_gcs() as script:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", script.address)
        yield script


def there(location, *parts):
    """What the service tells of a bucket; a dual region has its parts."""
    parts = {"customPlacementConfig": {"dataLocations": [*parts]}} if parts else {}
    return Answer(200, {"name": "bucket", "location": location, **parts})


@pytest.mark.parametrize(
    ("bucket", "region"),
    [
        (there("EUROPE-WEST1"), "europe-west1"),
        (there("US", "US-CENTRAL1", "US-EAST1"), "us-central1"),
        (there("US", "US-CENTRAL1", "US-EAST1"), "us-east1"),
    ],
)
def test_bucket_of_the_region_is_fine(bucket, region, gcs):
    gcs.bucket = bucket
    check_regions(["gs://bucket/store", "gs://bucket"], region)


@pytest.mark.parametrize(
    ("bucket", "region", "places"),
    [
        (there("EUROPE-WEST1"), "europe-west4", "EUROPE-WEST1"),
        (there("EUROPE-WEST1"), "europe-west10", "EUROPE-WEST1"),
        (there("EUROPE-WEST1"), "europe-west", "EUROPE-WEST1"),
        (there("EU"), "europe-west4", "EU"),
        (there("EU"), "europe-west2", "EU"),
        (there("US"), "us-central1", "US"),
        (there("ASIA"), "asia-east1", "ASIA"),
        (there("EUR4"), "europe-north1", "EUR4"),
        (
            there("US", "US-CENTRAL1", "US-EAST1"),
            "us-west1",
            "US-CENTRAL1 and US-EAST1",
        ),
    ],
)
def test_bucket_elsewhere_is_told(bucket, region, places, gcs):
    gcs.bucket = bucket
    with pytest.raises(ConfigurationError) as caught:
        check_regions(["gs://bucket/store"], region)
    assert str(caught.value) == (
        f"gs://bucket: is in {places}, and the job in {region}; give a bucket of the"
        " job's --region"
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(404), "gs://bucket: there is no such bucket"),
        (
            Answer(403),
            "gs://bucket: cannot be looked at (Cloud Storage says Forbidden); this"
            " account needs storage.buckets.get there",
        ),
    ],
)
def test_bucket_that_cannot_be_seen_is_told(answer, told, gcs):
    gcs.bucket = answer
    with pytest.raises(ConfigurationError) as caught:
        check_regions(["gs://bucket/store"], "us-central1")
    assert str(caught.value) == told


def test_nobodys_question_is_told(monkeypatch, tmp_path):
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(ConfigurationError) as caught:
        check_regions(["gs://bucket"], "us-central1")
    assert str(caught.value) == (
        "no credentials for Google Cloud; run `gcloud auth application-default login`"
    )
