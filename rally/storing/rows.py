"""The rows of a partition: what every table has, and the study's payload."""

import json
from typing import Any

from rally.checking.encoder import Encoder, compile_encoder
from rally.storing.container import encode_long
from rally.studies.study import Document

_UUID_LENGTH = encode_long(36)
_NULL = b"\0"


def row_schema(document: Document) -> str:
    """The writer's schema of a document's files, JSON.

    `participant` and `document_id` come first and have 36 bytes each, so that rows
    sort by their bytes, and deletion finds a person without decoding.
    """
    nullable = ["null", "string"]
    fields: list[dict[str, Any]] = [
        {"name": "participant", "type": "string"},
        {"name": "document_id", "type": "string"},
        {
            "name": "submission_timestamp",
            "type": {"type": "long", "logicalType": "timestamp-micros"},
        },
        {"name": "client_agent", "type": nullable, "default": None},
        {"name": "source_tags", "type": nullable, "default": None},
        {"name": "payload", "type": document.schema.json},
    ]
    return json.dumps(
        {"type": "record", "name": "ping", "namespace": "rally", "fields": fields}
    )


class RowEncoder:
    """Checks a payload against its schema and encodes the whole row in one pass."""

    def __init__(self, document: Document) -> None:
        """Compiles the document's schema. Raises ConfigurationError."""
        self._payload: Encoder = compile_encoder(document.schema.json)

    def encode(
        self,
        participant: str,
        document_id: str,
        micros: int,
        client_agent: str | None,
        source_tags: str | None,
        payload: object,
    ) -> bytes:
        """The row's Avro binary.

        Raises:
            PingFailed: the payload is not exactly what the schema says.
        """
        return b"".join(
            (
                _UUID_LENGTH,
                participant.encode("ascii"),
                _UUID_LENGTH,
                document_id.encode("ascii"),
                encode_long(micros),
                _optional(client_agent),
                _optional(source_tags),
                self._payload(payload),
            )
        )


def _optional(text: str | None) -> bytes:
    if text is None:
        return _NULL
    encoded = text.encode("utf-8", "replace")
    return b"\x02" + encode_long(len(encoded)) + encoded
