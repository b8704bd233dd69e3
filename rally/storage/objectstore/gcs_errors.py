"""What Cloud Storage answers, in the errors of the interface.

The answers are those of the JSON API ("HTTP status and error codes for JSON"). Their
text names objects and accounts, so none of it goes into our messages.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption

from rally.availability import is_away
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
)

_REFUSALS = (exceptions.GoogleAPIError, GoogleAuthError, DataCorruption)
# A 403 is a hold by its reason or, where the answer came to an upload, by its text.
_HELD = re.compile(
    r"retentionPolicyNotMet|objectUnderActiveHold"
    r"|cannot be deleted, overwritten or archived",
    re.IGNORECASE,
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
        name: of the object, or the prefix, that is asked for; the errors have it.
        blob: what a hold may keep from being replaced or deleted.
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
        kind = ConnectionError if is_away(error) else OSError
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
