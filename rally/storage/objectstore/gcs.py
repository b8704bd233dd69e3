"""Objects on Google Cloud Storage.

Uploads carry `ifGenerationMatch`, so a name is taken by exactly one writer and an
object is visible only when whole (Cloud Storage, "Request preconditions").
"""

import base64
import errno
import io
import logging
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import BinaryIO, NamedTuple

import google_crc32c
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption

from rally.availability import is_unavailable
from rally.errors import ConfigurationError
from rally.storage.objectstore.interface import (
    FOREVER,
    GenerationMismatch,
    ObjectHeld,
    ObjectInfo,
    ObjectNotFound,
    OldCopy,
    Stray,
    StrayKind,
    check_object_name,
    is_object_name,
)
from rally.times import nearest

_REFUSALS = (exceptions.GoogleAPIError, GoogleAuthError, DataCorruption)
# A 403 is a hold by its reason or, where the answer came to an upload, by its text.
_HELD = re.compile(
    r"retentionPolicyNotMet|objectUnderActiveHold"
    r"|cannot be deleted, overwritten or archived",
    re.IGNORECASE,
)

# Where there are no credentials an error says so, and what to do.
logging.getLogger("google.auth._default").addFilter(
    lambda record: "unavailable metadata server" not in record.getMessage()
)


@contextmanager
def in_bucket() -> Iterator[None]:
    """Where only the bucket can be what is not found."""
    try:
        yield
    except ObjectNotFound:
        raise FileNotFoundError(None, "there is no such bucket") from None


@contextmanager
def translated(name: str, blob: storage.Blob | None = None) -> Iterator[None]:
    """Turns the service's answers into the errors of the interface.

    Args:
        name: Name of the object, or the prefix, that is asked for; the errors have it.
        blob: Object that a hold may keep from being replaced or deleted.
    """
    try:
        yield
    except exceptions.NotFound:
        raise ObjectNotFound(name) from None
    except exceptions.PreconditionFailed:
        raise GenerationMismatch(name) from None
    except _REFUSALS as error:
        if blob and _says_held(error):
            raise ObjectHeld(name, _held_until(blob)) from None
        kind = ConnectionError if is_unavailable(error) else OSError
        raise kind(None, f"Cloud Storage says {type(error).__name__}") from None


def _says_held(error: Exception) -> bool:
    if not isinstance(error, exceptions.Forbidden):
        return False
    return bool(_HELD.search(f"{error.message} {error.errors}"))


def _held_until(blob: storage.Blob) -> datetime | None:
    try:
        found = blob.bucket.get_blob(blob.name, generation=blob.generation)
    except _REFUSALS:
        return None
    if found is None or found.temporary_hold or found.event_based_hold:
        return None
    until: datetime | None = found.retention_expiration_time
    return until


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


_PROBE = ".rally-probe-"
_TO_READ = ("storage.objects.get", "storage.objects.list")
_TO_WRITE = ("storage.objects.create", "storage.objects.delete")


