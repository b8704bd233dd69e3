"""One line of the ledger of releases as an object: numbered, chained and signed.

    releases/ledger/000000000007.json
    {"at": "2026-…", "content": {…}, "kind": "reserved", "number": 7,
     "platform": "3c…", "previous": "9f…", "signature": "<hex>"}

The signature is over the same line without itself, by the job that makes releases.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from rally.decisions.content_fields import (
    namespace_name,
    person_name,
    record,
    result_name,
    rho,
)
from rally.decisions.json_line import decode_line
from rally.fields import (
    Fields,
    Place,
    Reader,
    choice,
    hexadecimal,
    many,
    moment,
    text,
    whole,
)
from rally.storage.container import canonical_json

FOLDER = "releases/ledger/"
MOST_BYTES = 256 * 1024
"""Largest size of a line; one of 100 measures takes less."""

_CONTEXT = b"rally release ledger\n"
_NAME = re.compile(FOLDER + "([0-9]{12})[.]json")
_FRACTION = re.compile("[1-9][0-9]{0,40}(?:/[1-9][0-9]{0,40})?")


class ColumnNoise(NamedTuple):
    """Noise of one column of a release.

    Attributes:
        column: Name of the column.
        rho: Its part of the cost, a fraction of whole numbers such as `7/1200`.
        sensitivity_squared: Square of the most that one person changes the whole
            column, by Euclidean distance, in units of its last digit.
        sigma: Standard deviation of the noise, in these units.
    """

    column: str
    rho: str
    sensitivity_squared: int
    sigma: float


class Reservation(NamedTuple):
    """Budget that a release takes before noise is drawn; it is never given back.

    Attributes:
        study: Namespace of the study.
        release: Id of the release.
        fingerprint: Fingerprint of its recipe.
        rho: Cost, zCDP's rho, as decimal text.
        groups: Number of declared groups.
        most_groups: Most groups in which one person counts.
        most_rows: Most rows of one person that count in each of them.
        noise: Noise of each column.
        unit: Unit of privacy, in words.
        version: Version of this software.
        author: Person who wrote the recipe, and so asks.
        approvers: People whose approvals count.
    """

    study: str
    release: str
    fingerprint: str
    rho: str
    groups: int
    most_groups: int
    most_rows: int
    noise: tuple[ColumnNoise, ...]
    unit: str
    version: str
    author: str
    approvers: tuple[str, ...]


class Spending(NamedTuple):
    """The whole result that was drawn under a reservation, of which there is one.

    Attributes:
        study: Namespace of the study.
        release: Id of the release.
        sha256: SHA-256 of the draft, in hex.
        size: Number of its bytes.
    """

    study: str
    release: str
    sha256: str
    size: int


class PlacedFile(NamedTuple):
    """A file that was published.

    Attributes:
        name: Name of the file in the folder of its release.
        sha256: SHA-256 of its bytes, in hex.
        size: Number of its bytes.
    """

    name: str
    sha256: str
    size: int


class Placing(NamedTuple):
    """A result that people have seen and signed was put where results leave.

    Attributes:
        study: Namespace of the study.
        release: Id of the release, or name of the submitted file.
        sha256: SHA-256 of what they signed: the draft, or the submitted file.
        files: Files that were placed.
        signers: People whose signatures count.
    """

    study: str
    release: str
    sha256: str
    files: tuple[PlacedFile, ...]
    signers: tuple[str, ...]


LineContent = Reservation | Spending | Placing


class LineKind(StrEnum):
    """Kind of a line.

    RESERVED: a release took its budget. SPENT: it has a result. PLACED: that left.
    """

    RESERVED = "reserved"
    SPENT = "spent"
    PLACED = "placed"


class LedgerLine(NamedTuple):
    """One line.

    Attributes:
        platform: Id of the platform, so that no other takes it for its own.
        number: Number of the line, from 1.
        previous: Digest of the ledger before it (rally.decisions.entry.extend).
        at: Time at which it was written, UTC.
        content: Content, by its kind.
        signature: The signature in hex; "" before it is signed.
    """

    platform: str
    number: int
    previous: str
    at: datetime
    content: LineContent
    signature: str = ""

    @property
    def kind(self) -> LineKind:
        """Kind of the line."""
        return _KINDS[type(self.content)]


def line_name(number: int) -> str:
    """Names the object of a line."""
    return f"{FOLDER}{number:012d}.json"


def number_in(name: str) -> int:
    """Gives the number that an object's name says; 0 of any other name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0


