"""The anchor: what the chain hangs on when its oldest receipts are purged."""

import json
from typing import NamedTuple

import tink

from rally.receipts.receipt import FIRST, FOLDER
from rally.storing.container import canonical_json
from rally.storing.objects import GenerationMismatch, ObjectNotFound, ObjectStore
from rally.studies.fields import Fields, Place, hexadecimal, whole
from rally.withdrawing.list_object import Mac

ANCHOR = FOLDER + "anchor.json"
_CONTEXT = b"receipt-anchor\n"


class Anchor(NamedTuple):
    """The end of what was purged.

    Attributes:
        through: number of the last receipt that may be gone.
        digest: SHA-256 of its bytes, in hex.
    """

    through: int = 0
    digest: str = FIRST


def read_anchor(platform: ObjectStore, mac: Mac) -> Anchor:
    """The anchor; where none was ever written, what comes before the first receipt.

    Raises:
        ConfigurationError: it is not as the purge wrote it.
    """
    place = Place(f"{platform.uri.rstrip('/')}/{ANCHOR}")
    try:
        content = json.loads(platform.read(ANCHOR))
    except ObjectNotFound:
        return Anchor()
    except ValueError:
        raise place.error("is not JSON; restore it from a backup") from None
    fields = Fields(place, content)
    anchor = Anchor(fields.need("through", whole), fields.need("hash", hexadecimal(64)))
    tag = fields.need("mac", hexadecimal())
    fields.close()
    try:
        mac.verify_mac(bytes.fromhex(tag), _body(anchor))
    except (tink.TinkError, ValueError):
        raise place.error("is not as the purge wrote it; restore it") from None
    return anchor


def write_anchor(
    platform: ObjectStore, mac: Mac, anchor: Anchor, generation: int | None
) -> None:
    """Writes an anchor in the place of a generation (None: of none).

    Raises:
        GenerationMismatch: another purge wrote one since.
    """
    tag = mac.compute_mac(_body(anchor)).hex()
    content = {"through": anchor.through, "hash": anchor.digest, "mac": tag}
    data = canonical_json(content).encode() + b"\n"
    if generation is not None:
        platform.replace(ANCHOR, data, generation)
    elif not platform.create(ANCHOR, data):
        raise GenerationMismatch(ANCHOR)


def _body(anchor: Anchor) -> bytes:
    content = {"through": anchor.through, "hash": anchor.digest}
    return _CONTEXT + canonical_json(content).encode()
