import base64
import gzip
import io
import itertools
import json
import random

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import Envelope
from rally.reading import messages
from rally.reading.inputs import InputRange
from rally.reading.messages import Malformed, read_messages

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


def line(body: bytes, uri: str = "/u") -> bytes:
    data = base64.b64encode(body).decode()
    attributes = {"uri": uri, "remote_addr": "203.0.113.7"}
    return json.dumps({"attributes": attributes, "data": data}).encode()


def record(body: bytes) -> dict:
    return {
        "subscription_name": "projects/p/subscriptions/s",
        "message_id": "1",
        "publish_time": 1654041600000000,
        "attributes": {"uri": "/u", "x_forwarded_for": "203.0.113.7", "cc": "US"},
        "data": body,
    }


def avro(records: list[dict], codec: str = "null", **options) -> bytes:
    stream = io.BytesIO()
    fastavro.writer(stream, SCHEMA, records, codec=codec, **options)
    return stream.getvalue()


def read(path, start=0, end=None, country=None):
    stop = path.stat().st_size if end is None else end
    return list(read_messages(InputRange(str(path), start, stop), country))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "input"


@pytest.mark.parametrize("end", [b"\n", b"", b"\r\n", b"\n\n \n"])
def test_lines_are_read_good_and_bad_together(file, end):
    lines = [line(b"1"), b"not json", b"", b"  ", line(b"2"), b"\xff\xfe", line(b"3")]
    file.write_bytes(b"\n".join(lines) + end)
    bad = len(lines[0]) + 1
    worse = len(b"\n".join(lines[:5])) + 1
    assert read(file) == [
        Envelope(b"1", "/u"),
        f"{file}:{bad}",
        Envelope(b"2", "/u"),
        f"{file}:{worse}",
        Envelope(b"3", "/u"),
    ]
    assert [type(message) is Malformed for message in read(file)] == [
        False,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n  \n"])
def test_lines_of_an_empty_file_are_none(file, content):
    file.write_bytes(content)
    assert read(file) == []


def test_lines_that_are_too_long_are_malformed_and_the_next_are_read(file, monkeypatch):
    monkeypatch.setattr(messages, "_LONGEST_LINE", 200)
    fits = line(b"x" * 90)
    assert 180 < len(fits) < 199
    long = line(b"y" * 900)
    file.write_bytes(b"\n".join([fits, long, fits, b"z" * 199, fits, long]))
    first, second = len(fits) + 1, 2 * len(fits) + len(long) + 3
    third = second + 200 + len(fits) + 1
    whole = Envelope(b"x" * 90, "/u")
    assert read(file) == [
        whole,
        f"{file}:{first}",
        whole,
        f"{file}:{second}",
        whole,
        f"{file}:{third}",
    ]


LINES = st.lists(
    st.sampled_from(
        [line(b""), line(b"1"), line(b"2" * 30), b"", b" ", b"not json", b'{"data": 1}']
    ),
    max_size=8,
)


@given(LINES, st.booleans(), st.data())
def test_ranges_of_any_cut_have_every_line_once(tmp_path_factory, lines, ended, data):
    file = tmp_path_factory.mktemp("ranges") / "input"
    content = b"\n".join(lines) + (b"\n" if ended else b"")
    file.write_bytes(content)
    size = len(content)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=6)))
    bounds = [0, *cuts, size]
    pieces = [
        message
        for start, end in itertools.pairwise(bounds)
        if end > start
        for message in read(file, start, end)
    ]
    assert pieces == read(file)


def test_ranges_of_one_byte_have_every_line_once(file):
    file.write_bytes(b"\n".join([line(b"1"), b"", b"x", line(b"2")]))
    size = file.stat().st_size
    every = [found for start in range(size) for found in read(file, start, start + 1)]
    assert every == read(file)


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_of_pubsub_is_read(file, codec):
    file.write_bytes(avro([record(b"1"), record(b"\x00\xff"), record(b"")], codec))
    assert read(file, country="cc") == [
        Envelope(b"1", "/u", country="US"),
        Envelope(b"\x00\xff", "/u", country="US"),
        Envelope(b"", "/u", country="US"),
    ]


