"""Each error of a store has one kind, whoever meets it."""

from datetime import UTC, datetime

import pytest

from rally.errors import ConfigurationError, CorruptFile, UnknownCodec
from rally.storage.failures import (
    STORE_ERRORS,
    Failure,
    FailureKind,
    failure_of,
    kind_of_failure,
)
from rally.storage.leases import LeaseHeld
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    Stray,
    StrayInTheWay,
    StrayKind,
)
from rally.storage.runs import Run

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
RUN = Run("1" * 32, "delete", "a-machine", 4711, 1, UNTIL, UNTIL)

TABLE = {
    "codec": (UnknownCodec("codec x"), Failure(FailureKind.CODEC, "codec x")),
    "damaged": (CorruptFile("no end"), Failure(FailureKind.DAMAGED, "no end")),
    "gone": (ObjectNotFound("data/a"), Failure(FailureKind.GONE)),
    "changed": (GenerationMismatch("data/a"), Failure(FailureKind.CHANGED)),
    "held": (ObjectHeld("data/a", UNTIL), Failure(FailureKind.HELD, "", UNTIL)),
    "held for ever": (ObjectHeld("data/a"), Failure(FailureKind.HELD)),
    "refused": (
        PermissionError(13, "Permission denied", "/srv/a"),
        Failure(FailureKind.REFUSED, "Permission denied"),
    ),
    "away": (
        ConnectionError("asked 127.0.0.1"),
        Failure(FailureKind.REFUSED, "ConnectionError"),
    ),
    "link": (
        StrayInTheWay(Stray("data/a", StrayKind.LINK), "/srv/data/a"),
        Failure(FailureKind.REFUSED, "is a link, which nobody follows or opens"),
    ),
}


@pytest.mark.parametrize(("error", "expected"), TABLE.values(), ids=TABLE)
def test_error_has_its_kind_and_no_name_of_an_object(error, expected):
    assert isinstance(error, STORE_ERRORS)
    assert failure_of(error) == expected
    assert kind_of_failure(type(error)) is expected.kind


def test_lease_says_who_has_it():
    error = LeaseHeld(RUN)
    assert failure_of(error) == Failure(FailureKind.BUSY, str(error))


@pytest.mark.parametrize("error", [ValueError("x"), ConfigurationError("y")])
def test_what_no_store_raised_is_raised_again(error):
    assert kind_of_failure(type(error)) is None
    with pytest.raises(type(error)) as caught:
        failure_of(error)
    assert caught.value is error
