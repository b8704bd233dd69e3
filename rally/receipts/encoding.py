"""Receipts as bytes: one line of JSON, signed, read strictly."""

import hashlib
import json
import re
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from rally.decisions.chain import Chain
from rally.fields import Place
from rally.keys.signing import SigningKey
from rally.receipts.parsing import parse_receipt
from rally.receipts.receipt import Receipt
from rally.storage.container import canonical_json

_CONTEXT = b"rally receipt\n"
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def seal(receipt: Receipt, key: SigningKey) -> Receipt:
    """The same, signed.

    Raises:
        ValueError: something in it has the form of an id or a pseudonym.
        OSError: a KMS does not serve.
    """
    body = _body(receipt)
    if _UUID.search(body.decode()):
        raise ValueError("a receipt holds no id and no pseudonym, and this one would")
    return replace(receipt, signature=key.sign(_CONTEXT + body).hex())


def is_sealed(receipt: Receipt, decisions: Chain) -> bool:
    """Whether it is as deletion signed it."""
    data = _CONTEXT + _body(receipt)
    return decisions.is_receipt(receipt.number, receipt.signature, data)


def encode_receipt(receipt: Receipt) -> bytes:
    """The object's bytes: a line of JSON with sorted keys and no white space."""
    return canonical_json(_plain(receipt)).encode() + b"\n"


def decode_receipt(data: bytes, where: str) -> Receipt:
    """Reads a receipt; whether its signature is right is another question.

    Args:
        data: the object.
        where: its URI, for the message.

    Raises:
        ConfigurationError: these are not the bytes of a receipt.
    """
    place = Place(where)
    try:
        content = json.loads(data)
    except ValueError:
        raise place.error("is not JSON; restore it from a backup") from None
    receipt = parse_receipt(place, content)
    if encode_receipt(receipt) != data:  # so that the signature covers every byte
        raise place.error("is not as it was written; restore it from a backup")
    return receipt


def read_sealed(data: bytes, decisions: Chain, number: int, where: str) -> Receipt:
    """Reads a receipt of a number that is as it was sealed.

    Raises:
        ConfigurationError: it is not.
    """
    receipt = decode_receipt(data, where)
    if receipt.number != number or not is_sealed(receipt, decisions):
        raise Place(where).error(
            "is not as it was written; run `rally receipts verify`"
        )
    return receipt


def digest(data: bytes) -> str:
    """What the next receipt names these bytes by: SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _body(receipt: Receipt) -> bytes:
    content = _plain(receipt)
    del content["signature"]
    return canonical_json(content).encode()


def _plain(receipt: Receipt) -> dict[str, Any]:
    return asdict(receipt, dict_factory=_with_text_dates)


def _with_text_dates(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in entries
    }
