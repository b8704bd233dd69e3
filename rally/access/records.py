"""Records of what became of a person's copy, signed by the job that makes copies.

    cases/3f07c2aa/9f….age          the copy itself, encrypted; named by its SHA-256
    cases/3f07c2aa/built.json
    {"archive": "9f…", "at": "2026-…", "bytes": 41, "case": "3f07c2aa",
     "record": "built", "signature": "<hex>"}

A record is made once. What stands in its place and was not signed by the job counts for
nothing: it is named, and the job replaces it. Two runs that make a copy at once write
each its own archive, and the record says which of them counts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from rally.decisions.access_contents import CASE_DIGITS
from rally.decisions.chain import Chain
from rally.decisions.json_line import decode_line
from rally.errors import ConfigurationError
from rally.fields import Fields, Place, Reader, choice, hexadecimal, moment, whole
from rally.keys.names import Job
from rally.keys.signing import SigningKey
from rally.storage.container import canonical_json
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records

FOLDER = "cases/"

EXPIRES_AFTER = timedelta(days=7)
"""Time from which on a copy that was built is destroyed."""

_MOST_BYTES = 4096
_NAME = re.compile(
    f"{FOLDER}([0-9a-f]{{{CASE_DIGITS}}})/(built|fetched|destroyed)[.]json"
)
_ARCHIVE = re.compile(f"{FOLDER}([0-9a-f]{{{CASE_DIGITS}}})/([0-9a-f]{{64}})[.]age")
_CONTEXT = b"rally access record\n"


class DestroyedFor(StrEnum):
    """Why a copy is gone.

    REPLACED: a run that was killed, or came second, left it, and another's counts.
    """

    FETCHED = "fetched"
    EXPIRED = "expired"
    REFUSED = "refused"
    LEFT = "left"
    REPLACED = "replaced"


class Built(NamedTuple):
    """A copy was made and lies encrypted in its case's folder.

    Attributes:
        case: Id of the case.
        at: Time at which it was made, UTC.
        archive: SHA-256 of the encrypted archive, in hex.
        bytes: Length of the encrypted archive.
    """

    case: str
    at: datetime
    archive: str
    bytes: int

    @property
    def expires(self) -> datetime:
        """Time from which on it may not be there any more, UTC."""
        return self.at + EXPIRES_AFTER


class Fetched(NamedTuple):
    """A copy was handed out.

    Attributes:
        case: Id of the case.
        at: Time at which it was, UTC.
        archive: SHA-256 of the encrypted archive, in hex.
    """

    case: str
    at: datetime
    archive: str


class Destroyed(NamedTuple):
    """A copy was removed.

    Attributes:
        case: Id of the case.
        at: Time at which it was, UTC.
        archive: SHA-256 of the encrypted archive, in hex.
        why: Reason.
    """

    case: str
    at: datetime
    archive: str
    why: DestroyedFor


CaseRecord = Built | Fetched | Destroyed

_NAMES: Mapping[type[CaseRecord], str] = {
    Built: "built",
    Fetched: "fetched",
    Destroyed: "destroyed",
}
_READERS: Mapping[str, Reader[Any]] = {
    "case": hexadecimal(CASE_DIGITS),
    "at": moment,
    "archive": hexadecimal(64),
    "bytes": whole,
    "why": choice(DestroyedFor),
}


@dataclass(slots=True)
class CaseRecords:
    """Records of one case that the job signed.

    Attributes:
        built: The copy that was made.
        fetched: That it was handed out.
        destroyed: That it was removed.
    """

    built: Built | None = None
    fetched: Fetched | None = None
    destroyed: Destroyed | None = None

    def add(self, record: CaseRecord) -> None:
        """Takes a record."""
        match record:
            case Built():
                self.built = record
            case Fetched():
                self.fetched = record
            case Destroyed():
                self.destroyed = record


@dataclass(slots=True)
class AllRecords:
    """Records of all cases.

    Attributes:
        cases: Records by the id of their case.
        faults: Faults of objects that stand in the place of a record, one line each.
    """

    cases: dict[str, CaseRecords] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def of(self, case: str) -> CaseRecords:
        """Gives the records of a case, which may have none."""
        return self.cases.get(case) or CaseRecords()


class ArchiveName(NamedTuple):
    """Name of an encrypted copy.

    Attributes:
        case: Id of its case.
        digest: SHA-256 of the encrypted copy, in hex.
    """

    case: str
    digest: str


def archive_name(case: str, digest: str) -> str:
    """Names the object of an encrypted copy of a case, by its SHA-256 in hex."""
    return f"{FOLDER}{case}/{digest}.age"


def parse_archive_name(name: str) -> ArchiveName | None:
    """Reads which encrypted copy an object's name says; None of any other object."""
    match = _ARCHIVE.fullmatch(name)
    return ArchiveName(*match.groups()) if match else None