def test_avro_without_records_is_empty(file):
    file.write_bytes(avro([]))
    assert read(file) == []


def test_avro_of_another_schema_is_malformed_record_by_record(file):
    stream = io.BytesIO()
    schema = {
        "type": "record",
        "name": "r",
        "fields": [{"name": "data", "type": "bytes"}],
    }
    fastavro.writer(stream, schema, [{"data": b"1"}, {"data": b"2"}])
    file.write_bytes(stream.getvalue())
    assert read(file) == [f"{file}:record 0", f"{file}:record 1"]


def test_avro_with_an_attribute_that_is_no_string_is_malformed(file):
    attributes = {"type": "map", "values": ["null", "string"]}
    fields = [*SCHEMA["fields"][:3], {"name": "attributes", "type": attributes}]
    schema = {**SCHEMA, "fields": [*fields, SCHEMA["fields"][4]]}
    stream = io.BytesIO()
    bad = {**record(b"1"), "attributes": {"uri": None}}
    fastavro.writer(stream, schema, [bad, record(b"2")])
    file.write_bytes(stream.getvalue())
    assert read(file) == [f"{file}:record 0", Envelope(b"2", "/u")]


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_cut_anywhere_gives_whole_records_and_then_one_malformed(file, codec):
    sync = b"0123456789abcdef"
    records = [record(b"%d" % number) for number in range(3)]
    data = avro(records, codec, sync_interval=1, sync_marker=sync)
    ends = [at for at in range(len(data)) if data[at - 16 : at] == sync]
    header = data.index(sync) + 16
    for cut in (*range(4, header, 29), *range(header, len(data))):
        file.write_bytes(data[:cut])
        found = read(file)
        whole = [message for message in found if type(message) is Envelope]
        assert whole == [Envelope(b"%d" % n, "/u") for n in range(len(whole))]
        if cut not in ends:  # a file cut between two blocks looks whole to any reader
            assert found[len(whole) :] == [f"{file}:record {len(whole)}"]


def test_avro_damaged_anywhere_gives_records_or_malformed(file):
    data = bytearray(avro([record(b"%d" % number) for number in range(9)], "deflate"))
    draw = random.Random(7)
    for _ in range(800):
        damaged = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(4, len(data))] = draw.randrange(256)
        file.write_bytes(damaged)
        for message in read(file):
            assert type(message) in (Envelope, Malformed)


def test_avro_with_a_length_beyond_all_memory_is_malformed(file):
    data = avro([record(b"body")])
    length = data.index(b"\x08body")
    file.write_bytes(data[:length] + b"\xfe" * 8 + b"\x7f" + data[length + 1 :])
    assert read(file) == [f"{file}:record 0"]


@given(st.binary())
def test_any_bytes_are_messages_or_malformed(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "input"
    file.write_bytes(content)
    for message in read(file):
        assert type(message) in (Envelope, Malformed)


@pytest.mark.parametrize("level", [0, 9])
def test_gzip_file_is_read_line_by_line(tmp_path, level):
    file = tmp_path / "archive.ndjson.gz"
    clear = line(b"one") + b"\nnot json\n" + line(b"two")
    file.write_bytes(gzip.compress(clear, level, mtime=0))
    second = clear.index(b"not json")
    assert read(file) == [
        Envelope(b"one", "/u"),
        f"{file}:{second}",
        Envelope(b"two", "/u"),
    ]


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:-9], lambda data: data + b"trailing"],
    ids=["cut off", "garbage behind it"],
)
def test_damaged_gzip_file_ends_in_one_malformed_message(tmp_path, spoil):
    file = tmp_path / "archive.ndjson.gz"
    clear = line(b"one") + b"\n" + line(b"two") + b"\n"
    file.write_bytes(spoil(gzip.compress(clear, mtime=0)))
    *whole, last = read(file)
    assert isinstance(last, Malformed)
    assert last == f"{file}:gzip"
    assert set(whole) <= {Envelope(b"one", "/u"), Envelope(b"two", "/u")}
