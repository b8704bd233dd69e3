"""Rows of log files: an event under each pseudonym by which somebody looks for it.

An event stands under its person's pseudonym, and under that of its deletion id where
it has one; one that has neither stands under NOBODY. What people ask for stands under
ASKS as well. So a row begins with its key, as rows of studies begin with their
participant, and files of rows are sorted alike.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

import fastavro

from rally.events import Event, EventKind
from rally.storage.container import canonical_json
from rally.storage.header import decode_varint

NOBODY = "00000000-0000-0000-0000-000000000000"
"""Key of events of nobody, such as those of purges."""

ASKS = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""Key under which all requests for a copy stand, besides those of their people."""

_KEY = slice(1, 37)  # one byte says how long it is
_PARTICIPANT = slice(39, 75)  # one says that there is one, and one how long it is
_NO_PARTICIPANT = 0

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_FIELDS: list[dict[str, Any]] = [
    {"name": "key", "type": "string"},
    {"name": "participant", "type": ["null", "string"], "default": None},
    {"name": "kind", "type": "string"},
    {"name": "scope", "type": "string"},
    {"name": "submission_timestamp", "type": "long"},
    {"name": "deletion_id", "type": ["null", "string"], "default": None},
    {"name": "document_id", "type": "string"},
    {"name": "signal", "type": "string"},
    {"name": "recipient", "type": ["null", "string"], "default": None},
]
_RECORD = {"type": "record", "name": "logged_event", "namespace": "rally"}
_PLAIN = fastavro.parse_schema({**_RECORD, "fields": _FIELDS})

_MICROS = {"type": "long", "logicalType": "timestamp-micros"}
SCHEMA = canonical_json(
    {
        **_RECORD,
        "fields": [
            {**each, "type": _MICROS} if each["type"] == "long" else each
            for each in _FIELDS
        ],
    }
)
"""Avro schema of the rows, JSON."""


def keys_of(event: Event) -> tuple[str, ...]:
    """Lists the keys under which an event stands, the first one first.

    Who goes through all rows takes each event under its first key.
    """
    if event.participant is None:
        return (event.deletion_id or NOBODY,)
    asks = ASKS if event.kind is EventKind.ASKED else None
    more = (event.deletion_id, asks)
    return (event.participant, *(each for each in more if each))


def is_key(text: str) -> bool:
    """Tells whether rows can be sorted by a text: whether it is a UUID, as ours are."""
    return _UUID.fullmatch(text) is not None


def encode_event(event: Event) -> Iterator[bytes]:
    """Encodes the rows of an event, one for each of its keys."""
    datum = event._asdict()
    for key in dict.fromkeys(keys_of(event)):
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, _PLAIN, {"key": key, **datum})
        yield stream.getvalue()


def key_in(row: bytes) -> str:
    """Reads the key of a row."""
    return row[_KEY].decode("ascii")


def is_first(row: bytes) -> bool:
    """Tells whether a row stands under the first key of its event."""
    return row[_KEY.stop] == _NO_PARTICIPANT or row[_PARTICIPANT] == row[_KEY]


def scope_in(row: bytes) -> str:
    """Reads the scope of the event of a row."""
    has_participant = row[_KEY.stop] != _NO_PARTICIPANT
    kind = _PARTICIPANT.stop if has_participant else _KEY.stop + 1
    length, start = decode_varint(row, kind + 1 + row[kind] // 2)
    return row[start : start + length].decode()


def number_in(row: bytes, bits: int) -> int:
    """Computes the number of the bucket of a row, of so many leading bits of its key.

    Args:
        row: The row.
        bits: Number of bits, 32 at most.
    """
    return int(row[1:9], 16) >> (32 - bits)


def decode_event(row: bytes) -> Event:
    """Decodes the event of a row, which delete wrote."""
    datum: Any = fastavro.schemaless_reader(io.BytesIO(row), _PLAIN, None)
    del datum["key"]
    return Event(**{**datum, "kind": EventKind(datum["kind"])})
