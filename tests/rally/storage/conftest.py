"""Rows of a made-up table, encoded by fastavro and not by what is tested."""

import io
import json
from typing import NamedTuple
from uuid import UUID

import fastavro
import pytest

from rally.storage.objectstore.interface import ObjectInfo
from tests.fakes.memory_store import MemoryStore

SCHEMA = {
    "type": "record",
    "name": "ping",
    "namespace": "rally",
    "fields": [
        {"name": "participant", "type": "string"},
        {"name": "document_id", "type": "string"},
        {"name": "payload", "type": "bytes"},
    ],
}
_PARSED = fastavro.parse_schema(SCHEMA)


@pytest.fixture(scope="session")
def schema():
    """The table's schema, JSON."""
    return json.dumps(SCHEMA)


@pytest.fixture(scope="session")
def make_row():
    """Makes the row of a participant (a small number) and its payload."""

    def make(participant, payload=b"", document=0):
        stream = io.BytesIO()
        fastavro.schemaless_writer(
            stream, _PARSED, as_record(participant, payload, document)
        )
        return stream.getvalue()

    return make


@pytest.fixture(scope="session")
def make_record():
    """What a reader makes of that row."""
    return as_record


def as_record(participant, payload=b"", document=0):
    return {
        "participant": str(UUID(int=participant)),
        "document_id": str(UUID(int=document)),
        "payload": payload,
    }


@pytest.fixture(scope="session")
def open_bytes():
    """Makes the snapshot of an object of these bytes; its store tells what is read."""

    def make(data):
        store = MemoryStore()
        store.create("a", data)
        with store.open("a") as snapshot:
            return snapshot

    return make


@pytest.fixture(scope="session")
def open_shrunk():
    """Makes the snapshot of a file of which only the bytes before `end` are left."""

    def make(data, end):
        return Shrunk(ObjectInfo("a", len(data), 1), data[:end])

    return make


class Shrunk(NamedTuple):
    """A file that is shorter than it was when it was opened."""

    info: ObjectInfo
    data: bytes

    def read(self, start, length):
        return self.data[start : start + length]