def signed_bytes(line: LedgerLine) -> bytes:
    """Gives what is signed of a line: all of it but the signature."""
    content = _plain(line)
    del content["signature"]
    return _CONTEXT + canonical_json(content).encode()


def encode(line: LedgerLine) -> bytes:
    """Gives the object's bytes."""
    return canonical_json(_plain(line)).encode() + b"\n"


def decode(data: bytes, where: str) -> LedgerLine:
    """Reads a line strictly; whether its signature is right is another question.

    Args:
        data: The object; anything longer than MOST_BYTES is no line.
        where: Its name, for the message.

    Raises:
        ConfigurationError: These are not the bytes of a line.
    """
    if len(data) > MOST_BYTES:
        raise Place(where).error("is too long to be a line of the ledger")
    return decode_line(data, where, _read, encode)


def _read(fields: Fields) -> LedgerLine:
    kind = fields.need("kind", choice(LineKind))
    return LedgerLine(
        platform=fields.need("platform", hexadecimal(32)),
        number=fields.need("number", whole),
        previous=fields.need("previous", hexadecimal(64)),
        at=fields.need("at", moment),
        content=fields.need("content", _READERS[kind]),
        signature=fields.need("signature", hexadecimal()),
    )


def _fraction(place: Place, value: object) -> str:
    part = text(place, value)
    if not _FRACTION.fullmatch(part):
        raise place.error("must be a fraction of whole numbers")
    return part


def _sigma(place: Place, value: object) -> float:
    if type(value) is not float or not 0 < value < float("inf"):
        raise place.error("must be a number above 0")
    return value


_KINDS: Mapping[type[LineContent], LineKind] = {
    Reservation: LineKind.RESERVED,
    Spending: LineKind.SPENT,
    Placing: LineKind.PLACED,
}
_FILE = record(PlacedFile, name=text, sha256=hexadecimal(64), size=whole)
_NOISE = record(
    ColumnNoise, column=text, rho=_fraction, sensitivity_squared=whole, sigma=_sigma
)
_RESULT: Mapping[str, Reader[Any]] = {"study": namespace_name, "release": result_name}
_READERS: Mapping[LineKind, Reader[LineContent]] = {
    LineKind.RESERVED: record(
        Reservation,
        **_RESULT,
        fingerprint=hexadecimal(64),
        rho=rho,
        groups=whole,
        most_groups=whole,
        most_rows=whole,
        noise=many(_NOISE),
        unit=text,
        version=text,
        author=person_name,
        approvers=many(person_name),
    ),
    LineKind.SPENT: record(Spending, **_RESULT, sha256=hexadecimal(64), size=whole),
    LineKind.PLACED: record(
        Placing,
        **_RESULT,
        sha256=hexadecimal(64),
        files=many(_FILE),
        signers=many(person_name),
    ),
}


def _plain(line: LedgerLine) -> dict[str, Any]:
    """As JSON has it."""
    content = {name: _json(value) for name, value in line.content._asdict().items()}
    return {
        **line._asdict(),
        "at": line.at.isoformat(),
        "kind": line.kind.value,
        "content": content,
    }


def _json(value: object) -> object:
    if isinstance(value, tuple):
        return [each._asdict() if hasattr(each, "_asdict") else each for each in value]
    return value
