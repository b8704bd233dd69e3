"""Keeps pings that failed, as sealed dead letters, until somebody mends the cause.

A dead letter may carry an id or clear text, so the whole of it is sealed to the
platform's dead-letter key; the account that ingests holds the public half only. What
stands outside the seal is a study of the registry, whether the routing says withdrawal,
and the day.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import fastavro

from rally.envelope import Envelope
from rally.outcomes import FailureReason
from rally.registry.review_judging import LAPSED_FOR
from rally.storage.container import encode_container, read_rows
from rally.storage.layout import is_day
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.storage.writer import create_named_by_content
from rally.times import from_micros, to_micros
from rally.validation.leaves import zig_zag
from rally.validation.pseudonyms import Prf

FOLDER = "dead-letters/"

_SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "dead_letter",
        "namespace": "rally",
        "fields": [{"name": "sealed", "type": "bytes"}],
    }
)
_OBJECT = re.compile(
    FOLDER
    + "study=([^/]+)/kind=(lapsed|ping|withdrawal)/date=([0-9-]{10})"
    + "/[0-9a-f]{32}[.]avro"
)
_ATTRIBUTES = tuple(name for name in Envelope._fields if name != "payload")
_SEALED = fastavro.parse_schema(
    {
        "type": "record",
        "name": "sealed",
        "namespace": "rally",
        "fields": [
            {"name": "payload", "type": "bytes"},
            *(
                {"name": name, "type": ["null", "string"], "default": None}
                for name in _ATTRIBUTES
            ),
            {"name": "origin", "type": ["null", "string"], "default": None},
            {"name": "reason", "type": "string"},
            {"name": "step", "type": "string"},
            {"name": "version", "type": "string"},
            {"name": "time", "type": "long"},
            {"name": "where", "type": ["null", "string"], "default": None},
        ],
    }
)


class Sealer(Protocol):
    """Encrypts to the dead-letter key (Tink HybridEncrypt)."""

    def encrypt(self, plaintext: bytes, context_info: bytes) -> bytes:
        """Returns the ciphertext, bound to the context."""


class Unsealer(Protocol):
    """Decrypts what was sealed to the dead-letter key (Tink HybridDecrypt)."""

    def decrypt(self, ciphertext: bytes, context_info: bytes) -> bytes:
        """Returns the plaintext. Raises TinkError."""


class LetterKind(StrEnum):
    """The kind of a dead letter, which says how long it stays.

    A withdrawal, by the routing of its ping, stays until it is replayed or decided; the
    rest expires. LAPSED is data whose approval had lapsed when it was sent: it goes
    LAPSED_FOR after it was sent, approved or not.
    """

    LAPSED = "lapsed"
    PING = "ping"
    WITHDRAWAL = "withdrawal"


class LetterPlace(NamedTuple):
    """The place of a dead letter in the platform's store.

    Attributes:
        study: namespace of the registry, or `unknown`.
        kind: kind of the dead letter.
        day: day from which its retention counts, YYYY-MM-DD in UTC: of the failure;
            of LAPSED the day on which the ping was sent.
    """

    study: str
    kind: LetterKind
    day: str

    @property
    def folder(self) -> str:
        """The folder below the platform's store, with a slash at the end."""
        return f"{FOLDER}study={self.study}/kind={self.kind}/date={self.day}/"

    def days_kept(self, usual: float) -> float:
        """How many days after its day a dead letter that is no withdrawal stays.

        Args:
            usual: number of days for which dead letters stay.
        """
        if self.kind is LetterKind.LAPSED:
            return min(usual, LAPSED_FOR.days)
        return usual

    @property
    def context(self) -> bytes:
        """The context that the seal is bound to."""
        return f"dead-letter/{self.study}/{self.kind}".encode()


class DeadLetter(NamedTuple):
    """A ping that failed.

    Attributes:
        envelope: allow-listed envelope as received.
        reason: reason of the failure.
        time: time of the failure, UTC.
        version: version of the pipeline that failed it.
        origin: file and offset of a line that is no message. Its bytes are not kept:
            they could hold network identifiers.
        where: place of the schema that the payload did not fit, in words.
    """

    envelope: Envelope
    reason: FailureReason
    time: datetime
    version: str
    origin: str | None = None
    where: str | None = None


