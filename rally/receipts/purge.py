"""The purge of old receipts, which leaves an anchor for the rest to hang on."""

from datetime import date

from rally.decisions.chain import Chain
from rally.fields import Place
from rally.keys.signing import SigningKey
from rally.receipts.anchor import ANCHOR, Anchor, read_anchor, write_anchor
from rally.receipts.changes import CHANGES, first_of
from rally.receipts.encoding import digest, read_sealed
from rally.receipts.receipt import FOLDER, number_in
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectStore,
)
from rally.storage.records import list_records
from rally.times import midnight, to_micros


def purge_receipts(
    platform: ObjectStore, decisions: Chain, key: SigningKey, before: date
) -> int:
    """Deletes the receipts that were written before a day, the lowest number first.

    The anchor that covers them is written before the first goes: killed anywhere and
    run again, it ends in the same state. Nothing goes where the chain is broken, for
    that would hide it.

    The changes that receipts name go before the last receipt that may name them.

    Args:
        platform: The platform's store.
        decisions: Decisions of the platform, which name the keys that count.
        key: Key of the purge, which signs the anchor.
        before: A day in UTC, further back than any run of deletion lasts. The first
            receipt that is not older ends the purge.

    Returns:
        How many receipts were deleted.

    Raises:
        ConfigurationError: one of them, or the anchor, is missing or not as written.
        ObjectHeld: the store does not let one go.
    """
    while True:
        try:
            return _purge(platform, decisions, key, before)
        except GenerationMismatch:
            continue  # another purge moved the anchor in this moment


def _purge(
    platform: ObjectStore, decisions: Chain, key: SigningKey, before: date
) -> int:
    info = platform.stat(ANCHOR)
    anchor = read_anchor(platform, decisions)
    end, old, is_all = _before(platform, decisions, anchor, before)
    if end != anchor:
        write_anchor(platform, key, end, info.generation if info else None)
    for each in (*_old_changes(platform, end.through, is_all=is_all), *old):
        platform.delete(each.name, each.generation)
    return len(old)


def _old_changes(
    platform: ObjectStore, through: int, *, is_all: bool
) -> list[ObjectInfo]:
    """Lists the changes that no receipt after a number names, by their names alone.

    A run names its own changes. So those of an earlier run end where the next begin.

    Args:
        platform: The platform's store.
        through: Number of the last receipt that goes.
        is_all: Whether there is no receipt after it.
    """
    found = [each for each in list_records(platform, CHANGES) if first_of(each.name)]
    firsts = [first_of(each.name) for each in found]
    begun = max((each for each in firsts if each <= through + 1), default=0)
    limit = through + 1 if is_all else begun
    return [each for each, first in zip(found, firsts, strict=True) if first < limit]


def _before(
    platform: ObjectStore, decisions: Chain, anchor: Anchor, before: date
) -> tuple[Anchor, list[ObjectInfo], bool]:
    """The anchor of the receipts from before a day, these, and whether they are all."""
    limit = to_micros(midnight(before))
    end, old = anchor, list[ObjectInfo]()
    for info in list_records(platform, FOLDER):
        number = number_in(info.name)
        if number > anchor.through:  # else an earlier purge was killed before it went
            place = Place(f"{platform.uri.rstrip('/')}/{info.name}")
            data = platform.read(info.name)
            receipt = read_sealed(data, decisions, number, place.file)
            if receipt.written >= limit:
                return end, old, False
            if Anchor(number - 1, receipt.previous) != end:
                raise place.error(
                    "does not follow the one before it; run `rally receipts verify`"
                )
            end = Anchor(number, digest(data))
        if number:
            old.append(info)
    return end, old, True
