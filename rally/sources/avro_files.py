"""Reads Avro files that a Cloud Storage subscription of Pub/Sub writes with metadata.

Google documents their schema: subscription_name, message_id, publish_time, attributes
and data; an ordering key is among the attributes. A file with another schema is not
read: a field of no bytes, for one, makes a few bytes any number of records.
"""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import fastavro

from rally.bounded_json import InvalidJson, parse_json
from rally.decryption.inflate import most_inflated
from rally.envelope import Envelope
from rally.errors import ConfigurationError, CorruptFile, UnknownCodec
from rally.sources.lines import Malformed, MalformedMessage, make_message
from rally.storage.codecs import check_codec
from rally.storage.header import Header
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.snapshots import frame_rows, header_of, walk_frames

_TYPES = {
    "subscription_name": "string",
    "message_id": "string",
    "publish_time": "long",
    "ordering_key": "string",
    "attributes": "map",
    "data": "bytes",
}
_NEEDED = frozenset({"attributes", "data"})
_DEEPEST = 4  # null, or a map of null or a string

_LONGEST_HEADER = 1024 * 1024
_LONGEST_BLOCK = 64 * 1024 * 1024
"""Bytes of a block, packed or not. Pub/Sub's messages have at most ten million."""

_DAMAGED = (
    EOFError,
    LookupError,
    MemoryError,  # a length that the file cannot have
    OverflowError,
    TypeError,
    ValueError,
)
"""Errors that fastavro raises on damaged records."""


class _OtherSchema(ValueError):
    """The writer's schema is not that of a subscription."""


class _InputSnapshot(NamedTuple):
    """An input file that looks like a snapshot to the readers of stored files."""

    info: ObjectInfo
    file: BinaryIO

    def read(self, start: int, length: int) -> bytes:
        self.file.seek(start)
        return self.file.read(length)


def read_avro(
    file: BinaryIO, uri: str, size: int, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Reads the messages of an Avro file in their order.

    Damage in a block comes as one Malformed at the block's offset. So does everything
    behind a block whose end nobody can tell.

    Args:
        file: open Avro file.
        uri: name of the file, for messages and dead letters.
        size: size of the file in bytes.
        country_attribute: name of the attribute with the sender's country.

    Raises:
        ConfigurationError: the reader does not serve its schema or its codec.
    """
    snapshot = _InputSnapshot(ObjectInfo(uri, size, 0), file)
    behind = inflated = 0
    try:
        header = header_of(snapshot, _LONGEST_HEADER)
        schema = _served_schema(header, uri)
        behind = header.length
        for frame in walk_frames(snapshot, header, _LONGEST_BLOCK):
            malformed = Malformed(uri, str(behind), str(behind))
            behind += len(frame.data)
            # Of a block, and of all so far: each of many small ones is given some.
            left = most_inflated(behind) - inflated
            most = min(_LONGEST_BLOCK, most_inflated(len(frame.data)), left)
            try:
                rows = frame_rows(frame, header.codec, most)
                inflated += len(rows)
                for record in _records(rows, frame.rows, schema):
                    yield _message(record, country_attribute) or malformed
            except CorruptFile:
                yield malformed
    except CorruptFile:
        yield Malformed(uri, str(behind), str(behind))


def _served_schema(header: Header, uri: str) -> Any:
    """Makes the schema to read by anew from the writer's schema.

    Raises:
        ConfigurationError: the reader does not serve the file.
        CorruptFile: the file has no schema.
    """
    try:
        check_codec(header.codec)
        return fastavro.parse_schema(_plain_schema(parse_json(header.schema.encode())))
    except UnknownCodec as error:
        raise ConfigurationError(f"--input {uri}: {error}") from None
    except (InvalidJson, _OtherSchema):
        raise ConfigurationError(
            f"--input {uri}: its schema is not that of a Cloud Storage subscription"
            " with message metadata; have the subscription write metadata, or leave the"
            " file out"
        ) from None


def _plain_schema(schema: Any) -> dict[str, object]:
    """Rebuilds the writer's record from plain types, with its fields in their order."""
    if type(schema) is not dict or schema.get("type") != "record":
        raise _OtherSchema
    fields = schema.get("fields")
    if type(fields) is not list:
        raise _OtherSchema
    types: dict[object, object] = {}
    for field in fields:
        name = field.get("name") if type(field) is dict else None
        if type(name) is not str or name not in _TYPES or name in types:
            raise _OtherSchema
        types[name] = _plain_type(field.get("type"), _TYPES[name])
    if not types.keys() >= _NEEDED:
        raise _OtherSchema
    plain = [{"name": name, "type": each} for name, each in types.items()]
    return {"type": "record", "name": "message", "fields": plain}


def _plain_type(schema: Any, wanted: str, depth: int = 0) -> object:
    """Reduces a field's type to the expected one, alone or in a union with null."""
    if depth > _DEEPEST:
        raise _OtherSchema
    if type(schema) is list and len(schema) == 2 and schema.count("null") == 1:
        return [
            each if each == "null" else _plain_type(each, wanted, depth + 1)
            for each in schema
        ]
    if type(schema) is dict and schema.get("type") == wanted == "map":
        values = _plain_type(schema.get("values"), "string", depth + 1)
        return {"type": "map", "values": values}
    if type(schema) is dict:
        return _plain_type(schema.get("type"), wanted, depth + 1)
    if schema != wanted or wanted == "map":
        raise _OtherSchema
    return wanted


def _records(rows: bytes, count: int, schema: Any) -> Iterator[dict[str, Any]]:
    """Decodes the records of a block.

    Raises:
        CorruptFile: the block is damaged; the whole records come first.
    """
    if count * len(schema["fields"]) > len(rows):  # a field has a byte at least
        raise CorruptFile("a block says that it has more rows than it can have")
    stream = io.BytesIO(rows)
    for _ in range(count):
        try:
            record: Any = fastavro.schemaless_reader(
                stream, schema, None, handle_unicode_errors="replace"
            )
        except _DAMAGED:
            raise CorruptFile("a record is damaged") from None
        yield record
    if stream.tell() != len(rows):
        raise CorruptFile("a block has more bytes than its rows")


def _message(record: dict[str, Any], country_attribute: str | None) -> Envelope | None:
    """Makes the message of a record; text that is no UTF-8 has U+FFFD, as in JSON."""
    body, attributes = record["data"] or b"", record["attributes"] or {}
    try:
        return make_message(body, attributes, country_attribute)
    except MalformedMessage:
        return None
