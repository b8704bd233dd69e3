"""Files of a Cloud Storage subscription, and what only looks like one."""

import io
import random
import tracemalloc

import fastavro
import pytest

from rally.decryption.inflate import most_inflated
from rally.envelope import Envelope
from rally.errors import ConfigurationError
from rally.sources.lines import Malformed
from rally.storage.codecs import compress
from rally.validation.leaves import zig_zag
from tests.support.message_files import (
    FILES,
    SCHEMA,
    SYNC,
    avro_record,
    encode_record,
    envelopes_in,
    make_avro_file,
    make_block,
    make_blocks_file,
    malformed_at,
    read_file,
    refusal_of,
)


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_of_pubsub_is_read(file, codec):
    file.write_bytes(
        make_avro_file(
            [avro_record(b"1"), avro_record(b"\x00\xff"), avro_record(b"")], codec
        )
    )
    assert read_file(file, country="cc") == [
        Envelope(b"1", "/u", country="US"),
        Envelope(b"\x00\xff", "/u", country="US"),
        Envelope(b"", "/u", country="US"),
    ]


def test_avro_without_records_is_empty(file):
    file.write_bytes(make_avro_file([]))
    assert read_file(file) == []


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_cut_anywhere_gives_whole_records_and_then_one_malformed(file, codec):
    sync = b"0123456789abcdef"
    records = [avro_record(b"%d" % number) for number in range(3)]
    data = make_avro_file(records, codec, sync_interval=1, sync_marker=sync)
    ends = [at for at in range(len(data)) if data[at - 16 : at] == sync]
    header = data.index(sync) + 16
    for cut in (*range(4, header, 29), *range(header, len(data))):
        file.write_bytes(data[:cut])
        found = read_file(file)
        whole = envelopes_in(found)
        assert whole == [Envelope(b"%d" % n, "/u") for n in range(len(whole))]
        if cut not in ends:  # a file cut between two blocks looks whole to any reader
            behind = max((end for end in ends if end <= cut), default=0)
            assert found[len(whole) :] == [malformed_at(file, behind)]


def test_avro_damaged_anywhere_gives_records_or_malformed_or_one_line(file):
    sync = b"0123456789abcdef"
    records = [avro_record(b"%d" % number) for number in range(9)]
    data = bytearray(make_avro_file(records, "deflate", sync_marker=sync))
    header = data.index(sync) + 16
    draw = random.Random(7)
    for start in [4] * 400 + [header] * 400:
        damaged = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(start, len(data))] = draw.randrange(256)
        file.write_bytes(damaged)
        try:
            for message in read_file(file):
                assert type(message) in (Envelope, Malformed)
        except ConfigurationError:
            assert start < header  # what the header says is another schema or codec


@pytest.mark.parametrize("codec", ["bzip2", "xz", "deflate", "snappy", "zstandard"])
def test_avro_with_a_damaged_block_loses_that_block(file, codec):
    blocks = [[avro_record(b"%d" % (3 * n + m)) for m in range(3)] for n in range(4)]
    data = bytearray(make_blocks_file(codec, blocks))
    ends = [at for at in range(len(data)) if data[at - 16 : at] == SYNC]
    for number in (1, 2):  # which follow one another: one run of what is malformed
        data[ends[number] + 3 : ends[number] + 9] = b"\xff" * 6
    file.write_bytes(data)
    assert read_file(file) == [
        *(Envelope(b"%d" % n, "/u") for n in range(3)),
        malformed_at(file, ends[1], ends[2]),
        *(Envelope(b"%d" % n, "/u") for n in range(9, 12)),
    ]


@pytest.mark.parametrize(
    "codec", ["null", "deflate", "bzip2", "xz", "snappy", "zstandard"]
)
def test_avro_of_any_codec_is_read(file, codec):
    file.write_bytes(
        make_blocks_file(codec, [[avro_record(b"1")], [], [avro_record(b"2")] * 2])
    )
    assert read_file(file) == [Envelope(body, "/u") for body in (b"1", b"2", b"2")]


def test_avro_of_fastavro_with_cramjam_is_read(file):
    """It has twenty times the same ping of a Glean.js 1.4.0 client, in snappy."""
    file.write_bytes((FILES / "pubsub-snappy.avro").read_bytes())
    found = read_file(file)
    assert len(found) == 20
    assert {message.uri for message in found} == {
        "/submit/rally-lab-study/measurements/1/2f6e2a45-e606-4eb2-97d4-a8cdd2a3a385"
    }


@pytest.mark.parametrize("codec", ["lz4", "Deflate", "", "zstd", "\x1b[2J"])
def test_avro_of_another_codec_is_one_line(file, codec):
    file.write_bytes(make_blocks_file(codec, []))
    assert refusal_of(file) == (
        "its codec is none of null, deflate, bzip2, xz, snappy, zstandard; rewrite it"
        " with one of these"
    )


