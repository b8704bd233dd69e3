"""The anchor: what the chain hangs on when its oldest receipts are purged."""

import json
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.fields import Fields, Place, hexadecimal, whole
from rally.keys.signing import SigningKey
from rally.receipts.receipt import FIRST, FOLDER
from rally.storage.container import canonical_json
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)

ANCHOR = FOLDER + "anchor.json"
_CONTEXT = b"rally receipt anchor\n"


class Anchor(NamedTuple):
    """The end of what was purged.

    Attributes:
        through: Number of the last receipt that may be gone.
        digest: SHA-256 of its bytes, in hex.
    """

    through: int = 0
    digest: str = FIRST


def read_anchor(platform: ObjectStore, decisions: Chain) -> Anchor:
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
    signature = fields.need("signature", hexadecimal())
    fields.close()
    if not decisions.is_anchor(anchor.through, signature, _body(anchor)):
        raise place.error("is not as the purge wrote it; restore it")
    return anchor


def write_anchor(
    platform: ObjectStore, key: SigningKey, anchor: Anchor, generation: int | None
) -> None:
    """Writes an anchor in the place of a generation (None: of none).

    Raises:
        GenerationMismatch: another purge wrote one since.
    """
    signature = key.sign(_body(anchor)).hex()
    content = {
        "through": anchor.through,
        "hash": anchor.digest,
        "signature": signature,
    }
    data = canonical_json(content).encode() + b"\n"
    if generation is not None:
        platform.replace(ANCHOR, data, generation)
    elif not platform.create(ANCHOR, data):
        raise GenerationMismatch(ANCHOR)


def _body(anchor: Anchor) -> bytes:
    content = {"through": anchor.through, "hash": anchor.digest}
    return _CONTEXT + canonical_json(content).encode()
