"""The rows of a partition: what every table has, and the study's payload."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from itertools import dropwhile
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from rally.errors import ConfigurationError
from rally.registry.collected_fields import without_descriptions
from rally.registry.study import Document, PayloadSchema
from rally.validation.avro_schema import ReadSchema, read_schema
from rally.validation.avro_types import Type
from rally.validation.encoder import Encoder, compile_encoder
from rally.validation.leaves import zig_zag
from rally.validation.leaving_out import (
    NOTHING,
    LeavingOut,
    find_expired,
    find_given_up,
    leave_out,
)
from rally.validation.undeclared import leave_out_undeclared

_ROW, _NAMESPACE = "stored_row", "rally"
_ROW_SIZE = 10
"""How many types a row's schema has beside those of the payload."""

_UUID_LENGTH = zig_zag(36)
_NULL = b"\0"


def row_schema(payload: PayloadSchema) -> str:
    """The writer's schema, JSON, of files whose rows have this schema of a payload.

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
        {"name": "payload", "type": without_descriptions(payload.json)},
    ]
    # A study names its records as it likes; it may not take this one's name.
    named = {"type": "record", "name": _ROW, "namespace": _NAMESPACE}
    return json.dumps({**named, "fields": fields})


def row_takes(payload: ReadSchema) -> bool:
    """Tells whether a payload's schema that is good is good in a row's as well.

    False says that reading the row's schema may find a fault.
    """
    return payload.fits_inside(_NAMESPACE, {f"{_NAMESPACE}.{_ROW}"}, _ROW_SIZE)


class RowEncoder:
    """Checks a payload against one schema and encodes the whole row in one pass.

    Attributes:
        fingerprint: Fingerprint of the schema.
        expires: Whether a field of it has a last day.
    """

    def __init__(self, document: Document, schema: PayloadSchema | None = None) -> None:
        """Compiles a schema of a document, by default the newest.

        Raises:
            ConfigurationError: no encoder can be compiled from it.
        """
        schema = schema or document.schema
        self.fingerprint = schema.fingerprint
        self._payload: Encoder = compile_encoder(schema.json)
        self._schema = schema
        self._revisions = document.revisions
        self._last_days = sorted({it.expires for it in schema.fields if it.expires})
        self.expires = bool(self._last_days)
        self._expired: dict[int, LeavingOut] = {}
        _check_row_schema(document, schema)

    @cached_property
    def row_schema(self) -> str:
        """The writer's schema of the rows, JSON."""
        return row_schema(self._schema)

    @cached_property
    def _type(self) -> Type:
        return read_schema(self._schema.json)

    @cached_property
    def _given_up(self) -> LeavingOut:
        """What older schemas had; most documents have no older ones."""
        rest = dropwhile(lambda each: each is not self._schema, self._revisions)
        _, *older = rest
        if not older:
            return NOTHING
        return find_given_up(self._type, [read_schema(each.json) for each in older])

    def without_expired(
        self, payload: object, collected: date
    ) -> tuple[object, Sequence[str]]:
        """Leaves out fields whose last day is over.

        Args:
            payload: Clear payload; it stays as it is.
            collected: Day on which the client collected it.

        Returns:
            The payload, and the places of what was left out.
        """
        over = bisect_left(self._last_days, collected)
        if not over:
            return payload, ()
        if over not in self._expired:
            self._expired[over] = find_expired(self._type, collected)
        return leave_out(payload, self._expired[over])

    def without_given_up(self, payload: object) -> tuple[object, Sequence[str]]:
        """Leaves out what older schemas had and this one has not; likewise."""
        return leave_out(payload, self._given_up)

    def without_undeclared(self, payload: object) -> tuple[object, Sequence[str]]:
        """Leaves out what the schema does not declare; likewise."""
        return leave_out_undeclared(self._type, payload)

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
                zig_zag(micros),
                _optional(client_agent),
                _optional(source_tags),
                self._payload(payload),
            )
        )


def _check_row_schema(document: Document, schema: PayloadSchema) -> None:
    """Makes sure that readers will take the schema of the files."""
    try:
        fastavro.parse_schema(json.loads(row_schema(schema)))
    except SchemaParseException as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"{document.namespace}/{document.name}.avsc: cannot be the payload of a row"
            f" ({reason}); rename that type"
        ) from None


def _optional(text: str | None) -> bytes:
    if text is None:
        return _NULL
    encoded = text.encode("utf-8", "replace")
    return b"\x02" + zig_zag(len(encoded)) + encoded
