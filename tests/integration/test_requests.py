"""What jobs are counted to ask of a folder is what they ask of Cloud Storage."""

import pytest

from benchmarks.counted import FREE, A, B
from benchmarks.requests import BASE, measure

pytestmark = pytest.mark.slow("volumes")

# So many people that no bucket is empty, or emptied, whatever the pseudonym key.
SMALL = BASE._replace(days=4, buckets=2, files=1, people=48)


@pytest.mark.integration
def test_requests_of_a_folder_are_those_of_cloud_storage(gcs_bucket):
    folder, cloud = measure(SMALL), measure(SMALL, f"gs://{gcs_bucket}")

    for job, counts in folder.items():
        assert cloud[job][B] == pytest.approx(counts[B], rel=0.2), job
        assert cloud[job][FREE] == counts[FREE], job
    # Purge asks for old copies, of which a folder has its own kind; and who lists
    # records asks a bucket once more, for names that no store takes.
    for job in folder.keys() - {"purge"}:
        assert folder[job][A] <= cloud[job][A] <= 1.5 * folder[job][A], job
    assert cloud["purge"][A] == pytest.approx(folder["purge"][A], rel=0.25)