def write_dead_letters(
    platform: ObjectStore,
    place: LetterPlace,
    letters: Sequence[DeadLetter],
    sealer: Sealer,
    name_prf: Prf,
) -> None:
    """Writes one object of sealed dead letters.

    Its name is a keyed function of their content, less the time, so the same failures
    written again are the same object, and nobody without the key can tell from a name
    what may be inside.

    Args:
        platform: the platform's store.
        place: place of all the letters.
        letters: dead letters, at least one.
        sealer: dead-letter key, the public half.
        name_prf: keyed function for the object's name.
    """
    ordered = sorted(letters, key=_identity)
    identity = hashlib.sha256(b"".join(map(_identity, ordered))).digest()
    content = name_prf.compute(b"dead-letters:" + identity).hex()
    rows = [seal(letter, place, sealer) for letter in ordered]
    data = encode_dead_letters(rows, content, letters[0].version)
    create_named_by_content(platform, f"{place.folder}{content}.avro", data, content)


def encode_dead_letters(sealed: Iterable[bytes], content: str, version: str) -> bytes:
    """Encodes an object of sealed dead letters."""
    rows = [_with_length(row) for row in sealed]
    entries = {"rally.version": version, "rally.content": content}
    sync = hashlib.sha256(b"".join(rows)).digest()[:16]
    return encode_container(_SCHEMA, rows, entries, sync, indexed=False)


def list_dead_letters(
    platform: ObjectStore,
) -> Iterable[tuple[LetterPlace, ObjectInfo]]:
    """Lists the objects of dead letters with their places, without foreign ones."""
    for info in platform.list(FOLDER):
        if place := place_of(info.name):
            yield place, info


def place_of(name: str) -> LetterPlace | None:
    """Reads the place from an object's name; None where the object is foreign."""
    match = _OBJECT.fullmatch(name)
    if match is None or not is_day(match[3]):
        return None
    return LetterPlace(match[1], LetterKind(match[2]), match[3])


def read_sealed(data: bytes) -> list[bytes]:
    """Reads the sealed dead letters of an object. Raises CorruptFile."""
    return [row["sealed"] for row in read_rows(data)]


def seal(letter: DeadLetter, place: LetterPlace, sealer: Sealer) -> bytes:
    """Seals one dead letter to its place."""
    return sealer.encrypt(_encode(letter), place.context)


def unseal(sealed: bytes, place: LetterPlace, unsealer: Unsealer) -> DeadLetter:
    """Opens one dead letter. Raises TinkError where the key or the place is wrong."""
    stream = io.BytesIO(unsealer.decrypt(sealed, place.context))
    record: Any = fastavro.schemaless_reader(stream, _SEALED, None)
    return DeadLetter(
        Envelope(record["payload"], *(record[name] for name in _ATTRIBUTES)),
        FailureReason(record["reason"]),
        from_micros(record["time"]),
        record["version"],
        record["origin"],
        record["where"],
    )


def _encode(letter: DeadLetter) -> bytes:
    stream = io.BytesIO()
    record = letter.envelope._asdict() | {
        "origin": letter.origin,
        "reason": letter.reason.value,
        "step": letter.reason.step,
        "version": letter.version,
        "time": to_micros(letter.time),
        "where": letter.where,
    }
    fastavro.schemaless_writer(stream, _SEALED, record)
    return stream.getvalue()


def _identity(letter: DeadLetter) -> bytes:
    """Computes the digest of all that makes two dead letters the same one.

    `where` follows from the envelope and the schema of the day.
    """
    parts = (letter.origin, letter.reason.value, *letter.envelope[1:])
    digest = hashlib.sha256(letter.envelope.payload)
    digest.update(repr(parts).encode("utf-8", "backslashreplace"))
    return digest.digest()


def _with_length(data: bytes) -> bytes:
    return zig_zag(len(data)) + data
