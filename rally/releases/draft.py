"""The draft of a release: its one result, which waits inside until people have seen it.

    releases/study=rally-birds/weekly.2026-06-01.json
    {"at": …, "card": […], "fingerprint": …, "platform": …, "release": …,
     "signature": …, "study": …, "table": {…}, "title": …}

It is made once, whole and signed, and never changed. The first one under a reservation
is the release; noise that was drawn before and not written was seen by nobody. All that
is published is made of it.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from rally.decisions.chain import Chain
from rally.decisions.content_fields import namespace_name, record, result_name
from rally.decisions.json_line import decode_line
from rally.fields import (
    Fields,
    Place,
    choice,
    hexadecimal,
    many,
    moment,
    positive,
    text,
)
from rally.keys.names import Job
from rally.keys.signing import SigningKey
from rally.releases.card import Card, CardEntry
from rally.releases.table import ColumnKind, ReleaseColumn, ReleaseTable
from rally.storage.container import canonical_json
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records

FOLDER = "releases/"
MOST_BYTES = 16 * 1024 * 1024
"""Largest size of a draft; one of 10,000 cells takes less."""

_CONTEXT = b"rally release draft\n"
_NAME = re.compile(f"{FOLDER}study=([a-z0-9-]+)/([a-z0-9.-]+)[.]json")


class Draft(NamedTuple):
    """The result of a release.

    Attributes:
        platform: Id of the platform, so that no other takes it for its own.
        study: Namespace of the study.
        release: Id of the release.
        fingerprint: Fingerprint of its recipe.
        at: Time at which its noise was drawn, UTC.
        title: Title for people.
        table: The noisy table.
        card: The card.
        signature: The signature in hex; "" before it is signed.
    """

    platform: str
    study: str
    release: str
    fingerprint: str
    at: datetime
    title: str
    table: ReleaseTable
    card: Card
    signature: str = ""

    @property
    def data(self) -> bytes:
        """Bytes of its object."""
        return canonical_json(_plain(self)).encode() + b"\n"

    @property
    def sha256(self) -> str:
        """SHA-256 of its object, in hex: what people sign."""
        return hashlib.sha256(self.data).hexdigest()


def draft_name(study: str, release: str) -> str:
    """Names the object of a release's draft."""
    return f"{FOLDER}study={study}/{release}.json"


def list_drafts(platform: ObjectStore) -> Iterator[tuple[str, str]]:
    """Names the releases that have a draft: study and release; reads none of them.

    Raises:
        OSError: The platform cannot be listed.
    """
    for info in list_records(platform, FOLDER):
        if match := _NAME.fullmatch(info.name):
            yield match[1], match[2]


def sign_draft(draft: Draft, key: SigningKey) -> Draft:
    """Gives the draft under its signature. Raises OSError of a KMS."""
    return draft._replace(signature=key.sign(_signed(draft)).hex())


def create_draft(platform: ObjectStore, draft: Draft) -> bool:
    """Writes a signed draft where there is none; tells whether it did.

    Raises:
        ConfigurationError, ValueError: As `check_readable` does; of a recipe without
            faults neither is to be expected.
        OSError: The platform cannot be written.
    """
    check_readable(draft)
    return platform.create(draft_name(draft.study, draft.release), draft.data)


def check_readable(draft: Draft) -> None:
    """Sees that a draft would be read as it is.

    Raises:
        ConfigurationError: It is too long, or has too many brackets.
        ValueError: It would be read as another: a fault of this software.
    """
    if _decode(draft.data, draft_name(draft.study, draft.release)) != draft:
        raise ValueError("the draft could not be read back")


def read_draft(
    platform: ObjectStore, chain: Chain, study: str, release: str
) -> Draft | None:
    """Reads the draft of a release; None where there is none.

    Raises:
        ConfigurationError: What lies there is not as the job that makes releases
            signed it.
        OSError: The platform cannot be read.
    """
    name = draft_name(study, release)
    try:
        data = platform.read_range(name, 0, MOST_BYTES + 1)
    except ObjectNotFound:
        return None
    draft = _decode(data, name)
    is_here = (chain.platform, study, release) == draft[:3]
    if not is_here or not chain.is_signed_as(
        Job.RELEASE, draft.signature, _signed(draft)
    ):
        raise Place(name).error(
            "is not signed by the job that makes releases; take it away, and restore"
            " from a backup what the ledger says was there"
        )
    return draft


def _decode(data: bytes, name: str) -> Draft:
    if len(data) > MOST_BYTES:
        raise Place(name).error("is too long to be a draft")
    return decode_line(data, name, _read, lambda draft: draft.data)


def _read(fields: Fields) -> Draft:
    return Draft(
        platform=fields.need("platform", hexadecimal(32)),
        study=fields.need("study", namespace_name),
        release=fields.need("release", result_name),
        fingerprint=fields.need("fingerprint", hexadecimal(64)),
        at=fields.need("at", moment),
        title=fields.need("title", _line),
        table=fields.need("table", _TABLE),
        card=fields.need("card", many(_ENTRY)),
        signature=fields.need("signature", hexadecimal()),
    )


def _cell(place: Place, value: object) -> str | None:
    """Reads a value of the table; a label may be anything that is printable."""
    return None if value is None else _line(place, value)


def _line(place: Place, value: object) -> str:
    """Reads one line, of any length."""
    if not isinstance(value, str) or not value.isprintable():
        raise place.error("must be one line of printable text")
    return value


_COLUMN = record(
    ReleaseColumn,
    name=text,
    kind=choice(ColumnKind),
    values=many(_cell),
    errors=many(_cell),
    measure=_line,
)
_TABLE = record(
    ReleaseTable, groups=positive, labels=many(_COLUMN), numbers=many(_COLUMN)
)
_ENTRY = record(CardEntry, key=text, title=text, text=_line)


def _signed(draft: Draft) -> bytes:
    content = _plain(draft)
    del content["signature"]
    return _CONTEXT + canonical_json(content).encode()


def _plain(draft: Draft) -> dict[str, Any]:
    """As JSON has it."""
    table = draft.table
    return {
        **draft._asdict(),
        "at": draft.at.isoformat(),
        "card": [each._asdict() for each in draft.card],
        "table": {
            "groups": table.groups,
            "labels": [each._asdict() for each in table.labels],
            "numbers": [each._asdict() for each in table.numbers],
        },
    }
