"""The one ladder from an error of a store to what is in the way of the work at hand.

Jobs go on with other objects where one cannot be read or written, and each says what is
in the way in words of its own. What kind of thing it is, is decided here alone.
"""

from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from rally.errors import CorruptFile, UnknownCodec, cause_of
from rally.storage.leases import LeaseHeld
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
)


class FailureKind(Enum):
    """Kind of obstacle to work on an object.

    CODEC: its blocks are compressed by a codec that is not served.
    DAMAGED: it is no whole file.
    BUSY: another run has the lease.
    GONE: there is no such object.
    CHANGED: it is not at the generation that was seen.
    HELD: a hold or a retention policy forbids to replace or delete it.
    REFUSED: the store cannot be reached, or refuses.
    """

    CODEC = auto()
    DAMAGED = auto()
    BUSY = auto()
    GONE = auto()
    CHANGED = auto()
    HELD = auto()
    REFUSED = auto()


class Failure(NamedTuple):
    """An error of a store, as jobs tell it.

    Attributes:
        kind: Kind of obstacle.
        detail: What the error says of it, in a few words, without the object's name;
            "" where the kind says all.
        until: End of a hold, UTC; None where nobody says, or there is none.
    """

    kind: FailureKind
    detail: str = ""
    until: datetime | None = None


STORE_ERRORS = (
    CorruptFile,
    LeaseHeld,
    ObjectNotFound,
    GenerationMismatch,
    ObjectHeld,
    OSError,
)
"""The errors that `failure_of` takes."""

_LADDER: tuple[tuple[type[Exception], FailureKind], ...] = (
    (UnknownCodec, FailureKind.CODEC),  # a CorruptFile, too
    (CorruptFile, FailureKind.DAMAGED),
    (LeaseHeld, FailureKind.BUSY),
    (ObjectNotFound, FailureKind.GONE),
    (GenerationMismatch, FailureKind.CHANGED),
    (ObjectHeld, FailureKind.HELD),
    (OSError, FailureKind.REFUSED),
)


def kind_of_failure(error: type) -> FailureKind | None:
    """Finds the kind by the class of an error; None for one that is no store's."""
    return next((kind for each, kind in _LADDER if issubclass(error, each)), None)


def failure_of(error: Exception) -> Failure:
    """Turns an error of a store into what is in the way; raises others again."""
    kind = kind_of_failure(type(error))
    if kind is None:
        raise error
    if isinstance(error, ObjectHeld):
        return Failure(kind, until=error.until)
    if isinstance(error, OSError):
        return Failure(kind, cause_of(error))
    if kind in (FailureKind.GONE, FailureKind.CHANGED):
        return Failure(kind)  # these name the object alone
    return Failure(kind, str(error))
