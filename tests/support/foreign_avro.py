"""Forms in which other programs write the rows of a table, as Avro of their own.

Each takes the schema of our rows and makes theirs, and likewise of a record. Spark's
and BigQuery's are as these write a table that they have read.
"""

import copy
import io
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

import fastavro
from fastavro import write

from rally.storage.codecs import compress
from rally.storage.header import CODEC, read_header
from rally.storage.snapshots import frame_rows, parse_frame
from rally.validation.leaves import zig_zag

Json = Any
Record = dict[str, Any]
KEYS = ("participant", "document_id")


class Form(NamedTuple):
    """One writer's form.

    Attributes:
        schema: theirs, of ours.
        record: theirs, of ours; decoded values.
    """

    schema: Callable[[Json], Json]
    record: Callable[[Record], Record] = lambda record: record


def nullable(null_first: bool, root: str) -> Callable[[Json], Json]:
    """Every column and item may be null; records are named by their place."""

    def convert(schema: Json, name: str) -> Json:
        if isinstance(schema, list):
            (schema,) = [branch for branch in schema if branch != "null"]
        if not isinstance(schema, dict):
            return schema
        match schema["type"]:
            case "record":
                fields = [
                    {"name": each["name"], "type": wrap(each["type"], each["name"])}
                    for each in schema["fields"]
                ]
                return {"type": "record", "name": name, "fields": fields}
            case "array":
                return {"type": "array", "items": wrap(schema["items"], name)}
            case "map":
                return {"type": "map", "values": wrap(schema["values"], name)}
        return {key: each for key, each in schema.items() if key != "json"}

    def wrap(schema: Json, name: str) -> Json:
        inner = convert(schema, f"{name}_type")
        return ["null", inner] if null_first else [inner, "null"]

    return lambda schema: convert(schema, root)


def with_columns(**types: Json) -> Callable[[Json], Json]:
    """Other types of some columns."""

    def convert(schema: Json) -> Json:
        made = copy.deepcopy(schema)
        for field in made["fields"]:
            field["type"] = types.get(field["name"], field["type"])
        return made

    return convert


def reordered(schema: Json) -> Json:
    """The columns the other way round."""
    return {**schema, "fields": schema["fields"][::-1]}


def with_keys(convert: Callable[[str], Any]) -> Callable[[Record], Record]:
    """Other values of the columns that are UUIDs."""
    return lambda record: record | {name: convert(record[name]) for name in KEYS}


def _raw(text: str) -> bytes:
    return UUID(text).bytes


_FIXED = {"type": "fixed", "name": "uuid_bytes", "size": 16}
_UUID = {**_FIXED, "logicalType": "uuid"}
_TEXT = {"type": "string", "logicalType": "uuid"}
_TIME = "submission_timestamp"


def _time(logical: str) -> Json:
    return {"type": "long", "logicalType": logical}


FORMS = {
    "Spark": Form(nullable(False, "topLevelRecord")),
    "BigQuery": Form(nullable(True, "Root")),
    "other order": Form(reordered),
    "upper case": Form(lambda schema: schema, with_keys(str.upper)),
    "digits": Form(lambda schema: schema, with_keys(lambda it: it.replace("-", ""))),
    "string as uuid": Form(
        with_columns(participant=_TEXT, document_id=_TEXT),
        with_keys(UUID),
    ),
    "raw bytes": Form(with_columns(**dict.fromkeys(KEYS, "bytes")), with_keys(_raw)),
    "fixed": Form(
        with_columns(participant=_FIXED, document_id="uuid_bytes"), with_keys(_raw)
    ),
    "fixed as uuid": Form(
        with_columns(participant=_UUID, document_id="uuid_bytes"), with_keys(_raw)
    ),
    "nullable fixed": Form(
        with_columns(participant=["null", _FIXED], document_id=["uuid_bytes", "null"]),
        with_keys(_raw),
    ),
    "fixed, other order": Form(
        lambda schema: reordered(
            with_columns(participant="uuid_bytes", document_id=_FIXED)(schema)
        ),
        with_keys(_raw),
    ),
    "milliseconds": Form(with_columns(**{_TIME: _time("timestamp-millis")})),
    "local time": Form(
        with_columns(**{_TIME: ["null", _time("local-timestamp-micros")]}),
        lambda record: record | {_TIME: record[_TIME].replace(tzinfo=None)},
    ),
    "no logical type": Form(
        with_columns(**{_TIME: "long"}),
        lambda record: record | {_TIME: int(record[_TIME].timestamp() * 1_000_000)},
    ),
}
"""By the name of each."""


def write_foreign(form: Form, schema: Json, records: list[Record], **how: Any) -> bytes:
    """A file of records as another program writes it.

    Args:
        form: its own.
        schema: of our rows, parsed JSON.
        records: decoded by that schema.
        how: options of fastavro's writer.
    """
    stream = io.BytesIO()
    theirs = [form.record(record) for record in records]
    options = {"sync_marker": bytes(16)} | how
    fastavro.writer(stream, form.schema(schema), theirs, **options)
    return stream.getvalue()


def with_empty_block(data: bytes, place: str) -> bytes:
    """The same file with a block of no rows, at its front, its end, or alone there.

    Args:
        data: in a codec that fastavro has.
        place: "front", "end" or "alone"; "bare": at the end, and no byte is in it.
    """
    if place == "bare":
        return data + b"\0\0" + read_header(data).sync
    reader = fastavro.reader(io.BytesIO(data))
    records = [] if place == "alone" else list(reader)
    stream = io.BytesIO()
    writer = write.Writer(
        stream, reader.writer_schema, reader.codec, sync_marker=bytes(16)
    )
    if place != "end":
        writer.dump()
    for record in records:
        writer.write(record)
    if records:
        writer.flush()
    if place == "end":
        writer.dump()
    return stream.getvalue()


def repacked(data: bytes, codec: str) -> bytes:
    """The same file in another codec; fastavro has no snappy without more packages."""
    header = read_header(data)
    entries, parts = header.entries | {CODEC: codec.encode()}, list[bytes]()
    position = header.length
    while position < len(data):
        frame = parse_frame(data[position:], 0, header.sync)
        packed = compress(codec, frame_rows(frame, header.codec))
        parts += [zig_zag(frame.rows), zig_zag(len(packed)), packed, header.sync]
        position += len(frame.data)
    named = [
        zig_zag(len(part)) + part
        for name, value in entries.items()
        for part in (name.encode(), value)
    ]
    start = [b"Obj\x01", zig_zag(len(entries)), *named, b"\0", header.sync]
    return b"".join(start + parts)