def record_name(record: CaseRecord) -> str:
    """Names the object of a record."""
    return f"{FOLDER}{record.case}/{_NAMES[type(record)]}.json"


def write_record(
    platform: ObjectStore, chain: Chain, key: SigningKey, record: CaseRecord
) -> bool:
    """Writes a record where its case has none of the kind that counts.

    Args:
        platform: Store of the platform.
        chain: Decisions of the platform.
        key: The job's signing key.
        record: The record.

    Returns:
        Whether it was written; a record that the job signed before stays.

    Raises:
        ConfigurationError: the key is not the one that the decisions name.
        GenerationMismatch: somebody else wrote there meanwhile.
        OSError: the platform cannot be read or written, or a KMS does not serve.
    """
    chain.check_key(Job.COPY, key)
    signature = key.sign(_signed(chain.platform, record)).hex()
    name, data = record_name(record), _encode(record, signature)
    if platform.create(name, data):
        return True
    info = platform.stat(name)
    if info is None:
        return platform.create(name, data)
    try:
        _read(platform, chain, name)
    except ConfigurationError:
        platform.replace(name, data, info.generation)
        return True
    return False


def read_records(platform: ObjectStore, chain: Chain) -> AllRecords:
    """Reads the records of all cases; what nobody signed is a fault and no record.

    Raises:
        OSError: the platform cannot be read.
    """
    found = AllRecords()
    for name, case in _listed(platform):
        try:
            record = _read(platform, chain, name)
        except ConfigurationError as error:
            found.faults.append(str(error))
        except ObjectNotFound:  # gone since it was listed
            continue
        else:
            found.cases.setdefault(case, CaseRecords()).add(record)
    return found


def _listed(platform: ObjectStore) -> Iterator[tuple[str, str]]:
    for info in list_records(platform, FOLDER):
        if match := _NAME.fullmatch(info.name):
            yield info.name, match[1]


def _read(platform: ObjectStore, chain: Chain, name: str) -> CaseRecord:
    """Reads what stands in the place of a record.

    Raises:
        ConfigurationError: it is no record of this place that the job signed.
        ObjectNotFound: there is nothing.
    """
    place = Place(name)
    data = platform.read_range(name, 0, _MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise place.error("is too long to be a record")
    record, signature = decode_line(data, name, _read_signed, lambda it: _encode(*it))
    if record_name(record) != name:
        raise place.error("is a record of another place; nobody acts on it")
    if not chain.is_signed_as(Job.COPY, signature, _signed(chain.platform, record)):
        raise place.error("is not signed by the job that makes copies")
    return record


def _read_signed(fields: Fields) -> tuple[CaseRecord, str]:
    kinds = {name: kind for kind, name in _NAMES.items()}
    kind = kinds.get(fields.need("record", lambda _, value: str(value)))
    if kind is None:
        raise fields.place.at("record").error(f"must be one of: {', '.join(kinds)}")
    values = {name: fields.need(name, _READERS[name]) for name in kind._fields}
    return kind(**values), fields.need("signature", hexadecimal())


def _encode(record: CaseRecord, signature: str) -> bytes:
    content = {**_plain(record), "signature": signature}
    return canonical_json(content).encode() + b"\n"


def _signed(platform: str, record: CaseRecord) -> bytes:
    """What is signed: it is of this platform, and taken by no other."""
    content = {**_plain(record), "platform": platform}
    return _CONTEXT + canonical_json(content).encode()


def _plain(record: CaseRecord) -> dict[str, object]:
    values = {**record._asdict(), "at": record.at.isoformat()}
    return {**values, "record": _NAMES[type(record)]}
