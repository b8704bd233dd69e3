"""One decision as an object: a line of JSON, numbered, chained and signed.

    decisions/000000000017.json
    {"by": "jo", "content": {…}, "kind": "study.pause", "list": 41, "number": 17,
     "platform": "3c…", "previous": "9f…", "signature": "<base64>", "when": "2026-…"}

The signature (Tink, Ed25519) is over the same line without itself. Who reads an entry
needs public keys only, and who can read cannot forge (design: "Who decided").
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from rally.decisions.content_fields import person_name
from rally.decisions.content_parsing import READERS, Content
from rally.decisions.contents import DecisionKind
from rally.decisions.json_line import decode_line
from rally.fields import Fields, Place, choice, hexadecimal, moment, text, whole
from rally.keys.signing import SigningKey, Verifier
from rally.storage.container import canonical_json

FOLDER = "decisions/"
START = "0" * 64
"""The digest of a chain without entries."""

MOST_BYTES = 4 * 1024 * 1024
"""Largest size of one entry; 50,000 withdrawals take less."""

_CONTEXT = b"rally decision\n"
_NAME = re.compile(FOLDER + "([0-9]{12})[.]json")


@dataclass(frozen=True, slots=True)
class Entry:
    """Decision of one person.

    Attributes:
        platform: Id of the platform, so that no other takes it for its own.
        number: Number of the entry, from 1.
        previous: Digest of the chain before it; see `extend`.
        list: Counter of the withdrawal list that its signer saw.
        kind: Kind of the decision.
        content: The subject of the decision, by its kind.
        when: Time at which it was signed, UTC.
        by: Name of who signed.
        signature: The signature in base64; "" before it is signed.
    """

    platform: str
    number: int
    previous: str
    list: int
    kind: DecisionKind
    content: Content
    when: datetime
    by: str
    signature: str = ""


def entry_name(number: int) -> str:
    """The object of an entry."""
    return f"{FOLDER}{number:012d}.json"


def number_in(name: str) -> int | None:
    """The number that an object's name says; None of any other name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match and int(match[1]) else None


def extend(digest: str, data: bytes) -> str:
    """The digest of a chain with one entry more: it covers every byte of all.

    Args:
        digest: Digest of the chain before.
        data: The entry's object; b"" where it is missing.
    """
    own = hashlib.sha256(data).hexdigest()
    return hashlib.sha256(f"{digest} {own}".encode()).hexdigest()


def sign(entry: Entry, key: SigningKey) -> Entry:
    """The entry under its signature. Raises ConfigurationError, OSError of a KMS."""
    signature = key.sign(_CONTEXT + _body(entry))
    return replace(entry, signature=base64.b64encode(signature).decode())


def is_signed(entry: Entry, verifier: Verifier) -> bool:
    """Tells whether the holder of a key signed exactly this."""
    try:
        signature = base64.b64decode(entry.signature, validate=True)
    except binascii.Error:
        return False
    return verifier.is_signed(signature, _CONTEXT + _body(entry))


def encode(entry: Entry) -> bytes:
    """The object's bytes."""
    return canonical_json(_plain(entry)).encode() + b"\n"


def decode(data: bytes, where: str) -> Entry:
    """Reads an entry strictly; whether its signature is right is another question.

    Args:
        data: The object, of at most MOST_BYTES.
        where: Its URI, for the message.

    Raises:
        ConfigurationError: these are not the bytes of an entry.
    """
    return decode_line(data, where, _read, encode)


def _read(fields: Fields) -> Entry:
    kind = fields.need("kind", choice(DecisionKind))
    return Entry(
        platform=fields.need("platform", hexadecimal(32)),
        number=fields.need("number", whole),
        previous=fields.need("previous", hexadecimal(64)),
        list=fields.need("list", whole),
        kind=kind,
        content=fields.need("content", READERS[kind]),
        when=fields.need("when", moment),
        by=fields.need("by", person_name),
        signature=fields.need("signature", text),
    )


def check_content(kind: DecisionKind, content: Content) -> None:
    """Makes sure that a decision could be read back.

    Raises:
        ConfigurationError: it could not; the message says what is wrong.
    """
    READERS[kind](Place(kind), _plain(content))


def _body(entry: Entry) -> bytes:
    content = _plain(entry)
    assert isinstance(content, dict)
    del content["signature"]
    return canonical_json(content).encode()


def _plain(value: object) -> object:
    """As JSON has it: records are mappings, times are text."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Entry):
        return {name: _plain(getattr(value, name)) for name in Entry.__slots__}
    if isinstance(value, tuple):
        if hasattr(value, "_asdict"):
            return {name: _plain(each) for name, each in value._asdict().items()}
        return [_plain(each) for each in value]
    return value
