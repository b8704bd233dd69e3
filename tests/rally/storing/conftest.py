"""Rows of a made-up table, encoded by fastavro and not by what is tested."""

import io
import json
from uuid import UUID

import fastavro
import pytest

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
