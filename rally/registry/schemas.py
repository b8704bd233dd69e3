"""Payload schemas: Avro of the clear payload, with properties of our own.

    "participant": "/metrics/uuid/rally.id"   on the record: where the rally id stands
    "deletion_id": "/deletionId"              on the record: where a deletion id stands
    "recipient": "/metrics/text/rally.key"    on the record: where an age public key is
    "json": "rally.id"                        on a field: its name in the payload

What else a field says is in rally.registry.collected_fields.

Whether it is Avro is for the reader that encoders are compiled from to say; what is
checked here is where the ids stand.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rally.errors import ConfigurationError, faults_of
from rally.fields import Place, raise_all, text
from rally.registry.collected_fields import fingerprint_of, read_fields
from rally.registry.study import Means, PayloadSchema, StudyKind
from rally.validation.avro_schema import ReadSchema, read_with_names
from rally.validation.avro_types import Map, Record, Type, Union
from rally.validation.pointers import parse_pointer

_PLACED = {"participant": "id", "deletion_id": "id", "recipient": "key"}
"""What stands at a property of the record."""

MAX_BYTES = 256 * 1024
"""Largest size of a file; the longest that ships has an eighth of it."""


def pointer(place: Place, value: object) -> str:
    """Reads a JSON pointer (RFC 6901)."""
    read = text(place, value)
    if not read.startswith("/"):
        raise place.error('must be a JSON pointer; begin it with "/"')
    return read


def payload_schema(place: Place, schema: dict[str, Any], type_: Type) -> PayloadSchema:
    """Makes the record of a schema that is good Avro.

    Args:
        place: Its file, for messages.
        schema: The schema as parsed JSON.
        type_: The type that was read of it.

    Raises:
        ConfigurationError: a field does not say what it is; all faults are told.
    """
    return PayloadSchema(
        json=schema,
        participant=schema.get("participant"),
        deletion_id=schema.get("deletion_id"),
        fingerprint=fingerprint_of(schema),
        fields=read_fields(place, type_),
        recipient=schema.get("recipient"),
    )


class SchemaFile(NamedTuple):
    """One `.avsc` file.

    Attributes:
        place: The file, for messages.
        schema: The registry's record of the schema.
        read: The schema as it was read.
    """

    place: Place
    schema: PayloadSchema
    read: ReadSchema

    @property
    def type(self) -> Type:
        """The type that the schema describes."""
        return self.read.type


def read_schema(file: str, data: bytes) -> SchemaFile:
    """Reads one `.avsc` file and checks that it is Avro.

    Raises:
        ConfigurationError: no encoder could be compiled from it; all faults are told.
    """
    place = Place(file)
    if len(data) > MAX_BYTES:
        raise place.error(f"is longer than {MAX_BYTES:,} bytes; shorten it")
    schema = _parse(place, data)
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise place.error("must be an Avro record; describe the payload as one")
    read = read_with_names(schema, f"{file}: schema")
    return SchemaFile(place, payload_schema(place, schema, read.type), read)


def check_ids(file: SchemaFile, means: Means) -> None:
    """Checks that a schema says where the ids stand.

    Every document names its participant, but one of deletion ids names these instead.

    Args:
        file: The schema.
        means: The meaning of its document.

    Raises:
        ConfigurationError: an id is missing, has no place in the schema, or must not
            be there; all of it is told.
    """
    deletes = means is Means.DELETION_ID
    faults = list[str]()
    if deletes and "participant" in file.schema.json:
        what = "a deletion-id document names none; remove it"
        faults.append(str(file.place.at("participant").error(what)))
    if not deletes:
        faults += _find_id_faults(file, "participant")
    if deletes or "deletion_id" in file.schema.json:
        faults += _find_id_faults(file, "deletion_id")
    raise_all(faults)


def check_recipient(
    file: SchemaFile, means: Means, kind: StudyKind, scope: Sequence[str]
) -> None:
    """Checks that a schema says where a key stands, if its document may have one.

    A copy goes to the key of the first enrolment in Rally, so a request for one names
    a key, and an enrolment in Rally may.

    Args:
        file: The schema.
        means: The meaning of its document.
        kind: Kind of its namespace.
        scope: Places that name the study that is joined.

    Raises:
        ConfigurationError: the key is missing, has no place in the schema, or must not
            be there.
    """
    asks, is_platform = means is Means.ACCESS_REQUEST, kind is StudyKind.PLATFORM
    if asks and not is_platform:
        what = "an access-request is for the platform's own namespace; remove it"
        raise file.place.error(what)
    if asks:
        raise_all([*_find_id_faults(file, "recipient")])
    elif "recipient" in file.schema.json:
        if means is not Means.JOINS or not is_platform or scope:
            raise file.place.at("recipient").error(
                "is for an access-request, and for joins of Rally as a whole; remove it"
            )
        raise_all([*_find_id_faults(file, "recipient")])


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
        found = dict(pairs)
        if len(found) < len(pairs):
            name = next(_twice(name for name, _ in pairs))
            raise place.error(f'"{name}" stands twice in one object; remove one')
        return found

    try:
        return json.loads(data, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        line = place.at(f"line {error.lineno}")
        raise line.error(f"is not JSON ({error.msg}); correct it") from None
    except ValueError:
        raise place.error("is not JSON in UTF-8; correct it") from None
    except RecursionError:
        raise place.error("nests too deep to be read; flatten it") from None


def _find_id_faults(file: SchemaFile, name: str) -> Sequence[str]:
    try:
        _check_id(file.place.at(name), file, name)
    except ConfigurationError as error:
        return faults_of(error)
    return ()


def _check_id(place: Place, file: SchemaFile, name: str) -> None:
    schema = file.schema.json
    if name not in schema:
        raise place.error(
            f"is missing; add the JSON pointer to the {_PLACED[name]} in the payload"
        )
    pointer = schema[name]
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise place.error('must be a JSON pointer; begin it with "/"')
    if type_at(file.type, pointer) != "string":
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
