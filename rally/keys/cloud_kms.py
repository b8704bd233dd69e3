"""Cloud KMS: the keys that sign there, and the keys that encrypt buckets (CMEK).

Where a concluded study's bucket has a key of its own, the key's versions are destroyed
at the end: whatever anybody copied out of the bucket's disks is unreadable from then
on. Cloud KMS destroys a version only some time after it was asked to ("Destroy and
restore key versions"); until then it can be taken back.

A refusal is told by its kind alone, since its text may name accounts.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

_ALIVE = ("ENABLED", "DISABLED")


class SigningService(Protocol):
    """The methods of google.cloud.kms's KeyManagementServiceClient that sign."""

    def get_public_key(self, request: Any) -> Any:
        """Returns the public half of a key's version, PEM."""

    def asymmetric_sign(self, request: Any) -> Any:
        """Returns a signature over `data`."""


class KeyService(Protocol):
    """The methods of google.cloud.kms's KeyManagementServiceClient that destroy."""

    def list_crypto_key_versions(self, request: Any) -> Any:
        """Lists the versions of a key."""

    def destroy_crypto_key_version(self, request: Any) -> Any:
        """Schedules a version's destruction."""


class Destruction(NamedTuple):
    """Outcome of the destruction of a key.

    Attributes:
        versions: Number of versions that had to be destroyed by this call.
        until: Time at which the last version is gone, UTC; None where all are.
    """

    versions: int
    until: datetime | None


def open_signing_service() -> SigningService:
    """Opens Cloud KMS by this machine's credentials. Raises ConnectionError."""
    service: SigningService = _open()
    return service


def open_key_service() -> KeyService:
    """Opens Cloud KMS by this machine's credentials. Raises ConnectionError."""
    service: KeyService = _open()
    return service


def ask(
    method: Callable[..., Any], request: dict[str, Any], where: str | None = None
) -> Any:
    """Asks Cloud KMS.

    Args:
        method: The method of its client.
        request: The method's request.
        where: The file that names the key, for the message.

    Raises:
        ConnectionError: the service refuses, or is not reached.
    """
    try:
        return method(request=request)
    except _refusals() as error:
        raise _refused(error, where) from None


def destroy_versions(service: KeyService, key: str) -> Destruction:
    """Has every version of a key destroyed; those that are already, stay so.

    Args:
        service: Cloud KMS.
        key: The key's resource name.

    Raises:
        ConnectionError: the service refuses, or is not reached.
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
    except _refusals() as error:
        raise _refused(error) from None
    return Destruction(destroyed, max(times, default=None))


def _open() -> Any:
    from google.cloud import kms_v1  # slow to import, and seldom needed

    try:
        return kms_v1.KeyManagementServiceClient()
    except _refusals() as error:
        raise _refused(error) from None


def _refusals() -> tuple[type[Exception], ...]:
    from google.api_core import exceptions  # slow to import, and seldom needed
    from google.auth.exceptions import GoogleAuthError

    return exceptions.GoogleAPIError, GoogleAuthError


def _refused(error: Exception, where: str | None = None) -> ConnectionError:
    what = f"Cloud KMS says {type(error).__name__}"
    return ConnectionError(None, f"{where}: {what}" if where else what)
