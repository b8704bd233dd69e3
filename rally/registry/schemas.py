"""Payload schemas: Avro of the clear payload, with properties of our own.

    "participant": "/metrics/uuid/rally.id"   on the record: where the rally id stands
    "deletion_id": "/deletionId"              on the record: where a deletion id stands
    "json": "rally.id"                        on a field: its name in the payload

Whether it is Avro is for the reader that encoders are compiled from to say; what is
checked here is where the ids stand.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from rally.fields import Place
from rally.registry.study import Means, PayloadSchema
from rally.validation import avro_schema
from rally.validation.avro_types import Map, Record, Type, Union
from rally.validation.pointers import parse_pointer

MAX_BYTES = 256 * 1024
"""Of a file; the longest that ships has a fifteenth of it."""


def payload_schema(schema: dict[str, Any]) -> PayloadSchema:
    """Makes the record of a schema that is known to be good."""
    canonical = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    return PayloadSchema(
        json=schema,
        participant=schema.get("participant"),
        deletion_id=schema.get("deletion_id"),
        fingerprint=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def read_schema(file: str, data: bytes, means: Means) -> tuple[PayloadSchema, Type]:
    """Reads one `.avsc` file and checks it.

    Returns:
        The record of the registry, and the type that the schema describes.

    Raises:
        ConfigurationError: no encoder could be compiled from it, or it does not say
            where the participant (of a deletion-id document: the deletion id) stands.
    """
    place = Place(file)
    if len(data) > MAX_BYTES:
        raise place.error(f"is longer than {MAX_BYTES:,} bytes; shorten it")
    schema = _parse(place, data)
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise place.error("must be an Avro record; describe the payload as one")
    type_ = avro_schema.read_schema(schema, f"{file}: schema")
    _check_ids(place, schema, type_, means)
    return payload_schema(schema), type_


def type_at(type_: Type, pointer: str) -> str | None:
    """The name of the type at a JSON pointer, or None for no place.

    Walks records by their JSON names, maps by any key, and a union of null and one
    type as that type. A list has no place that a pointer could name.
    """
    found: Type | None = type_
    for token in parse_pointer(pointer):
        found = _child(_without_null(found), token)
    found = _without_null(found)
    return found.name if found else None


def _parse(place: Place, data: bytes) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name in _twice(name for name, _ in pairs):
            raise place.error(f'"{name}" stands twice in one object; remove one')
        return dict(pairs)

    try:
        return json.loads(data, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        line = place.at(f"line {error.lineno}")
        raise line.error(f"is not JSON ({error.msg}); correct it") from None
    except ValueError:
        raise place.error("is not JSON in UTF-8; correct it") from None
    except RecursionError:
        raise place.error("nests too deep to be read; flatten it") from None


def _check_ids(place: Place, schema: dict[str, Any], type_: Type, means: Means) -> None:
    if means is not Means.DELETION_ID:
        _check_id(place, schema, type_, "participant")
    elif "participant" in schema:
        raise place.at("participant").error(
            "a deletion-id document names none; remove it"
        )
    if means is Means.DELETION_ID or "deletion_id" in schema:
        _check_id(place, schema, type_, "deletion_id")


def _check_id(place: Place, schema: dict[str, Any], type_: Type, name: str) -> None:
    place = place.at(name)
    if name not in schema:
        raise place.error("is missing; add the JSON pointer to the id in the payload")
    pointer = schema[name]
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise place.error('must be a JSON pointer; begin it with "/"')
    if type_at(type_, pointer) != "string":
        raise place.error(f"{pointer} is no string of this schema; correct either")


def _child(type_: Type | None, token: str) -> Type | None:
    match type_:
        case Map(values=values):
            return values
        case Record(fields=fields):
            return next((field.type for field in fields if field.json == token), None)
    return None


def _without_null(type_: Type | None) -> Type | None:
    if not isinstance(type_, Union):
        return type_
    others = [branch for branch in type_.branches if branch.name != "null"]
    return others[0] if len(others) == 1 else None


def _twice(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)
