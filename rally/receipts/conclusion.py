"""The platform's last receipt: what went when after the platform was concluded.

    conclusion.json    signed by the purge, and replaced before each kind of record goes

A kind is noted with all that there is of it before the first object goes. So a purge
that is killed and run again tells the same.
"""

from datetime import datetime
from typing import NamedTuple

from rally.bounded_json import InvalidJson, parse_json
from rally.decisions.chain import Chain, Head
from rally.fields import Fields, Place, hexadecimal, many, moment, text, whole
from rally.keys.names import Job
from rally.keys.signing import SigningKey
from rally.storage.container import canonical_json
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)
from rally.times import moment as say_moment

NAME = "conclusion.json"

_CONTEXT = b"rally platform conclusion\n"
_MOST_BYTES = 1024 * 1024
_MOST_KINDS = 1000


class GoneRecords(NamedTuple):
    """All records of one kind, which went together.

    Attributes:
        what: Name of the kind.
        objects: Number of objects.
        bytes: Size of the objects.
        began: Time at which the first one went, UTC.
    """

    what: str
    objects: int
    bytes: int
    began: datetime


class ConclusionReceipt(NamedTuple):
    """What a concluded platform had, and when it went.

    Attributes:
        decision: Number of the decision that concluded the platform.
        head: End of the chain of decisions when the first record went.
        gone: Kinds of records in the order in which they went.
        finished: Time from which on nothing was left but the proof, UTC; None before.
    """

    decision: int
    head: Head
    gone: tuple[GoneRecords, ...] = ()
    finished: datetime | None = None

    def has(self, what: str) -> bool:
        """Tells whether a kind of records is noted."""
        return any(each.what == what for each in self.gone)


def read_conclusion(
    platform: ObjectStore, decisions: Chain
) -> ConclusionReceipt | None:
    """Reads the last receipt; None where none was written yet.

    Raises:
        ConfigurationError: It is not as the purge signed it.
        OSError: The platform cannot be read.
    """
    place = Place(f"{platform.uri.rstrip('/')}/{NAME}")
    try:
        data = platform.read_range(NAME, 0, _MOST_BYTES + 1)
        content = parse_json(data) if len(data) <= _MOST_BYTES else None
    except ObjectNotFound:
        return None
    except InvalidJson:
        raise place.error("is not JSON; restore it from a backup") from None
    fields = Fields(place, content)
    receipt = ConclusionReceipt(
        fields.need("decision", whole),
        fields.need("head", _head),
        fields.need("gone", many(_gone, _MOST_KINDS)),
        fields.need("finished", _maybe_moment),
    )
    signature = fields.need("signature", hexadecimal())
    fields.close()
    if not decisions.is_signed_as(Job.PURGE, signature, _body(receipt)):
        raise place.error("is not as the purge signed it; restore it from a backup")
    return receipt


def write_conclusion(
    platform: ObjectStore, key: SigningKey, receipt: ConclusionReceipt
) -> None:
    """Writes the last receipt in the place of the one before.

    Raises:
        GenerationMismatch: Another purge wrote one in this moment.
        OSError: The platform cannot be written, or a KMS does not serve.
    """
    info = platform.stat(NAME)
    signature = key.sign(_body(receipt)).hex()
    content = {**_plain(receipt), "signature": signature}
    data = canonical_json(content).encode() + b"\n"
    if info is not None:
        platform.replace(NAME, data, info.generation)
    elif not platform.create(NAME, data):
        raise GenerationMismatch(NAME)


def _body(receipt: ConclusionReceipt) -> bytes:
    return _CONTEXT + canonical_json(_plain(receipt)).encode()


def _plain(receipt: ConclusionReceipt) -> dict[str, object]:
    gone = [
        {**each._asdict(), "began": say_moment(each.began)} for each in receipt.gone
    ]
    finished = receipt.finished and say_moment(receipt.finished)
    plain = {"head": receipt.head._asdict(), "gone": gone, "finished": finished}
    return {"decision": receipt.decision, **plain}


def _head(place: Place, value: object) -> Head:
    fields = Fields(place, value)
    head = Head(fields.need("number", whole), fields.need("digest", hexadecimal(64)))
    fields.close()
    return head


def _gone(place: Place, value: object) -> GoneRecords:
    fields = Fields(place, value)
    gone = GoneRecords(
        fields.need("what", text),
        fields.need("objects", whole),
        fields.need("bytes", whole),
        fields.need("began", moment),
    )
    fields.close()
    return gone


def _maybe_moment(place: Place, value: object) -> datetime | None:
    return None if value is None else moment(place, value)
