"""Keeps the event log, append-only: who joined and who left.

Events hold pseudonyms only. A scope is a study's namespace or RALLY, and is never
expanded: the fold decides later what leaving Rally means for each study (design:
"Withdrawals and deletion").
"""

import hashlib
import io
import json
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Any, NamedTuple

import fastavro

from rally.errors import CorruptFile
from rally.storage.container import canonical_json, encode_container, read_rows
from rally.storage.layout import EVENTS, events_file
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records
from rally.storage.writer import create_named_by_content
from rally.times import check_time, from_micros, to_micros

RALLY = "rally"
"""Scope of joining or leaving Rally as a whole."""

MAIL = "mail"
"""Signal of a withdrawal that came as a letter; a person signed for it."""

_SCHEMA = {
    "type": "record",
    "name": "event",
    "namespace": "rally",
    "fields": [
        {"name": "kind", "type": "string"},
        {"name": "scope", "type": "string"},
        {"name": "participant", "type": ["null", "string"], "default": None},
        {
            "name": "submission_timestamp",
            "type": {"type": "long", "logicalType": "timestamp-micros"},
        },
        {"name": "deletion_id", "type": ["null", "string"], "default": None},
        {"name": "document_id", "type": "string"},
        {"name": "signal", "type": "string"},
    ],
}
_PARSED = fastavro.parse_schema(_SCHEMA)


class EventKind(StrEnum):
    """The act of a person, or of a job that closed a withdrawal after a long time.

    CLOSED: nobody's enrolment explained the withdrawal for so long that it leaves the
    list; scope, participant and document id are the withdrawal's. SETTLED: a purge gave
    up dead letters that may be withdrawals and that nobody could read; they are no
    request, so the scope is their study, and the document id stands for their objects.
    """

    JOINED = "joined"
    LEFT = "left"
    CLOSED = "closed"
    SETTLED = "settled"


class Event(NamedTuple):
    """One act of a person, as a ping or a letter reported it.

    What people decide about it is in the chain (rally.decisions), and so is the person
    who signed for a letter.

    Attributes:
        kind: joined, left, or the act of a job.
        scope: namespace of a study, or RALLY.
        participant: platform pseudonym; None where only a deletion id is known.
        submission_timestamp: microseconds since 1970 on the edge's clock; of a letter,
            the time of its receipt.
        deletion_id: pseudonym of the deletion id, where the ping carried one.
        document_id: document id of the ping.
        signal: document of the ping, `<namespace>/<type>.<version>`; or MAIL.
    """

    kind: EventKind
    scope: str
    participant: str | None
    submission_timestamp: int
    deletion_id: str | None
    document_id: str
    signal: str


def event_name(event: Event) -> str:
    """Computes the event's name: a hash of its content, 32 hexadecimal digits."""
    return hashlib.sha256(canonical_json(event).encode()).hexdigest()[:32]


def write_events(platform: ObjectStore, events: Iterable[Event], version: str) -> None:
    """Appends events to the log, one object for each submission date.

    An object's name follows from its events: writing them again changes nothing.
    """
    by_day: dict[str, set[Event]] = {}
    for event in events:
        day = from_micros(event.submission_timestamp).date().isoformat()
        by_day.setdefault(day, set()).add(event)
    for day, members in sorted(by_day.items()):
        _write_day(platform, day, sorted(members, key=event_name), version)


def read_events(platform: ObjectStore) -> Iterator[Event]:
    """Reads every event of the log, in no particular order; equal ones may come twice.

    Raises:
        CorruptFile: an object of the log is not whole.
    """
    for name in list_event_objects(platform):
        with suppress(ObjectNotFound):
            yield from _read_named(platform, name)


def list_event_objects(platform: ObjectStore) -> Iterator[str]:
    """Lists the names of the log's objects, of which some may be gone already.

    A purge that takes a concluded study's events out first writes the rest of an object
    anew, under a name that a listing may have passed already: it is listed until
    nothing is new.
    """
    seen = set[str]()
    while new := _names_but(platform, seen):
        seen.update(new)
        yield from new


def _names_but(platform: ObjectStore, seen: Container[str]) -> list[str]:
    names = (info.name for info in list_records(platform, EVENTS))
    return [name for name in names if name not in seen]


def read_event_object(platform: ObjectStore, name: str) -> list[Event]:
    """Reads the events of one object of the log.

    Raises:
        CorruptFile: it is not whole.
        ObjectNotFound: it is gone.
    """
    return [_decode(row) for row in read_rows(platform.read(name))]


class EventLog:
    """The event log, for readers that go through it often and never hold all of it."""

    def __init__(self, platform: ObjectStore) -> None:
        """Takes the platform's store."""
        self._platform = platform

    def __iter__(self) -> Iterator[Event]:
        """Reads the log anew. Raises CorruptFile."""
        return read_events(self._platform)


def _read_named(platform: ObjectStore, name: str) -> list[Event]:
    try:
        return read_event_object(platform, name)
    except CorruptFile as error:
        raise CorruptFile(f"{name}: {error}") from None


def _write_day(
    platform: ObjectStore, day: str, events: list[Event], version: str
) -> None:
    content = hashlib.sha256(canonical_json(events).encode()).hexdigest()
    data = encode_container(
        json.dumps(_SCHEMA),
        [_encode(event) for event in events],
        {"rally.version": version, "rally.content": content},
        bytes.fromhex(content[:32]),
        indexed=False,
    )
    create_named_by_content(platform, events_file(day, content[:32]), data, content)


def _decode(row: dict[str, Any]) -> Event:
    try:
        row["kind"] = EventKind(row["kind"])
        row["submission_timestamp"] = to_micros(check_time(row["submission_timestamp"]))
        return Event(**row)
    except (KeyError, TypeError, ValueError):
        raise CorruptFile("its rows are no events") from None


def _encode(event: Event) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, _PARSED, event._asdict())
    return stream.getvalue()
