"""What a bucket keeps of what was replaced or deleted.

Noncurrent generations, where the bucket is versioned, and soft-deleted objects, where
it has a soft delete policy, which is so by default and for seven days (Cloud Storage,
"Object Versioning" and "Soft delete").
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from google.api_core import exceptions
from google.cloud import storage

from rally.storage.objectstore.interface import FOREVER, OldCopy


def list_old_copies(bucket: storage.Bucket, prefix: str) -> list[OldCopy]:
    """Old copies of objects whose names in the bucket begin with `prefix`, sorted.

    What moves from the first kind to the second meanwhile is listed once, as what it
    has become. Raises what the client raises.
    """
    now, found = datetime.now(UTC), dict[tuple[str, int], OldCopy]()
    for copy in (*_noncurrent(bucket, prefix, now), *_soft_deleted(bucket, prefix)):
        found[copy.name, copy.generation] = copy
    return [found[key] for key in sorted(found)]


def _noncurrent(
    bucket: storage.Bucket, prefix: str, now: datetime
) -> Iterator[OldCopy]:
    for blob in bucket.list_blobs(prefix=prefix, versions=True):
        if blob.time_deleted:
            yield _copy(blob, blob.time_deleted, *_kept(blob, now))


def _kept(blob: storage.Blob, now: datetime) -> tuple[datetime | None, str]:
    if blob.temporary_hold or blob.event_based_hold:
        return FOREVER, "hold"
    until = blob.retention_expiration_time
    return (until, "retention") if until and until > now else (None, "noncurrent")


def _soft_deleted(bucket: storage.Bucket, prefix: str) -> Iterator[OldCopy]:
    try:
        for blob in bucket.list_blobs(prefix=prefix, soft_deleted=True):
            if blob.soft_delete_time:
                since = blob.time_deleted or blob.soft_delete_time
                yield _copy(blob, since, blob.hard_delete_time, "soft-deleted")
    except exceptions.BadRequest:
        return  # no soft delete policy: the listing before differs in that alone


def _copy(
    blob: storage.Blob, since: datetime, until: datetime | None, why: str
) -> OldCopy:
    size, generation = int(blob.size), int(blob.generation)
    return OldCopy(blob.name, size, generation, since, until, why)
