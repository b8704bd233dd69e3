"""Files of messages, and what is read of them."""

import base64
import io
import json
from pathlib import Path

import fastavro
import pytest

from rally.envelope import Envelope
from rally.errors import ConfigurationError
from rally.sources.inputs import InputRange
from rally.sources.lines import Malformed
from rally.sources.messages import read_messages
from rally.storage.block_writer import encode_block
from rally.validation.leaves import zig_zag

SYNC = bytes(range(16))


FILES = Path(__file__).parents[1] / "rally/sources/files"


MARK = b"\xef\xbb\xbf"


SCHEMA = {
    "type": "record",
    "name": "PubsubMessageWithMetadata",
    "namespace": "com.google.pubsub",
    "fields": [
        {"name": "subscription_name", "type": "string"},
        {"name": "message_id", "type": "string"},
        {
            "name": "publish_time",
            "type": {"type": "long", "logicalType": "timestamp-micros"},
        },
        {"name": "attributes", "type": {"type": "map", "values": "string"}},
        {"name": "data", "type": "bytes"},
    ],
}


def message_line(body: bytes, uri: str = "/u") -> bytes:
    data = base64.b64encode(body).decode()
    attributes = {"uri": uri, "remote_addr": "203.0.113.7"}
    return json.dumps({"attributes": attributes, "data": data}).encode()


def avro_record(body: bytes) -> dict:
    return {
        "subscription_name": "projects/p/subscriptions/s",
        "message_id": "1",
        "publish_time": 1654041600000000,
        "attributes": {"uri": "/u", "x_forwarded_for": "203.0.113.7", "cc": "US"},
        "data": body,
    }


def encode_record(value: dict, schema=SCHEMA) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, schema, value)
    return stream.getvalue()


def make_blocks_file(codec: str, blocks: list[list[dict]], schema=SCHEMA) -> bytes:
    """A file of such blocks, as another writer makes it."""
    is_text = isinstance(schema, bytes)
    text = schema if is_text else json.dumps(schema).encode()
    of_rows = SCHEMA if is_text else schema
    entries = {b"avro.schema": text, b"avro.codec": codec.encode()}
    parts = [b"Obj\x01", zig_zag(len(entries))]
    for name, value in entries.items():
        parts += [zig_zag(len(name)), name, zig_zag(len(value)), value]
    frames = (
        encode_block([encode_record(row, of_rows) for row in rows], codec, SYNC)
        for rows in blocks
    )
    return b"".join([*parts, b"\0", SYNC, *frames])


def make_avro_file(records: list[dict], codec: str = "null", **options) -> bytes:
    stream = io.BytesIO()
    fastavro.writer(stream, SCHEMA, records, codec=codec, **options)
    return stream.getvalue()


def read_file(path, start=0, end=None, country=None):
    stop = path.stat().st_size if end is None else end
    return list(read_messages(InputRange(str(path), start, stop), country))


def malformed_at(file, first, last=None):
    """Stands for what is no message there."""
    return Malformed(str(file), str(first), str(first if last is None else last))


def refusal_of(file):
    """The one line for which a file is not read."""
    with pytest.raises(ConfigurationError) as caught:
        read_file(file)
    message_line = str(caught.value)
    assert message_line.startswith(f"--input {file}: ")
    return message_line.removeprefix(f"--input {file}: ")


def envelopes_in(messages):
    return [message for message in messages if type(message) is Envelope]


def make_block(rows, packed, sync=SYNC):
    return zig_zag(rows) + zig_zag(len(packed)) + packed + sync


def pull_answer(bodies, **more):
    """What `gcloud pubsub subscriptions pull --format=json` prints."""
    return [
        {
            "ackId": "RVNEUAYWLF1GSFE3GQhoUQ5PXiM",
            "deliveryAttempt": 1,
            "message": {
                "attributes": {"uri": "/u", "remote_addr": "203.0.113.7"},
                "data": base64.b64encode(body).decode(),
                "messageId": "19917247034",
                "publishTime": "2026-11-22T10:00:00.123Z",
            },
            **more,
        }
        for body in bodies
    ]
