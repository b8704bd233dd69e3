"""Where buckets are: rows and keys stay in the region in which jobs work."""

from collections.abc import Iterable

from google.auth.exceptions import GoogleAuthError
from google.cloud import storage

from rally.errors import ConfigurationError, cause_of
from rally.storage.objectstore.gcs import translated
from rally.storage.objectstore.interface import ObjectNotFound


def check_regions(uris: Iterable[str], region: str) -> None:
    """Makes sure that buckets are there, and where the job is.

    A bucket of two regions is in both. A multi-region is nowhere in particular: `EU`
    leaves out some of Europe, and which regions hold the rows is not said.

    Args:
        uris: `gs://bucket/…`; a bucket is asked for once.
        region: Region of Compute Engine, as `europe-west1`.

    Raises:
        ConfigurationError: a bucket is elsewhere, is not there, or may not be seen.
    """
    buckets = dict.fromkeys(uri.removeprefix("gs://").split("/")[0] for uri in uris)
    try:
        client = storage.Client()
    except (GoogleAuthError, OSError):
        raise ConfigurationError(
            "no credentials for Google Cloud; run"
            " `gcloud auth application-default login`"
        ) from None
    for bucket in buckets:
        _check(client, bucket, region)


def _check(client: storage.Client, bucket: str, region: str) -> None:
    try:
        with translated(bucket):
            found = client.get_bucket(bucket)
    except ObjectNotFound:
        raise ConfigurationError(f"gs://{bucket}: there is no such bucket") from None
    except OSError as error:
        raise ConfigurationError(
            f"gs://{bucket}: cannot be looked at ({cause_of(error)}); this account"
            " needs storage.buckets.get there"
        ) from None
    places = [str(each).upper() for each in found.data_locations or [found.location]]
    if region.upper() not in places:
        raise ConfigurationError(
            f"gs://{bucket}: is in {' and '.join(places)}, and the job in {region};"
            " give a bucket of the job's --region"
        )
