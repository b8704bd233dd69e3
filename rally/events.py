"""Keeps the event log, append-only: who joined, who left, who asks for a copy.

Events hold pseudonyms only. A scope is a study's namespace or RALLY, and is never
expanded: the fold decides later what leaving Rally means for each study (design:
"Withdrawals and deletion").
"""

from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from rally.storage.append_log import AppendLog, RecordFormat, record_name
from rally.storage.layout import EVENTS
from rally.storage.objectstore.interface import ObjectStore
from rally.times import check_time, to_micros

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
        {"name": "recipient", "type": ["null", "string"], "default": None},
    ],
}


class EventKind(StrEnum):
    """The act of a person, or of a job that closed a withdrawal after a long time.

    ASKED: their client asked for a copy of what is held about them; see
    rally.access.proof. CLOSED: nobody's enrolment explained the withdrawal for so long
    that it leaves the list; scope, participant and document id are the withdrawal's.
    SETTLED: a purge gave up dead letters that may be withdrawals and that nobody could
    read; they are no request, so the scope is their study, and the document id stands
    for their objects. PURGED: a purge has taken all else of a concluded study, the
    scope, so that deletion takes its events out of the log's files.
    """

    JOINED = "joined"
    LEFT = "left"
    ASKED = "asked"
    CLOSED = "closed"
    SETTLED = "settled"
    PURGED = "purged"


class Event(NamedTuple):
    """One act of a person, as a ping or a letter reported it.

    What people decide about it is in the chain (rally.decisions), and so is the person
    who signed for a letter.

    Attributes:
        kind: joined, left, asked, or the act of a job.
        scope: namespace of a study, or RALLY.
        participant: platform pseudonym; None where only a deletion id is known.
        submission_timestamp: microseconds since 1970 on the edge's clock; of a letter,
            the time of its receipt.
        deletion_id: pseudonym of the deletion id, where the ping carried one.
        document_id: document id of the ping.
        signal: document of the ping, `<namespace>/<type>.<version>`; or MAIL.
        recipient: age public key that the person's client made, where the ping of an
            enrolment or a request for a copy names one.
    """

    kind: EventKind
    scope: str
    participant: str | None
    submission_timestamp: int
    deletion_id: str | None
    document_id: str
    signal: str
    recipient: str | None = None


def event_name(event: Event) -> str:
    """Computes the event's name: a hash of its content, 32 hexadecimal digits.

    One without a key has the name that it had before events could hold any: decisions
    name letters by it.
    """
    return record_name(event if event.recipient is not None else event[:-1])


def write_events(platform: ObjectStore, events: Iterable[Event], version: str) -> None:
    """Appends events to the log, one object for each submission date.

    An object's name follows from its events: writing them again changes nothing.
    """
    EVENT_LOG.write(platform, events, version)


def _decode(row: dict[str, Any]) -> Event:
    row["kind"] = EventKind(row["kind"])
    row["submission_timestamp"] = to_micros(check_time(row["submission_timestamp"]))
    return Event(**row)


EVENT_LOG = AppendLog(
    EVENTS,
    "events",
    RecordFormat(_SCHEMA, Event._asdict, _decode, attrgetter("submission_timestamp")),
)
"""Where events are, and how they are written."""