def changed(name, **more):
    """The documented schema with a field changed, or left out."""
    return {
        **SCHEMA,
        "fields": [
            {**field, **more} if field["name"] == name else field
            for field in SCHEMA["fields"]
            if more or field["name"] != name
        ],
    }


TEXT = {"type": "string", "avro.java.string": "String"}


ATTRIBUTES = {"type": "map", "values": "string"}


SERVED = {
    "in another order": {**SCHEMA, "fields": SCHEMA["fields"][::-1]},
    "another name": {**SCHEMA, "name": "PubsubMessage", "namespace": "x.y", "doc": "d"},
    "no id": changed("message_id"),
    "a type in a type": changed("data", type={"type": "bytes"}, default=""),
    "nullable data": changed("data", type=["null", "bytes"], default=None),
    "nullable data, last": changed("data", type=["bytes", "null"]),
    "nullable attributes": changed("attributes", type=["null", ATTRIBUTES]),
    "nullable texts": changed(
        "attributes", type={**ATTRIBUTES, "values": ["null", TEXT]}
    ),
    "Java's texts": changed("subscription_name", type=TEXT),
    "plain time": changed("publish_time", type="long"),
    "an ordering key": {
        **SCHEMA,
        "fields": [*SCHEMA["fields"], {"name": "ordering_key", "type": "string"}],
    },
}


@pytest.mark.parametrize("schema", SERVED.values(), ids=SERVED)
def test_avro_of_a_variant_of_the_schema_is_read(file, schema):
    stream = io.BytesIO()
    full = {**avro_record(b"1"), "ordering_key": "k"}
    fastavro.writer(stream, schema, [full, {**full, "data": b""}])
    file.write_bytes(stream.getvalue())
    assert read_file(file) == [Envelope(b"1", "/u"), Envelope(b"", "/u")]


def test_avro_with_nulls_has_them_as_absent(file):
    values = {**ATTRIBUTES, "values": ["null", "string"]}
    schema = changed("attributes", type=["null", values])
    schema["fields"][4] = {"name": "data", "type": ["null", "bytes"]}
    nothing = {**avro_record(b""), "attributes": {"uri": "/u"}, "data": None}
    some = {**avro_record(b"2"), "attributes": {"uri": None, "host": None, "dnt": "1"}}
    bare = {**avro_record(b"3"), "attributes": None}
    stream = io.BytesIO()
    fastavro.writer(stream, schema, [nothing, some, bare])
    file.write_bytes(stream.getvalue())
    assert read_file(file) == [
        Envelope(b"", "/u"),
        Envelope(b"2", dnt="1"),
        Envelope(b"3"),
    ]


def test_avro_with_a_text_that_is_no_utf8_is_read(file):
    data = make_avro_file([avro_record(b"1")])
    file.write_bytes(data.replace(b"203.0.113.7", b"203.0.\xff\xff\xff.7"))
    assert read_file(file) == [Envelope(b"1", "/u")]


OTHERS = {
    "no fields": {**SCHEMA, "fields": []},
    "no data": changed("data"),
    "no attributes": changed("attributes"),
    "data alone": {**SCHEMA, "fields": SCHEMA["fields"][4:]},
    "a field more": {
        **SCHEMA,
        "fields": [*SCHEMA["fields"], {"name": "x", "type": "string"}],
    },
    "a field of no bytes": changed("data", type="null"),
    "a null beside one": changed("data", type=["null", "null"]),
    "a fixed of no bytes": changed(
        "data", type={"type": "fixed", "name": "f", "size": 0}
    ),
    "data as text": changed("data", type="string"),
    "a map of bytes": changed("attributes", type={"type": "map", "values": "bytes"}),
    "a list": changed("attributes", type={"type": "array", "items": "string"}),
    "a record": changed("data", type={"type": "record", "name": "r", "fields": []}),
    "a union of three": changed("data", type=["null", "bytes", "string"]),
    "no record": "string",
    "a union": ["null", SCHEMA],
}


@pytest.mark.parametrize("schema", OTHERS.values(), ids=OTHERS)
def test_avro_of_another_schema_is_one_line(file, schema):
    file.write_bytes(make_blocks_file("null", [], schema))
    assert refusal_of(file) == (
        "its schema is not that of a Cloud Storage subscription with message metadata;"
        " have the subscription write metadata, or leave the file out"
    )


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"null",
        b'{"type": "record"}',
        b'{"type": "record", "fields": 5}',
        b'{"type": "record", "fields": [5, {"name": ["data"]}]}',
        b'{"type": "record", "fields": [{"name": "data", "type": %b"bytes"%b}]}'
        % (b'{"type": ' * 900, b"}" * 900),
        b"[" * 100_000,
        b'{"type": "record", "fields": [%b{}]}' % (b"{}," * 100_000),
    ],
    ids=lambda text: str(text[:40]),
)
def test_avro_with_a_schema_that_is_none_is_one_line(file, text):
    file.write_bytes(make_blocks_file("null", [], text))
    assert refusal_of(file).startswith("its schema is not that of")


