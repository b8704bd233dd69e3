"""Objects on Google Cloud Storage.

Uploads carry `ifGenerationMatch`, so a name is taken by exactly one writer and an
object is visible only when whole (Cloud Storage, "Request preconditions").
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption

from rally.errors import ConfigurationError
from rally.storing.objects import GenerationMismatch, ObjectInfo, ObjectNotFound

_PROBE = ".rally-probe-"
_REFUSALS = (exceptions.GoogleAPIError, GoogleAuthError, DataCorruption)


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
        return self._download(name, None, None)

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from offset `start`. Raises ObjectNotFound."""
        # A range of HTTP has at least one byte.
        try:
            return self._download(name, start, start + max(length, 1) - 1)[:length]
        except exceptions.RequestRangeNotSatisfiable:
            return b""

    def stat(self, name: str) -> ObjectInfo | None:
        """The object as a listing shows it, or None."""
        with _translated(name):
            blob = self._bucket.get_blob(self._prefix + name)
        return self._info(blob) if blob else None

    def create(self, name: str, data: bytes) -> bool:
        """Makes the object; False where the name is taken."""
        try:
            self._upload(name, data, 0)
        except GenerationMismatch:
            return False
        return True

    def replace(self, name: str, data: bytes, generation: int) -> int:
        """Replaces that generation. Raises GenerationMismatch."""
        return self._upload(name, data, generation)

    def delete(self, name: str, generation: int) -> None:
        """Deletes that generation. Raises GenerationMismatch where it has changed."""
        try:
            with _translated(name):
                self._blob(name).delete(if_generation_match=generation)
        except ObjectNotFound:
            return

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose names begin with `prefix`, sorted by name."""
        start = self._prefix + prefix
        with _in_bucket(), _translated(prefix):
            for blob in self._client.list_blobs(self._bucket, prefix=start):
                if not blob.name.startswith(self._prefix + _PROBE):
                    yield self._info(blob)

    def check_writable(self) -> None:
        """Makes and deletes a small object. Raises OSError where that is refused."""
        name = f"{_PROBE}{uuid.uuid4()}"
        self.delete(name, self._upload(name, b"", 0))

    def _blob(self, name: str) -> storage.Blob:
        return self._bucket.blob(self._prefix + name)

    def _download(self, name: str, start: int | None, end: int | None) -> bytes:
        with _translated(name):
            data: bytes = self._blob(name).download_as_bytes(start=start, end=end)
        return data

    def _upload(self, name: str, data: bytes, generation: int) -> int:
        blob = self._blob(name)
        with _in_bucket(), _translated(name):
            blob.upload_from_string(
                data,
                content_type="application/octet-stream",
                if_generation_match=generation,
                checksum="crc32c",
            )
        return int(blob.generation)

    def _info(self, blob: storage.Blob) -> ObjectInfo:
        name = blob.name.removeprefix(self._prefix)
        return ObjectInfo(name, int(blob.size), int(blob.generation))


@contextmanager
def _in_bucket() -> Iterator[None]:
    """Where only the bucket can be what is not found."""
    try:
        yield
    except ObjectNotFound:
        raise FileNotFoundError(None, "there is no such bucket") from None


class _translated:  # noqa: N801 - reads as a word in `with`
    """Turns the service's answers into the errors of the interface."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if isinstance(error, exceptions.NotFound):
            raise ObjectNotFound(self._name) from None
        if isinstance(error, exceptions.PreconditionFailed):
            raise GenerationMismatch(self._name) from None
        if isinstance(error, exceptions.RequestRangeNotSatisfiable):
            return
        if isinstance(error, _REFUSALS):
            reason = type(error).__name__
            raise OSError(None, f"Cloud Storage says {reason}") from None
