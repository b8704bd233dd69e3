"""The chain of receipts: one object each, numbered, each naming the one before.

A number is taken by creating its object, so two writers never write the same one, and
a receipt that is there is never written again.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.fields import Place
from rally.keys.signing import SigningKey
from rally.receipts.anchor import read_anchor
from rally.receipts.encoding import digest, encode_receipt, read_sealed, seal
from rally.receipts.receipt import Receipt, receipt_name
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore


def append(
    platform: ObjectStore,
    decisions: Chain,
    key: SigningKey,
    make: Callable[[int, str], Receipt],
    since: int = 0,
) -> Receipt:
    """Writes a receipt at the end of the chain.

    It is written exactly once: where one of the same occasion (request, reason, plan)
    stands after `since` already, of a run that was killed or of one beside this, that
    one is the answer. Several in a row are appended in one order, the same in every
    run, each with `since` the number of the one before.

    Args:
        platform: The platform's store.
        decisions: Decisions of the platform, which name the keys that count.
        key: Key of deletion.
        make: The receipt, of its number and the hash of the one before. It is called
            again where another writer was first.
        since: The last number that the caller knows, so that the end of a long chain is
            soon found; 0 goes through all of it.

    Returns:
        The receipt as it stands there, sealed.

    Raises:
        ConfigurationError: the receipt of that number is missing, or one after it is
            not as it was written.
    """
    number, previous = _known(platform, decisions, since)
    while True:
        number += 1
        receipt = seal(make(number, previous), key)
        data = encode_receipt(receipt)
        if platform.create(receipt_name(number), data):
            return receipt
        data = platform.read(receipt_name(number))
        found = _checked(platform, decisions, number, data)
        if found.occasion == receipt.occasion:
            return found
        previous = digest(data)


def find(platform: ObjectStore, decisions: Chain, since: int = 0) -> Iterator[Receipt]:
    """The receipts after a number, in order, each as it was written.

    Raises:
        ConfigurationError: the receipt of that number is missing, or one after it is
            not as it was written.
    """
    number, _ = _known(platform, decisions, since)
    while platform.stat(receipt_name(number := number + 1)):
        data = platform.read(receipt_name(number))
        yield _checked(platform, decisions, number, data)


def find_signed(
    platform: ObjectStore, decisions: Chain, since: int
) -> Iterator[Receipt]:
    """The receipts after a number that deletion signed, whatever else lies there.

    Raises:
        OSError: the platform cannot be read.
    """
    number = since
    if platform.stat(receipt_name(since + 1)) is None:
        with suppress(ConfigurationError):  # the audit names an anchor that is forged
            number = max(since, read_anchor(platform, decisions).through)
    while platform.stat(receipt_name(number := number + 1)):
        data = platform.read(receipt_name(number))
        with suppress(ConfigurationError):
            yield _checked(platform, decisions, number, data)


def read_receipt(
    platform: ObjectStore, decisions: Chain, number: int
) -> Receipt | None:
    """A receipt, or None where the anchor says that it was purged.

    Raises:
        ConfigurationError: it is missing, or not as it was written.
    """
    data = _read(platform, decisions, number)
    return None if data is None else _checked(platform, decisions, number, data)


def _known(platform: ObjectStore, decisions: Chain, number: int) -> tuple[int, str]:
    """From where to go on: the last number that is known or purged, and its hash."""
    data = _read(platform, decisions, number) if number else None
    if data is not None:
        return number, digest(data)
    anchor = read_anchor(platform, decisions)
    return anchor.through, anchor.digest


def _read(platform: ObjectStore, decisions: Chain, number: int) -> bytes | None:
    """A receipt's bytes; None where it was purged."""
    try:
        return platform.read(receipt_name(number))
    except ObjectNotFound:
        if number <= read_anchor(platform, decisions).through:
            return None
        raise _place(platform, number).error(
            "is missing; restore it from a backup"
        ) from None


def _checked(
    platform: ObjectStore, decisions: Chain, number: int, data: bytes
) -> Receipt:
    return read_sealed(data, decisions, number, _place(platform, number).file)


def _place(platform: ObjectStore, number: int) -> Place:
    return Place(f"{platform.uri.rstrip('/')}/{receipt_name(number)}")
