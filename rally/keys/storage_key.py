"""Storage keys: the Cloud KMS key that a bucket encrypts its objects with (CMEK).

Where a concluded study's bucket has a key of its own, the key's versions are destroyed
at the end: whatever anybody copied out of the bucket's disks is unreadable from then
on. Cloud KMS destroys a version only some time after it was asked to ("Destroy and
restore key versions"); until then it can be taken back.
"""

from datetime import datetime
from typing import Any, NamedTuple, Protocol

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

_REFUSALS = (exceptions.GoogleAPIError, GoogleAuthError)
_ALIVE = ("ENABLED", "DISABLED")


class Destruction(NamedTuple):
    """What became of a key.

    Attributes:
        versions: how many had to be destroyed by this call.
        until: when the last of them is gone, UTC; None where all of them are.
    """

    versions: int
    until: datetime | None


class KeyService(Protocol):
    """What is needed of google.cloud.kms's KeyManagementServiceClient."""

    def list_crypto_key_versions(self, request: Any) -> Any:
        """The versions of a key."""

    def destroy_crypto_key_version(self, request: Any) -> Any:
        """Schedules a version's destruction."""


def open_key_service() -> KeyService:
    """Cloud KMS by the credentials of this machine. Raises OSError."""
    from google.cloud import kms_v1  # slow to import, and seldom needed

    try:
        return kms_v1.KeyManagementServiceClient()
    except GoogleAuthError as error:
        raise _refused(error) from None


def destroy_versions(service: KeyService, key: str) -> Destruction:
    """Has every version of a key destroyed; those that are already, stay so.

    Args:
        service: Cloud KMS.
        key: its resource name.

    Raises:
        OSError: the service refuses, or is not reached.
    """
    times, destroyed = list[datetime](), 0
    try:
        for version in service.list_crypto_key_versions(request={"parent": key}):
            if version.state.name in _ALIVE:
                destroyed += 1
                version = service.destroy_crypto_key_version(
                    request={"name": version.name}
                )
            if version.state.name == "DESTROY_SCHEDULED":
                times.append(version.destroy_time)
    except _REFUSALS as error:
        raise _refused(error) from None
    return Destruction(destroyed, max(times, default=None))


def _refused(error: Exception) -> OSError:
    """The kind of refusal alone: a text may name accounts."""
    return OSError(None, f"Cloud KMS says {type(error).__name__}")
