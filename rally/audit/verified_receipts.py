"""The last receipt that a whole audit verified; an audit of a sample goes on from it.

    reports/receipts.json    replaced by each audit that read everything

A chain of a million receipts costs a sample what is new since. The audit has no key to
sign with, so it seals the point with the platform's pseudonym key. Who forges one needs
that key and the right to write reports, and hides what is wrong before that receipt
until the next whole audit; an older one only costs time, as does one that is lost.
"""

import hmac
from contextlib import suppress

from rally.bounded_json import InvalidJson, parse_json
from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.fields import Fields, Place, hexadecimal, whole
from rally.keys.platform_keys import PseudonymPrf
from rally.receipts.anchor import Anchor
from rally.receipts.verify import NOTHING, Finding, verify_since
from rally.storage.container import canonical_json
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    ObjectStore,
)

POINT = "reports/receipts.json"
_CONTEXT = b"rally verified receipts\n"
_MOST_BYTES = 1024


def verify_receipts(
    platform: ObjectStore,
    decisions: Chain,
    stores: Stores,
    known: int,
    key: PseudonymPrf | None,
    *,
    is_whole: bool,
) -> tuple[Finding, ...]:
    """Verifies the chain of receipts: all of it, or what is new since that was done.

    Args:
        platform: The platform's store.
        decisions: Decisions of the platform, which name the keys that count.
        stores: Stores whose files are looked at.
        known: The last number that the withdrawal list knows.
        key: The platform's pseudonym key; None where it is gone.
        is_whole: Whether the audit reads everything.

    Raises:
        OSError: A store cannot be reached, or refuses.
    """
    since = read_point(platform, key) if key and not is_whole else NOTHING
    verified = verify_since(platform, decisions, stores, known, since)
    if key and is_whole and verified.end != NOTHING and not verified.findings:
        write_point(platform, key, verified.end)
    return verified.findings


def read_point(platform: ObjectStore, key: PseudonymPrf) -> Anchor:
    """Reads the point.

    Returns:
        The last receipt that was verified; what comes before the first one if there is
        no point, or none that is sealed with the key.

    Raises:
        OSError: The store cannot be read.
    """
    try:
        content = parse_json(platform.read_range(POINT, 0, _MOST_BYTES))
        fields = Fields(Place(POINT), content)
        point = Anchor(fields.need("through", whole), fields.need("hash", _digest))
        seal = fields.need("seal", hexadecimal())
    except (ObjectNotFound, InvalidJson, ConfigurationError):
        return NOTHING
    return point if hmac.compare_digest(seal, _seal(key, point)) else NOTHING


def write_point(platform: ObjectStore, key: PseudonymPrf, point: Anchor) -> None:
    """Writes the point in the place of the one before.

    An auditor who may write nothing leaves it as it is, as one does whom another audit
    overtakes: samples then read more.
    """
    content = {"through": point.through, "hash": point.digest}
    data = canonical_json({**content, "seal": _seal(key, point)}).encode() + b"\n"
    with suppress(OSError, GenerationMismatch, ObjectHeld):
        if info := platform.stat(POINT):
            platform.replace(POINT, data, info.generation)
        else:
            platform.create(POINT, data)


def _seal(key: PseudonymPrf, point: Anchor) -> str:
    content = {"through": point.through, "hash": point.digest}
    return key.compute(_CONTEXT + canonical_json(content).encode()).hex()


_digest = hexadecimal(64)