class GcsStore:
    """A bucket, or what is below a prefix of it.

    An answer that the service could not give is an OSError: the step fails and is
    repeated, as with a disk.
    """

    def __init__(self, uri: str) -> None:
        """Roots the store at `gs://bucket/prefix`. Nothing is asked of it yet."""
        path = uri.removeprefix("gs://").rstrip("/")
        self.uri = f"gs://{path}"
        bucket, _, prefix = path.partition("/")
        if not bucket:
            raise ConfigurationError(f"{uri}: names no bucket; give gs://bucket/folder")
        try:
            self._client = storage.Client()
        except (GoogleAuthError, OSError):
            raise ConfigurationError(
                f"{uri}: no credentials for Google Cloud; run"
                " `gcloud auth application-default login`"
            ) from None
        self._bucket = self._client.bucket(bucket)
        self._prefix = f"{prefix}/" if prefix else ""

    def read(self, name: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""
        with translated(name):
            data: bytes = self._blob(name).download_as_bytes()
        return data

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from offset `start`. Raises ObjectNotFound."""
        with translated(name):
            return download(self._blob(name), start, length)

    def stat(self, name: str) -> ObjectInfo | None:
        """The object as a listing shows it, or None."""
        if not is_object_name(name):
            return None
        with translated(name):
            blob = self._bucket.get_blob(self._prefix + name)
        return self._info(blob) if blob else None

    @contextmanager
    def open(self, name: str, generation: int | None = None) -> "Iterator[_Snapshot]":
        """Opens the live generation. Raises ObjectNotFound, GenerationMismatch."""
        info = self.stat(name)
        if info is None:
            raise ObjectNotFound(name)
        if generation not in (None, info.generation):
            raise GenerationMismatch(name)
        yield _Snapshot(info, self._bucket, self._prefix + name)

    @contextmanager
    def draft(self, name: str) -> "Iterator[_Draft]":
        """Begins an object, in a file without a name that ends with the process."""
        with tempfile.TemporaryFile() as file:
            yield self._drafted(name, file)

    def create(self, name: str, data: bytes) -> bool:
        """Makes the object; False where the name is taken."""
        return self._drafted(name, io.BytesIO(data)).create()

    def replace(self, name: str, data: bytes, generation: int) -> int:
        """Replaces that generation. Raises GenerationMismatch, ObjectHeld."""
        return self._drafted(name, io.BytesIO(data)).replace(generation)

    def delete(self, name: str, generation: int) -> None:
        """Deletes that generation. Raises GenerationMismatch, ObjectHeld."""
        with suppress(ObjectNotFound):
            blob = self._blob(name)
            with translated(name, blob):
                blob.delete(if_generation_match=generation)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose names begin with `prefix`, sorted by name."""
        return (info for info, _ in self.list_dated(prefix))

    def list_dated(self, prefix: str = "") -> Iterator[tuple[ObjectInfo, datetime]]:
        """The same, and when each generation was made."""
        start = self._prefix + prefix
        with in_bucket(), translated(prefix):
            for blob in self._client.list_blobs(self._bucket, prefix=start):
                info = self._info(blob)
                if not info.name.startswith(_PROBE) and is_object_name(info.name):
                    yield info, nearest(blob.time_created)

    def strays(self, prefix: str = "") -> Iterator[Stray]:
        """Objects of names that are not taken; asked of a single object, none."""
        if prefix and not prefix.endswith("/"):
            return
        start, names = self._prefix + prefix, "items(name),nextPageToken"
        with in_bucket(), translated(prefix):
            for blob in self._client.list_blobs(
                self._bucket, prefix=start, fields=names
            ):
                name = blob.name.removeprefix(self._prefix)
                if not is_object_name(name):
                    yield Stray(name, StrayKind.NAME)

    def old_copies(self, prefix: str) -> Iterator[OldCopy]:
        """Noncurrent and soft-deleted generations, sorted by name and generation."""
        with in_bucket(), translated(prefix):
            copies = list_old_copies(self._bucket, self._prefix + prefix)
        for copy in copies:
            if not copy.name.startswith(self._prefix + _PROBE):
                yield copy._replace(name=copy.name.removeprefix(self._prefix))

    def purge(self, copy: OldCopy) -> None:
        """Deletes that generation; one that is gone is fine. Raises ObjectHeld."""
        if copy.why == "soft-deleted" and copy.until and copy.until > datetime.now(UTC):
            # The service says 404 to its deletion, as if it were gone.
            raise ObjectHeld(copy.name, copy.until)
        path, generation = self._prefix + copy.name, copy.generation
        blob = self._bucket.blob(path, generation=generation)  # whatever it is called
        with suppress(ObjectNotFound), translated(copy.name, blob):
            blob.delete()

    def has_folder(self, folder: str, *, writes: bool = False) -> bool:
        """A bucket has no folders."""
        return False

    def check_writable(self) -> None:
        """Makes and deletes a small object. Raises OSError where that is refused."""
        name = f"{_PROBE}{uuid.uuid4()}"
        self.delete(name, self.replace(name, b"", 0))

    def check_rights(self, *, writes: bool) -> None:
        """Asks which permissions this account has in the bucket. Raises OSError."""
        wanted = [*_TO_READ, *(_TO_WRITE if writes else ())]
        with in_bucket(), translated(""):
            granted = self._bucket.test_iam_permissions(wanted)
        if missing := [each for each in wanted if each not in granted]:
            what = f"this account lacks {', '.join(missing)}"
            raise PermissionError(errno.EACCES, what)

    def storage_key(self) -> str | None:
        """The default key of the bucket (CMEK)."""
        with in_bucket(), translated(""):
            key: str | None = self._client.get_bucket(
                self._bucket.name
            ).default_kms_key_name
        return key

    def _blob(self, name: str, generation: int | None = None) -> storage.Blob:
        if not is_object_name(name):
            raise ObjectNotFound(name)
        return self._bucket.blob(self._prefix + name, generation=generation)

    def _drafted(self, name: str, file: BinaryIO) -> "_Draft":
        check_object_name(name)
        return _Draft(name, file, self._bucket, self._prefix + name)

    def _info(self, blob: storage.Blob) -> ObjectInfo:
        name = blob.name.removeprefix(self._prefix)
        return ObjectInfo(name, int(blob.size), int(blob.generation))


class _Snapshot(NamedTuple):
    """A generation; each request names it."""

    info: ObjectInfo
    bucket: storage.Bucket
    path: str

    def read(self, start: int, length: int) -> bytes:
        """The bytes from offset `start`. Raises GenerationMismatch where it is gone."""
        name, _, generation = self.info
        blob = self.bucket.blob(self.path, generation=generation)
        try:
            with translated(name):
                return download(blob, start, length)
        except ObjectNotFound:
            raise GenerationMismatch(name) from None


class _Draft(NamedTuple):
    """A file that becomes an object when it is uploaded."""

    name: str
    file: BinaryIO
    bucket: storage.Bucket
    path: str

    def create(self) -> bool:
        """Makes the object; False where the name is taken."""
        try:
            self.replace(0)  # the precondition of this number is: there is none
        except GenerationMismatch:
            return False
        return True

    def replace(self, generation: int) -> int:
        """Replaces that generation. Raises GenerationMismatch, ObjectHeld."""
        blob = self.bucket.blob(self.path)
        with in_bucket(), translated(self.name, blob):
            new = upload(blob, self.file, generation)
        self.file.close()
        return new


CHUNK_BYTES = 8 * 1024 * 1024
"""What of an upload is held in memory, and sent again when a connection breaks."""


def download(blob: storage.Blob, start: int, length: int) -> bytes:
    """Up to `length` bytes from offset `start`, of the generation that `blob` has."""
    end = start + max(length, 1) - 1  # a range of HTTP has at least one byte
    try:
        data: bytes = blob.download_as_bytes(start=start, end=end)
    except exceptions.RequestRangeNotSatisfiable:
        return b""
    return data[:length]


def upload(blob: storage.Blob, file: BinaryIO, generation: int) -> int:
    """Makes the whole file the object in place of that generation; returns the new one.

    Larger files go in chunks, and go on where they were when a chunk is lost. The
    precondition makes it safe to send any of it twice.
    """
    blob.chunk_size = CHUNK_BYTES
    size, checksum = file.seek(0, io.SEEK_END), _checksum(file)
    try:
        blob.upload_from_file(
            file,
            rewind=True,
            size=size,
            content_type="application/octet-stream",
            if_generation_match=generation,
            checksum="crc32c",
            crc32c_checksum_value=checksum,
        )
    except ValueError:  # the client cannot go on from within a chunk
        raise OSError(None, "Cloud Storage took a part of a chunk alone") from None
    return int(blob.generation)


def _checksum(file: BinaryIO) -> str:
    """What the service must find before it makes the object, base64.

    Without it the client compares afterwards, and deletes whatever is live by then.
    """
    file.seek(0)
    found = 0
    while part := file.read(CHUNK_BYTES):
        found = google_crc32c.extend(found, part)
    return base64.b64encode(found.to_bytes(4, "big")).decode()
