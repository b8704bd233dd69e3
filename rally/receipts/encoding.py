"""Receipts as bytes: one line of JSON, signed, read strictly."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from rally.decisions.chain import Chain
from rally.fields import (
    Fields,
    Place,
    Reader,
    T,
    choice,
    hexadecimal,
    iso_day,
    many,
    text,
    whole,
)
from rally.keys.signing import SigningKey
from rally.receipts.receipt import (
    Expunged,
    NamedChanges,
    Receipt,
    ReceiptReason,
    Result,
    Section,
    SectionOutcome,
    Stage,
    Verification,
)
from rally.storage.container import canonical_json
from rally.times import RANGE, InvalidTime, check_micros

_CONTEXT = b"rally receipt\n"
_UUID = re.compile(b"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def seal(receipt: Receipt, key: SigningKey) -> Receipt:
    """The same, signed.

    Raises:
        ValueError: something in it has the form of an id or a pseudonym.
        OSError: a KMS does not serve.
    """
    body = _body(receipt)
    check_nameless(body)
    return replace(receipt, signature=key.sign(_CONTEXT + body).hex())


def check_nameless(data: bytes) -> None:
    """Checks that nothing has the form of an id or a pseudonym. Raises ValueError."""
    if _UUID.search(data):
        raise ValueError("a receipt holds no id and no pseudonym, and this one would")


def is_sealed(receipt: Receipt, decisions: Chain) -> bool:
    """Tells whether a receipt is as deletion signed it."""
    data = _CONTEXT + _body(receipt)
    return decisions.is_receipt(receipt.number, receipt.signature, data)


def encode_receipt(receipt: Receipt) -> bytes:
    """The object's bytes: a line of JSON with sorted keys and no white space."""
    return canonical_json(_plain(receipt)).encode() + b"\n"


def decode_receipt(data: bytes, where: str) -> Receipt:
    """Reads a receipt; whether its signature is right is another question.

    Args:
        data: The object.
        where: Its URI, for the message.

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


def parse_receipt(place: Place, value: object) -> Receipt:
    """Reads a receipt. Raises ConfigurationError where it is none."""
    fields = Fields(place, value)
    receipt = Receipt(
        number=fields.need("number", whole),
        request=fields.need("request", hexadecimal(32)),
        scope=fields.need("scope", text),
        received=fields.need("received", micros),
        written=fields.need("written", micros),
        stages=fields.need("stages", _stages),
        sections=fields.need("sections", many(_section)),
        old_copies_until=fields.need("old_copies_until", or_none(iso_day)),
        plan=fields.need("plan", text_or_nothing),
        list=fields.need("list", whole),
        reason=fields.need("reason", choice(ReceiptReason)),
        previous=fields.need("previous", hexadecimal(64)),
        signature=fields.need("signature", hexadecimal()),
        expunged=fields.need("expunged", or_none(_expunged)),
        changes=fields.need("changes", or_none(_changes)),
    )
    fields.close()
    return receipt


def micros(place: Place, value: object) -> int:
    """Reads a time in microseconds since 1970."""
    try:
        return check_micros(whole(place, value))
    except InvalidTime:
        raise place.error(f"must be a time {RANGE}, in microseconds") from None


def _stages(place: Place, value: object) -> Mapping[Stage, int]:
    return {
        choice(Stage)(place.at(name), name): micros(place.at(name), time)
        for name, time in Fields(place, value).items()
    }


def _expunged(place: Place, value: object) -> Expunged:
    fields = Fields(place, value)
    expunged = Expunged(
        decision=fields.need("decision", whole),
        document=fields.need("document", text),
        field=fields.need("field", or_none(text)),
        first=fields.need("first", iso_day),
        last=fields.need("last", iso_day),
    )
    fields.close()
    return expunged


def _section(place: Place, value: object) -> Section:
    fields = Fields(place, value)
    section = Section(
        namespace=fields.need("namespace", text),
        outcome=fields.need("outcome", choice(SectionOutcome)),
        until=fields.need("until", or_none(iso_day)),
        files=fields.need("files", whole),
        rows=fields.need("rows", whole),
        verified=fields.need("verified", or_none(_verification)),
    )
    fields.close()
    return section


def _changes(place: Place, value: object) -> NamedChanges:
    fields = Fields(place, value)
    named = NamedChanges(
        first=fields.need("first", whole),
        sha256=fields.need("sha256", hexadecimal(64)),
        size=fields.need("size", whole),
    )
    fields.close()
    return named


def _verification(place: Place, value: object) -> Verification:
    fields = Fields(place, value)
    verification = Verification(
        time=fields.need("time", micros),
        files=fields.need("files", whole),
        rows=fields.need("rows", whole),
        list=fields.need("list", whole),
        result=fields.need("result", choice(Result)),
    )
    fields.close()
    return verification


def text_or_nothing(place: Place, value: object) -> str:
    """Reads a text that may be empty."""
    return "" if value == "" else text(place, value)


def or_none(read: Reader[T]) -> Reader[T | None]:
    """Makes a reader that reads null as None."""
    return lambda place, value: None if value is None else read(place, value)