@pytest.mark.parametrize("rows", [2, 5, 6, 2**40, 2**62, -1])
def test_avro_that_claims_more_records_than_it_has_bytes_is_malformed(file, rows):
    whole = make_blocks_file("null", [[avro_record(b"1")]])
    file.write_bytes(
        whole
        + make_block(rows, bytes(5))
        + make_block(1, encode_record(avro_record(b"2")))
    )
    behind = len(whole)
    found = read_file(file)
    if rows in (2, 5, 6, 2**40, 2**62):
        assert found == [
            Envelope(b"1", "/u"),
            malformed_at(file, behind),
            Envelope(b"2", "/u"),
        ]
    else:
        assert found == [Envelope(b"1", "/u"), malformed_at(file, behind)]


def test_avro_with_bytes_behind_its_records_is_malformed_there(file):
    whole = make_blocks_file("null", [[avro_record(b"1")]])
    more = make_block(1, encode_record(avro_record(b"2")) + b"\0")
    file.write_bytes(whole + more + make_block(0, b"\0") + make_block(0, b""))
    assert read_file(file) == [
        Envelope(b"1", "/u"),
        Envelope(b"2", "/u"),
        malformed_at(file, len(whole), len(whole + more)),
    ]


@pytest.mark.parametrize("length", [100, 2**31, 2**62, -1])
def test_avro_with_a_block_beyond_the_file_is_malformed(file, length):
    whole = make_blocks_file("null", [[avro_record(b"1")]])
    file.write_bytes(whole + zig_zag(1) + zig_zag(length) + b"x" * 20)
    assert read_file(file) == [Envelope(b"1", "/u"), malformed_at(file, len(whole))]


def test_avro_with_a_length_beyond_all_memory_is_malformed(file):
    data = make_avro_file([avro_record(b"body")])
    length = data.index(b"\x08body")
    file.write_bytes(data[:length] + b"\xfe" * 8 + b"\x7f" + data[length + 1 :])
    assert len(read_file(file)) == 1
    assert type(read_file(file)[0]) is Malformed


@pytest.mark.parametrize("count", [2**40, -(2**40), 2**62])
def test_avro_with_a_map_of_any_size_is_malformed(file, count):
    whole = make_blocks_file("null", [[avro_record(b"1")]])
    row = (
        encode_record({**avro_record(b""), "attributes": {}})[:-2]
        + zig_zag(count)
        + bytes(40)
    )
    file.write_bytes(whole + make_block(1, row))
    assert read_file(file) == [Envelope(b"1", "/u"), malformed_at(file, len(whole))]


@pytest.mark.parametrize("codec", ["deflate", "bzip2", "xz", "zstandard"])
def test_avro_block_inflates_to_what_its_size_may_become_and_no_more(file, codec):
    row = encode_record(avro_record(bytes(20_000_000)))
    bomb = make_block(1, compress(codec, row))
    whole = make_blocks_file(codec, [[avro_record(b"1")]])
    file.write_bytes(
        whole + bomb + make_block(1, compress(codec, encode_record(avro_record(b"2"))))
    )
    tracemalloc.start()
    found = read_file(file)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [
        Envelope(b"1", "/u"),
        malformed_at(file, len(whole)),
        Envelope(b"2", "/u"),
    ]
    assert used < 3 * most_inflated(len(bomb)) + 16_000_000


def test_avro_of_records_with_nothing_in_them_is_malformed_once(file):
    """434 bytes that say 100,000 messages, none of which could ever be replayed."""
    schema = {**SCHEMA, "fields": SCHEMA["fields"][3:]}
    nothing = compress("deflate", bytes(200_000))
    header = make_blocks_file("deflate", [], schema)
    something = compress("deflate", encode_record(avro_record(b"1"), schema))
    file.write_bytes(header + make_block(100_000, nothing) + make_block(1, something))
    assert read_file(file) == [malformed_at(file, len(header)), Envelope(b"1", "/u")]


def test_avro_of_many_small_blocks_inflates_to_no_more_than_one_does(file):
    row = encode_record(avro_record(bytes(250_000)))
    small = make_block(1, compress("deflate", row))
    file.write_bytes(make_blocks_file("deflate", []) + 100 * small)
    found = read_file(file)
    size = file.stat().st_size
    inflated = sum(len(message.payload) for message in envelopes_in(found))
    assert most_inflated(size) // 2 < inflated <= most_inflated(size)


def test_avro_with_a_header_that_does_not_end_is_malformed_and_not_read_whole(file):
    with file.open("wb") as stream:
        stream.write(b"Obj\x01\x02\x02a" + zig_zag(2**40))
        stream.truncate(500_000_000)
    tracemalloc.start()
    assert read_file(file) == [malformed_at(file, 0)]
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 20_000_000
